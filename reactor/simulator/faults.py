"""What can be made to go wrong with a call, and when: before its effect or after it."""

import threading
import time
from dataclasses import dataclass, field

HOLD_SECONDS = 60.0
POLL_SECONDS = 0.01

# The name of a call is the last part of its path.
CALLS = frozenset(
    {
        "api_component_token",
        "api_start_push_ticket",
        "api_create_preauthcode",
        "api_query_auth",
        "api_authorizer_token",
        "api_get_authorizer_list",
        "api_get_authorizer_info",
        "send",
        "release",
        "get_latest_auditstatus",
        "get_auditstatus",
        "getversioninfo",
        "getgrayreleaseplan",
        "grayrelease",
        "revertcoderelease",
        "undocodeaudit",
    }
)

# `…_after`: the effect happens, and its answer is lost or spoiled. After `delay` and `hold_before` the call
# goes its usual way. With all others nothing happens.
KINDS = frozenset(
    {
        "errcode",
        "errcode_after",
        "delay",
        "timeout_before",
        "timeout_after",
        "reset_before",
        "reset_after",
        "http_500",
        "http_500_after",
        "not_json",
        "not_json_after",
        "hold_before",
        "hold_after",
    }
)


class Hold:
    """A call stopped on its way: `reached` tells the test, `go` (or `drop`) its word; 60 s at most."""

    def __init__(self, limit: float = HOLD_SECONDS) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()
        self._dropped = False
        self._limit = limit

    def drop(self) -> None:
        """Let the call end without an answer; one held before its effect never has it."""
        self._dropped = True
        self.go.set()

    def passed(self, stopping: threading.Event) -> bool:
        """Wait for the word; False for a drop, the end of the limit, or a face that closes."""
        self.reached.set()
        deadline = time.monotonic() + self._limit
        while not self.go.wait(POLL_SECONDS):
            if stopping.is_set() or time.monotonic() > deadline:
                return False
        return not self._dropped


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned misfortune for the next `times` calls of that name (of that authorizer, if named).

    `errcode` belongs to the kinds errcode and errcode_after, `seconds` to delay and timeout_*, `gate` to
    hold_*. A held call goes on where it stopped once it may go.
    """

    call: str
    kind: str
    authorizer_appid: str | None = field(default=None, kw_only=True)
    times: int = field(default=1, kw_only=True)
    errcode: int | None = field(default=None, kw_only=True)
    seconds: float = field(default=0.0, kw_only=True)
    gate: Hold = field(default_factory=Hold, kw_only=True, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.call not in CALLS:
            raise ValueError(f"no call is named {self.call!r}; known: {', '.join(sorted(CALLS))}")
        if self.kind not in KINDS:
            raise ValueError(f"no fault is of kind {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        if (self.errcode is None) == self.kind.startswith("errcode"):
            raise ValueError("an errcode belongs to the kinds errcode and errcode_after, and only to them")
        if self.times < 1 or self.seconds < 0:
            raise ValueError("times is at least 1, and seconds not negative")

    @property
    def after(self) -> bool:
        """Whether the call has its effect before things go wrong."""
        return self.kind.endswith("_after")

    @property
    def way(self) -> str:
        """The kind without its before or after."""
        return self.kind.removesuffix("_after").removesuffix("_before")


class FaultPlan:
    """Planned faults, taken in the order they were planned. Not locked: the platform is."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Put a fault behind those planned before."""
        self._left.append((fault, fault.times))

    def take(self, call: str, authorizer_appid: str | None) -> Fault | None:
        """Use up one turn of the first fault that fits."""
        for place, (fault, left) in enumerate(self._left):
            if fault.call == call and fault.authorizer_appid in (None, authorizer_appid):
                self._left[place : place + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None

    def left(self) -> list[Fault]:
        """List what has not happened yet; a test may demand that nothing is."""
        return [fault for fault, _ in self._left]

    def clear(self) -> None:
        """Forget what has not happened yet."""
        self._left.clear()

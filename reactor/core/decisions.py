"""What follows from an answer, or from none: another turn, a wait, or a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import (
    Answered,
    NotAuthorizedYet,
    NoTicket,
    TokenBusy,
    TokenError,
    WeChatError,
)
from reactor.core.lifecycle import Happening

BACKOFF_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0)
TURNS = len(BACKOFF_SECONDS) + 1
TURNS_IF_UNKNOWN = 3
JITTER = 0.2
PROBE_SECONDS = 60.0
SLOW_SECONDS = 60.0
NEWER_AUDIT_SECONDS = 600.0
BUSY_SECONDS = 5.0
ADOPTION_SECONDS = 600.0
LONGEST_ADOPTION_SECONDS = 21600.0
# So many different authorizers in a row meet nothing but silence: it is not theirs. When WeChat answers
# some of their calls and fails in others, it takes more of them to tell.
STRIKES_IN_SILENCE, STRIKES = 3, 10
LIST_PAGE = 500  # as many authorizers as WeChat lists in one answer
OF_THE_COMPONENT = "api_"  # the calls that go by the component's own token and quota
SHANGHAI = timezone(timedelta(hours=8))  # no daylight saving since 1991


class WaitsFor(StrEnum):
    """Why a pending release is not due yet; what ends the wait early asks by this word."""

    BACKOFF = "backoff"
    SYSTEM = "system"
    TICKET = "ticket"
    OUTAGE = "outage"
    QUOTA = "quota"
    NEWER_AUDIT = "newer_audit"
    AUTHORIZER = "authorizer"
    DELAY = "delay"  # what the policy says of the time: a delay, a window, a freeze
    PAUSE = "pause"
    RING = "ring"
    GRAY = "gray"


SYSTEMIC = (WaitsFor.SYSTEM, WaitsFor.TICKET, WaitsFor.OUTAGE)
ENDED_BY_HAND = (WaitsFor.PAUSE, WaitsFor.RING)  # whoever ends such a wait says so: it has no time of its own


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the release: a happening, and for PUT_BACK how long (seconds) it waits for what.

    `until` (Unix seconds) takes the place of `wait_seconds` where the moment itself is known.
    """

    happening: Happening
    reason: str
    wait_seconds: float = 0.0
    waits_for: WaitsFor | None = None
    until: float | None = None
    counted: bool = True
    transient: bool = False  # it ended in no answer, or in "busy": nothing that is about this authorizer

    @property
    def systemic(self) -> bool:
        """Whether the cause stands before every release, not only this one."""
        return self.waits_for in SYSTEMIC

    def due_at(self, now: float) -> float | None:
        """When its next turn is due, if there is one and no hand has to end the wait."""
        if self.happening is not Happening.PUT_BACK or self.waits_for in ENDED_BY_HAND:
            return None
        return now + self.wait_seconds if self.until is None else self.until


@dataclass(frozen=True, slots=True)
class Turns:
    """Where the work stands: turns taken with this one, seconds since it began, and the operator's scale."""

    taken: int
    waited: float
    now: float
    scale: float
    chance: float


def backoff(turns: int, *, scale: float, chance: float, limit: int = TURNS) -> float | None:
    """Seconds until the next turn after `turns` of them, or None when they are used up; chance is 0..1."""
    if turns >= limit:
        return None
    step = BACKOFF_SECONDS[min(max(turns, 1), len(BACKOFF_SECONDS)) - 1]
    return step * scale * (1 - JITTER + 2 * JITTER * chance)


def probe_wait(scale: float) -> float:
    """Seconds between two probes of a systemic fault."""
    return max(1.0, PROBE_SECONDS * scale)


def adoption_wait(turns: Turns) -> float:
    """Seconds until WeChat is asked again who an unknown authorizer is: the longer unknown, the longer."""
    wait = max(ADOPTION_SECONDS * turns.scale, turns.waited / 4)
    return min(wait, LONGEST_ADOPTION_SECONDS * turns.scale)


def quota_wait(now: float) -> float:
    """Seconds until the next midnight in Asia/Shanghai, when WeChat's daily quotas start anew."""
    here = datetime.fromtimestamp(now, UTC).astimezone(SHANGHAI)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - now


def wait_for(what: WaitsFor, seconds: float, reason: str) -> Decision:
    """Back to pending without counting the turn."""
    return Decision(Happening.PUT_BACK, reason, seconds, what, counted=False)


def again(reason: str, turns: Turns, *, limit: int = TURNS) -> Decision:
    """Another turn after a while, or a person when the turns are used up."""
    wait = backoff(turns.taken, scale=turns.scale, chance=turns.chance, limit=limit)
    if wait is None:
        return Decision(Happening.GAVE_UP, f"{reason}; gave up after {turns.taken} turns, a person must look")
    return Decision(Happening.PUT_BACK, reason, wait, WaitsFor.BACKOFF)


def weigh(error: TokenError | WeChatError, turns: Turns) -> Decision:
    """What becomes of work that ended in this error."""
    match error:
        case Answered():
            return _weigh_answer(error, turns)
        case WeChatError():
            return replace(again(str(error), turns), transient=True)
        case NoTicket():
            return wait_for(WaitsFor.TICKET, probe_wait(turns.scale), str(error))
        case TokenBusy():
            return wait_for(WaitsFor.BACKOFF, max(1.0, BUSY_SECONDS * turns.scale), str(error))
        case NotAuthorizedYet():
            return wait_for(WaitsFor.AUTHORIZER, adoption_wait(turns), str(error))
    return Decision(Happening.GAVE_UP, str(error))


def _weigh_answer(refusal: Answered, turns: Turns) -> Decision:
    decision = settle(lookup(refusal.call, refusal.errcode).verdict, words(refusal), turns)
    if decision.waits_for is WaitsFor.QUOTA and refusal.call.startswith(OF_THE_COMPONENT):
        return replace(decision, waits_for=WaitsFor.SYSTEM)  # this quota is everybody's
    return decision


def settle(verdict: Verdict, reason: str, turns: Turns) -> Decision:
    """What a refusal by WeChat means for the work whose turn it was."""
    if verdict in _PERSON:
        return Decision(Happening.GAVE_UP, reason)
    if verdict in _WAITS:
        what, seconds = _WAITS[verdict]
        return wait_for(what, seconds(turns), reason)
    decision = again(reason, turns, limit=TURNS_IF_UNKNOWN if verdict is Verdict.UNKNOWN else TURNS)
    return replace(decision, transient=verdict is Verdict.RETRY)


_PERSON = frozenset({Verdict.REAUTHORIZE, Verdict.PERSON, Verdict.BUG, Verdict.CODE_USED})
_WAITS: Mapping[Verdict, tuple[WaitsFor, Callable[[Turns], float]]] = {
    Verdict.TICKET: (WaitsFor.TICKET, lambda turns: probe_wait(turns.scale)),
    Verdict.BLOCKED: (WaitsFor.SYSTEM, lambda turns: probe_wait(turns.scale)),
    Verdict.QUOTA: (WaitsFor.QUOTA, lambda turns: quota_wait(turns.now) * turns.scale),
    Verdict.SLOW: (WaitsFor.QUOTA, lambda turns: SLOW_SECONDS * turns.scale),
}


def is_useless(outcome: str, call: str, errcode: int | None) -> bool:
    """Whether a call shows nothing but that WeChat, or the way there, is out of order."""
    if outcome != "answered":
        return True
    return errcode is not None and lookup(call, errcode).verdict is Verdict.RETRY


def words(refusal: Answered) -> str:
    """A refusal as the record tells it."""
    return f"{refusal.call} answered {refusal.errcode}: {lookup(refusal.call, refusal.errcode).en}"

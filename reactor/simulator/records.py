"""What the small WeChat remembers: accounts, submissions, versions, calls."""

from dataclasses import dataclass, field

# get_latest_auditstatus, `status`
APPROVED, REJECTED, UNDER_AUDIT, WITHDRAWN, DELAYED = range(5)
OPEN = (UNDER_AUDIT, DELAYED)

# getgrayreleaseplan, `status`
GRAY_NONE, GRAY_RUNNING, GRAY_PAUSED, GRAY_FINISHED, GRAY_DELETED = range(5)


@dataclass(slots=True)
class Audit:
    """One submission and what became of it; times are Unix seconds."""

    auditid: int
    user_version: str
    user_desc: str
    submitted_at: int
    status: int = UNDER_AUDIT
    reason: str = ""
    screenshots: tuple[str, ...] = ()
    released: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """A version in front of all users."""

    auditid: int
    version: str
    desc: str
    released_at: int
    reverted: bool = False


@dataclass(frozen=True, slots=True)
class Gray:
    """A staged release."""

    status: int = GRAY_NONE
    percentage: int = 0
    created_at: int = 0

    @property
    def under_way(self) -> bool:
        """Whether somebody chose a slow roll-out that is not over."""
        return self.status in (GRAY_RUNNING, GRAY_PAUSED)


@dataclass(slots=True)
class Authorizer:
    """One mini program, as WeChat knows it."""

    appid: str
    user_name: str
    nick_name: str
    func_ids: tuple[int, ...]
    mini_program: bool
    auth_time: int
    authorized: bool = True
    audits: list[Audit] = field(default_factory=list)
    past: list[Live] = field(default_factory=list)
    live: Live | None = None
    gray: Gray = Gray()


@dataclass(frozen=True, slots=True)
class Message:
    """A customer-service message that an account sent."""

    authorizer_appid: str
    touser: str
    content: str = field(repr=False)  # the examiner's holds a code
    at: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call that arrived.

    `errcode` is what WeChat made of it (0 for every success), also when `fault` kept the answer from the
    caller; None when the fault came first. `effective`: it changed what is live.
    """

    at: float
    call: str
    authorizer_appid: str | None
    errcode: int | None
    effective: bool = False
    fault: str | None = None

"""The life of a release: its states, the one table of transitions, and the decisions of a turn.

Two rules of this file. Every change of state in the product is a row of TRANSITIONS; whoever wants to
change a release asks `follow`. And nothing here acts: what a look at WeChat means (`judge`) is a value, and
what follows from an answer stands in `decisions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reactor.core.errors import IllegalTransition


class State(StrEnum):
    """Where a release stands."""

    HELD = "held"
    PENDING = "pending"
    RELEASING = "releasing"
    RELEASED = "released"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What can befall a release."""

    CLAIMED = "claimed"
    TAKEN_OVER = "taken_over"
    PUT_BACK = "put_back"
    SEEN_LIVE = "seen_live"
    GAVE_UP = "gave_up"
    GRAY_FOUND = "gray_found"
    HELD_BACK = "held_back"
    OBSERVED = "observed"
    LEFT_ALONE = "left_alone"
    EXPIRED = "expired"
    ROLLED_BACK = "rolled_back"
    MISDIRECTED = "misdirected"
    SUPERSEDED = "superseded"
    UNAUTHORIZED = "unauthorized"
    APPROVED = "approved"
    RETRIED = "retried"
    CANCELLED = "cancelled"


_ENDS_WAITING = {
    Happening.SUPERSEDED: State.SUPERSEDED,
    Happening.UNAUTHORIZED: State.CANCELLED,
    Happening.CANCELLED: State.CANCELLED,
}

TRANSITIONS: Mapping[State, Mapping[Happening, State]] = {
    State.HELD: {Happening.APPROVED: State.PENDING, Happening.EXPIRED: State.CANCELLED, **_ENDS_WAITING},
    State.PENDING: {
        Happening.CLAIMED: State.RELEASING,
        Happening.RETRIED: State.PENDING,
        Happening.HELD_BACK: State.HELD,
        **_ENDS_WAITING,
    },
    State.RELEASING: {
        # The answer in flight decides first: an operator cannot cancel here, and a newer approval waits.
        Happening.TAKEN_OVER: State.RELEASING,
        Happening.PUT_BACK: State.PENDING,
        Happening.SEEN_LIVE: State.RELEASED,
        Happening.GAVE_UP: State.FAILED,
        Happening.GRAY_FOUND: State.HELD,
        Happening.HELD_BACK: State.HELD,
        Happening.OBSERVED: State.CANCELLED,
        Happening.LEFT_ALONE: State.CANCELLED,
        Happening.MISDIRECTED: State.CANCELLED,
        Happening.SUPERSEDED: State.SUPERSEDED,
        Happening.UNAUTHORIZED: State.CANCELLED,
    },
    State.FAILED: {Happening.RETRIED: State.PENDING, **_ENDS_WAITING},
    State.RELEASED: {Happening.ROLLED_BACK: State.CANCELLED},
    State.SUPERSEDED: {},
    State.CANCELLED: {},
}


def allows(state: State, happening: Happening) -> bool:
    """Whether the happening may befall a release in this state."""
    return happening in TRANSITIONS[state]


def follow(state: State, happening: Happening) -> State:
    """The state after the happening; IllegalTransition when the lifecycle does not know it."""
    if not allows(state, happening):
        raise IllegalTransition(f"a release that is {state} cannot be {happening}; nothing was changed")
    return TRANSITIONS[state][happening]


# -- what WeChat shows ---------------------------------------------------------------------------------


class AuditStatus:
    """`status` of get_latest_auditstatus; note that 0, the good one, is falsy."""

    APPROVED = 0
    REJECTED = 1
    UNDER_AUDIT = 2
    WITHDRAWN = 3
    DELAYED = 4


AUDIT_WORDS = {
    AuditStatus.APPROVED: "approved",
    AuditStatus.REJECTED: "rejected",
    AuditStatus.UNDER_AUDIT: "under audit",
    AuditStatus.WITHDRAWN: "withdrawn",
    AuditStatus.DELAYED: "delayed",
}


@dataclass(frozen=True, slots=True)
class Audit:
    """The latest audit of an authorizer; `submitted_at` in Unix seconds."""

    audit_id: int | None
    status: int
    user_version: str
    user_desc: str
    reason: str | None
    submitted_at: int | None


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """What the mini program's users get now; `released_at` in Unix seconds."""

    version: str
    released_at: int | None


@dataclass(frozen=True, slots=True)
class GrayPlan:
    """A staged release; status 1 is running, 2 paused. `created_at` is WeChat's, in Unix seconds."""

    status: int
    percentage: int
    created_at: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What the push said and earlier turns learned; `refused`: not released beside a newer audit."""

    approved_at: int
    user_version: str | None = None
    refused: bool = False


class Finding(StrEnum):
    """What a look means for the approval."""

    LIVE = "live"
    RELEASABLE = "releasable"
    NEWER_UNDER_AUDIT = "newer_under_audit"
    CONTRADICTED = "contradicted"
    GRAY = "gray"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding, with the words for the record."""

    finding: Finding
    reason: str


def is_younger(audit: Audit, approved_at: int) -> bool:
    """Whether the latest submission came after this approval; equal seconds are not younger."""
    return audit.submitted_at is not None and audit.submitted_at > approved_at


def approved_version(approval: Approval, audit: Audit) -> str | None:
    """The version the approval is about: the audit's, unless that audit is a younger submission's."""
    return approval.user_version if is_younger(audit, approval.approved_at) else audit.user_version


def is_live(approval: Approval, version: str | None, live: LiveVersion | None) -> bool:
    """Whether WeChat shows the approved version, or a release not before the approval."""
    if live is None:
        return False
    if version and live.version == version:
        return True
    return live.released_at is not None and live.released_at >= approval.approved_at


def was_released(audit: Audit, live: LiveVersion | None) -> bool:
    """Whether an approved audit's version is live already, as far as a look without a push can tell."""
    if live is None:
        return False
    if live.version:
        return live.version == audit.user_version
    # WeChat sometimes shows a release without its name: one since the submission is taken for it.
    return live.released_at is not None and live.released_at >= (audit.submitted_at or 0)


FORGOTTEN_SECONDS = 30 * 86400


def doubt(audit: Audit, live: LiveVersion | None, now: float) -> str | None:
    """Why an approval that was found without its push needs a person's word, if it does."""
    if now - (audit.submitted_at or now) > FORGOTTEN_SECONDS:
        return (
            "it was submitted more than 30 days ago and never released; "
            "a person must say whether it still should"
        )
    if live and live.version and (live.released_at or 0) > (audit.submitted_at or now):
        return (
            f"version {live.version} went live after this one was submitted, perhaps because this one was "
            "rolled back; a person must say whether it should be released"
        )
    return None


def judge(
    approval: Approval, audit: Audit, live: LiveVersion | None, gray: GrayPlan | None = None
) -> Judgement:
    """What WeChat shows, held against the approval: may `release` be called, and if not, why."""
    if is_live(approval, approved_version(approval, audit), live):
        shown = f"version {live.version}" if live and live.version else "a release since the approval"
        return Judgement(Finding.LIVE, f"WeChat shows {shown} live")
    younger = is_younger(audit, approval.approved_at)
    words = AUDIT_WORDS.get(audit.status, f"in the unknown status {audit.status}")
    if audit.status != AuditStatus.APPROVED and not younger:
        because = f": {audit.reason}" if audit.reason else ""
        return Judgement(
            Finding.CONTRADICTED,
            f"the push said approved, but WeChat says the latest audit is {words}{because}; "
            "nothing was released; look at the mini program's audit, then retry or cancel",
        )
    if gray is not None and gray.status in (1, 2):
        return Judgement(
            Finding.GRAY,
            f"a gray release is under way ({gray.percentage} %); somebody chose to go slowly, so the full "
            "release waits for a person: end the gray release, then approve",
        )
    in_progress = audit.status in (AuditStatus.UNDER_AUDIT, AuditStatus.DELAYED)
    if younger and in_progress and approval.refused:
        return Judgement(
            Finding.NEWER_UNDER_AUDIT,
            f"a newer version ({audit.user_version}) is {words} and WeChat will not release beside it; "
            "this goes on when that audit ends",
        )
    return Judgement(Finding.RELEASABLE, f"the latest audit is {words}")

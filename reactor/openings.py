"""How an approval opens its release, as the policy says, in place of the older ones that still wait."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from reactor.core.decisions import WaitsFor
from reactor.core.lifecycle import Audit, Happening, State
from reactor.core.policy import Action, Case, Policy, Ruling, Subject, decide
from reactor.store import component, releases
from reactor.store.releases import Release

WAITING = (State.HELD, State.PENDING, State.FAILED)


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval, and how it became known: by a push (`event_id`), or by a sweep that saw the `audit`."""

    authorizer_appid: str
    to_user_name: str | None
    approved_at: float
    at: float
    event_id: int | None = None
    known: bool = True
    audit: Audit | None = None
    doubt: str | None = None  # why a person should say whether it goes live
    nick_name: str | None = None
    paused: bool = False

    @property
    def case(self) -> Case:
        """What the policy is asked about; a push names no version."""
        subject = Subject(self.authorizer_appid, self.to_user_name, self.nick_name)
        version, desc = (self.audit.user_version, self.audit.user_desc) if self.audit else (None, None)
        return Case(subject, self.at, version, desc, paused=self.paused)


def open_approvals(
    connection: sa.Connection,
    approvals: Sequence[Approval],
    waiting: Mapping[str, list[Release]],
    policy: Callable[[], Policy],
) -> list[int]:
    """Open a release for each, of different authorizers; `waiting` are their releases that are not over."""
    if not approvals:
        return []
    by_push = approvals[0].audit is None
    followed = policy()
    rows = [_opening(approval, followed) for approval in approvals]
    if any(row["waits_for"] is WaitsFor.DELAY for row in rows):
        component.doubt_policy(connection, followed.digest)
    ids = releases.open_all(
        connection,
        rows,
        happening="opened" if by_push else "found",
        actor=releases.INTAKE if by_push else releases.SWEEP,
    )
    for approval, release_id in zip(approvals, ids, strict=True):
        _supersede(connection, waiting.get(approval.authorizer_appid, []), release_id, approval)
    return ids


def _opening(approval: Approval, policy: Policy) -> dict[str, object]:
    ruling, audit = decide(policy, approval.case, approval.at), approval.audit
    state = _STATES.get(ruling.action, State.PENDING)
    if approval.doubt is not None and state is State.PENDING:
        state = State.HELD
    due_at, waits_for = _when(ruling, approval.at) if state is State.PENDING else (None, None)
    return {
        "authorizer_appid": approval.authorizer_appid,
        "to_user_name": approval.to_user_name,
        "event_id": approval.event_id,
        "audit_id": audit and audit.audit_id,
        "user_version": audit and (audit.user_version or None),
        "user_desc": audit and (audit.user_desc or None),
        "submitted_at": audit and audit.submitted_at,
        "state": state,
        "mode": ruling.mode,
        "rule": ruling.rule,
        "approved_at": approval.approved_at,
        "created_at": approval.at,
        "held_since": approval.at if state is State.HELD else None,
        "due_at": due_at,
        "waits_for": waits_for,
        "reason": _opening_reason(approval, ruling, state),
    }


# A release that is only observed is looked at like any other, so that it can be said what would be done.
_STATES = {Action.HOLD: State.HELD, Action.OFF: State.CANCELLED}


def _when(ruling: Ruling, now: float) -> tuple[float | None, WaitsFor | None]:
    """When its turn is due, and what it waits for; a pause has no end of its own."""
    if ruling.action is not Action.WAIT:
        return now, None
    return (None, WaitsFor.PAUSE) if ruling.until is None else (ruling.until, WaitsFor.DELAY)


def _opening_reason(approval: Approval, ruling: Ruling, state: State) -> str | None:
    if state is State.HELD and approval.doubt is not None:
        return approval.doubt
    if ruling.action in (Action.HOLD, Action.OFF):
        return ruling.reason
    if not approval.known:
        return "the authorizer is not known yet; this goes on once it is"
    return ruling.reason if ruling.action is Action.WAIT else None


def _supersede(
    connection: sa.Connection, waiting: Sequence[Release], release_id: int, approval: Approval
) -> None:
    """The younger approval stays; two of one second are of one audit: the second is settled by looking.

    Only among those that speak of the same mini program: a push gone astray must not displace a genuine one.
    """
    approved_at = approval.approved_at
    waiting = [release for release in waiting if release.to_user_name == approval.to_user_name]
    younger = [r for r in waiting if r.approved_at > approved_at and r.state is not State.FAILED]
    losing = [r for r in waiting if r.approved_at < approved_at]
    winner = release_id
    if younger:
        opened = releases.get(connection, release_id)
        assert opened is not None
        losing, winner = [opened], younger[-1].id
    reason = f"release {winner}, of a newer approval, takes its place"
    releases.end_waiting(
        connection, losing, Happening.SUPERSEDED, at=approval.at, actor=releases.INTAKE, reason=reason
    )

"""How an audit that ended is taken in: its event recorded once, an approval's release opened."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from reactor.core.decisions import WaitsFor
from reactor.core.events import AuditDelayed, AuditFailed, AuditSucceeded, identity
from reactor.core.lifecycle import AuditStatus, State
from reactor.core.notices import Kind
from reactor.core.policy import Policy
from reactor.openings import WAITING, Approval, open_approvals
from reactor.store import authorizers, events, notices, releases
from reactor.store.authorizers import Authorizer
from reactor.store.releases import Release

ACCEPTED, MISDIRECTED = "accepted", "misdirected"
Audited = AuditSucceeded | AuditFailed | AuditDelayed
_STATUS = {
    AuditSucceeded: AuditStatus.APPROVED,
    AuditFailed: AuditStatus.REJECTED,
    AuditDelayed: AuditStatus.DELAYED,
}
_NEWS: Mapping[type[Audited], Kind] = {AuditFailed: Kind.REJECTED, AuditDelayed: Kind.DELAYED}


@dataclass(frozen=True, slots=True)
class AuditPush:
    """One verified push: the appid of its path (None on the component's), when it came, and whether late.

    `message` is its text as it may be kept.
    """

    event: Audited
    authorizer_appid: str | None
    at: float
    stale: bool
    message: str | None = None


def accept_audits(
    connection: sa.Connection, pushes: Sequence[AuditPush], policy: Callable[[], Policy]
) -> list[bool]:
    """Carry out these pushes; says of each whether it left work to do now.

    What came together goes together, one statement for all, except where one authorizer is spoken of twice.
    """
    pushes = _addressed(connection, pushes)
    results = [False] * len(pushes)
    for numbers in _turns(push.authorizer_appid for push in pushes):
        told = _accept([pushes[number] for number in numbers], connection, policy)
        for number, left_work in zip(numbers, told, strict=True):
            results[number] = left_work
    return results


def _addressed(connection: sa.Connection, pushes: Sequence[AuditPush]) -> Sequence[AuditPush]:
    """On the component's route the addressee is whose user_name it is."""
    names = [push.event.to_user_name for push in pushes if push.authorizer_appid is None]
    if not names:
        return pushes
    owners = authorizers.by_user_names(connection, names)
    return [
        push if push.authorizer_appid else replace(push, authorizer_appid=owners.get(push.event.to_user_name))
        for push in pushes
    ]


def _turns(appids: Iterable[str | None]) -> list[list[int]]:
    """The numbers of the first push of each authorizer, those of the second of each, and so on."""
    turns: list[list[int]] = []
    seen: dict[str | None, int] = defaultdict(int)
    for number, appid in sorted(enumerate(appids), key=lambda one: one[1] or ""):
        if seen[appid] == len(turns):
            turns.append([])
        turns[seen[appid]].append(number)
        seen[appid] += 1
    return turns


def _accept(
    pushes: Sequence[AuditPush], connection: sa.Connection, policy: Callable[[], Policy]
) -> list[bool]:
    """As `accept_audits`, for pushes of different authorizers in the order of their appids."""
    appids = [push.authorizer_appid for push in pushes if push.authorizer_appid is not None]
    known = authorizers.lock_all(connection, appids)
    owners = _owners(connection, pushes, known)
    astray = [_astray(push, known, owners) for push in pushes]
    ids = events.record_all(connection, [_row(*one) for one in zip(pushes, astray, strict=True)])
    fresh = {
        push.authorizer_appid: (push, event_id)
        for push, event_id, why in zip(pushes, ids, astray, strict=True)
        if push.authorizer_appid is not None and event_id is not None and why is None
    }
    if not fresh:
        return [False] * len(pushes)
    _note_status(connection, [push for push, _ in fresh.values()], known)
    notices.add_all(connection, [_news(push) for push, _ in fresh.values() if type(push.event) in _NEWS])
    waiting = _wake_waiting(connection, list(fresh), at=max(push.at for push, _ in fresh.values()))
    approvals = [
        Approval(
            appid,
            push.event.to_user_name,
            push.event.succeeded_at,
            push.at,
            event_id,
            known=appid in known,
            nick_name=known[appid].nick_name if appid in known else None,
            paused=appid in known and known[appid].paused,
        )
        for appid, (push, event_id) in fresh.items()
        if isinstance(push.event, AuditSucceeded)
        and not _was_swept(connection, push.event, event_id, known.get(appid))
    ]
    open_approvals(connection, approvals, waiting, policy)
    opened = {approval.authorizer_appid for approval in approvals}
    return [
        push.authorizer_appid in fresh
        and (push.authorizer_appid in opened or push.authorizer_appid in waiting)
        for push in pushes
    ]


def _was_swept(
    connection: sa.Connection, event: AuditSucceeded, event_id: int, authorizer: Authorizer | None
) -> bool:
    """Whether the sweep found this approval before its push came: then there is a release already."""
    if authorizer is None or authorizer.swept_release_id is None:
        return False
    assert authorizer.swept_from is not None
    assert authorizer.swept_until is not None
    if not authorizer.swept_from <= event.succeeded_at <= authorizer.swept_until:
        return False
    if not releases.pushed_after_all(
        connection, authorizer.swept_release_id, event_id=event_id, approved_at=event.succeeded_at
    ):
        return False  # its push has come: this one is of another approval
    # A clock that was wrong may have made the two look like one: another look settles it.
    authorizers.update(connection, authorizer.authorizer_appid, ask_again_at=event.succeeded_at)
    return True


def _owners(
    connection: sa.Connection, pushes: Sequence[AuditPush], known: Mapping[str, Authorizer]
) -> Mapping[str, str]:
    """Whose user_names the pushes speak of, where the path's own is not known."""
    nameless = [
        push.event.to_user_name
        for push in pushes
        if not ((found := known.get(push.authorizer_appid or "")) and found.user_name)
    ]
    return authorizers.by_user_names(connection, nameless) if nameless else {}


def _astray(push: AuditPush, known: Mapping[str, Authorizer], owners: Mapping[str, str]) -> str | None:
    """Why the event is not this authorizer's, if it is not: the signature does not cover the path."""
    meant, appid = push.event.to_user_name, push.authorizer_appid
    if appid is None:
        return f"no authorizer with the user_name {meant} is known; nothing was released"
    user_name = known[appid].user_name if appid in known else None
    if user_name and user_name != meant:
        return f"it speaks of {meant}, but {appid} is {user_name}; nothing was released"
    if owners.get(meant, appid) != appid:
        return f"it speaks of {meant}, who is {owners[meant]} and not {appid}; nothing was released"
    return None


def _row(push: AuditPush, astray: str | None) -> dict[str, object]:
    return {
        "identity": identity(push.event, push.authorizer_appid),
        "received_at": push.at,
        "created_at": push.event.created_at,
        "kind": push.event.kind,
        "authorizer_appid": push.authorizer_appid,
        "to_user_name": push.event.to_user_name,
        "verdict": MISDIRECTED if astray else ACCEPTED,
        "reason": astray or getattr(push.event, "reason", None),
        "stale": push.stale,
        "message": push.message,
    }


def _news(push: AuditPush) -> dict[str, object]:
    return {
        "at": push.at,
        "kind": _NEWS[type(push.event)],
        "authorizer_appid": push.authorizer_appid,
        "detail": getattr(push.event, "reason", None),
    }


def _note_status(
    connection: sa.Connection, pushes: Sequence[AuditPush], known: Mapping[str, Authorizer]
) -> None:
    for kind, status in _STATUS.items():
        appids = [push.authorizer_appid for push in pushes if isinstance(push.event, kind)]
        audited = [appid for appid in appids if appid is not None and appid in known]
        if audited:
            authorizers.note_audits(connection, audited, status)


def _wake_waiting(
    connection: sa.Connection, appids: Sequence[str], *, at: float
) -> Mapping[str, list[Release]]:
    """The releases of these authorizers that are not over; an audit has ended, so they may look again."""
    waiting: dict[str, list[Release]] = defaultdict(list)
    # Locked: one whose turn is ending this moment is seen as it ends.
    for release in releases.in_states(connection, appids, (*WAITING, State.RELEASING), lock=True):
        waiting[release.authorizer_appid].append(release)
    if waiting:
        beside = [WaitsFor.NEWER_AUDIT]
        releases.make_due(connection, now=at, waits_for=beside, authorizer_appids=list(waiting))
    return waiting

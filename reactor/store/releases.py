"""The releases: each row is the job itself, and each change of its state leaves a row of history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from reactor.core.lifecycle import Happening, State, allows, follow
from reactor.store import history, notices
from reactor.store.schema import releases

WORKER = "worker"
INTAKE = "intake"
SWEEP = "sweep"


# Built once: putting a statement together costs SQLAlchemy more than carrying it out.
_ONE = sa.select(releases).where(releases.c.id == sa.bindparam("id"))
_IN_STATES = (
    sa.select(releases)
    .where(
        releases.c.authorizer_appid.in_(sa.bindparam("authorizer_appids", expanding=True)),
        releases.c.state.in_(sa.bindparam("states", expanding=True)),
    )
    .order_by(releases.c.authorizer_appid, releases.c.id)
)
_IN_STATES_LOCKED = _IN_STATES.with_for_update()
_OLDEST_DUE = sa.select(sa.func.min(releases.c.due_at)).where(releases.c.state == State.PENDING)
_OPEN = sa.insert(releases).returning(releases.c.id, releases.c.authorizer_appid)


@dataclass(frozen=True, slots=True)
class Release:
    """One release as stored; times in Unix seconds."""

    id: int
    authorizer_appid: str
    to_user_name: str | None
    event_id: int | None
    state: State
    mode: str
    audit_id: int | None
    user_version: str | None
    user_desc: str | None
    approved_at: float
    created_at: float
    due_at: float | None
    waits_for: str | None
    released_at: float | None
    attempts: int
    errcode: int | None
    errmsg: str | None
    rid: str | None
    reason: str | None
    lease_holder: str | None
    lease_until: float | None
    woken: bool
    submitted_at: float | None
    rule: str | None = None
    approved_by: str | None = None
    hurried: bool = False
    held_since: float | None = None
    reminded_at: float | None = None
    ring: int | None = None
    gray_percentage: int | None = None
    gray_asked_at: float | None = None
    gray_plan_at: float | None = None
    gray_shown: int | None = None


def of_row(row: sa.Row[tuple[object, ...]]) -> Release:
    """A row of the table as a value."""
    values = dict(row._mapping)  # noqa: SLF001 - public in SQLAlchemy
    return Release(**{**values, "state": State(values["state"])})


def get(connection: sa.Connection, release_id: int, *, lock: bool = False) -> Release | None:
    """The release, if there is one of this id; locked until the transaction ends if so asked."""
    query = _ONE.with_for_update() if lock else _ONE
    row = connection.execute(query, {"id": release_id}).one_or_none()
    return of_row(row) if row else None


def page(
    connection: sa.Connection,
    *,
    before: int | None,
    limit: int,
    state: str | None = None,
    authorizer_appid: str | None = None,
) -> list[Release]:
    """Newest first."""
    query = sa.select(releases).order_by(releases.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(releases.c.id < before)
    if state is not None:
        query = query.where(releases.c.state == state)
    if authorizer_appid is not None:
        query = query.where(releases.c.authorizer_appid == authorizer_appid)
    return [of_row(row) for row in connection.execute(query)]


def in_states(
    connection: sa.Connection,
    authorizer_appids: Sequence[str],
    states: Sequence[State],
    *,
    lock: bool = False,
) -> list[Release]:
    """These authorizers' releases in these states, each authorizer's oldest first; locked if so asked."""
    given = {"authorizer_appids": authorizer_appids, "states": states}
    return [of_row(row) for row in connection.execute(_IN_STATES_LOCKED if lock else _IN_STATES, given)]


def counts(connection: sa.Connection, states: Sequence[State]) -> dict[State, int]:
    """How many releases stand in each of these states."""
    query = sa.select(releases.c.state, sa.func.count()).where(releases.c.state.in_(states))
    found = {
        State(state): int(count) for state, count in connection.execute(query.group_by(releases.c.state))
    }
    return {state: found.get(state, 0) for state in states}


def count_waiting(connection: sa.Connection, waits_for: str) -> int:
    """How many pending releases wait for this."""
    waiting = sa.and_(releases.c.state == State.PENDING, releases.c.waits_for == waits_for)
    return int(connection.execute(sa.select(sa.func.count()).where(waiting)).scalar_one())


def oldest_due(connection: sa.Connection) -> float | None:
    """The earliest due time of all pending releases."""
    return connection.execute(_OLDEST_DUE).scalar()


def open_all(
    connection: sa.Connection, rows: Sequence[Mapping[str, object]], *, happening: str, actor: str
) -> list[int]:
    """New releases, one an authorizer and all of the same columns, each with its first row of history.

    Returns their ids, in order.
    """
    ids = {row.authorizer_appid: int(row.id) for row in connection.execute(_OPEN, rows)}
    history.note_opened(connection, list(ids.values()), happening=happening, actor=actor)
    notices.note_opened(connection, rows, ids)
    return [ids[str(row["authorizer_appid"])] for row in rows]


def change(  # noqa: PLR0913 - a transition, who says so and why
    connection: sa.Connection,
    release: Release,
    happening: Happening,
    *,
    at: float,
    actor: str,
    detail: str | None = None,
    **values: object,
) -> bool:
    """Carry out one row of TRANSITIONS, with its history; False when somebody else was faster.

    Raises IllegalTransition when the lifecycle forbids it. Leaving `releasing` takes the lease along.
    """
    target = follow(release.state, happening)
    if target is not State.RELEASING:
        values = {"lease_holder": None, "lease_until": None, **values}
    values = {**_before_a_person(release.state, target, at), **values}
    if happening is Happening.APPROVED:
        values["approved_by"] = actor
    statement = sa.update(releases).where(releases.c.id == release.id, releases.c.state == release.state)
    if release.lease_holder is not None:
        # Only who still holds the lease may speak for a release in flight.
        statement = statement.where(releases.c.lease_holder == release.lease_holder)
    if connection.execute(statement.values(state=target, **values)).rowcount != 1:
        return False
    note: dict[str, object] = {
        "release_id": release.id,
        "at": at,
        "from_state": release.state,
        "to_state": target,
        "authorizer_appid": release.authorizer_appid,
        "rule": values.get("rule", release.rule),
        "user_version": values.get("user_version", release.user_version),
    }
    history.note(connection, {**note, "happening": happening, "actor": actor, "detail": detail})
    notices.note_state(connection, release.id, release.authorizer_appid, target, at=at, detail=detail)
    return True


def _before_a_person(state: State, target: State, at: float) -> dict[str, object]:
    """Since when it waits for a person; what one said before does not count for what made it wait again."""
    if target is State.HELD:
        return {"held_since": at, "reminded_at": None, "approved_by": None}
    return {"held_since": None, "reminded_at": None} if state is State.HELD else {}


def end_waiting(  # noqa: PLR0913 - a transition, who says so and why
    connection: sa.Connection,
    waiting: Sequence[Release],
    happening: Happening,
    *,
    at: float,
    actor: str,
    reason: str,
) -> None:
    """Supersede or cancel those that still wait; one in flight is left to its answer."""
    for release in waiting:
        if allows(release.state, happening) and release.state is not State.RELEASING:
            change(
                connection, release, happening, at=at, actor=actor, detail=reason, reason=reason, due_at=None
            )


def make_due(
    connection: sa.Connection,
    *,
    now: float,
    waits_for: Sequence[str],
    authorizer_appids: Sequence[str] | None = None,
) -> int:
    """What waited for this is over: those releases are due now. Says how many.

    A turn under way may be about to wait for it: it is told, in the same statement, so that no wake is lost.
    """
    later = sa.or_(releases.c.due_at.is_(None), releases.c.due_at > now)
    waiting = sa.and_(releases.c.state == State.PENDING, releases.c.waits_for.in_(waits_for), later)
    under_way = releases.c.state == State.RELEASING
    found = sa.select(releases.c.id).where(sa.or_(waiting, under_way))
    if authorizer_appids is not None:
        found = found.where(releases.c.authorizer_appid.in_(authorizer_appids))
    # Locked in the order in which everybody locks several: an UPDATE alone would take them as they come.
    ordered = found.order_by(releases.c.authorizer_appid, releases.c.id).with_for_update()
    ids = connection.execute(ordered).scalars().all()
    if not ids:
        return 0
    due_at = sa.case((under_way, releases.c.due_at), else_=now)
    statement = sa.update(releases).where(releases.c.id.in_(ids), sa.or_(waiting, under_way))
    return connection.execute(statement.values(due_at=due_at, woken=under_way)).rowcount


def pushed_after_all(
    connection: sa.Connection, release_id: int, *, event_id: int, approved_at: float
) -> bool:
    """The push of an approval that a sweep had found came: it tells when that was. False: it has one."""
    known = sa.update(releases).where(releases.c.id == release_id, releases.c.event_id.is_(None))
    return connection.execute(known.values(event_id=event_id, approved_at=approved_at)).rowcount == 1


def of_audit(
    connection: sa.Connection,
    authorizer_appid: str,
    *,
    user_name: str | None,
    audit_id: int | None,
    submitted_at: float,
) -> bool:
    """Whether this audit's approval has a release: by its id, or while none is known, by its time.

    One opened by a push that spoke of another mini program is not about it.
    """
    about = releases.c.approved_at >= submitted_at
    if audit_id is not None:
        # One known to be of another audit is not about this one, however late our clock dated it.
        about = sa.or_(releases.c.audit_id == audit_id, sa.and_(about, releases.c.audit_id.is_(None)))
    unnamed = releases.c.to_user_name.is_(None)
    meant = sa.true() if user_name is None else sa.or_(unnamed, releases.c.to_user_name == user_name)
    query = sa.select(releases.c.id).where(releases.c.authorizer_appid == authorizer_appid, about, meant)
    return connection.execute(query.limit(1)).one_or_none() is not None


def opened_between(connection: sa.Connection, authorizer_appid: str, begin: float, end: float) -> bool:
    """Whether the authorizer got a release in this time; what a wrong clock dated later does not count."""
    query = sa.select(releases.c.id).where(
        releases.c.authorizer_appid == authorizer_appid, releases.c.created_at.between(begin, end)
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def learn(connection: sa.Connection, release: Release, **values: object) -> None:
    """Note what a look showed (audit, version), whoever holds the release."""
    connection.execute(sa.update(releases).where(releases.c.id == release.id).values(**values))


def resume(connection: sa.Connection, *, now: float, waits_for: Sequence[str]) -> int:
    """What waited for this is over, as the end of a turn found; says how many are due now.

    Who finds it out holds locks of his own, so what others have locked is passed over: it ends anyway.
    """
    waiting = sa.and_(
        releases.c.state == State.PENDING, releases.c.waits_for.in_(waits_for), releases.c.due_at > now
    )
    ids = connection.execute(sa.select(releases.c.id).where(waiting).with_for_update(skip_locked=True))
    found = ids.scalars().all()
    if found:
        statement = sa.update(releases).where(releases.c.id.in_(found)).values(due_at=now)
        connection.execute(statement)
    return len(found)

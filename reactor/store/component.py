"""The component's row: ticket, token, pause, and what stands before all calls."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from reactor.store.database import insert
from reactor.store.schema import component

_ONE = sa.select(component).where(component.c.component_appid == sa.bindparam("component_appid"))


@dataclass(frozen=True, slots=True)
class Component:
    """The one row; `blocked_by` says what kind of systemic fault stops the calls."""

    component_appid: str
    ticket_sealed: str | None = field(default=None, repr=False)
    ticket_created_at: float | None = None
    ticket_received_at: float | None = None
    access_token_sealed: str | None = field(default=None, repr=False)
    access_token_refresh_at: float | None = None
    access_token_expires_at: float | None = None
    paused: bool = False
    blocked_by: str | None = None
    blocked_reason: str | None = None
    blocked_since: float | None = None
    next_probe_at: float | None = None
    strikers: str | None = None
    ask_all_since: float | None = None
    ticket_told_at: float | None = None
    policy_digest: str | None = None
    policy_problem: str | None = None


def get(connection: sa.Connection, component_appid: str) -> Component:
    """The component as stored, or one that has nothing yet."""
    row = connection.execute(_ONE, {"component_appid": component_appid}).one_or_none()
    return Component(**row._mapping) if row else Component(component_appid)  # noqa: SLF001 - public in SQLAlchemy


def is_paused(connection: sa.Connection, component_appid: str, *, lock: bool = False) -> bool:
    """Whether all work is stopped; if so asked, who stops it now waits until this transaction has ended."""
    query = sa.select(component.c.paused).where(component.c.component_appid == component_appid)
    return bool(connection.execute(query.with_for_update(read=True) if lock else query).scalar())


def keep_ticket(
    connection: sa.Connection, component_appid: str, sealed: str, *, created_at: float, received_at: float
) -> bool:
    """Keep the ticket unless a younger one is there; says whether it was kept. A repetition ages on."""
    fresh = {"ticket_sealed": sealed, "ticket_created_at": created_at, "ticket_received_at": received_at}
    statement = insert(connection, component).values(component_appid=component_appid, **fresh)
    known = component.c.ticket_created_at
    repeated = sa.case((known == created_at, component.c.ticket_received_at), else_=received_at)
    statement = statement.on_conflict_do_update(
        index_elements=[component.c.component_appid],
        set_={**fresh, "ticket_received_at": repeated},
        where=sa.or_(known.is_(None), known <= created_at),
    )
    return connection.execute(statement.returning(component.c.component_appid)).one_or_none() is not None


def keep_access_token(connection: sa.Connection, component_appid: str, **fresh: object) -> None:
    """Keep a fresh component_access_token: `access_token_sealed`, `_refresh_at` and `_expires_at`."""
    connection.execute(
        sa.update(component).where(component.c.component_appid == component_appid).values(**fresh)
    )


def drop_access_token(connection: sa.Connection, component_appid: str, dead_sealed: str) -> None:
    """Forget the component_access_token, if it is still the dead one."""
    connection.execute(
        sa.update(component)
        .where(component.c.component_appid == component_appid, component.c.access_token_sealed == dead_sealed)
        .values(access_token_sealed=None)
    )


def set_paused(connection: sa.Connection, component_appid: str, *, paused: bool) -> None:
    """Stop or resume all work."""
    statement = insert(connection, component).values(component_appid=component_appid, paused=paused)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[component.c.component_appid], set_={"paused": paused})
    )


def block(  # noqa: PLR0913 - a row's worth of facts
    connection: sa.Connection, component_appid: str, *, by: str, reason: str, now: float, next_probe_at: float
) -> bool:
    """Stop all calls until a probe succeeds; says whether they flowed. `blocked_since` stays the first's."""
    before = connection.execute(_ONE.with_for_update(), {"component_appid": component_appid}).one_or_none()
    statement = insert(connection, component).values(
        component_appid=component_appid,
        blocked_by=by,
        blocked_reason=reason,
        blocked_since=now,
        next_probe_at=next_probe_at,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[component.c.component_appid],
            set_={
                "blocked_by": by,
                "blocked_reason": reason,
                "blocked_since": sa.func.coalesce(component.c.blocked_since, now),
                "next_probe_at": next_probe_at,
            },
        )
    )
    return before is None or before.blocked_by is None


def strike(connection: sa.Connection, component_appid: str, who: str) -> int:
    """Note that WeChat was of no use to this authorizer; says how many have met that since it last was.

    Once calls are stopped nobody is noted any more, and 0 returned: who they are is read at every look.
    """
    query = _ONE.with_for_update()
    row = connection.execute(query, {"component_appid": component_appid}).one_or_none()
    if row and row.blocked_by is not None:
        return 0
    strikers = set((row.strikers or "").split(",") if row else ()) - {""} | {who}
    statement = insert(connection, component).values(component_appid=component_appid, strikers=who)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[component.c.component_appid], set_={"strikers": ",".join(sorted(strikers))}
        )
    )
    return len(strikers)


def forgive(connection: sa.Connection, component_appid: str) -> None:
    """WeChat is of use again."""
    connection.execute(
        sa.update(component).where(component.c.component_appid == component_appid).values(strikers=None)
    )


def ask_all(connection: sa.Connection, component_appid: str, *, since: float) -> None:
    """Pushes may have been missed: have every authorizer asked that was not asked since then."""
    statement = insert(connection, component).values(component_appid=component_appid, ask_all_since=since)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[component.c.component_appid], set_={"ask_all_since": since}
        )
    )


def unblock(connection: sa.Connection, component_appid: str) -> bool:
    """Let the calls flow again; says whether they were stopped."""
    query = sa.update(component).where(
        component.c.component_appid == component_appid, component.c.blocked_by.is_not(None)
    )
    cleared = query.values(
        blocked_by=None, blocked_reason=None, blocked_since=None, next_probe_at=None, strikers=None
    )
    return connection.execute(cleared).rowcount == 1


def probe_now(connection: sa.Connection, component_appid: str, now: float) -> None:
    """Bring the next probe forward, if calls are stopped."""
    connection.execute(
        sa.update(component)
        .where(component.c.component_appid == component_appid, component.c.blocked_by.is_not(None))
        .values(next_probe_at=now)
    )


def take_probe(connection: sa.Connection, component_appid: str, *, now: float, next_probe_at: float) -> bool:
    """Win the right to the one probe that is due now; everybody else keeps waiting."""
    statement = (
        sa.update(component)
        .where(component.c.component_appid == component_appid, component.c.next_probe_at <= now)
        .values(next_probe_at=next_probe_at)
    )
    return connection.execute(statement).rowcount == 1


def note_policy(connection: sa.Connection, component_appid: str, digest: str) -> None:
    """Note which policy the workers follow: all that waits by a policy waits by this one."""
    _keep(connection, component_appid, policy_digest=digest)


def doubt_policy(connection: sa.Connection, digest: str) -> None:
    """Something waits by this policy from now on; where another one is followed, all is decided anew."""
    other = component.c.policy_digest != digest
    connection.execute(sa.update(component).where(other).values(policy_digest=None))


def note_policy_problem(connection: sa.Connection, row: Component, problem: str | None) -> bool:
    """Note why a newer policy file is not followed (None: it is); of many at once one may."""
    as_seen = component.c.policy_problem.is_not_distinct_from(row.policy_problem)
    return _keep(connection, row.component_appid, as_seen, policy_problem=problem)


def _keep(
    connection: sa.Connection,
    component_appid: str,
    condition: sa.ColumnElement[bool] | None = None,
    **values: object,
) -> bool:
    """Write into the one row, which may not be there yet; says whether it was done."""
    statement = insert(connection, component).values(component_appid=component_appid, **values)
    statement = statement.on_conflict_do_update(
        index_elements=[component.c.component_appid], set_=values, where=condition
    )
    return connection.execute(statement.returning(component.c.component_appid)).one_or_none() is not None


def tell_of_ticket(connection: sa.Connection, row: Component, *, told_at: float | None) -> bool:
    """Note that people are told of its age now (None: that it is back); of many at once one may."""
    before = component.c.ticket_told_at
    as_seen = before.is_(None) if row.ticket_told_at is None else before == row.ticket_told_at
    statement = sa.update(component).where(component.c.component_appid == row.component_appid, as_seen)
    return connection.execute(statement.values(ticket_told_at=told_at)).rowcount == 1

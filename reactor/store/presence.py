"""Who is there: named leases that one process holds at a time, and the workers' heartbeats."""

import sqlalchemy as sa

from reactor.store.database import insert
from reactor.store.schema import leases, pulses, workers

LEASE_SECONDS = 20.0
WORKER_SEEN_SECONDS = 30.0


def take(connection: sa.Connection, name: str, *, holder: str, now: float, until: float) -> bool:
    """Take the lease unless somebody else holds it."""
    statement = insert(connection, leases).values(name=name, holder=holder, until=until)
    statement = statement.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"holder": holder, "until": until},
        where=sa.or_(leases.c.until < now, leases.c.holder == holder),
    )
    return connection.execute(statement.returning(leases.c.name)).one_or_none() is not None


def renew(connection: sa.Connection, name: str, *, holder: str, until: float) -> bool:
    """Hold on to the lease; False when somebody else took it meanwhile, even if it was given back since."""
    mine = sa.and_(leases.c.name == name, leases.c.holder == holder)
    return connection.execute(sa.update(leases).where(mine).values(until=until)).rowcount == 1


def is_free(connection: sa.Connection, name: str, *, holder: str, now: float) -> bool:
    """Whether nobody else holds the lease now."""
    query = sa.select(leases.c.name).where(
        leases.c.name == name, leases.c.holder != holder, leases.c.until >= now
    )
    return connection.execute(query).one_or_none() is None


def free_lease(connection: sa.Connection, name: str, *, holder: str) -> None:
    """Give the lease back."""
    connection.execute(sa.delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def forget_times(connection: sa.Connection, *, now: float, longest: float) -> None:
    """The clock was set back: no lease may last into a time that is not to come."""
    connection.execute(sa.update(leases).where(leases.c.until > now + longest).values(until=now + longest))


def beat(connection: sa.Connection, holder: str, now: float) -> None:
    """Say that this worker lives, and forget those long silent."""
    statement = insert(connection, workers).values(holder=holder, started_at=now, seen_at=now)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[workers.c.holder], set_={"seen_at": now})
    )
    connection.execute(sa.delete(workers).where(workers.c.seen_at < now - 86400))


def leave(connection: sa.Connection, holder: str) -> None:
    """Say that this worker is gone."""
    connection.execute(sa.delete(workers).where(workers.c.holder == holder))


def last_pulse(connection: sa.Connection, kind: str) -> float | None:
    """When one of this kind last noted that it lives."""
    return connection.execute(sa.select(pulses.c.at).where(pulses.c.kind == kind)).scalar()


def pulse(
    connection: sa.Connection, kind: str, now: float, *, machine: str, unless_within: float = 0.0
) -> float | None:
    """Note that one of this kind (web, worker) lives; returns when one last did, None the first time."""
    before = last_pulse(connection, kind)
    if before is not None and 0 <= now - before < unless_within:
        return before
    fresh = {"at": now, "machine": machine}
    statement = insert(connection, pulses).values(kind=kind, **fresh)
    connection.execute(statement.on_conflict_do_update(index_elements=[pulses.c.kind], set_=fresh))
    return before


def seen_elsewhere(connection: sa.Connection, machine: str) -> dict[str, float]:
    """When another machine last wrote a pulse, by its kind."""
    query = sa.select(pulses.c.kind, pulses.c.at).where(pulses.c.machine != machine)
    return {row.kind: row.at for row in connection.execute(query)}


def living(connection: sa.Connection, now: float) -> int:
    """How many workers were seen lately."""
    query = sa.select(sa.func.count()).where(workers.c.seen_at > now - WORKER_SEEN_SECONDS)
    return connection.execute(query).scalar_one()

"""How often something may happen over all processes: one row a name, and who moves it may go."""

import sqlalchemy as sa

from reactor.store.database import insert
from reactor.store.schema import paces

NEXT = sa.select(paces.c.next_at).where(paces.c.name == sa.bindparam("name"))
LEAST_HORIZON_SECONDS = 2.0


def _horizon(now: float, gap: float) -> float:
    """Nobody waits longer than that: a moment farther off was written by a clock that is or was ahead."""
    return now + max(LEAST_HORIZON_SECONDS, 2 * gap)


def take(connection: sa.Connection, name: str, *, now: float, gap: float, burst: float = 0.0) -> bool:
    """Go once if it is time; then the next may go `gap` seconds later.

    Whoever paused may catch up to `burst` seconds: those many gaps at once.
    """
    ends, earliest, horizon = paces.c.next_at, now - burst, _horizon(now, gap)
    statement = insert(connection, paces).values(name=name, next_at=earliest + gap)
    moved = sa.case((sa.or_(ends < earliest, ends > horizon), earliest), else_=ends) + gap
    statement = statement.on_conflict_do_update(
        index_elements=[paces.c.name],
        set_={"next_at": moved},
        where=sa.or_(ends <= now, ends > horizon),
    )
    return connection.execute(statement.returning(paces.c.name)).one_or_none() is not None


def put_off(connection: sa.Connection, name: str, *, until: float) -> None:
    """Nobody goes before then, and then they do."""
    connection.execute(sa.update(paces).where(paces.c.name == name).values(next_at=until))


def is_free(connection: sa.Connection, name: str, *, now: float, gap: float) -> bool:
    """Whether a take may succeed now."""
    return free_at(connection, name, now=now, gap=gap) <= now


def free_at(connection: sa.Connection, name: str, *, now: float, gap: float) -> float:
    """When a take may succeed; `now` or earlier when it may already."""
    return allowed_at(connection.execute(NEXT, {"name": name}).scalar(), now=now, gap=gap)


def allowed_at(at: float | None, *, now: float, gap: float) -> float:
    """The same, of what stands in the row; None when there is none."""
    return now if at is None or at > _horizon(now, gap) else at

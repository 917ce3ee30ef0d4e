"""Numbers that outlive their rows: each row of the record is counted once, however many processes count.

A *mark* per table is the last id that was counted. On SQLite ids are committed in their order. On PostgreSQL
one with a smaller id may come to light later, so rows are counted once nobody is left who might bring one:
no transaction that began before they were seen.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from reactor.core import counting
from reactor.core.counting import Counts
from reactor.core.lifecycle import State
from reactor.core.policy import Mode
from reactor.store.database import insert
from reactor.store.schema import calls, events, history, releases
from reactor.store.schema_ops import numbers

BATCH = 2000  # on SQLite pushes wait while rows are counted: a few milliseconds at a time
PATIENCE_SECONDS = 120.0  # whoever was to answer a call has done so by then, or is dead
KEEP_MINUTES_SECONDS = 2 * 86400.0
KEEP_DAYS_SECONDS = 60 * 86400.0
_MARK = "mark"


@dataclass(frozen=True, slots=True)
class _Counted:
    """A table whose rows are counted, and what is read of them."""

    table: sa.Table
    query: sa.Select[Any]
    count: Callable[[Counts, Any], None]


_CHANGED = history.outerjoin(releases, releases.c.id == history.c.release_id)
_OF_RELEASE = (releases.c.approved_at, releases.c.submitted_at, releases.c.event_id, releases.c.mode)
_TABLES = {
    "events": _Counted(events, sa.select(events.c.id, events.c.kind, events.c.verdict), counting.of_event),
    "calls": _Counted(
        calls,
        sa.select(calls.c.id, calls.c.at, calls.c.call, calls.c.outcome, calls.c.errcode, calls.c.ms),
        counting.of_call,
    ),
    "history": _Counted(
        history,
        sa.select(
            history.c.id,
            history.c.at,
            history.c.from_state,
            history.c.to_state,
            history.c.actor,
            *_OF_RELEASE,
        ).select_from(_CHANGED),
        counting.of_change,
    ),
}
_OLDEST_OTHER = sa.text(
    "SELECT extract(epoch FROM min(xact_start)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
)
_SERVER_TIME = sa.select(sa.extract("epoch", sa.func.clock_timestamp()))


# -- adding and reading ----------------------------------------------------------------------------------


def add(connection: sa.Connection, counts: Counts) -> None:
    """Add to the numbers; always in one order, so that two who add do not wait for each other in a ring."""
    rows = [
        {"name": name, "labels": json.dumps(labels), "value": value}
        for (name, labels), value in sorted(counts.items())
    ]
    if not rows:
        return
    statement = insert(connection, numbers)
    more = {"value": numbers.c.value + statement.excluded.value}
    keys = [numbers.c.name, numbers.c.labels]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=more), rows)


def read(connection: sa.Connection, names: Sequence[str]) -> Counts:
    """All numbers of these names."""
    query = sa.select(numbers.c.name, numbers.c.labels, numbers.c.value).where(numbers.c.name.in_(names))
    return {(name, tuple(json.loads(labels))): value for name, labels, value in connection.execute(query)}


def note_ticket(connection: sa.Connection, at: float) -> None:
    """A ticket arrived; the minute is kept for two days."""
    add(connection, {("ticket_minutes", (counting.minute_of(at),)): 1.0})


def latest_waits(connection: sa.Connection, limit: int = 100) -> list[float]:
    """Seconds from approval to live of the latest that no person held up, the oldest first."""
    query = sa.select(releases.c.approved_at, releases.c.released_at, releases.c.mode)
    latest = query.where(releases.c.state == State.RELEASED).order_by(releases.c.id.desc()).limit(limit)
    rows = connection.execute(latest).all()
    by_itself = [row for row in reversed(rows) if row.mode == Mode.AUTO and row.released_at is not None]
    return [max(0.0, row.released_at - row.approved_at) for row in by_itself]


# -- counting rows ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """The last ids at some moment, as the database's clock has it."""

    ids: Mapping[str, int]
    at: float


def marks(connection: sa.Connection, *, lock: bool = False) -> dict[str, int]:
    """The last id of each table that was counted; with `lock` nothing where another process counts now."""
    query = sa.select(numbers.c.labels, numbers.c.value).where(numbers.c.name == _MARK)
    if lock:
        query = query.order_by(numbers.c.labels).with_for_update(skip_locked=True)
    return {row.labels: int(row.value) for row in connection.execute(query)}


def is_behind(connection: sa.Connection) -> bool:
    """Whether there are rows that were not counted yet."""
    known = marks(connection)
    return any(last > known.get(name, 0) for name, last in _last_ids(connection).items())


def count_rows(connection: sa.Connection, *, now: float, seen: Seen | None = None) -> tuple[Seen, bool]:
    """Count a batch of each table; returns what to hand in the next time, and whether any row was counted.

    `seen` is what the last time returned: rows seen then may be counted now although others still write.
    """
    fresh = Seen(_last_ids(connection), _server_time(connection))
    known = _locked_marks(connection)
    settled = _settled(connection, fresh, seen)
    if len(known) != len(_TABLES) or settled is None:
        return fresh, False
    counts: Counts = {}
    for name, one in _TABLES.items():
        if settled.ids[name] > known[name]:
            reached = _count(connection, one, counts, (known[name], settled.ids[name]), now)
            _set_mark(connection, name, reached)
    add(connection, counts)
    _forget_old(connection, now)
    return fresh, bool(counts)


def settle_marks(connection: sa.Connection) -> None:
    """After rows were deleted: SQLite gives the ids of the last ones out again, so the marks go back too."""
    if connection.dialect.name != "sqlite":
        return
    last = _last_ids(connection)
    for name, mark in marks(connection).items():
        if mark > last[name]:
            _set_mark(connection, name, last[name])


def _count(
    connection: sa.Connection, one: _Counted, counts: Counts, span: tuple[int, int], now: float
) -> int:
    """Count a batch of what lies after the first id up to the second; says how far it came.

    That is not past a call that may still end.
    """
    after, until = span
    within = sa.and_(one.table.c.id > after, one.table.c.id <= until)
    rows = connection.execute(one.query.where(within).order_by(one.table.c.id).limit(BATCH)).all()
    for row in rows:
        if one.table is calls and row.outcome == "started" and row.at > now - PATIENCE_SECONDS:
            return int(row.id) - 1
        one.count(counts, row)
    return int(rows[-1].id) if len(rows) == BATCH else until


def _last_ids(connection: sa.Connection) -> dict[str, int]:
    ids = {
        name: sa.select(sa.func.max(one.table.c.id)).scalar_subquery().label(name)
        for name, one in _TABLES.items()
    }
    found = connection.execute(sa.select(*ids.values())).one()
    return {name: int(last or 0) for name, last in zip(ids, found, strict=True)}


def _server_time(connection: sa.Connection) -> float:
    if connection.dialect.name == "sqlite":
        return 0.0
    return float(connection.execute(_SERVER_TIME).scalar_one())


def _settled(connection: sa.Connection, *sights: Seen | None) -> Seen | None:
    """The first of these sights of which nothing can still come to light."""
    if connection.dialect.name == "sqlite":
        return sights[0]
    oldest = connection.execute(_OLDEST_OTHER).scalar()
    return next((seen for seen in sights if seen and (oldest is None or oldest > seen.at)), None)


def _locked_marks(connection: sa.Connection) -> dict[str, int]:
    if not marks(connection):
        rows = [{"name": _MARK, "labels": name, "value": 0.0} for name in _TABLES]
        connection.execute(insert(connection, numbers).on_conflict_do_nothing(), rows)
    return marks(connection, lock=True)


def _set_mark(connection: sa.Connection, name: str, value: int) -> None:
    mark = sa.and_(numbers.c.name == _MARK, numbers.c.labels == name)
    connection.execute(sa.update(numbers).where(mark).values(value=float(value)))


def _forget_old(connection: sa.Connection, now: float) -> None:
    oldest = {
        "ticket_minutes": counting.minute_of(now - KEEP_MINUTES_SECONDS),
        "days": counting.day_of(now - KEEP_DAYS_SECONDS),
    }
    for name, before in oldest.items():
        old = sa.and_(numbers.c.name == name, numbers.c.labels < json.dumps([before]))
        connection.execute(sa.delete(numbers).where(old))

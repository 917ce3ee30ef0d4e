"""Finished rows past their time leave in small batches, so that nobody waits for them.

The record of a release outlives it: `chain.forget` takes away what is past a time of its own.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from reactor.core.lifecycle import State
from reactor.store import links, numbers
from reactor.store.schema import calls, events, history, releases
from reactor.store.schema_ops import messages, notices

BATCH = 200
_FINISHED = (State.RELEASED, State.SUPERSEDED, State.CANCELLED)  # what failed still waits for a person


def prune(connection: sa.Connection, *, before: float) -> int:
    """Delete one batch of what ended or came before this moment; says how many rows of each kind at most.

    What was not counted yet stays: its numbers outlive it.
    """
    numbers.count_rows(connection, now=before)  # what has not ended by now was not over before either
    counted = numbers.marks(connection)
    gone = 0
    for state in _FINISHED:
        oldest = sa.select(releases.c.id, releases.c.created_at).where(releases.c.state == state)
        ids = _past(connection, oldest.order_by(releases.c.id), before)
        ids = _counted(connection, ids, counted)
        _delete(connection, calls.c.release_id, ids)
        gone = max(gone, _delete(connection, releases.c.id, ids))
    alone = sa.select(calls.c.id, calls.c.at.label("created_at")).where(calls.c.release_id.is_(None))
    alone = alone.where(calls.c.id <= counted.get("calls", 0))
    ids = _past(connection, alone.order_by(calls.c.id), before)
    gone = max(gone, _delete(connection, calls.c.id, ids))
    noted = sa.select(notices.c.id, notices.c.at.label("created_at"))  # told or not: it is no news any more
    over = sa.select(messages.c.id, messages.c.created_at).where(messages.c.due_at.is_(None))
    for table, oldest in ((notices, noted), (messages, over)):
        ids = _past(connection, oldest.order_by(table.c.id), before)
        gone = max(gone, _delete(connection, table.c.id, ids))
    gone = max(gone, links.prune(connection, before=before))
    ids = [one for one in _events_past(connection, before) if one <= counted.get("events", 0)]
    gone = max(gone, _delete(connection, events.c.id, ids))
    numbers.settle_marks(connection)
    return gone


def _delete(connection: sa.Connection, column: sa.Column[int], ids: list[int]) -> int:
    """Delete the rows of these; says how many those are."""
    if ids:
        connection.execute(sa.delete(column.table).where(column.in_(ids)))
    return len(ids)


def _counted(connection: sa.Connection, ids: list[int], counted: Mapping[str, int]) -> list[int]:
    """Those of the releases of whose story every row was counted."""
    if not ids:
        return []
    ahead: set[int] = set()
    for table in (calls, history):
        late = sa.and_(table.c.release_id.in_(ids), table.c.id > counted.get(table.name, 0))
        ahead.update(connection.execute(sa.select(table.c.release_id).where(late)).scalars())
    return [one for one in ids if one not in ahead]


def _past(connection: sa.Connection, oldest: sa.Select[tuple[int, float]], before: float) -> list[int]:
    """The oldest of them are first in line; the first that is young enough ends it."""
    first = connection.execute(oldest.limit(BATCH)).all()
    return [row.id for row in first if row.created_at < before]


def _events_past(connection: sa.Connection, before: float) -> list[int]:
    """The oldest events whose releases are gone; those of failed ones stay, and are passed over.

    Page by page, never with one query for all: where nothing is old it would read every event there is.
    """
    kept = sa.exists().where(releases.c.event_id == events.c.id).label("kept")
    oldest = sa.select(events.c.id, events.c.received_at, kept).order_by(events.c.id).limit(BATCH)
    after = 0
    while True:
        page = connection.execute(oldest.where(events.c.id > after)).all()
        old = [row for row in page if row.received_at < before]
        ids = [row.id for row in old if not row.kept]
        if ids or len(old) < BATCH:
            return ids
        after = page[-1].id

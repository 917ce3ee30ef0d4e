"""Every push that asks for something, once; its repetitions are counted on the row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reactor.store.schema import events, releases


@dataclass(frozen=True, slots=True)
class EventRow:
    """One stored push; `created_at` is WeChat's CreateTime, `reason` WeChat's or our words."""

    id: int
    identity: str
    received_at: float
    created_at: float | None
    kind: str
    authorizer_appid: str | None
    to_user_name: str | None
    verdict: str
    deliveries: int
    reason: str | None
    stale: bool
    release_id: int | None


# Without the text of the message: a page of them stays light.
LISTED: sa.Select[Any] = sa.select(
    *[column for column in events.c if column is not events.c.message], releases.c.id.label("release_id")
).select_from(events.outerjoin(releases, releases.c.event_id == events.c.id))


def _recording(insert: Callable[[sa.Table], postgresql.Insert]) -> sa.Executable:
    """Insert, or count one more delivery; built once, for it costs more to build than to carry out."""
    counted = {"deliveries": events.c.deliveries + 1}
    statement = insert(events).on_conflict_do_update(index_elements=[events.c.identity], set_=counted)
    return statement.returning(events.c.id, events.c.identity, events.c.deliveries)


_RECORD = {"sqlite": _recording(sqlite.insert), "postgresql": _recording(postgresql.insert)}  # type: ignore[arg-type]


def record(connection: sa.Connection, **values: object) -> int | None:
    """The id of the new row, or None when this identity is known: then the delivery is counted."""
    return record_all(connection, [values])[0]


def record_all(connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> list[int | None]:
    """As `record`, for rows of the same columns and of different identities."""
    found = connection.execute(_RECORD[connection.dialect.name], rows)
    fresh = {row.identity: int(row.id) for row in found if row.deliveries == 1}
    return [fresh.get(str(row["identity"])) for row in rows]


def misdirect(connection: sa.Connection, event_id: int, reason: str) -> None:
    """The worker found out that the event belongs to another authorizer."""
    changed = {"verdict": "misdirected", "reason": reason}
    connection.execute(sa.update(events).where(events.c.id == event_id).values(changed))


def page(
    connection: sa.Connection, *, before: int | None, limit: int, authorizer_appid: str | None = None
) -> list[EventRow]:
    """Newest first."""
    query = LISTED.order_by(events.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(events.c.id < before)
    if authorizer_appid is not None:
        query = query.where(events.c.authorizer_appid == authorizer_appid)
    return [of_row(row) for row in connection.execute(query)]


def of_row(row: sa.Row[Any]) -> EventRow:
    """A row of LISTED as a value."""
    return EventRow(**row._mapping)  # noqa: SLF001 - public in SQLAlchemy

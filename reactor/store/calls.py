"""Every call to WeChat; a release is written down before it leaves."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from reactor.store.schema import calls


def intend(connection: sa.Connection, *, release_id: int, authorizer_appid: str, call: str, at: float) -> int:
    """The row of a call that is about to leave; `finish` completes it."""
    row = {"release_id": release_id, "authorizer_appid": authorizer_appid, "call": call, "at": at}
    inserted = connection.execute(sa.insert(calls).values(outcome="started", **row).returning(calls.c.id))
    return int(inserted.scalar_one())


def finish(connection: sa.Connection, call_id: int, record: Any) -> None:
    """What came of an intended call."""
    connection.execute(sa.update(calls).where(calls.c.id == call_id).values(**asdict(record)))


def doubt(connection: sa.Connection, release_id: int, *, call: str | None = None) -> None:
    """What a dead process had sent for this release may have happened."""
    started = sa.and_(calls.c.release_id == release_id, calls.c.outcome == "started")
    named = started if call is None else sa.and_(started, calls.c.call == call)
    connection.execute(sa.update(calls).where(named).values(outcome="unknown"))


def add(connection: sa.Connection, records: Iterable[Any], *, release_id: int | None = None) -> None:
    """Calls that are over and changed nothing at WeChat; `records` are the client's own."""
    rows = [{"release_id": release_id, **asdict(record)} for record in records]
    if rows:
        connection.execute(sa.insert(calls), rows)


def may_be_done(connection: sa.Connection, release_id: int) -> bool:
    """Whether a `release` was called for it that WeChat has not refused: it may be live, shown or not."""
    sent = sa.and_(calls.c.release_id == release_id, calls.c.call == "release", calls.c.outcome != "not_sent")
    refused = sa.and_(calls.c.outcome == "answered", sa.func.coalesce(calls.c.errcode, 0) != 0)
    return bool(connection.execute(sa.select(sa.exists().where(sent, ~refused))).scalar())


def of_release(connection: sa.Connection, release_id: int) -> list[dict[str, object]]:
    """The calls made for one release, oldest first."""
    query = sa.select(calls).where(calls.c.release_id == release_id).order_by(calls.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]

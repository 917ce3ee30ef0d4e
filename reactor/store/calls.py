"""Every call to WeChat; a release is written down before it leaves."""

import sqlalchemy as sa

from reactor.store.schema import calls


def intend(connection: sa.Connection, *, release_id: int, authorizer_appid: str, call: str, at: float) -> int:
    """The row of a call that is about to leave; `finish` completes it."""
    row = {"release_id": release_id, "authorizer_appid": authorizer_appid, "call": call, "at": at}
    inserted = connection.execute(sa.insert(calls).values(outcome="started", **row).returning(calls.c.id))
    return int(inserted.scalar_one())


def finish(connection: sa.Connection, call_id: int, **values: object) -> None:
    """What came of an intended call."""
    connection.execute(sa.update(calls).where(calls.c.id == call_id).values(**values))


def add(connection: sa.Connection, *, release_id: int | None, **values: object) -> None:
    """A call that is over and changed nothing at WeChat."""
    connection.execute(sa.insert(calls).values(release_id=release_id, **values))

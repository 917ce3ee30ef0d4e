"""Messages on their way: one row a channel; claimed for a while, sent, and tried again after a failure."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from reactor.store.schema_ops import messages

LEASE_SECONDS = 60.0  # longer than any try takes: who does not come back by then is dead
_OF_CHANNEL = messages.c.channel == sa.bindparam("channel")
_NEXT_DUE = sa.select(sa.func.min(messages.c.due_at)).where(_OF_CHANNEL, messages.c.due_at.is_not(None))
_DUE: sa.Select[tuple[int]] = (
    sa.select(messages.c.id)
    .where(
        _OF_CHANNEL,
        # A clock that was ahead wrote later times than anybody waits for.
        sa.or_(messages.c.due_at <= sa.bindparam("now"), messages.c.due_at > sa.bindparam("latest")),
    )
    .order_by(messages.c.due_at, messages.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class Sending:
    """A message claimed for one try; `turns` counts it."""

    id: int
    channel: str
    body: str
    created_at: float
    turns: int


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message to one channel, and how it stands."""

    id: int
    channel: str
    body: str
    created_at: float
    due_at: float | None
    turns: int
    sent_at: float | None
    reason: str | None


def page(connection: sa.Connection, *, before: int | None, limit: int) -> list[MessageRow]:
    """Newest first."""
    query = sa.select(messages).order_by(messages.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(messages.c.id < before)
    return [MessageRow(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public in SQLAlchemy


def write(connection: sa.Connection, bodies: Sequence[str], channels: Sequence[str], *, now: float) -> None:
    """Put each of them in line for each channel."""
    rows = [
        {"channel": channel, "body": body, "created_at": now, "due_at": now}
        for body in bodies
        for channel in channels
    ]
    if rows:
        connection.execute(sa.insert(messages), rows)


def next_due(connection: sa.Connection, channel: str) -> float | None:
    """When the channel's next message wants to be sent."""
    return connection.execute(_NEXT_DUE, {"channel": channel}).scalar()


def claim(connection: sa.Connection, channel: str, *, now: float, latest: float) -> Sending | None:
    """Take one that is due. The lease is its next due time: who dies leaves it to be taken again.

    None waits longer than until `latest`; a later time is not believed.
    """
    found = connection.execute(_DUE, {"channel": channel, "now": now, "latest": latest}).scalar()
    if found is None:
        return None
    statement = sa.update(messages).where(messages.c.id == found)
    taken = statement.values(due_at=now + LEASE_SECONDS, turns=messages.c.turns + 1).returning(
        messages.c.id, messages.c.channel, messages.c.body, messages.c.created_at, messages.c.turns
    )
    return Sending(*connection.execute(taken).one())


def sent(connection: sa.Connection, sending: Sending, *, now: float) -> None:
    """It arrived."""
    _settle(connection, sending, due_at=None, sent_at=now, reason=None)


def failed(connection: sa.Connection, sending: Sending, reason: str, *, due_at: float | None) -> None:
    """It did not: it is due again then, or given up."""
    _settle(connection, sending, due_at=due_at, reason=reason)


def give_up_strangers(connection: sa.Connection, channels: Sequence[str], reason: str) -> int:
    """What waits for channels that are not these is sent to nobody; says how many."""
    waiting = sa.and_(messages.c.due_at.is_not(None), messages.c.channel.not_in(channels))
    return connection.execute(sa.update(messages).where(waiting).values(due_at=None, reason=reason)).rowcount


def _settle(connection: sa.Connection, sending: Sending, **values: object) -> None:
    """Only this try: one that took longer than its lease has nothing more to say."""
    mine = sa.and_(messages.c.id == sending.id, messages.c.turns == sending.turns)
    connection.execute(sa.update(messages).where(mine).values(**values))

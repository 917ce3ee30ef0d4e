"""Who is logged in, and who tried to be: sessions by the digest of their token, tries by their address."""

from dataclasses import dataclass

import sqlalchemy as sa

from reactor.store.schema_ops import sessions, tries


@dataclass(frozen=True, slots=True)
class Session:
    """One that was opened; times in Unix seconds."""

    digest: str
    created_at: float
    seen_at: float


def get(connection: sa.Connection, digest: str) -> Session | None:
    """The session of this digest, however old."""
    row = connection.execute(sa.select(sessions).where(sessions.c.digest == digest)).one_or_none()
    return Session(**row._mapping) if row else None  # noqa: SLF001 - public in SQLAlchemy


def add(connection: sa.Connection, digest: str, now: float, *, oldest: float) -> None:
    """Open one; those begun before `oldest` leave."""
    connection.execute(sa.delete(sessions).where(sessions.c.created_at < oldest))
    connection.execute(sa.insert(sessions).values(digest=digest, created_at=now, seen_at=now))


def touch(connection: sa.Connection, digest: str, now: float) -> None:
    """It was used just now."""
    connection.execute(sa.update(sessions).where(sessions.c.digest == digest).values(seen_at=now))


def end(connection: sa.Connection, digest: str) -> None:
    """Nobody comes in with it any more."""
    connection.execute(sa.delete(sessions).where(sessions.c.digest == digest))


def add_try(connection: sa.Connection, address: str, now: float) -> None:
    """Somebody at this address gives a password."""
    connection.execute(sa.insert(tries).values(address=address, at=now))


def forget_tries(connection: sa.Connection, address: str) -> None:
    """Whoever is at this address knew the password."""
    connection.execute(sa.delete(tries).where(tries.c.address == address))


def nth_last_try(
    connection: sa.Connection, number: int, *, since: float, address: str | None = None
) -> float | None:
    """When the try was that has `number` - 1 after it; None when there were fewer since then.

    Those before leave. Until the transaction ends nobody else counts: many at once are counted one by one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE tries IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(sa.delete(tries).where(tries.c.at < since))
    query = sa.select(tries.c.at).order_by(tries.c.at.desc()).offset(number - 1).limit(1)
    if address is not None:
        query = query.where(tries.c.address == address)
    return connection.execute(query).scalar()

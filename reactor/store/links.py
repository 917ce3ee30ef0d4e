"""Invitations to authorize the component: each is known by the digest of its nonce, and ends by itself."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from reactor.store.schema_ops import links

# In this order; FAILED may be tried anew. What became of AUTHORIZED is told by the authorizer's own row.
NEW, PREPARING, READY, RETURNED, AUTHORIZED, FAILED = (
    "new",
    "preparing",
    "ready",
    "returned",
    "authorized",
    "failed",
)
_NO_CODE = {"pre_auth_code_sealed": None, "pre_auth_expires_at": None}
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Link:
    """One row; without a live pre_auth_code there is nothing to show yet."""

    digest: str = field(repr=False)
    created_at: float
    expires_at: float
    auth_type: int
    state: str
    pre_auth_code_sealed: str | None = field(repr=False)
    pre_auth_expires_at: float | None
    authorizer_appid: str | None
    reason: str | None


def add(connection: sa.Connection, digest: str, *, now: float, expires_at: float, auth_type: int) -> None:
    """A new invitation."""
    row = {"digest": digest, "created_at": now, "expires_at": expires_at, "auth_type": auth_type}
    connection.execute(sa.insert(links).values(state=NEW, **row))


def get(connection: sa.Connection, digest: str, *, lock: bool = False) -> Link | None:
    """The invitation, if it is known; locked until the transaction ends if so asked."""
    query = sa.select(links).where(links.c.digest == digest)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return Link(**row._mapping) if row else None  # noqa: SLF001 - public in SQLAlchemy


def change(connection: sa.Connection, digest: str, state: str, **values: object) -> None:
    """Into another state; the reason of the one before is forgotten unless a new one is given."""
    changed = {"state": state, "reason": None, **values}
    connection.execute(sa.update(links).where(links.c.digest == digest).values(**changed))


def use_up(connection: sa.Connection, digest: str, state: str, **values: object) -> None:
    """The same once its pre_auth_code is of no use any more."""
    change(connection, digest, state, **_NO_CODE, **values)


def prune(connection: sa.Connection, *, before: float) -> int:
    """Delete one batch of those that ended before this moment; says how many."""
    old = sa.select(links.c.digest).where(links.c.expires_at < before).limit(_BATCH)
    gone = connection.execute(old).scalars().all()
    if gone:
        connection.execute(sa.delete(links).where(links.c.digest.in_(gone)))
    return len(gone)

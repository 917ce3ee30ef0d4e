"""What the web or a command wants the worker to do at WeChat; a row leaves when it is done or given up."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from reactor.store import bell
from reactor.store.database import insert
from reactor.store.schema_ops import errands

# Kinds: make a pre_auth_code for an invitation, exchange the code it brought back, answer the examiner.
PRE_AUTH_CODE, AUTH_CODE, EXAM = "pre_auth_code", "auth_code", "exam"
ROLLBACK = "rollback"  # of the live version of a mini program, which is its subject

NEXT_DUE = sa.select(sa.func.min(errands.c.due_at))


@dataclass(frozen=True, slots=True)
class Errand:
    """One row; `subject` is what it is about, `turns` counts the one under way."""

    id: int
    kind: str
    subject: str
    payload_sealed: str | None = field(repr=False)
    created_at: float
    due_at: float
    turns: int
    lease_holder: str | None
    reason: str | None


def want(
    connection: sa.Connection, kind: str, subject: str, *, now: float, payload_sealed: str | None = None
) -> None:
    """Have it done now; of one kind about one subject the youngest payload takes the others' place."""
    fresh = {
        "payload_sealed": payload_sealed,
        "created_at": now,
        "due_at": now,
        "turns": 0,
        "lease_holder": None,
        "reason": None,
    }
    statement = insert(connection, errands).values(kind=kind, subject=subject, **fresh)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[errands.c.kind, errands.c.subject], set_=fresh)
    )
    bell.ring(connection)


def exists(connection: sa.Connection, kind: str, subject: str) -> bool:
    """Whether one of this kind about this subject is not done yet."""
    mine = sa.and_(errands.c.kind == kind, errands.c.subject == subject)
    return bool(connection.execute(sa.select(sa.exists().where(mine))).scalar())


def reason_of(connection: sa.Connection, kind: str, subject: str) -> str | None:
    """Why it is not done yet, if it was tried."""
    mine = sa.and_(errands.c.kind == kind, errands.c.subject == subject)
    return connection.execute(sa.select(errands.c.reason).where(mine)).scalar()


def claim(connection: sa.Connection, *, holder: str, now: float, lease_until: float) -> Errand | None:
    """Take one that is due. The lease is its next due time: who dies leaves it to be taken again."""
    due = sa.select(errands).where(errands.c.due_at <= now).order_by(errands.c.due_at).limit(1)
    row = connection.execute(due.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    taken = {"due_at": lease_until, "turns": row.turns + 1, "lease_holder": holder}
    connection.execute(sa.update(errands).where(errands.c.id == row.id).values(**taken))
    return Errand(**{**row._mapping, **taken})  # noqa: SLF001 - public in SQLAlchemy


def _still(claimed: Errand) -> sa.ColumnElement[bool]:
    """It, unless a younger payload took its place."""
    payload = errands.c.payload_sealed.is_not_distinct_from(claimed.payload_sealed)
    return sa.and_(errands.c.id == claimed.id, payload)


def still_mine(connection: sa.Connection, claimed: Errand, *, lease_until: float) -> bool:
    """Renew the lease on it; False when another worker took it over meanwhile."""
    mine = sa.and_(_still(claimed), errands.c.lease_holder == claimed.lease_holder)
    return connection.execute(sa.update(errands).where(mine).values(due_at=lease_until)).rowcount == 1


def finish(connection: sa.Connection, claimed: Errand) -> bool:
    """It is done, or will never be; False when a younger payload took its place, which is still to do."""
    return connection.execute(sa.delete(errands).where(_still(claimed))).rowcount == 1


def put_back(connection: sa.Connection, claimed: Errand, *, at: float, reason: str, counted: bool) -> None:
    """Try again then; a turn that is not counted was none."""
    values = {"due_at": at, "reason": reason, "lease_holder": None}
    turns = claimed.turns if counted else claimed.turns - 1
    connection.execute(sa.update(errands).where(_still(claimed)).values(turns=turns, **values))


def make_due(connection: sa.Connection, *, now: float) -> None:
    """Let everything that waits, and is not under way, be tried now."""
    waiting = errands.c.lease_holder.is_(None)
    connection.execute(sa.update(errands).where(waiting, errands.c.due_at > now).values(due_at=now))


def forget_times(connection: sa.Connection, *, now: float, longest: float) -> None:
    """The clock was set back: what waits is tried now, what is under way lapses as always."""
    make_due(connection, now=now)
    ahead = errands.c.due_at > now + longest
    connection.execute(sa.update(errands).where(ahead).values(due_at=now + longest))


def renew(connection: sa.Connection, *, holders: Sequence[str], lease_until: float) -> None:
    """A live worker keeps what it is doing; one that ends hands it back by a lease that is over."""
    mine = errands.c.lease_holder.in_(holders)
    connection.execute(sa.update(errands).where(mine).values(due_at=lease_until))

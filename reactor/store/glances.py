"""The whole at one glance: a few rows and bounded counts, however long the history is."""

from dataclasses import dataclass

import sqlalchemy as sa

from reactor.core.lifecycle import State
from reactor.store import component, presence, releases, waves
from reactor.store import schema as tables
from reactor.store.component import Component
from reactor.store.waves import Wave

MANY = 1000  # where a count ends: whether it is more than that changes nothing
_LATEST, _WANTING, _CALLS = 20, 5, 200
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Line:
    """One release in a list, with its authorizer's name."""

    id: int
    authorizer_appid: str
    nick_name: str | None
    state: State
    user_version: str | None
    approved_at: float
    created_at: float
    due_at: float | None
    released_at: float | None
    attempts: int
    errcode: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Recent:
    """The latest calls to WeChat: how many, how many of them answered, how long those took."""

    count: int
    answered: int
    last_answer_at: float | None
    median_ms: int | None
    slow_ms: int | None  # of twenty, one took longer


@dataclass(frozen=True, slots=True)
class Glance:
    """What the overview tells; counts end at MANY + 1."""

    system: Component
    pending: int
    releasing: int
    held: int
    failed: int
    oldest_due: float | None
    live_of_a_day: int
    lost: int  # authorizers that must be authorized anew
    authorizers_known: bool
    workers: int
    last_push_at: float | None
    calls: Recent
    wanting: tuple[Line, ...]
    latest: tuple[Line, ...]
    stopped: tuple[Wave, ...] = ()  # waves that wait for a person


def look(connection: sa.Connection, component_appid: str, now: float) -> Glance:
    """Everything the overview tells."""
    system = component.get(connection, component_appid)
    state, live = tables.releases.c.state, tables.releases.c.released_at
    pushed = connection.execute(_LAST_EVENT).scalar()
    return Glance(
        system=system,
        pending=_count(connection, state == State.PENDING),
        releasing=_count(connection, state == State.RELEASING),
        held=_count(connection, state == State.HELD),
        failed=_count(connection, state == State.FAILED),
        oldest_due=releases.oldest_due(connection),
        live_of_a_day=_count(connection, live > now - _DAY, live.desc()),
        lost=_count(connection, tables.LOST),
        authorizers_known=connection.execute(sa.select(tables.authorizers.c.id).limit(1)).scalar()
        is not None,
        workers=presence.living(connection, now),
        last_push_at=max((at for at in (pushed, system.ticket_received_at) if at is not None), default=None),
        calls=_recent(connection),
        stopped=tuple(waves.stopped(connection, _WANTING)),
        wanting=(*_lines(connection, _WANTING, State.FAILED), *_lines(connection, _WANTING, State.HELD)),
        latest=_lines(connection, _LATEST),
    )


_ANY_AUTHORIZER = sa.select(tables.authorizers.c.id).limit(1)
_LAST_EVENT = sa.select(tables.events.c.received_at).order_by(tables.events.c.id.desc()).limit(1)
_LINES = (
    sa.select(
        *(tables.releases.c[name] for name in Line.__slots__ if name != "nick_name"),
        tables.authorizers.c.nick_name,
    )
    .select_from(
        tables.releases.outerjoin(
            tables.authorizers, tables.authorizers.c.authorizer_appid == tables.releases.c.authorizer_appid
        )
    )
    .order_by(tables.releases.c.id.desc())
)


def _lines(connection: sa.Connection, limit: int, state: State | None = None) -> tuple[Line, ...]:
    query = _LINES.limit(limit)
    if state is not None:
        query = query.where(tables.releases.c.state == state)
    rows = connection.execute(query).mappings()
    return tuple(Line(**{**row, "state": State(row["state"])}) for row in rows)


def _count(
    connection: sa.Connection, condition: sa.ColumnElement[bool], *order: sa.ColumnElement[float]
) -> int:
    """How many rows, up to MANY + 1; an order leads PostgreSQL to its index while it has no statistics."""
    found = sa.select(sa.literal(1)).where(condition).order_by(*order).limit(MANY + 1).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def _recent(connection: sa.Connection) -> Recent:
    c = tables.calls.c
    rows = connection.execute(sa.select(c.at, c.outcome, c.ms).order_by(c.id.desc()).limit(_CALLS)).all()
    over = [row for row in rows if row.outcome != "started"]
    answered = [row for row in over if row.outcome == "answered"]
    took = sorted(row.ms for row in answered if row.ms is not None)
    return Recent(
        count=len(over),
        answered=len(answered),
        last_answer_at=max((row.at for row in answered), default=None),
        median_ms=took[len(took) // 2] if took else None,
        slow_ms=took[len(took) * 19 // 20] if took else None,
    )

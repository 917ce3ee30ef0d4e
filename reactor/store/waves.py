"""The waves: one row a version on its way through the rings, and the counts of its releases.

Who locks a wave locks it after the release that he holds, and no release after it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from reactor.core.decisions import WaitsFor
from reactor.core.lifecycle import Happening, State
from reactor.core.policy.waves import Standing, Tally, WaveState
from reactor.store.database import insert
from reactor.store.releases import end_waiting, of_row
from reactor.store.schema import releases
from reactor.store.schema_ops import UNDONE, waves

BATCH = 200
LONGEST_VERSION = 200  # what is longer is no name, and no index of PostgreSQL would take it
_AT_REST = (State.PENDING, State.HELD)
_ENDING = sa.exists().where(
    releases.c.user_version == waves.c.user_version,
    releases.c.ring.is_not(None),
    releases.c.state.in_(_AT_REST),
)
_MAY_MOVE = sa.or_(waves.c.state == WaveState.OPEN, sa.and_(waves.c.state == WaveState.CANCELLED, _ENDING))
_MOVING = (
    sa.select(waves)
    .where(UNDONE, _MAY_MOVE, waves.c.user_version > sa.bindparam("after"))
    .order_by(waves.c.user_version)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave as stored; `rings` are the names that its numbers go by."""

    user_version: str
    opened_at: float
    standing: Standing
    changed_at: float | None
    rings: tuple[str, ...]


def _of_row(row: sa.Row[tuple[object, ...]]) -> Wave:
    standing = Standing(WaveState(row.state), row.ring, row.forgiven, row.reason)
    return Wave(row.user_version, row.opened_at, standing, row.changed_at, tuple(json.loads(row.rings)))


# -- the wave itself -------------------------------------------------------------------------------------


def get(
    connection: sa.Connection, user_version: str, *, lock: bool = False, still: bool = False
) -> Wave | None:
    """The wave of this version, if there is one: locked, or `still`, so that nobody moves it meanwhile."""
    if "\0" in user_version:
        return None  # PostgreSQL takes no such text, not even in a question
    query = sa.select(waves).where(waves.c.user_version == user_version)
    if lock or still:
        query = query.with_for_update(read=not lock)
    row = connection.execute(query).one_or_none()
    return _of_row(row) if row else None


def begin(connection: sa.Connection, user_version: str, rings: Sequence[str], *, now: float) -> Wave:
    """The wave of this version, locked; made if there was none."""
    values = {"user_version": user_version, "opened_at": now, "changed_at": now, "rings": json.dumps(rings)}
    statement = insert(connection, waves).values(ring=0, state=WaveState.OPEN, forgiven=0, **values)
    connection.execute(statement.on_conflict_do_nothing(index_elements=[waves.c.user_version]))
    wave = get(connection, user_version, lock=True)
    assert wave is not None
    return wave


def keep(connection: sa.Connection, user_version: str, standing: Standing, *, now: float) -> None:
    """How it stands from now on."""
    values = {"state": standing.state, "ring": standing.ring, "forgiven": standing.forgiven}
    statement = sa.update(waves).where(waves.c.user_version == user_version)
    connection.execute(statement.values(reason=standing.reason, changed_at=now, **values))


def renumber(
    connection: sa.Connection, wave: Wave, rings: Sequence[str], numbers: dict[int, int], *, ring: int
) -> None:
    """Its rings, and those of its releases, go by other names now."""
    mine = waves.c.user_version == wave.user_version
    connection.execute(sa.update(waves).where(mine).values(ring=ring, rings=json.dumps(rings)))
    moved = {before: now for before, now in numbers.items() if before != now}
    if moved:
        number = sa.case(moved, value=releases.c.ring, else_=releases.c.ring)
        within = sa.and_(releases.c.user_version == wave.user_version, releases.c.ring.in_(list(moved)))
        connection.execute(sa.update(releases).where(within).values(ring=number))


def latest(connection: sa.Connection, limit: int) -> list[Wave]:
    """The waves that were opened last, the newest first."""
    query = sa.select(waves).order_by(waves.c.opened_at.desc(), waves.c.user_version).limit(limit)
    return [_of_row(row) for row in connection.execute(query)]


def moving(connection: sa.Connection, *, after: str, limit: int) -> list[Wave]:
    """Waves that may have to be moved, by their versions: open ones, and ended ones that still end."""
    return [_of_row(row) for row in connection.execute(_MOVING, {"after": after, "most": limit})]


def stopped(connection: sa.Connection, limit: int) -> list[Wave]:
    """Waves that wait for a person, those that stopped last first."""
    query = sa.select(waves).where(UNDONE, waves.c.state == WaveState.STOPPED)
    return [
        _of_row(row) for row in connection.execute(query.order_by(waves.c.changed_at.desc()).limit(limit))
    ]


# -- its releases ----------------------------------------------------------------------------------------

_WAS_LIVE = releases.c.released_at.is_not(None).label("was_live")
_KINDS = (releases.c.user_version, releases.c.ring, releases.c.state, _WAS_LIVE)


def tallies(connection: sa.Connection, user_versions: Sequence[str]) -> dict[str, dict[int, Tally]]:
    """How the releases of these versions stand, by ring; every version has an entry."""
    counted = sa.select(
        *_KINDS, sa.func.count().label("number"), sa.func.max(releases.c.released_at).label("at")
    )
    within = sa.and_(releases.c.user_version.in_(user_versions), releases.c.ring.is_not(None))
    found: dict[str, dict[int, Tally]] = {version: {} for version in user_versions}
    for row in connection.execute(counted.where(within).group_by(*_KINDS)):
        rings = found[row.user_version]
        rings[row.ring] = _more(rings.get(row.ring, Tally()), row)
    return found


def _more(tally: Tally, row: sa.Row[tuple[object, ...]]) -> Tally:
    live, waiting, failed, ended = tally.live, tally.waiting, tally.failed, tally.ended
    last_live_at = tally.last_live_at
    match State(row.state), bool(row.was_live):
        case State.RELEASED, _:
            live, last_live_at = live + row.number, row.at
        case (State.FAILED, _) | (State.CANCELLED, True):
            failed += row.number
        case State.CANCELLED | State.SUPERSEDED, _:
            ended += row.number
        case _:
            waiting += row.number
    return Tally(live, waiting, failed, ended, last_live_at)


def taken(connection: sa.Connection, user_version: str, ring: int) -> int:
    """How many mini programs were ever put into this ring."""
    within = sa.and_(releases.c.user_version == user_version, releases.c.ring == ring)
    query = sa.select(sa.func.count(sa.distinct(releases.c.authorizer_appid))).where(within)
    return int(connection.execute(query).scalar_one())


def ring_before(connection: sa.Connection, user_version: str, authorizer_appid: str) -> int | None:
    """The ring in which this mini program already stands with the version: it takes one place, not two."""
    mine = sa.and_(releases.c.authorizer_appid == authorizer_appid, releases.c.ring.is_not(None))
    query = sa.select(releases.c.ring).where(mine, releases.c.user_version == user_version)
    return connection.execute(query.order_by(releases.c.id.desc()).limit(1)).scalar()


def make_due(connection: sa.Connection, wave: Wave, *, now: float) -> int:
    """A batch of those that wait for a ring that is open by now; says how many.

    What others have locked is passed over: it is looked for again.
    """
    waiting = sa.and_(
        releases.c.state == State.PENDING, releases.c.waits_for == WaitsFor.RING, releases.c.due_at.is_(None)
    )
    query = sa.select(releases.c.id).where(
        waiting, releases.c.user_version == wave.user_version, releases.c.ring <= wave.standing.ring
    )
    locked = query.order_by(releases.c.ring, releases.c.id).limit(BATCH).with_for_update(skip_locked=True)
    ids = connection.execute(locked).scalars().all()
    if ids:
        connection.execute(sa.update(releases).where(releases.c.id.in_(ids), waiting).values(due_at=now))
    return len(ids)


def cancel_waiting(
    connection: sa.Connection, user_version: str, *, now: float, actor: str, reason: str
) -> int:
    """Cancel a batch of those that still wait; says how many. One in flight is left to its own turn."""
    waiting = sa.and_(releases.c.user_version == user_version, releases.c.ring.is_not(None))
    ids = connection.execute(
        sa.select(releases.c.id).where(waiting, releases.c.state.in_(_AT_REST)).limit(BATCH)
    )
    # Locked in the order in which everybody locks several.
    query = sa.select(releases).where(releases.c.id.in_(ids.scalars().all()))
    ordered = query.order_by(releases.c.authorizer_appid, releases.c.id).with_for_update()
    found = [one for one in map(of_row, connection.execute(ordered)) if one.state in _AT_REST]
    end_waiting(connection, found, Happening.CANCELLED, at=now, actor=actor, reason=reason)
    return len(found)

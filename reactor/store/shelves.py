"""What the pages leaf through: newest first, by filters that an index carries however long the history is."""

import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from reactor.core.lifecycle import Happening, State
from reactor.store import authorizers as shops
from reactor.store import events as pushes
from reactor.store import releases as jobs
from reactor.store.authorizers import Authorizer
from reactor.store.events import EventRow
from reactor.store.releases import Release
from reactor.store.schema import (
    CANNOT_RELEASE,
    IS_UNDER_WAY,
    MAY_HAVE_VERSIONS,
    NOT_OURS,
    RARE_KIND,
    RARE_VERDICT,
    authorizers,
    calls,
    events,
    history,
    releases,
)
from reactor.store.schema_ops import numbers

MANY = 1000  # beyond this nobody reads the exact number, and counting costs
_ENDS = (sa.func.min, sa.func.max)
LAST_CHARACTER = "\U0010ffff"
UNDER_AUDIT, CANNOT = "under_audit", "cannot_release"


@dataclass(frozen=True, slots=True)
class Window:
    """Where a page lies: before this row (None: at the newest), within [since, until) in Unix seconds."""

    before: int | None = None
    limit: int = 50
    since: float | None = None
    until: float | None = None


def _unindexed(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """The column as an expression, so that the database takes the index of another one."""
    return sa.func.coalesce(column, "")


# -- releases --------------------------------------------------------------------------------------------


def leaf_releases(
    connection: sa.Connection,
    window: Window,
    *,
    states: Sequence[State] = (),
    authorizer_appid: str | None = None,
) -> list[Release]:
    """A page of releases in any of these states (none given: in all), of one authorizer if so asked."""
    query = _within(connection, sa.select(releases), window, releases.c.id, releases.c.created_at)
    if authorizer_appid is not None:
        query = query.where(releases.c.authorizer_appid == authorizer_appid)
        if states:
            query = query.where(_unindexed(releases.c.state).in_(states))
        return [jobs.of_row(row) for row in connection.execute(query)]
    if not states:
        return [jobs.of_row(row) for row in connection.execute(query)]
    # A query a state, each along its index; asked for several at once, a database may read all there is.
    found = [
        [jobs.of_row(row) for row in connection.execute(query.where(releases.c.state == state))]
        for state in dict.fromkeys(states)
    ]
    merged = heapq.merge(*found, key=lambda release: -release.id)
    return [release for release, _ in zip(merged, range(window.limit), strict=False)]


def count_releases(connection: sa.Connection) -> dict[State, int]:
    """How many there are in each state, and MANY + 1 where there are more."""
    return {state: _count(connection, releases, releases.c.state == state) for state in State}


def latest_releases(connection: sa.Connection, appids: Sequence[str]) -> dict[str, Release]:
    """The last release of each of these authorizers, if it had any."""
    theirs = releases.c.authorizer_appid == authorizers.c.authorizer_appid
    newest = sa.select(sa.func.max(releases.c.id)).where(theirs).scalar_subquery()
    query = sa.select(newest).where(authorizers.c.authorizer_appid.in_(appids))
    ids = [one for one in connection.execute(query).scalars() if one is not None]
    found = connection.execute(sa.select(releases).where(releases.c.id.in_(ids)))
    return {row.authorizer_appid: jobs.of_row(row) for row in found}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of one release's story, rows oldest first; before `since` there is more (None: there is not)."""

    history: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    since: float | None
    turns_before: int


def chapter(connection: sa.Connection, release_id: int, *, until: float | None = None) -> Chapter:
    """The last rows of the story before `until`; a release that waited long has thousands."""
    lists, cut = [], []
    for table, limit in ((history, 25), (calls, 40)):
        query = sa.select(table).where(table.c.release_id == release_id).order_by(table.c.id.desc())
        if until is not None:
            query = query.where(table.c.at < until)
        rows = [dict(row) for row in connection.execute(query.limit(limit)).mappings()]
        lists.append(rows[::-1])
        cut += [rows[-1]["at"]] if len(rows) == limit else []
    since = max(cut, default=None)
    changes, made = ([row for row in rows if since is None or row["at"] >= since] for rows in lists)
    return Chapter(changes, made, since, _turns_before(connection, release_id, since))


def _turns_before(connection: sa.Connection, release_id: int, since: float | None) -> int:
    if since is None:
        return 0
    begun = history.c.happening.in_((Happening.CLAIMED, Happening.TAKEN_OVER))
    query = sa.select(sa.func.count()).where(history.c.release_id == release_id, history.c.at < since, begun)
    return int(connection.execute(query).scalar_one())


# -- authorizers -----------------------------------------------------------------------------------------


def leaf_authorizers(
    connection: sa.Connection, *, show: str | None, before: int | None, limit: int
) -> list[Authorizer]:
    """A page of authorizers: all, those in a state, UNDER_AUDIT, or those that CANNOT release."""
    query = sa.select(authorizers).order_by(authorizers.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(authorizers.c.id < before)
    if show is not None:
        query = query.where(_shown(show))
    return [shops.of_row(row) for row in connection.execute(query)]


def find_authorizers(connection: sa.Connection, text: str, *, limit: int) -> list[Authorizer]:
    """Those of this appid, of this user_name, or whose nick_name begins so; by nick_name."""
    query = sa.select(authorizers).limit(limit).order_by(authorizers.c.nick_name, authorizers.c.id)
    for exact in (authorizers.c.authorizer_appid, authorizers.c.user_name):
        found = connection.execute(query.where(exact == text)).all()
        if found:
            return [shops.of_row(row) for row in found]
    # By bytes, as the index is sorted; with LIKE neither database would be sure to take it.
    name = authorizers.c.nick_name
    begins = sa.and_(name >= text, name < text + LAST_CHARACTER)
    return [shops.of_row(row) for row in connection.execute(query.where(begins))]


def count_authorizers(connection: sa.Connection) -> dict[str, int]:
    """How many there are of each kind, and MANY + 1 where there are more."""
    kinds = (shops.AUTHORIZED, UNDER_AUDIT, CANNOT, shops.CODE_WAITING, shops.NEEDS_REAUTHORIZATION)
    return {
        kind: _count(connection, authorizers, _shown(kind), order=_ORDERS.get(kind))
        for kind in (*kinds, shops.UNAUTHORIZED)
    }


def nick_names(connection: sa.Connection, appids: Sequence[str]) -> dict[str, str | None]:
    """What these authorizers are called, as far as they are known."""
    query = sa.select(authorizers.c.authorizer_appid, authorizers.c.nick_name)
    found = connection.execute(query.where(authorizers.c.authorizer_appid.in_(set(appids))))
    return {row.authorizer_appid: row.nick_name for row in found}


def _shown(show: str) -> sa.ColumnElement[bool]:
    if show == UNDER_AUDIT:
        return sa.and_(authorizers.c.state == shops.AUTHORIZED, MAY_HAVE_VERSIONS, IS_UNDER_WAY)
    if show == CANNOT:
        return CANNOT_RELEASE
    in_state = authorizers.c.state == show
    return in_state if show == shops.AUTHORIZED else sa.and_(NOT_OURS, in_state)


# -- events ----------------------------------------------------------------------------------------------


def leaf_events(
    connection: sa.Connection,
    window: Window,
    *,
    kind: str | None = None,
    verdict: str | None = None,
    authorizer_appid: str | None = None,
) -> list[EventRow]:
    """A page of pushes; of the filters given one is looked up by its index, the others are held against."""
    query = _within(connection, pushes.LISTED, window, events.c.id, events.c.received_at)
    given = (
        (events.c.authorizer_appid, authorizer_appid, sa.true()),
        (events.c.verdict, verdict, sa.true() if verdict == "accepted" else RARE_VERDICT),
        (events.c.kind, kind, sa.true() if kind == "audit_success" else RARE_KIND),
    )
    indexed = True
    for column, value, rare in given:
        if value is not None:
            query = (
                query.where(column == value, rare) if indexed else query.where(_unindexed(column) == value)
            )
            indexed = False
    return [pushes.of_row(row) for row in connection.execute(query)]


def event(connection: sa.Connection, event_id: int) -> tuple[EventRow, str | None] | None:
    """One push, and its text as it was kept."""
    row = connection.execute(pushes.LISTED.where(events.c.id == event_id)).first()
    if row is None:
        return None
    message = connection.execute(sa.select(events.c.message).where(events.c.id == event_id)).scalar()
    return pushes.of_row(row), message


def counted(connection: sa.Connection, name: str) -> dict[str, int]:
    """Pushes that left no row, by what they are counted as: `refused` by cause, `pushes` by kind."""
    found = connection.execute(sa.select(numbers.c.labels, numbers.c.value).where(numbers.c.name == name))
    return {json.loads(row.labels)[0]: int(row.value) for row in found}


# -- pages -----------------------------------------------------------------------------------------------


def _within(
    connection: sa.Connection,
    query: sa.Select[Any],
    window: Window,
    ids: sa.Column[int],
    at: sa.Column[float],
) -> sa.Select[Any]:
    """The query for one page of the window."""
    query = query.order_by(ids.desc()).limit(window.limit)
    if window.before is not None:
        query = query.where(ids < window.before)
    if window.since is not None:
        query = query.where(ids >= _first_since(connection, ids, at, window.since), at >= window.since)
    if window.until is not None:
        query = query.where(ids < _first_since(connection, ids, at, window.until), at < window.until)
    return query


def _first_since(connection: sa.Connection, ids: sa.Column[int], at: sa.Column[float], moment: float) -> int:
    """The first id that is not older: ids follow the time, so halving finds it without an index on it."""
    # Each end by a query of its own: asked for both at once, SQLite reads the whole table.
    low, high = (sa.func.coalesce(sa.select(end(ids)).scalar_subquery(), 0) for end in _ENDS)
    between = sa.select(low.label("low"), (high + 1).label("high")).cte(recursive=True)
    middle = (between.c.low + between.c.high) // 2
    row = sa.select(at).where(ids >= middle).order_by(ids).limit(1).scalar_subquery()
    halves = sa.select(
        sa.case((row < moment, middle + 1), else_=between.c.low),
        sa.case((row < moment, between.c.high), else_=middle),
    )
    between = between.union_all(halves.where(between.c.low < between.c.high))
    return int(connection.execute(sa.select(sa.func.max(between.c.low))).scalar_one())


# An order leads PostgreSQL to the index of the few while it has no statistics.
_ORDERS: Mapping[str, sa.ColumnElement[Any]] = {UNDER_AUDIT: authorizers.c.asked_at, CANNOT: authorizers.c.id}


def _count(
    connection: sa.Connection,
    table: sa.Table,
    condition: sa.ColumnElement[bool],
    *,
    order: sa.ColumnElement[Any] | None = None,
) -> int:
    some = sa.select(table.c.id).where(condition).order_by(order).limit(MANY + 1).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())

"""Which authorizer is asked next about its audit, for the pushes that never came."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from reactor.core.decisions import LIST_PAGE
from reactor.store import pace
from reactor.store.authorizers import AUTHORIZED, NEEDS_REAUTHORIZATION, Authorizer, get, update
from reactor.store.schema import IS_UNDER_WAY, MAY_HAVE_VERSIONS, authorizers

_OURS = sa.and_(authorizers.c.state == AUTHORIZED, MAY_HAVE_VERSIONS)
_IS_LOST = sa.and_(authorizers.c.state == NEEDS_REAUTHORIZATION, MAY_HAVE_VERSIONS)
_BEFORE: sa.BindParameter[float] = sa.bindparam("before")
_PICK = sa.select(authorizers.c.authorizer_appid).limit(1)
_AGAIN = _PICK.where(_OURS, authorizers.c.ask_again_at <= _BEFORE).order_by(authorizers.c.ask_again_at)
_WATCHED = _PICK.where(_OURS, IS_UNDER_WAY, authorizers.c.asked_at <= _BEFORE).order_by(
    authorizers.c.asked_at
)
_OLDEST = _PICK.where(_OURS, authorizers.c.asked_at < _BEFORE).order_by(authorizers.c.asked_at)
_LOST = _PICK.where(_IS_LOST, authorizers.c.asked_at <= _BEFORE).order_by(authorizers.c.asked_at)
# Asked in a time that is not to come, by a clock that was wrong: as good as not at all.
_AHEAD = _PICK.where(_OURS, authorizers.c.asked_at > _BEFORE).order_by(authorizers.c.asked_at.desc())
_LOST_AHEAD = _PICK.where(_IS_LOST, authorizers.c.asked_at > _BEFORE).order_by(authorizers.c.asked_at.desc())
_COUNT = sa.select(sa.func.count()).select_from(authorizers).where(_OURS)
_LONGEST_AGO = sa.select(sa.func.min(authorizers.c.asked_at)).where(_OURS, authorizers.c.asked_at > 0)
_CLAIM = (
    sa.update(authorizers)
    .where(
        authorizers.c.authorizer_appid == sa.bindparam("appid"),
        authorizers.c.asked_at == sa.bindparam("asked_before"),
    )
    .values(asked_at=sa.bindparam("now"), ask_again_at=sa.bindparam("retry_at"))
)
SHARE = 0.5
CALLS, ROUND, LOST = "sweep", "sweep_all", "sweep_lost"
AHEAD_SECONDS = 60.0
CATCH_UP_SECONDS = 1.0  # what the round missed while others were asked, it makes up for


class Kind(StrEnum):
    """Why somebody is asked: could not be before, has an audit under way, seemed lost, or as everybody is."""

    AGAIN = "again"
    WATCHED = "watched"
    LOST = "lost"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Plan:
    """How often (seconds) who is asked: audits under way, all others, and the least time between two."""

    under_way: float
    everybody: float
    gap: float

    @classmethod
    def of(cls, under_way: float, everybody: float, releases_per_second: float) -> "Plan":
        """The sweep asks a share as often as the policy lets releases begin."""
        return cls(under_way, everybody, 1 / (releases_per_second * SHARE))

    def round_gap(self, crowd: int) -> float:
        """One after the other at equal distances, so that a round of so many fills its time evenly."""
        return self.everybody / max(1, crowd)

    def lost_gap(self, crowd: int) -> float:
        """Asking the lost may mean to read all of WeChat's list for a token: that is paid for in advance."""
        return self.gap * (1 + crowd / LIST_PAGE)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose turn it is and why; `pace`: what else they must wait for, if for anything."""

    authorizer: Authorizer
    kind: Kind
    pace: str | None


def count(connection: sa.Connection) -> int:
    """How many authorizers there are to ask."""
    return int(connection.execute(_COUNT).scalar_one())


def count_soon(connection: sa.Connection, *, now: float, ask_all_since: float | None) -> int:
    """How many of them are asked as soon as the pace allows."""
    ahead = authorizers.c.asked_at > now + AHEAD_SECONDS
    groups = [ahead] if ask_all_since is None else [ahead, authorizers.c.asked_at < ask_all_since]
    return sum(int(connection.execute(_COUNT.where(group)).scalar_one()) for group in groups)


def longest_ago(connection: sa.Connection) -> float | None:
    """When the one was asked who has been waiting longest; None before the first."""
    return connection.execute(_LONGEST_AGO).scalar()


def next_one(  # noqa: PLR0913 - of whom, when, in which order
    connection: sa.Connection,
    plan: Plan,
    *,
    now: float,
    ask_all_since: float | None,
    crowd: int,
    order: Sequence[Kind] = tuple(Kind),
) -> Found | None:
    """Whose turn it is, looking for the kinds in this order; takes nothing.

    `crowd`: about how many there are to ask; counting them takes longer than all the rest.
    """
    if not pace.is_free(connection, CALLS, now=now, gap=plan.gap):
        return None
    looks: list[tuple[Kind, sa.Select[Any], float, str | None]] = [
        (Kind.AGAIN, _AGAIN, now, None),
        (Kind.WATCHED, _WATCHED, now - plan.under_way, None),
        (Kind.EVERYBODY, _AHEAD, now + AHEAD_SECONDS, None),
    ]
    if pace.is_free(connection, LOST, now=now, gap=plan.lost_gap(crowd)):
        looks.append((Kind.LOST, _LOST_AHEAD, now + AHEAD_SECONDS, LOST))
        looks.append((Kind.LOST, _LOST, now - plan.everybody, LOST))
    if ask_all_since is not None:
        looks.append((Kind.EVERYBODY, _OLDEST, ask_all_since, None))
    if pace.is_free(connection, ROUND, now=now, gap=plan.round_gap(crowd)):
        looks.append((Kind.EVERYBODY, _OLDEST, now - plan.everybody / 2, ROUND))
    for kind, query, before, waits_for in sorted(looks, key=lambda look: order.index(look[0])):
        appid: str | None = connection.execute(query, {"before": before}).scalar()
        found = get(connection, appid) if appid is not None else None
        if found is not None:
            return Found(found, kind, waits_for)
    return None


def look_again_at(connection: sa.Connection, plan: Plan, *, now: float, crowd: int) -> float:
    """Where `next_one` found nobody: when the pace or the round lets it look again; infinite if both do."""
    free = pace.free_at(connection, CALLS, now=now, gap=plan.gap)
    if free <= now:
        free = pace.free_at(connection, ROUND, now=now, gap=plan.round_gap(crowd))
    return free if free > now else math.inf


def claim(  # noqa: PLR0913 - whom, when and how
    connection: sa.Connection, plan: Plan, found: Found, *, now: float, crowd: int, retry_at: float
) -> bool:
    """Take this authorizer, which counts as asked from now on; False when another process was faster.

    Then roll back, lest a turn is taken and nobody asked. Who dies in the middle of it leaves `retry_at`.
    """
    if not pace.take(connection, CALLS, now=now, gap=plan.gap):
        return False
    gap = plan.lost_gap(crowd) if found.pace == LOST else plan.round_gap(crowd)
    if found.pace and not pace.take(connection, found.pace, now=now, gap=gap, burst=CATCH_UP_SECONDS):
        return False
    one = found.authorizer
    taken = {"appid": one.authorizer_appid, "asked_before": one.asked_at, "now": now, "retry_at": retry_at}
    return connection.execute(_CLAIM, taken).rowcount == 1


def take_oldest(connection: sa.Connection, *, now: float, but: Collection[str]) -> str | None:
    """The one asked longest ago, to be asked whether anybody gets an answer; the next time it is another.

    These only where there is nobody else.
    """
    oldest = _PICK.where(_OURS).order_by(authorizers.c.asked_at)
    for query in (oldest.where(authorizers.c.authorizer_appid.not_in(but)), oldest):
        found: str | None = connection.execute(query).scalar()
        if found is not None:
            put_last(connection, found, now=now)
            return found
    return None


def put_last(connection: sa.Connection, authorizer_appid: str, *, now: float) -> None:
    """It was just called for another reason: of all, it is now the one asked last.

    What it said of its audit was nobody's business then, so its turn is still to come.
    """
    update(connection, authorizer_appid, asked_at=now, ask_again_at=now)


def soon(ask_all_since: float | None, now: float) -> float | None:
    """The moment before which whoever was asked is asked soon; one that is to come was a wrong clock's."""
    return ask_all_since if ask_all_since is not None and ask_all_since <= now else None


def ask_again(connection: sa.Connection, authorizer_appid: str, *, at: float | None) -> None:
    """It could not be asked now, so it is then; None: no sooner than in its turn."""
    update(connection, authorizer_appid, ask_again_at=at)

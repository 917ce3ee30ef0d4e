"""Whose turn it is: which release is due, who holds it, until when."""

from collections.abc import Sequence

import sqlalchemy as sa

from reactor.core.decisions import WaitsFor
from reactor.core.lifecycle import Happening, State
from reactor.core.policy import Pace
from reactor.store import calls, pace
from reactor.store.releases import WORKER, Release, change, get, of_row
from reactor.store.schema import releases

BURST_SECONDS = 0.2  # who did nothing for so long may catch up

_OTHER = releases.alias("other")
_IN_FLIGHT = sa.exists().where(
    _OTHER.c.authorizer_appid == releases.c.authorizer_appid, _OTHER.c.state == State.RELEASING
)
NEXT_DUE = sa.select(sa.func.min(releases.c.due_at)).where(releases.c.state == State.PENDING, ~_IN_FLIGHT)
_NOW: sa.BindParameter[float] = sa.bindparam("now")
_LAPSED = sa.select(releases).where(releases.c.state == State.RELEASING, releases.c.lease_until < _NOW)
_DUE = (
    sa.select(releases)
    .where(releases.c.state == State.PENDING, releases.c.due_at <= _NOW, ~_IN_FLIGHT)
    .order_by(releases.c.due_at)
)
_MET_NOTHING = sa.func.coalesce(releases.c.waits_for, "").not_in([WaitsFor.BACKOFF, WaitsFor.OUTAGE])
_LAPSED_ONE, _DUE_ONE, _UNTRIED_ONE = (
    query.limit(1).with_for_update(of=releases, skip_locked=True)
    for query in (_LAPSED, _DUE, _DUE.where(_MET_NOTHING))
)
UNDER_WAY = sa.select(sa.func.count()).where(
    releases.c.state == State.RELEASING, releases.c.lease_until >= sa.bindparam("now")
)
RELEASES = "releases"  # the pace of all processes together
BATCH = 500
_WAITING = (
    sa.select(releases.c.id)
    .where(releases.c.state == State.PENDING, releases.c.id > sa.bindparam("after"))
    .order_by(releases.c.id)
    .limit(BATCH)
)
NEXT_LAPSE = sa.select(sa.func.min(releases.c.lease_until)).where(releases.c.state == State.RELEASING)


def claim_due(  # noqa: PLR0913 - by whom, when and how
    connection: sa.Connection,
    *,
    holder: str,
    now: float,
    lease_until: float,
    speed: Pace | None = None,
    probing: bool = False,
) -> Release | None:
    """Take one release that is due, or whose holder fell silent; the row says so before anything happens.

    None also when `speed`, of all processes together, does not allow another one now. `probing`: first one
    that has met no fault yet, for those that have may be the only ones to meet any.
    """
    for query in (_UNTRIED_ONE, _LAPSED_ONE, _DUE_ONE) if probing else (_LAPSED_ONE, _DUE_ONE):
        row = connection.execute(query, {"now": now}).one_or_none()
        if row is not None:
            release = of_row(row)
            if speed is not None and not _may_begin(connection, release, speed, now):
                return None
            return _claim(connection, release, holder=holder, now=now, lease_until=lease_until)
    return None


def _may_begin(connection: sa.Connection, release: Release, speed: Pace, now: float) -> bool:
    gap = 1 / speed.releases_per_second
    # Taken first: it makes claims wait for each other, so that the count below is right.
    if not pace.take(connection, RELEASES, now=now, gap=gap, burst=BURST_SECONDS):
        return False
    return release.state is State.RELEASING or not _is_full(connection, speed, now)


def _is_full(connection: sa.Connection, speed: Pace, now: float) -> bool:
    under_way: int = connection.execute(UNDER_WAY, {"now": now}).scalar_one()
    return under_way >= speed.concurrency


def _claim(
    connection: sa.Connection, release: Release, *, holder: str, now: float, lease_until: float
) -> Release | None:
    taken_over = release.state is State.RELEASING
    happening = Happening.TAKEN_OVER if taken_over else Happening.CLAIMED
    detail = "its worker fell silent" if taken_over else None
    claimed = change(
        connection,
        release,
        happening,
        at=now,
        actor=WORKER,
        detail=detail,
        lease_holder=holder,
        lease_until=lease_until,
        woken=False,
        attempts=release.attempts + 1,
    )
    if not claimed:
        return None
    if taken_over:
        calls.doubt(connection, release.id)
    return get(connection, release.id)


def put_back_lapsed(connection: sa.Connection, *, now: float) -> Release | None:
    """Let one release of a dead worker wait like the others, while none may be claimed; spares its turn."""
    row = connection.execute(_LAPSED_ONE, {"now": now}).one_or_none()
    if row is None:
        return None
    release = of_row(row)
    reason = "its worker fell silent; the next turn looks what came of it"
    values = {"reason": reason, "due_at": now, "attempts": release.attempts - 1}
    if change(
        connection,
        release,
        Happening.PUT_BACK,
        at=now,
        actor=WORKER,
        detail="its worker fell silent",
        **values,
    ):
        calls.doubt(connection, release.id)
    return release


def renew_leases(connection: sa.Connection, *, holders: Sequence[str], lease_until: float) -> None:
    """A live worker keeps what it works on."""
    mine = sa.and_(releases.c.state == State.RELEASING, releases.c.lease_holder.in_(holders))
    connection.execute(sa.update(releases).where(mine).values(lease_until=lease_until))


def still_mine(connection: sa.Connection, release: Release, *, lease_until: float) -> bool:
    """Renew the lease on one release; False when it was taken over meanwhile."""
    statement = sa.update(releases).where(
        releases.c.id == release.id,
        releases.c.state == State.RELEASING,
        releases.c.lease_holder == release.lease_holder,
    )
    return connection.execute(statement.values(lease_until=lease_until)).rowcount == 1


def hand_back(connection: sa.Connection, *, holders: Sequence[str], now: float) -> None:
    """Let others take over at once what this process will not finish; they look before they act."""
    mine = sa.and_(releases.c.state == State.RELEASING, releases.c.lease_holder.in_(holders))
    connection.execute(sa.update(releases).where(mine).values(lease_until=now - 1))


def forget_leases(connection: sa.Connection, *, now: float, longest: float) -> None:
    """The clock was set back: leases lapse after `longest` seconds as always."""
    ahead = sa.and_(releases.c.state == State.RELEASING, releases.c.lease_until > now + longest)
    connection.execute(sa.update(releases).where(ahead).values(lease_until=now + longest))


def forget_waits(connection: sa.Connection, *, now: float, after: int) -> int | None:
    """The clock was set back: of a batch of those that wait, all that wait for a later time are due now.

    A delay that the policy asked for is kept. Returns what the next batch comes `after`, None at the end.
    """
    ids = connection.execute(_WAITING, {"after": after}).scalars().all()
    if not ids:
        return None
    # Locked in the order in which everybody locks several, and by nothing but their ids: for any other
    # condition SQLite would read all that wait.
    query = sa.select(releases).where(releases.c.id.in_(ids))
    ordered = query.order_by(releases.c.authorizer_appid, releases.c.id).with_for_update()
    waiting = [of_row(row) for row in connection.execute(ordered)]
    late = [one.id for one in waiting if one.state is State.PENDING and _waits_longer(one, now)]
    connection.execute(sa.update(releases).where(releases.c.id.in_(late)).values(due_at=now))
    return int(ids[-1])


def _waits_longer(release: Release, now: float) -> bool:
    return release.waits_for != WaitsFor.DELAY and release.due_at is not None and release.due_at > now

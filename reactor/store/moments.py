"""What a process looks at before it claims anything: one statement, for everybody asks it all the time."""

from dataclasses import dataclass

import sqlalchemy as sa

from reactor.core.policy import Pace
from reactor.store import authorizers, claims, errands, pace


@dataclass(frozen=True, slots=True)
class Moments:
    """When the next of each kind may begin; None where there is none.

    `release`: of those that may be claimed, for no other of their authorizer is in flight; `lapse`: of the
    leases of those in flight. `pace` is `now` or earlier where the pace allows another release.
    """

    code: float | None
    errand: float | None
    release: float | None
    lapse: float | None
    pace: float
    full: bool  # as many releases are under way as may be at once


_LOOK = sa.select(
    authorizers.NEXT_CODE_DUE.scalar_subquery().label("code"),
    errands.NEXT_DUE.scalar_subquery().label("errand"),
    claims.NEXT_DUE.scalar_subquery().label("release"),
    claims.NEXT_LAPSE.scalar_subquery().label("lapse"),
    pace.NEXT.scalar_subquery().label("next_at"),
    claims.UNDER_WAY.scalar_subquery().label("under_way"),
)


def look(connection: sa.Connection, speed: Pace, *, now: float) -> Moments:
    """Look at all of them at once."""
    row = connection.execute(_LOOK, {"name": claims.RELEASES, "now": now}).one()
    allowed = pace.allowed_at(row.next_at, now=now, gap=1 / speed.releases_per_second)
    full = row.under_way >= speed.concurrency
    return Moments(row.code, row.errand, row.release, row.lapse, allowed, full)

"""What waits because the policy said so: once the policy is another one, it is decided anew."""

import sqlalchemy as sa

from reactor.core.decisions import WaitsFor
from reactor.core.lifecycle import State
from reactor.store.schema import releases

BATCH = 500
_UNDER_WAY = releases.c.state == State.RELEASING
_BY_POLICY = sa.and_(
    releases.c.state == State.PENDING, releases.c.waits_for.in_([WaitsFor.DELAY, WaitsFor.RING])
)
_NEXT = (
    sa.select(releases.c.id)
    .where(
        releases.c.state.in_([State.PENDING, State.RELEASING]),
        releases.c.id > sa.bindparam("after"),
        sa.or_(_BY_POLICY, _UNDER_WAY),
    )
    .order_by(releases.c.id)
    .limit(BATCH)
)


def end_waits_of_policy(connection: sa.Connection, *, now: float, after: int) -> int | None:
    """A batch of them is due now; a turn under way, which may be about to wait, is told.

    Returns what the next batch comes `after`, None at the end. Nobody is let go by it: each turn asks again.
    """
    ids = connection.execute(_NEXT, {"after": after}).scalars().all()
    if not ids:
        return None
    # Locked in the order in which everybody locks several.
    found = sa.select(releases.c.id).where(releases.c.id.in_(ids))
    connection.execute(found.order_by(releases.c.authorizer_appid, releases.c.id).with_for_update())
    due_at = sa.case((_UNDER_WAY, releases.c.due_at), else_=now)
    statement = sa.update(releases).where(releases.c.id.in_(ids), sa.or_(_BY_POLICY, _UNDER_WAY))
    connection.execute(statement.values(due_at=due_at, woken=_UNDER_WAY))
    return int(ids[-1])

"""Rollbacks as the store knows them: asked for, under way, and the versions that were rolled back."""

import sqlalchemy as sa

from reactor.core.errcodes import Verdict, lookup
from reactor.core.lifecycle import Happening, State
from reactor.store import errands
from reactor.store.schema import calls, history, releases

CALL = "revertcoderelease"
# Only who was live and was then rolled back is cancelled and has a time of its release.
_ROLLED_BACK = sa.and_(releases.c.state == State.CANCELLED, releases.c.released_at.is_not(None))
_STARTED = sa.exists().where(calls.c.release_id == releases.c.id, calls.c.outcome == "started")
# After any other answer it is certain that nothing was done.
_MAY_HAVE_BEEN_DONE = frozenset({Verdict.DONE, Verdict.RETRY, Verdict.LOOK, Verdict.UNKNOWN})


def is_under_way(connection: sa.Connection, authorizer_appid: str) -> bool:
    """Whether one of this mini program is asked for or under way."""
    return errands.exists(connection, errands.ROLLBACK, authorizer_appid)


def is_overtaken(connection: sa.Connection, authorizer_appid: str, *, released_at: float, but: int) -> bool:
    """Whether another release of it went live since."""
    query = sa.select(releases.c.id).where(
        releases.c.authorizer_appid == authorizer_appid,
        releases.c.state == State.RELEASED,
        releases.c.released_at >= released_at,
        releases.c.id > but,
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def is_calling(connection: sa.Connection, authorizer_appid: str) -> bool:
    """Whether a call for a release of it has left, or is about to, and is not answered yet."""
    in_flight = sa.and_(
        releases.c.authorizer_appid == authorizer_appid, releases.c.state == State.RELEASING, _STARTED
    )
    return bool(connection.execute(sa.select(sa.exists().where(in_flight))).scalar())


def was_sent(connection: sa.Connection, release_id: int, *, since: float) -> bool:
    """Whether the rollback of this release was called since, and may have been done."""
    query = sa.select(calls.c.outcome, calls.c.errcode).where(
        calls.c.release_id == release_id, calls.c.call == CALL, calls.c.at >= since
    )
    return any(_may_have_been_done(row.outcome, row.errcode) for row in connection.execute(query))


def _may_have_been_done(outcome: str, errcode: int | None) -> bool:
    if outcome != "answered":
        return outcome != "not_sent"
    return lookup(CALL, errcode or 0).verdict in _MAY_HAVE_BEEN_DONE


def last_at(connection: sa.Connection, authorizer_appid: str) -> float | None:
    """When a version of it was last rolled back."""
    query = (
        sa.select(sa.func.max(history.c.at))
        .select_from(releases.join(history, history.c.release_id == releases.c.id))
        .where(
            releases.c.authorizer_appid == authorizer_appid,
            _ROLLED_BACK,
            history.c.happening == Happening.ROLLED_BACK,
        )
    )
    return connection.execute(query).scalar()


def was_rolled_back(
    connection: sa.Connection, authorizer_appid: str, *, audit_id: int | None, approved_since: float | None
) -> bool:
    """Whether the version of this audit was rolled back, or one approved at this time or later."""
    meant = [releases.c.audit_id == audit_id] if audit_id is not None else []
    meant += [releases.c.approved_at >= approved_since] if approved_since is not None else []
    if not meant:
        return False
    mine = sa.and_(releases.c.authorizer_appid == authorizer_appid, _ROLLED_BACK)
    return bool(connection.execute(sa.select(sa.exists().where(mine, sa.or_(*meant)))).scalar())

"""The releases that wait for a person: whom to remind people of, and for whom nobody decided in time."""

from collections.abc import Sequence

import sqlalchemy as sa

from reactor.core.lifecycle import Happening
from reactor.core.notices import Kind
from reactor.store import notices
from reactor.store.releases import WORKER, Release, change, of_row
from reactor.store.schema import IS_HELD, releases

BATCH = 100
# What another holds is decided just now, or another process reminds of it: it is passed over.
_LONGEST_HELD = (
    sa.select(releases)
    .where(IS_HELD, releases.c.held_since <= sa.bindparam("before"))
    .order_by(releases.c.held_since)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_LAST_SAID = sa.func.coalesce(releases.c.reminded_at, releases.c.held_since)
_SILENT = _LONGEST_HELD.where(sa.bindparam("before") >= _LAST_SAID)


def expire(connection: sa.Connection, *, before: float, now: float, reason: str) -> list[Release]:
    """End a batch of those that have waited since `before`; gives them as they were."""
    found = [of_row(row) for row in connection.execute(_LONGEST_HELD, {"before": before})]
    ended = [
        release
        for release in found
        if change(connection, release, Happening.EXPIRED, at=now, actor=WORKER, detail=reason, reason=reason)
    ]
    _tell(connection, Kind.EXPIRED, ended, at=now, reason=reason)
    return ended


def remind(connection: sa.Connection, *, before: float, now: float) -> list[Release]:
    """Note for people a batch of those of which nobody heard since `before`."""
    found = [of_row(row) for row in connection.execute(_SILENT, {"before": before})]
    if found:
        ids = [release.id for release in found]
        connection.execute(sa.update(releases).where(releases.c.id.in_(ids)).values(reminded_at=now))
        _tell(connection, Kind.HELD_REMINDER, found, at=now)
    return found


def _tell(
    connection: sa.Connection, kind: Kind, about: Sequence[Release], *, at: float, reason: str | None = None
) -> None:
    rows = [
        {
            "at": at,
            "kind": kind,
            "release_id": release.id,
            "authorizer_appid": release.authorizer_appid,
            "detail": reason or release.reason,
        }
        for release in about
    ]
    notices.add_all(connection, rows)

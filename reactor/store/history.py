"""The record of every change of state: rows are added, never changed."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from reactor.store.schema import history, releases

# Built once: putting a statement together costs SQLAlchemy more than carrying it out.
_NOTE = sa.insert(history)
_NOTE_OPENED = sa.insert(history).from_select(
    [
        *("release_id", "at", "to_state", "happening", "actor", "detail"),
        *("authorizer_appid", "user_version", "rule"),
    ],
    sa.select(
        releases.c.id,
        releases.c.created_at,
        releases.c.state,
        sa.bindparam("happening", type_=sa.Text),
        sa.bindparam("actor", type_=sa.Text),
        releases.c.reason,
        releases.c.authorizer_appid,
        releases.c.user_version,
        releases.c.rule,
    ).where(releases.c.id.in_(sa.bindparam("ids", expanding=True))),
)
_ITS = history.c.release_id == sa.bindparam("release_id")
_BEGAN = sa.select(sa.func.max(history.c.id)).where(_ITS, history.c.from_state.is_(None)).scalar_subquery()
# The record outlives the releases, and SQLite gives the id of the last one that left out again: the rows of
# the release that bears `release_id` now.
OWN = sa.and_(_ITS, history.c.id >= sa.func.coalesce(_BEGAN, 0))
_OF_RELEASE = sa.select(history).where(OWN).order_by(history.c.id)


def note(connection: sa.Connection, row: Mapping[str, object]) -> None:
    """Add one change of state."""
    connection.execute(_NOTE, row)


def note_opened(connection: sa.Connection, release_ids: Sequence[int], *, happening: str, actor: str) -> None:
    """Add how each of these releases came into being, as it stands in its own row."""
    connection.execute(_NOTE_OPENED, {"ids": release_ids, "happening": happening, "actor": actor})


def of_release(connection: sa.Connection, release_id: int) -> list[dict[str, object]]:
    """The changes of one release, oldest first."""
    return [dict(row) for row in connection.execute(_OF_RELEASE, {"release_id": release_id}).mappings()]

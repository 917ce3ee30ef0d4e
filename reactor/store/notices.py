"""What happened that people want to know, written with what made it happen: both are kept, or neither.

Nothing is written by a store that is not `telling`, that is, where REACTOR_NOTIFY is not set.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from reactor.core.lifecycle import State
from reactor.core.notices import REMEMBERED_SECONDS, WAVE_SECONDS, Kind, Notice, Told
from reactor.store.schema import authorizers, releases
from reactor.store.schema_ops import notices

AT_ONCE = 1000  # so many at most become messages in one transaction
_OF_STATE: Mapping[State, Kind] = {
    State.RELEASED: Kind.LIVE,
    State.FAILED: Kind.FAILED,
    State.HELD: Kind.HELD,
}
_PENDING = (
    sa.select(
        notices.c.id,
        notices.c.at,
        notices.c.kind,
        notices.c.release_id,
        notices.c.authorizer_appid,
        notices.c.detail,
        authorizers.c.nick_name,
        releases.c.user_version,
        releases.c.submitted_at,
        releases.c.approved_at,
        releases.c.released_at,
        releases.c.held_since,
    )
    .select_from(
        notices.outerjoin(releases, releases.c.id == notices.c.release_id).outerjoin(
            authorizers, authorizers.c.authorizer_appid == notices.c.authorizer_appid
        )
    )
    .where(notices.c.told_at.is_(None))
    .order_by(notices.c.id)
    .limit(AT_ONCE)
)
_ANY_PENDING = sa.select(sa.exists().where(notices.c.told_at.is_(None)))
_NEWS_KINDS = (Kind.REJECTED, Kind.DELAYED, Kind.NEEDS_REAUTHORIZATION)


def _is_telling(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("telling"))


# -- what happens ----------------------------------------------------------------------------------------


def add(  # noqa: PLR0913 - a row's worth of facts
    connection: sa.Connection,
    kind: Kind,
    *,
    at: float,
    release_id: int | None = None,
    authorizer_appid: str | None = None,
    detail: str | None = None,
) -> None:
    """Note one thing."""
    row = {"at": at, "kind": kind, "release_id": release_id, "authorizer_appid": authorizer_appid}
    add_all(connection, [{**row, "detail": detail}])


def add_all(connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Note several, of the same columns: `at`, `kind` and what is known."""
    if rows and _is_telling(connection):
        connection.execute(sa.insert(notices), rows)


def note_state(  # noqa: PLR0913 - a row's worth of facts
    connection: sa.Connection,
    release_id: int,
    authorizer_appid: str,
    state: State,
    *,
    at: float,
    detail: str | None,
) -> None:
    """Note a release's new state, if it is one to tell of."""
    if state in _OF_STATE:
        about = {"release_id": release_id, "authorizer_appid": authorizer_appid}
        add_all(connection, [{"at": at, "kind": _OF_STATE[state], "detail": detail, **about}])


def note_opened(
    connection: sa.Connection, opened: Sequence[Mapping[str, object]], ids: Mapping[str, int]
) -> None:
    """Note those of these new releases that wait for a person; `ids` by authorizer."""
    held = [
        {
            "at": row["created_at"],
            "kind": Kind.HELD,
            "release_id": ids[str(row["authorizer_appid"])],
            "authorizer_appid": row["authorizer_appid"],
            "detail": row["reason"],
        }
        for row in opened
        if row["state"] == State.HELD
    ]
    add_all(connection, held)


def add_reauthorize(connection: sa.Connection, authorizer_appid: str, reason: str, *, at: float) -> None:
    """Note that only the merchant can help, unless the row says so already; to be called before it does."""
    add_all_reauthorize(connection, [authorizer_appid], reason, at=at)


def add_all_reauthorize(
    connection: sa.Connection, authorizer_appids: Sequence[str], reason: str, *, at: float
) -> None:
    """As `add_reauthorize`, of several."""
    if not _is_telling(connection):
        return
    kind = Kind.NEEDS_REAUTHORIZATION
    fresh = sa.select(
        sa.literal(at, sa.Double),
        sa.literal(kind, sa.Text),
        authorizers.c.authorizer_appid,
        sa.literal(reason, sa.Text),
    ).where(authorizers.c.authorizer_appid.in_(authorizer_appids), authorizers.c.state != kind)
    connection.execute(sa.insert(notices).from_select(["at", "kind", "authorizer_appid", "detail"], fresh))


# -- what becomes of it ----------------------------------------------------------------------------------


def any_pending(connection: sa.Connection) -> bool:
    """Whether something was noted that nobody was told of."""
    return bool(connection.execute(_ANY_PENDING).scalar())


def pending(connection: sa.Connection) -> list[Notice]:
    """What nobody was told of, oldest first."""
    rows = connection.execute(_PENDING).mappings()
    return [Notice(**{**row, "kind": Kind(row["kind"])}) for row in rows]


def told_lately(connection: sa.Connection, about: Sequence[Notice], now: float) -> Told:
    """What was told within a wave, and of the same mini programs within what is remembered."""
    # Each kind by name, which is how the index goes.
    lately = sa.select(notices.c.kind, sa.func.count()).where(
        notices.c.kind.in_(list(Kind)), notices.c.told_at > now - WAVE_SECONDS
    )
    counts = {Kind(kind): int(count) for kind, count in connection.execute(lately.group_by(notices.c.kind))}
    stopped = sa.select(sa.func.max(notices.c.told_at)).where(notices.c.kind == Kind.BLOCKED)
    return Told(counts, _news(connection, about, now), connection.execute(stopped).scalar())


def _news(
    connection: sa.Connection, about: Sequence[Notice], now: float
) -> dict[tuple[Kind, str | None, str | None], float]:
    by_kind: dict[Kind, set[str]] = defaultdict(set)
    for notice in about:
        if notice.kind in _NEWS_KINDS and notice.authorizer_appid is not None:
            by_kind[notice.kind].add(notice.authorizer_appid)
    found: dict[tuple[Kind, str | None, str | None], float] = {}
    for kind, appids in by_kind.items():
        told = sa.select(notices.c.id, notices.c.at, notices.c.authorizer_appid, notices.c.detail).where(
            notices.c.kind == kind,
            notices.c.told_at > now - REMEMBERED_SECONDS,
            notices.c.authorizer_appid.in_(appids),
        )
        for row in connection.execute(told.order_by(notices.c.id)):
            found[Notice(row.id, row.at, kind, None, row.authorizer_appid, row.detail).news] = row.at
    return found


def settle(connection: sa.Connection, told: Sequence[int], dropped: Sequence[int], *, now: float) -> None:
    """These were made messages of; those are not worth one."""
    connection.execute(sa.update(notices).where(notices.c.id.in_(told)).values(told_at=now))
    connection.execute(sa.delete(notices).where(notices.c.id.in_(dropped)))

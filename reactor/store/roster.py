"""Taking over whom WeChat lists: what of the list is news, and what is kept of it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from reactor.store import notices
from reactor.store.authorizers import (
    AUTHORIZED,
    NEEDS_REAUTHORIZATION,
    UNAUTHORIZED,
    Authorizer,
    lock_all,
)
from reactor.store.database import insert
from reactor.store.schema import authorizers

_BATCH = 500
NEVER_EXCHANGED = (
    "WeChat lists this authorization without a refresh token: its code was never exchanged in time; "
    "the merchant must authorize again"
)
NOT_LISTED = (
    "WeChat does not list this authorization any more; if it answers all the same, it is taken up again by "
    "itself, otherwise the merchant must authorize again"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of WeChat's list; `auth_time` 0 where WeChat gave none."""

    authorizer_appid: str
    refresh_token_sealed: str | None = field(repr=False)
    auth_time: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a page: how many were new, and whom WeChat is to be asked about."""

    new: int
    to_ask: tuple[Listed, ...]


def keep_page(connection: sa.Connection, page: Sequence[Listed]) -> Kept:
    """Insert who is not known; of the others nothing is changed until WeChat was asked about them.

    An authorization that an event or an exchange spoke of later than the list is not touched.
    """
    appids = [listed.authorizer_appid for listed in page]
    known = lock_all(connection, appids)
    fresh = [listed for listed in page if listed.authorizer_appid not in known]
    new = _insert(connection, fresh)
    if fresh:
        known |= lock_all(connection, [listed.authorizer_appid for listed in fresh])
    to_ask = tuple(one for one in page if _is_news(one, known[one.authorizer_appid]))
    return Kept(new, to_ask)


def _insert(connection: sa.Connection, fresh: Sequence[Listed]) -> int:
    """Whoever a push made known a moment ago is left as the push has it."""
    if not fresh:
        return 0
    statement = insert(connection, authorizers).values([_row(listed) for listed in fresh])
    inserted = statement.on_conflict_do_nothing().returning(authorizers.c.id)
    return len(connection.execute(inserted).all())


def _row(listed: Listed) -> dict[str, object]:
    row: dict[str, object] = {"authorizer_appid": listed.authorizer_appid}
    row["refresh_token_sealed"] = listed.refresh_token_sealed
    if listed.refresh_token_sealed is None:
        # Without a time of its own: the code may be on its way here in a push.
        return row | {"state": NEEDS_REAUTHORIZATION, "reason": NEVER_EXCHANGED, "authorization_at": None}
    return row | {"state": AUTHORIZED, "reason": None, "authorization_at": listed.auth_time}


def _is_news(listed: Listed, known: Authorizer) -> bool:
    """Whether WeChat has something to tell of it that is not known here."""
    younger = listed.refresh_token_sealed is not None and listed.auth_time > (known.authorization_at or 0.0)
    if known.state == UNAUTHORIZED:
        return younger
    return younger or None in (known.user_name, known.func_ids, known.mini_program)


@dataclass(frozen=True, slots=True)
class Told:
    """What WeChat told of one; its refresh token is the newest there is."""

    listed: Listed
    before: Authorizer
    user_name: str | None
    nick_name: str | None
    func_ids: str | None
    mini_program: bool
    refresh_token_sealed: str | None = field(repr=False)


def keep_told(connection: sa.Connection, told: Sequence[Told]) -> None:
    """Names and permission sets; the token only where nobody changed it while WeChat was asked."""
    known = lock_all(connection, [one.listed.authorizer_appid for one in told])
    for one in told:
        now = known.get(one.listed.authorizer_appid)
        if now is not None and not _spoken_of(one.before, now):
            values = _values(one, now)
            connection.execute(sa.update(authorizers).where(authorizers.c.id == now.id).values(**values))


def _spoken_of(before: Authorizer, now: Authorizer) -> bool:
    """Whether an event changed the authorization meanwhile: then what WeChat told may be out of date."""
    left = now.state == UNAUTHORIZED != before.state
    return left or now.authorization_at != before.authorization_at


def _values(told: Told, now: Authorizer) -> dict[str, object]:
    values: dict[str, object] = {
        "user_name": told.user_name or now.user_name,
        "nick_name": told.nick_name or now.nick_name,
        "mini_program": told.mini_program,
    }
    if told.func_ids is not None:
        values["func_ids"] = told.func_ids
    younger = told.listed.auth_time > (now.authorization_at or 0.0)
    untouched = now.refresh_token_sealed == told.before.refresh_token_sealed
    if told.refresh_token_sealed is not None and younger:
        values["authorization_at"] = told.listed.auth_time
        if untouched:
            values |= {"refresh_token_sealed": told.refresh_token_sealed, "access_token_sealed": None}
        if now.code_sealed is None:
            values |= {"state": AUTHORIZED, "reason": None}
    elif told.refresh_token_sealed is not None and now.refresh_token_sealed is None:
        values["refresh_token_sealed"] = told.refresh_token_sealed
    return values


def miss(connection: sa.Connection, listed: Collection[str], *, before: float, at: float) -> int:
    """Those who are authorized here and whom WeChat does not list need a new authorization; says how many.

    Nothing of theirs is forgotten. Who authorized after `before` may be too young for the list.
    """
    missing = [one for one in _authorized(connection, before) if one not in listed]
    for start in range(0, len(missing), _BATCH):
        part = missing[start : start + _BATCH]
        those = authorizers.c.authorizer_appid.in_(part)
        notices.add_all_reauthorize(connection, part, NOT_LISTED, at=at)
        lost = {"state": NEEDS_REAUTHORIZATION, "reason": NOT_LISTED}
        connection.execute(
            sa.update(authorizers).where(those, authorizers.c.state == AUTHORIZED).values(lost)
        )
    return len(missing)


def _authorized(connection: sa.Connection, before: float) -> Iterator[str]:
    old = sa.func.coalesce(authorizers.c.authorization_at, 0.0) < before
    query = sa.select(authorizers.c.authorizer_appid).where(authorizers.c.state == AUTHORIZED, old)
    yield from connection.execute(query.order_by(authorizers.c.authorizer_appid)).scalars()

"""The mini programs that authorized the component: names, permission sets, tokens, waiting codes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from reactor.store.database import insert
from reactor.store.schema import IS_PAUSED, MAY_HAVE_VERSIONS, authorizers

AUTHORIZED = "authorized"
CODE_WAITING = "code_waiting"
UNAUTHORIZED = "unauthorized"
NEEDS_REAUTHORIZATION = "needs_reauthorization"
# "小程序开发与数据分析": without it WeChat refuses release, audit and version calls.
RELEASE_PERMISSION_SET = 18


# Built once: putting a statement together costs SQLAlchemy more than carrying it out.
_ONE = sa.select(authorizers).where(authorizers.c.authorizer_appid == sa.bindparam("authorizer_appid"))
_SEVERAL = (
    sa.select(authorizers)
    .where(authorizers.c.authorizer_appid.in_(sa.bindparam("authorizer_appids", expanding=True)))
    .order_by(authorizers.c.authorizer_appid)  # whoever locks several does it in this order
    .with_for_update()
)
_NAMED = (
    sa.select(authorizers.c.user_name, authorizers.c.authorizer_appid)
    .where(authorizers.c.user_name.in_(sa.bindparam("names", expanding=True)))
    .order_by(authorizers.c.id.desc())
)  # of several of one name the one known longest is the last, and stays
NEXT_CODE_DUE = sa.select(sa.func.min(authorizers.c.code_due_at)).where(
    authorizers.c.code_sealed.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Authorizer:
    """One row; `func_ids` are the permission sets granted, None while unknown."""

    id: int
    authorizer_appid: str
    user_name: str | None
    nick_name: str | None
    state: str
    authorization_at: float | None
    func_ids: str | None
    refresh_token_sealed: str | None = field(repr=False)
    access_token_sealed: str | None = field(repr=False)
    access_token_refresh_at: float | None
    access_token_expires_at: float | None
    code_sealed: str | None = field(repr=False)
    code_due_at: float | None
    code_turns: int
    code_lease_holder: str | None
    live_version: str | None
    audit_status: int | None
    reason: str | None
    asked_at: float
    ask_again_at: float | None
    settled_audit_id: int | None
    swept_release_id: int | None
    swept_from: float | None
    swept_until: float | None
    mini_program: bool | None = None
    code_digest: str | None = field(default=None, repr=False)
    paused: bool = False

    @property
    def can_release(self) -> bool | None:
        """Whether permission set 18 was granted; None while nobody has asked WeChat."""
        if self.func_ids is None:
            return None
        return str(RELEASE_PERMISSION_SET) in self.func_ids.split(",")


def of_row(row: sa.Row[tuple[object, ...]]) -> Authorizer:
    """A row of the table as a value."""
    return Authorizer(**row._mapping)  # noqa: SLF001 - public in SQLAlchemy


def get(connection: sa.Connection, authorizer_appid: str, *, lock: bool = False) -> Authorizer | None:
    """The authorizer, if it is known; locked until the transaction ends if so asked.

    Whoever locks more than one row takes the authorizer first, then its releases, then the component.
    """
    query = _ONE.with_for_update() if lock else _ONE
    row = connection.execute(query, {"authorizer_appid": authorizer_appid}).one_or_none()
    return of_row(row) if row else None


def lock_all(connection: sa.Connection, authorizer_appids: Sequence[str]) -> dict[str, Authorizer]:
    """Those that are known, by their appid; locked until the transaction ends."""
    found = connection.execute(_SEVERAL, {"authorizer_appids": authorizer_appids})
    return {row.authorizer_appid: of_row(row) for row in found}


def by_user_names(connection: sa.Connection, user_names: Sequence[str]) -> dict[str, str]:
    """The appids of those whose original ids (`gh_…`) are known, by these."""
    found = connection.execute(_NAMED, {"names": user_names})
    return {row.user_name: row.authorizer_appid for row in found}


def by_code(connection: sa.Connection, code_digest: str) -> str | None:
    """The appid of the one whose latest authorization code this was, if a push or an exchange told it."""
    mine = authorizers.c.code_digest == code_digest
    return connection.execute(sa.select(authorizers.c.authorizer_appid).where(mine)).scalars().first()


def count_in(connection: sa.Connection, state: str) -> int:
    """How many mini programs stand in this state; quick for those that the sweep asks, who have an index."""
    told = sa.literal(state, literal_execute=True)  # a partial index is found by the word alone
    query = (
        sa.select(sa.func.count())
        .select_from(authorizers)
        .where(authorizers.c.state == told, MAY_HAVE_VERSIONS)
    )
    return int(connection.execute(query).scalar_one())


def page(
    connection: sa.Connection, *, before: int | None, limit: int, state: str | None = None
) -> list[Authorizer]:
    """Newest first."""
    query = sa.select(authorizers).order_by(authorizers.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(authorizers.c.id < before)
    if state is not None:
        query = query.where(authorizers.c.state == state)
    return [of_row(row) for row in connection.execute(query)]


def paused_among(connection: sa.Connection, authorizer_appids: Sequence[str]) -> frozenset[str]:
    """Those of them that an operator paused."""
    mine = authorizers.c.authorizer_appid.in_(authorizer_appids)
    found = connection.execute(sa.select(authorizers.c.authorizer_appid).where(IS_PAUSED, mine))
    return frozenset(found.scalars())


def count_paused(connection: sa.Connection) -> int:
    """How many an operator paused one by one."""
    query = sa.select(sa.func.count()).select_from(authorizers).where(IS_PAUSED)
    return int(connection.execute(query).scalar_one())


def update(connection: sa.Connection, authorizer_appid: str, **values: object) -> None:
    """Change columns of an authorizer that is there."""
    connection.execute(
        sa.update(authorizers).where(authorizers.c.authorizer_appid == authorizer_appid).values(**values)
    )


def note_audits(connection: sa.Connection, authorizer_appids: Sequence[str], audit_status: int) -> None:
    """Keep how the latest audit of each of them ended."""
    audited = authorizers.c.authorizer_appid.in_(authorizer_appids)
    connection.execute(sa.update(authorizers).where(audited).values(audit_status=audit_status))


def save(connection: sa.Connection, authorizer_appid: str, **values: object) -> None:
    """Insert the authorizer or change just these columns of it; `state` must be among them."""
    statement = insert(connection, authorizers).values(authorizer_appid=authorizer_appid, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[authorizers.c.authorizer_appid], set_=values)
    )


def keep_code(  # noqa: PLR0913 - the code, and when
    connection: sa.Connection,
    authorizer_appid: str,
    *,
    sealed: str,
    at: float,
    now: float,
    digest: str | None = None,
) -> bool:
    """Put an authorization code in line for its exchange; False when a younger event has spoken."""
    return _say(
        connection,
        authorizer_appid,
        state=CODE_WAITING,
        authorization_at=at,
        code_sealed=sealed,
        code_digest=digest,
        code_due_at=now,
        code_turns=0,
        code_lease_holder=None,
        reason=None,
    )


def revoke(connection: sa.Connection, authorizer_appid: str, *, at: float) -> bool:
    """The merchant took the authorization back: forget every token; False when a younger event has spoken."""
    return _say(
        connection,
        authorizer_appid,
        state=UNAUTHORIZED,
        authorization_at=at,
        refresh_token_sealed=None,
        access_token_sealed=None,
        code_sealed=None,
        code_due_at=None,
        code_lease_holder=None,
        reason="the merchant took the authorization back",
    )


def _say(connection: sa.Connection, authorizer_appid: str, **values: object) -> bool:
    known = authorizers.c.authorization_at
    statement = insert(connection, authorizers).values(authorizer_appid=authorizer_appid, **values)
    statement = statement.on_conflict_do_update(
        index_elements=[authorizers.c.authorizer_appid],
        set_=values,
        where=sa.or_(known.is_(None), known <= values["authorization_at"]),
    )
    return connection.execute(statement.returning(authorizers.c.id)).one_or_none() is not None


def drop_access_token(connection: sa.Connection, authorizer_appid: str, dead_sealed: str) -> None:
    """Forget the authorizer_access_token, if it is still the dead one."""
    statement = sa.update(authorizers).where(
        authorizers.c.authorizer_appid == authorizer_appid,
        authorizers.c.access_token_sealed == dead_sealed,
    )
    connection.execute(statement.values(access_token_sealed=None))


def count_codes(connection: sa.Connection) -> int:
    """How many authorization codes wait for their exchange."""
    query = sa.select(sa.func.count()).where(authorizers.c.code_sealed.is_not(None))
    return int(connection.execute(query).scalar_one())


def make_codes_due(connection: sa.Connection, *, now: float, skip_locked: bool = False) -> None:
    """Let every code that waits, and is not being exchanged, be tried now.

    Who holds other locks already passes over what others hold (`skip_locked`), lest both wait.
    """
    waiting = sa.and_(authorizers.c.code_sealed.is_not(None), authorizers.c.code_lease_holder.is_(None))
    ids = connection.execute(sa.select(authorizers.c.id).where(waiting)).scalars().all()
    if ids:
        # Apart from the look: asked for both at once, SQLite reads the whole table for the order's sake.
        waiting = sa.and_(authorizers.c.id.in_(ids), waiting)
        ordered = sa.select(authorizers.c.id).where(waiting).order_by(authorizers.c.authorizer_appid)
        locked = connection.execute(ordered.with_for_update(skip_locked=skip_locked)).scalars().all()
        mine = authorizers.c.id.in_(locked)
        connection.execute(sa.update(authorizers).where(mine).values(code_due_at=now))


def forget_times(connection: sa.Connection, *, now: float, longest: float) -> None:
    """The clock was set back: codes that wait are tried now, those being exchanged lapse as always."""
    make_codes_due(connection, now=now, skip_locked=True)
    ahead = sa.and_(authorizers.c.code_sealed.is_not(None), authorizers.c.code_due_at > now + longest)
    connection.execute(sa.update(authorizers).where(ahead).values(code_due_at=now + longest))


def claim_code(
    connection: sa.Connection, *, holder: str, now: float, lease_until: float
) -> Authorizer | None:
    """Take one code that is due. The lease is its next due time: who dies leaves it to be taken again."""
    due = sa.and_(authorizers.c.code_sealed.is_not(None), authorizers.c.code_due_at <= now)
    query = sa.select(authorizers).where(due).order_by(authorizers.c.code_due_at).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    update(
        connection,
        row.authorizer_appid,
        code_due_at=lease_until,
        code_turns=row.code_turns + 1,
        code_lease_holder=holder,
    )
    return get(connection, row.authorizer_appid)


def settle_code(connection: sa.Connection, claimed: Authorizer, **values: object) -> None:
    """What became of a claimed code; nothing changes when a younger code or a revocation took its place."""
    statement = sa.update(authorizers).where(
        authorizers.c.id == claimed.id, authorizers.c.code_sealed == claimed.code_sealed
    )
    connection.execute(statement.values(values))


def hand_back_codes(connection: sa.Connection, *, holders: Sequence[str], now: float) -> None:
    """Let others exchange at once the codes that this process will not finish."""
    mine = sa.and_(authorizers.c.code_sealed.is_not(None), authorizers.c.code_lease_holder.in_(holders))
    connection.execute(sa.update(authorizers).where(mine).values(code_due_at=now))


def renew_codes(connection: sa.Connection, *, holders: Sequence[str], lease_until: float) -> None:
    """A live worker keeps the codes it is exchanging."""
    mine = sa.and_(authorizers.c.code_sealed.is_not(None), authorizers.c.code_lease_holder.in_(holders))
    connection.execute(sa.update(authorizers).where(mine).values(code_due_at=lease_until))

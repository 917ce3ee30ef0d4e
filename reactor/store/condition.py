"""How the database and what is in it stand, as a doctor wants to know."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from reactor.core.errors import StoreUnavailable
from reactor.store.authorizers import AUTHORIZED
from reactor.store.database import Store
from reactor.store.schema import CANNOT_RELEASE, LOST, MAY_HAVE_VERSIONS, authorizers, component
from reactor.store.vault import VaultLocked

_SAMPLE = 20
_LACKING = sa.and_(CANNOT_RELEASE, authorizers.c.state == AUTHORIZED, MAY_HAVE_VERSIONS)


@dataclass(frozen=True, slots=True)
class Few:
    """How many there are, and the first of them by name."""

    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seals:
    """Of the stored secrets looked at: how many no key opens, and how many not the newest."""

    seen: int
    locked: int
    old: int


def is_migrated(store: Store) -> bool:
    """Whether the schema is this version's; StoreUnavailable when the database does not answer."""
    try:
        return store.is_ready()
    except StoreUnavailable as error:
        if "alembic_version" in str(error):  # the table that every migrated database has
            return False
        raise


def server(connection: sa.Connection) -> tuple[str, str]:
    """The database's name and its version."""
    sqlite = connection.dialect.name == "sqlite"
    version = connection.execute(sa.text("SELECT sqlite_version()" if sqlite else "SHOW server_version"))
    return "SQLite" if sqlite else "PostgreSQL", str(version.scalar_one()).split()[0]


def lacking_permission(connection: sa.Connection, few: int) -> Few:
    """Who is authorized without the permission set that releasing needs."""
    return _few(connection, _LACKING, few)


def lost(connection: sa.Connection, few: int) -> Few:
    """Who must authorize again."""
    return _few(connection, LOST, few)


def _few(connection: sa.Connection, condition: sa.ColumnElement[bool], few: int) -> Few:
    count = connection.execute(sa.select(sa.func.count()).where(condition)).scalar_one()
    if not count:
        return Few(0, ())
    query = sa.select(authorizers.c.nick_name, authorizers.c.authorizer_appid).where(condition)
    rows = connection.execute(query.order_by(authorizers.c.id).limit(few))
    return Few(count, tuple(row.nick_name or row.authorizer_appid for row in rows))


def seals(connection: sa.Connection, store: Store) -> Seals:
    """Try the keys on the component's secrets and on those of the first and the latest authorizers."""
    seen = locked = old = 0
    for sealed in _sample(connection):
        seen += 1
        try:
            old += store.vault.reseal(sealed) is not None
        except VaultLocked:
            locked += 1
    return Seals(seen, locked, old)


def _sample(connection: sa.Connection) -> Iterator[str]:
    ours = sa.select(component.c.ticket_sealed, component.c.access_token_sealed)
    theirs = sa.select(authorizers.c.refresh_token_sealed).limit(_SAMPLE)
    first, latest = theirs.order_by(authorizers.c.id), theirs.order_by(authorizers.c.id.desc())
    found = {sealed for query in (ours, first, latest) for row in connection.execute(query) for sealed in row}
    yield from (sealed for sealed in found if sealed)

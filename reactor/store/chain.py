"""The chain of the record: loose rows are sealed into it, and what is past its time leaves its beginning.

Rows are added loose, which costs an intake nothing. Whoever writes on the chain first changes its one row
from what he read, in the same transaction: of several at once one goes on, and nobody waits for a lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from reactor.core.errors import ReactorError
from reactor.core.record import Ends, link
from reactor.store import numbers
from reactor.store.database import Store, insert
from reactor.store.schema import history, releases
from reactor.store.schema_ops import chain
from reactor.store.vault import Vault

BATCH = 500  # on SQLite pushes wait while rows are sealed: a few milliseconds at a time
_ONE = 1
_LOOSE = (
    sa.select(
        history,
        releases.c.authorizer_appid.label("whose"),
        releases.c.user_version.label("version"),
    )
    .select_from(history.outerjoin(releases, releases.c.id == history.c.release_id))
    .where(history.c.seq.is_(None))
    .order_by(history.c.id)
    .limit(BATCH)
)
_SEAL = (
    sa.update(history)
    .where(history.c.id == sa.bindparam("_id"), history.c.seq.is_(None))
    .values({name: sa.bindparam(name) for name in ("seq", "digest", "authorizer_appid", "user_version")})
)


class RecordSpoilt(ReactorError):
    """The chain is not as it was signed; it is not written on, so that nothing is covered up."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The ends of the chain, and what was signed under them."""

    ends: Ends
    signature: str

    def check(self, vault: Vault) -> None:
        """Raise RecordSpoilt where the signature is not of these ends, VaultLocked when its key is gone."""
        if not vault.has_signed(self.ends.text, self.signature):
            raise RecordSpoilt(
                "the signature of the record is wrong: somebody changed where it begins or ends"
            )


def read(connection: sa.Connection) -> Signed | None:
    """The ends as they stand; None while there is no chain."""
    row = connection.execute(sa.select(chain).where(chain.c.id == _ONE)).one_or_none()
    if row is None:
        return None
    return Signed(Ends(row.first_seq, row.first_digest, row.last_seq, row.last_digest), row.signature)


def loose(connection: sa.Connection) -> list[dict[str, object]]:
    """A batch of the rows that are not in the chain yet, with whose releases they are of."""
    return [dict(row) for row in connection.execute(_LOOSE).mappings()]


def count_loose(connection: sa.Connection) -> int:
    """How many rows are not in the chain yet."""
    query = sa.select(sa.func.count()).select_from(history).where(history.c.seq.is_(None))
    return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class Sealed:
    """The ends after a batch, and how many rows it was."""

    ends: Ends
    rows: int


def seal(store: Store) -> Sealed | None:
    """Seal one batch of loose rows; None when there is none or another was faster.

    Raises RecordSpoilt or VaultLocked, and seals nothing, where the chain is not as it was signed.
    """
    with store.read() as connection:
        rows = loose(connection)
        if not rows:
            return None
        old = read(connection)
        if old is None:
            _refuse_leftovers(connection)
    if old is not None:
        old.check(store.vault)
    ends, sealed = _linked(Ends() if old is None else old.ends, rows)
    with store.write() as connection:
        if not _move(connection, old, ends, store.vault):
            return None
        connection.execute(_SEAL, sealed)
    return Sealed(ends, len(rows))


def sign_anew(store: Store) -> bool:
    """Sign the ends with the newest key; whether they are. Raises as `seal` does."""
    with store.write() as connection:
        old = read(connection)
        if old is None:
            return True
        old.check(store.vault)
        return store.vault.is_newest(old.signature) or _move(connection, old, old.ends, store.vault)


def forget(connection: sa.Connection, vault: Vault, *, before: float, most: int) -> int:
    """Delete the rows at the beginning of the chain that are older than this moment; says how many.

    What was not counted yet stays, and what comes after it.
    """
    old = read(connection)
    if old is None:
        return 0
    counted = numbers.marks(connection).get("history", 0)
    query = sa.select(history.c.id, history.c.seq, history.c.at, history.c.digest)
    past = None
    for row in connection.execute(
        query.where(history.c.seq.is_not(None)).order_by(history.c.seq).limit(most)
    ):
        if row.at >= before or row.id > counted:
            break
        past = row
    if past is None:
        return 0
    old.check(vault)
    ends = replace(old.ends, first_seq=past.seq + 1, first_digest=past.digest)
    if not _move(connection, old, ends, vault):
        return 0
    return connection.execute(sa.delete(history).where(history.c.seq <= past.seq)).rowcount


def _refuse_leftovers(connection: sa.Connection) -> None:
    """Rows in a chain that has no ends are what somebody left of one."""
    if connection.execute(sa.select(history.c.seq).where(history.c.seq.is_not(None)).limit(1)).first():
        raise RecordSpoilt("the record has rows in a chain, and somebody took away where it begins and ends")


def _linked(ends: Ends, rows: Sequence[Mapping[str, object]]) -> tuple[Ends, list[dict[str, object]]]:
    """The ends after these rows, and what each row is given.

    Rows of older versions of this program did not say whose they are: they learn it while it is known.
    """
    seq, digest, sealed = ends.last_seq, ends.last_digest, []
    for row in rows:
        whole = dict(row)
        if whole["authorizer_appid"] is None:
            whole |= {"authorizer_appid": row["whose"], "user_version": row["version"]}
        seq, digest = seq + 1, link(digest, whole)
        given = {name: whole[name] for name in ("authorizer_appid", "user_version")}
        sealed.append({"_id": whole["id"], "seq": seq, "digest": digest, **given})
    return replace(ends, last_seq=seq, last_digest=digest), sealed


def _move(connection: sa.Connection, old: Signed | None, ends: Ends, vault: Vault) -> bool:
    """Put the new ends in the place of those that were read; False when they are others by now."""
    values = {
        "first_seq": ends.first_seq,
        "first_digest": ends.first_digest,
        "last_seq": ends.last_seq,
        "last_digest": ends.last_digest,
        "signature": vault.sign(ends.text),
    }
    if old is None:
        first = insert(connection, chain).values(id=_ONE, **values).on_conflict_do_nothing()
        return connection.execute(first.returning(chain.c.id)).one_or_none() is not None
    same = sa.and_(chain.c.id == _ONE, chain.c.signature == old.signature)
    return connection.execute(sa.update(chain).where(same).values(**values)).rowcount == 1

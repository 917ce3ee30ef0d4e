"""Seal every stored secret with the newest key, and sign the record with it, while all others go on working.

A row is changed only where it still holds what was read, so nobody's fresher secret is overwritten; what is
sealed with the newest key is left alone, so a rotation that died goes on where it was.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from reactor.store import chain
from reactor.store.database import Store
from reactor.store.ground import metadata
from reactor.store.vault import Vault, VaultLocked

BATCH = 200
ROUNDS = 3
_SEALED = "_sealed"


@dataclass(slots=True)
class Rotation:
    """How many stored secrets were sealed anew, had the newest key before, or are opened by no key.

    `left` changed while they were looked at. `unsigned` is why the record was not signed anew, if it was not.
    """

    rotated: int = 0
    current: int = 0
    locked: int = 0
    left: int = 0
    unsigned: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the older keys are needed no more."""
        return not self.locked and not self.left and self.unsigned is None


def count(store: Store) -> int:
    """How many rows are looked at."""
    with store.read() as connection:
        counts = (connection.execute(sa.select(sa.func.count()).select_from(table)) for table in _tables())
        return sum(found.scalar_one() for found in counts)


def rotate(store: Store, done: Callable[[int], None] = lambda _: None) -> Rotation:
    """Rotate, telling `done` of rows looked at; again from the start while others change what is read."""
    whole = Rotation()
    for number in range(ROUNDS):
        this = Rotation()
        for table in _tables():
            for rows in _batches(store, table):
                _rotate_batch(store, table, rows, this)
                if number == 0:
                    done(len(rows))
        whole.rotated += this.rotated
        if number == 0:
            whole.current = this.current
        whole.locked, whole.left = this.locked, this.left
        if not this.left:
            break
    whole.unsigned = _sign_record(store)
    return whole


def _sign_record(store: Store) -> str | None:
    """Why the record's end cannot be signed anew; None when it bears the newest key's signature."""
    try:
        while not chain.sign_anew(store):
            pass  # a worker wrote on it at the same moment
    except (chain.RecordSpoilt, VaultLocked) as error:
        return str(error)
    return None


def _tables() -> list[sa.Table]:
    return [table for table in metadata.sorted_tables if _columns(table)]


def _columns(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns if column.name.endswith(_SEALED)]


def _key(table: sa.Table) -> sa.Column[Any]:
    (key,) = table.primary_key.columns
    return key


def _batches(store: Store, table: sa.Table) -> Iterator[list[Mapping[str, Any]]]:
    key = _key(table)
    query = sa.select(key, *(table.c[name] for name in _columns(table))).order_by(key).limit(BATCH)
    last: Any = None
    while True:
        with store.read() as connection:
            found = connection.execute(query if last is None else query.where(key > last))
            rows: list[Mapping[str, Any]] = [dict(row) for row in found.mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1][key.name]


def _rotate_batch(store: Store, table: sa.Table, rows: list[Mapping[str, Any]], told: Rotation) -> None:
    for name in _columns(table):
        changes = list(_changes(store.vault, name, _key(table).name, rows, told))
        if changes:
            changed = store.transact(partial(_change, _statement(table, name), changes))
            told.rotated += changed
            told.left += len(changes) - changed


def _change(statement: sa.Update, changes: list[dict[str, Any]], connection: sa.Connection) -> int:
    return connection.execute(statement, changes).rowcount


def _statement(table: sa.Table, name: str) -> sa.Update:
    """Change a row that still holds what was read."""
    same = sa.and_(_key(table) == sa.bindparam("_key"), table.c[name] == sa.bindparam("_old"))
    return sa.update(table).where(same).values({name: sa.bindparam("_fresh")})


def _changes(
    vault: Vault, name: str, key: str, rows: list[Mapping[str, Any]], told: Rotation
) -> Iterator[dict[str, Any]]:
    for row in rows:
        sealed = row[name]
        if sealed is None:
            continue
        try:
            fresh = vault.reseal(sealed)
        except VaultLocked:
            told.locked += 1
            continue
        if fresh is None:
            told.current += 1
        else:
            yield {"_key": row[key], "_old": sealed, "_fresh": fresh}

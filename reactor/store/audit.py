"""The record read through: whether it is what was once written, and all of it for those who come later."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from reactor.core.record import FIELDS, Ends, link
from reactor.store import chain
from reactor.store.chain import RecordSpoilt
from reactor.store.database import Store
from reactor.store.schema import history
from reactor.store.vault import Vault, VaultLocked

PAGE = 1000
LATEST = 100
_ENDS = (sa.func.min, sa.func.max)
Row = Mapping[str, Any]
_CHAINED = history.c.seq.is_not(None)
_NEXT = sa.select(history).where(history.c.seq >= sa.bindparam("seq")).order_by(history.c.seq).limit(PAGE)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the record is not what was written, in an English template filled from `values`.

    `key_missing` is no fault of the record: it cannot be told whether there is one.
    """

    text: str
    values: Mapping[str, object]
    key_missing: bool = False

    @property
    def told(self) -> str:
        """In English."""
        return self.text.format(**self.values)


@dataclass(slots=True)
class Finding:
    """What was read: how many rows in the chain, their times, how many are loose, the first fault if any.

    `expected` is whether a digest that was asked for stands in the chain; None when none was.
    """

    ends: Ends
    rows: int = 0
    first_at: float | None = None
    last_at: float | None = None
    loose: int = 0
    fault: Fault | None = None
    expected: bool | None = None


def count(store: Store) -> int:
    """How many rows the chain says that it has."""
    with store.read() as connection:
        signed = chain.read(connection)
    return signed.ends.rows if signed else 0


def verify(store: Store, done: Callable[[int], None] = lambda _: None, expect: str | None = None) -> Finding:
    """Read the whole record, telling `done` of rows looked at, while others go on writing."""
    with store.read() as connection:
        signed = chain.read(connection)
        finding = Finding(signed.ends if signed else Ends(), loose=chain.count_loose(connection))
        finding.fault = _ends_at_fault(connection, signed, store.vault)
    if expect is not None:
        finding.expected = expect in (finding.ends.first_digest, finding.ends.last_digest)
    before, seq = finding.ends.first_digest, finding.ends.first_seq
    while finding.fault is None and seq <= finding.ends.last_seq:
        with store.read() as connection:
            rows = _from(connection, seq)
            now = chain.read(connection)
        if now is not None and now.ends.first_seq > seq:  # pruned meanwhile
            before, seq = now.ends.first_digest, now.ends.first_seq
            finding.fault = _signature_at_fault(now, store.vault)
            continue
        rows = [row for row in rows if row["seq"] <= finding.ends.last_seq]
        before, finding.fault = _walk(finding, rows, before, seq, expect)
        seq += len(rows)
        done(len(rows))
        if finding.fault is None and not rows:
            finding.fault = Fault(_MISSING, {"seq": seq})
    if finding.fault is None and before != finding.ends.last_digest:
        finding.fault = Fault(_REWRITTEN, {})
    return finding


def glance(connection: sa.Connection, vault: Vault) -> Finding:
    """The signature, and the latest rows: what can be seen at once."""
    signed = chain.read(connection)
    finding = Finding(signed.ends if signed else Ends(), loose=chain.count_loose(connection))
    finding.fault = _ends_at_fault(connection, signed, vault)
    if signed is None or finding.fault is not None:
        return finding
    seq = max(finding.ends.first_seq, finding.ends.last_seq - LATEST)
    rows = _from(connection, seq)
    before = finding.ends.first_digest
    if seq > finding.ends.first_seq and rows:
        before, seq, rows = rows[0]["digest"], seq + 1, rows[1:]
    before, finding.fault = _walk(finding, rows, before, seq, None)
    if finding.fault is None and before != finding.ends.last_digest:
        finding.fault = Fault(_REWRITTEN, {})
    return finding


def entries(
    store: Store,
    done: Callable[[int], None] = lambda _: None,
    *,
    since: float | None = None,
    until: float | None = None,
    authorizer_appid: str | None = None,
) -> Iterator[dict[str, Any]]:
    """The rows of the record in their order, those not sealed yet last; `until` is the first moment after."""
    sealed = sa.select(history).where(_CHAINED).order_by(history.c.seq).limit(PAGE)
    loose = sa.select(history).where(~_CHAINED).order_by(history.c.id).limit(PAGE)
    for query, place in ((sealed, history.c.seq), (loose, history.c.id)):
        last = -1
        while True:
            with store.read() as connection:
                page = connection.execute(query.where(place > last)).mappings().all()
            if not page:
                break
            last = page[-1][place.name]
            done(len(page))
            for row in page:
                early = since is not None and row["at"] < since
                late = until is not None and row["at"] >= until
                other = authorizer_appid is not None and row["authorizer_appid"] != authorizer_appid
                if not (early or late or other):
                    yield {name: row[name] for name in ("seq", "digest", *FIELDS)}


# -- faults ----------------------------------------------------------------------------------------------

_MISSING = "row {seq} of the record is missing"
_CHANGED = "row {seq} of the record ({of}) was changed, or is not the one that was there"
_STRANGER = "row {seq} stands outside of the signed record: it was put in, or the record's end was cut off"
_REWRITTEN = "the rows fit each other, but not the signed end: they were written anew"


def _ends_at_fault(connection: sa.Connection, signed: chain.Signed | None, vault: Vault) -> Fault | None:
    """Whether the ends are signed, and no row stands outside of them."""
    # Each end by a query of its own: asked for both at once, SQLite reads the whole table.
    first, last = (connection.execute(sa.select(end(history.c.seq))).scalar() for end in _ENDS)
    if signed is None:
        text = "there are rows in a chain, and somebody took away where it begins and ends"
        return Fault(text, {}) if first is not None else None
    if fault := _signature_at_fault(signed, vault):
        return fault
    ends = signed.ends
    if first is not None and last is not None and (first < ends.first_seq or last > ends.last_seq):
        return Fault(_STRANGER, {"seq": first if first < ends.first_seq else last})
    return None


def _signature_at_fault(signed: chain.Signed, vault: Vault) -> Fault | None:
    try:
        signed.check(vault)
    except VaultLocked as error:
        return Fault(str(error), {}, key_missing=True)
    except RecordSpoilt as error:
        return Fault(str(error), {})
    return None


def _from(connection: sa.Connection, seq: int) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(_NEXT, {"seq": seq}).mappings()]


def _walk(
    finding: Finding, rows: Sequence[Row], before: str, seq: int, expect: str | None
) -> tuple[str, Fault | None]:
    """Follow the digests over these rows; the last digest, and the first fault."""
    for row in rows:
        if row["seq"] != seq:
            return before, Fault(_MISSING, {"seq": seq})
        fits = link(before, row)
        if row["digest"] != fits:
            of = f"release {row['release_id']}, {row['authorizer_appid']}"
            return before, Fault(_CHANGED, {"seq": seq, "of": of})
        before, seq = fits, seq + 1
        finding.rows += 1
        finding.first_at = row["at"] if finding.first_at is None else finding.first_at
        finding.last_at = row["at"]
        if fits == expect:
            finding.expected = True
    return before, None

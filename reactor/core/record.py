"""The record as a chain: each row's digest holds all rows before it, and the ends of the chain are signed.

Whoever changes, adds, takes away or moves a row spoils every digest after it; to mend these too is to change
the last one, and that needs a key that is not in the database. Anybody can compute the digests again from an
export: SHA-256 of the digest before, as text, and the row as JSON (names sorted, no spaces, ASCII).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

FIELDS = (
    *("id", "release_id", "at", "from_state", "to_state", "happening", "actor", "detail"),
    *("authorizer_appid", "user_version", "rule"),
)
START = "0" * 64  # what stands before the first row of all


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the chain begins and ends: `first_digest` is the one before its first row, which has `first_seq`.

    An empty chain has `last_seq` one below `first_seq`, and one digest.
    """

    first_seq: int = 1
    first_digest: str = START
    last_seq: int = 0
    last_digest: str = START

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.last_seq - self.first_seq + 1

    @property
    def text(self) -> bytes:
        """What is signed."""
        told = (self.first_seq, self.first_digest, self.last_seq, self.last_digest)
        return " ".join(map(str, told)).encode()


def canonical(row: Mapping[str, object]) -> bytes:
    """The row in the one way in which it can be written."""
    told = {name: row[name] for name in FIELDS}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")


def link(before: str, row: Mapping[str, object]) -> str:
    """The digest of the row, and of all before it."""
    return hashlib.sha256(before.encode("ascii") + canonical(row)).hexdigest()

"""A table of the policy file as it is read: what may stand in it, and every problem with its line."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reactor.core.policy.clauses import Zones
from reactor.core.policy.lines import Path, nearest


@dataclass(frozen=True, slots=True)
class Page:
    """The whole file: where its keys stand, the time zones there are, and what is wrong with it."""

    lines: Mapping[Path, int]
    zones: Zones
    found: list[tuple[int, str]] = field(default_factory=list)

    def wrong(self, path: Path, words: str) -> None:
        """Note a problem with what stands there, on one line whatever names the file made up."""
        self.found.append((nearest(self.lines, path) or 0, " ".join(words.splitlines())))

    def problems(self) -> list[str]:
        """All of them in the order of their lines."""
        ordered = sorted(self.found, key=lambda one: one[0])
        return [f"line {line}: {words}" if line else words for line, words in ordered]

    def line(self, path: Path) -> int | None:
        """Where this stands."""
        return nearest(self.lines, path)


@dataclass(frozen=True, slots=True)
class Table:
    """One table; whatever is asked of it that is not right is noted, and the default given."""

    page: Page
    path: Path
    label: str
    values: Mapping[str, Any]

    @classmethod
    def at(cls, page: Page, path: Path, found: Any, label: str | None = None) -> "Table":
        """What was found there, if it is a table; an empty one otherwise."""
        label = label or f"[{'.'.join(str(part) for part in path)}]"
        if not isinstance(found, dict):
            page.wrong(path, f"{label} must be a table")
            found = {}
        return cls(page, path, label, found)

    @property
    def line(self) -> int | None:
        """Where it begins."""
        return self.page.line(self.path)

    def has(self, key: str) -> bool:
        """Whether anything is said of it."""
        return key in self.values

    def wrong(self, key: str, words: str) -> None:
        """Note what is wrong with a key."""
        self.page.wrong((*self.path, key), f"{self.label} {key}: {words}")

    def odd(self, key: str, words: str, value: object = None) -> None:
        """Note what is wrong with the value of a key; `value` where it is one of several."""
        shown = self.values.get(key) if value is None else value
        self.page.wrong((*self.path, key), f"{self.label} {key} = {shown!r}: {words}")

    def allow(self, keys: Collection[str]) -> None:
        """Note every other key."""
        for key in self.values:
            if key not in keys:
                self.wrong(key, f"not known; {self.label} has {', '.join(keys)}")

    # -- values ------------------------------------------------------------------------------------------

    def number(self, key: str, least: float, most: float, *, whole: bool = False) -> float | None:
        """A number within its bounds; None where none is given."""
        value = self.values.get(key)
        if value is None:
            return None
        if is_number(value, whole=whole) and least <= value <= most:
            return float(value)
        self.odd(key, f"must be a {'whole ' if whole else ''}number from {least} to {most}")
        return None

    def text(self, key: str) -> str | None:
        """A text with something in it; None where none is given."""
        value = self.values.get(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self.odd(key, "must be a text")
        return None

    def one_of(self, key: str, allowed: Collection[str]) -> str | None:
        """One of these words; None where none is given."""
        value = self.values.get(key)
        if value is None or (isinstance(value, str) and value in allowed):
            return value
        self.odd(key, f"must be one of {', '.join(allowed)}")
        return None

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts with at least one in it; None where none is given."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return tuple(value)
        self.odd(key, "must be a list of texts, with at least one")
        return None

    def tables(self, key: str) -> Iterator["Table"]:
        """The inline tables of a list."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not value:
            self.odd(key, "must be a list of tables, with at least one")
            return
        for one in value:
            table = Table.at(self.page, (*self.path, key), one, f"{self.label} {key}:")
            if isinstance(one, dict):
                yield table


def is_number(value: object, *, whole: bool = False) -> bool:
    """Whether it is one, and no truth; `whole` allows no other."""
    return not isinstance(value, bool) and isinstance(value, int if whole else int | float)

"""What a policy file can say, as frozen values; each keeps where it stands, so that it can be named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import cached_property, lru_cache


class Mode(StrEnum):
    """How an approval is treated, from the most willing to the strictest."""

    AUTO = "auto"  # released by itself
    GRAY = "gray"  # released by itself, to more and more users
    HOLD = "hold"  # a person says whether
    OBSERVE = "observe"  # only said what would be done
    OFF = "off"  # left alone

    @property
    def strictness(self) -> int:
        """The strictest has the greatest."""
        return list(Mode).index(self)


def is_like(pattern: str, text: str) -> bool:
    """Whether the text is as the pattern says: `*` stands for any letters, `?` for one, case for nothing."""
    return _expression(pattern).fullmatch(text) is not None


@lru_cache(65536)
def _expression(pattern: str) -> re.Pattern[str]:
    """Each part between stars is looked for once, and not again: merchants write what is compared."""
    parts = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    first, *others = parts
    between = "".join(f"(?>.*?{part})" for part in others[:-1] if part)
    last = f".*{others[-1]}" if others else ""
    return re.compile(first + between + last, re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an approval is about, as far as it is known."""

    authorizer_appid: str
    user_name: str | None = None
    nick_name: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """When releasing is allowed, by the clock on the wall of `zone`: weekdays from 0, minutes of a day.

    `until` is not greater than `since` where the window goes on past midnight; it belongs to its first day.
    """

    text: str
    days: frozenset[int]
    since: int
    until: int
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class GrayStep:
    """A share of the users in percent, and how many seconds the next step waits after it."""

    percentage: int
    wait_seconds: float


GRAY_STEPS = (GrayStep(5, 3600.0), GrayStep(20, 3600.0), GrayStep(50, 3600.0))


@dataclass(frozen=True, slots=True)
class Terms:
    """What one table says of an approval; None is said nothing. `line` counts from 1 in the file."""

    name: str = "default"
    line: int | None = None
    mode: Mode | None = None
    delay_seconds: float | None = None
    windows: tuple[Window, ...] | None = None
    gray: tuple[GrayStep, ...] | None = None
    reason: str | None = None

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"[{self.name}]" + (f", line {self.line}" if self.line else "")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Whose names are like these; what is None may be anything."""

    name: str
    authorizer_appid: str | None = None
    user_name: str | None = None
    nick_name: str | None = None

    def fits(self, subject: Subject) -> bool:
        """Whether every name that it speaks of is like it."""
        for key in ("authorizer_appid", "user_name", "nick_name"):
            pattern = getattr(self, key)
            if pattern is not None and not is_like(pattern, getattr(subject, key) or ""):
                return False
        return True


@dataclass(frozen=True, slots=True)
class VersionRule:
    """A mode for versions whose name or description is like this; it makes stricter, never more willing."""

    mode: Mode
    user_version: str | None = None
    user_desc: str | None = None
    reason: str | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return "[[versions]]" + (f", line {self.line}" if self.line else "")

    def fits(self, user_version: str | None, user_desc: str | None) -> bool:
        """Whether this version is meant; one that is not known yet is not."""
        if self.user_version is not None and not is_like(self.user_version, user_version or ""):
            return False
        return self.user_desc is None or is_like(self.user_desc, user_desc or "")


# An appid, or a group of them: `lists.<name>`, `tags.<name>`, `patterns.<name>`.
Who = frozenset[str]


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is released between these Unix seconds; `only` these if it names any, and `spared` not."""

    since: float
    until: float
    reason: str
    only: Who = frozenset()
    spared: Who = frozenset()
    line: int | None = None

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return "[[freezes]]" + (f", line {self.line}" if self.line else "")

    @property
    def ends(self) -> str:
        """Its end, for people."""
        return datetime.fromtimestamp(self.until, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")

    def concerns(self, memberships: Who) -> bool:
        """Whether it means these at all."""
        return (not self.only or bool(self.only & memberships)) and not self.spared & memberships


@dataclass(frozen=True, slots=True)
class Ring:
    """One stage of a wave: its members, or the `first` that come; the next opens when it is healthy.

    That is: at least one is live, none is on its way, at most `max_failures` failed, and since the last of
    them went live `healthy_seconds` have gone by.
    """

    name: str
    members: Who = frozenset()
    first: int = 0
    healthy_seconds: float = 1800.0
    max_failures: int = 0
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Waves:
    """The rings that each version goes through, one after the other; whoever is in none comes last.

    `max_failures` is how many of those may fail before the wave stops.
    """

    rings: tuple[Ring, ...] = ()
    max_failures: int = 10

    @property
    def last(self) -> int:
        """The number of the stage of all who are in no ring."""
        return len(self.rings)


@dataclass(frozen=True, slots=True)
class Held:
    """What becomes of releases that wait for a person; None is never."""

    remind_seconds: float | None = 86400.0
    expire_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast releases go, over all processes: so many begun a second, so many under way at once."""

    releases_per_second: float = 20.0
    concurrency: int = 16


@dataclass(frozen=True)
class Policy:
    """All that the file says. `members` names who is in which list, `tags` what each authorizer carries."""

    default: Terms = Terms()
    authorizers: Mapping[str, Terms] = field(default_factory=dict)
    lists: Mapping[str, Terms] = field(default_factory=dict)
    tags: Mapping[str, Terms] = field(default_factory=dict)
    patterns: Mapping[str, Terms] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tagged: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fits: tuple[Pattern, ...] = ()
    versions: tuple[VersionRule, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    waves: Waves = Waves()
    held: Held = Held()
    pace: Pace = Pace()
    retention_days: int = 400
    history_days: int = 3650
    digest: str = field(default="", compare=False)  # of the text that it was read from

    @cached_property
    def _lists_of(self) -> Mapping[str, frozenset[str]]:
        """The lists that each appid stands in: asked of every approval, so worked out once."""
        found: dict[str, set[str]] = {}
        for name, appids in self.members.items():
            for appid in appids:
                found.setdefault(appid, set()).add(name)
        return {appid: frozenset(names) for appid, names in found.items()}

    def memberships(self, subject: Subject) -> Who:
        """Its appid and the groups that it belongs to."""
        appid = subject.authorizer_appid
        lists = (f"lists.{name}" for name in self._lists_of.get(appid, ()))
        tags = (f"tags.{name}" for name in self.tagged.get(appid, ()))
        patterns = (f"patterns.{pattern.name}" for pattern in self.fits if pattern.fits(subject))
        return frozenset((appid, *lists, *tags, *patterns))

    def levels(self, memberships: Who) -> tuple[tuple[Terms, ...], ...]:
        """What is said of these, from the most specific to the default; a level may have several voices."""
        own = tuple(self.authorizers[name] for name in memberships if name in self.authorizers)
        groups = (("lists", self.lists), ("tags", self.tags), ("patterns", self.patterns))
        found = [
            tuple(terms for name, terms in tables.items() if f"{kind}.{name}" in memberships)
            for kind, tables in groups
        ]
        return (own, *found, (self.default,))

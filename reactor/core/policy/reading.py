"""The policy file as text becomes a Policy, or every problem in it at once, each with its line."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from reactor.core.errors import PolicyError
from reactor.core.policy import groups
from reactor.core.policy.clauses import Zones, moment, shanghai_only
from reactor.core.policy.lines import lines_of
from reactor.core.policy.rules import Freeze, Held, Mode, Pace, Policy, Ring, VersionRule, Waves, Who
from reactor.core.policy.tables import Page, Table

_TABLES = (
    *("[default]", "[authorizers.<appid>]", "[lists.<name>]", "[tags.<name>]", "[patterns.<name>]"),
    *("[[versions]]", "[[freezes]]", "[[rings]]", "[waves]", "[held]", "[pace]", "[retention]"),
)
_KNOWN = {name.strip("[]").split(".")[0] for name in _TABLES}
_MONTH_SECONDS = 30 * 86400


def parse_policy(text: str, zone: Zones = shanghai_only) -> Policy:
    """Read a policy file; PolicyError names every problem at once, a line each.

    `zone` gives the time zone of a name, as `zoneinfo.ZoneInfo` does; without it only Asia/Shanghai is known.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of numbers and nesting without measure
        raise PolicyError(f"the policy file is not valid TOML: {error}") from error
    page = Page(lines_of(text), zone)
    for name in document:
        if name not in _KNOWN:
            page.wrong((name,), f"[{name}] is not known; a policy has {', '.join(_TABLES)}")
    policy = _policy(page, document, hashlib.sha256(text.encode()).hexdigest())
    if page.found:
        raise PolicyError("\n".join(page.problems()))
    return policy


def _policy(page: Page, document: Mapping[str, Any], digest: str) -> Policy:
    default, zone = groups.read_default(page, document)
    authorizers, tagged = groups.read_authorizers(page, document, zone)
    lists, members = groups.read_lists(page, document, zone)
    patterns, fits = groups.read_patterns(page, document, zone)
    known = groups.known_groups(document)
    retention = _table(page, document, "retention", ("days", "history_days"))
    return Policy(
        default,
        authorizers,
        lists,
        groups.read_tags(page, document, zone),
        patterns,
        members=members,
        tagged=tagged,
        fits=fits,
        versions=tuple(_versions(page, document)),
        freezes=tuple(_freezes(page, document, zone, known)),
        waves=_waves(page, document, known),
        held=_held(page, document),
        pace=_pace(page, document),
        retention_days=_whole(retention, "days", 1, 36500, Policy.retention_days),
        history_days=_whole(retention, "history_days", 1, 36500, Policy.history_days),
        digest=digest,
    )


def _table(page: Page, document: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> Table:
    table = Table.at(page, (name,), document.get(name, {}))
    table.allow(keys)
    return table


def _many(page: Page, document: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> Iterator[Table]:
    """The tables of [[<name>]]."""
    found = document.get(name, [])
    if not isinstance(found, list):
        page.wrong((name,), f"{name} must be written as [[{name}]], once for each")
        return
    for number, one in enumerate(found):
        table = Table.at(page, (name, number), one, f"[[{name}]]")
        table.allow(keys)
        yield table


def _whole(table: Table, key: str, least: int, most: int, default: int) -> int:
    value = table.number(key, least, most, whole=True)
    return default if value is None else int(value)


# -- one kind each ---------------------------------------------------------------------------------------


def _versions(page: Page, document: Mapping[str, Any]) -> Iterator[VersionRule]:
    stricter = [mode for mode in Mode if mode is not Mode.AUTO]
    for table in _many(page, document, "versions", ("user_version", "user_desc", "mode", "reason")):
        if not table.has("user_version") and not table.has("user_desc"):
            page.wrong(table.path, f"{table.label}: means every version; it needs user_version or user_desc")
        if not table.has("mode"):
            table.wrong("mode", f"is missing; must be one of {', '.join(stricter)}")
        mode = table.one_of("mode", stricter)
        yield VersionRule(
            Mode(mode or Mode.HOLD),
            table.text("user_version"),
            table.text("user_desc"),
            table.text("reason"),
            table.line,
        )


def _freezes(page: Page, document: Mapping[str, Any], zone: tzinfo, known: Who) -> Iterator[Freeze]:
    for table in _many(page, document, "freezes", ("from", "to", "time_zone", "reason", "only", "except")):
        here = groups.time_zone(table, zone)
        since, until = _moment(table, "from", here), _moment(table, "to", here)
        if since is not None and until is not None and since >= until:
            table.wrong("to", "must be later than from")
        yield Freeze(
            since or 0.0,
            until or 0.0,
            table.text("reason") or "no reason given",
            groups.whom(table, "only", known),
            groups.whom(table, "except", known),
            table.line,
        )


def _moment(table: Table, key: str, zone: tzinfo) -> float | None:
    try:
        return moment(table.values.get(key), zone)
    except ValueError as error:
        if table.has(key):
            table.wrong(key, str(error))
        else:
            table.wrong(key, "is missing; a freeze has a beginning and an end")
        return None


def _waves(page: Page, document: Mapping[str, Any], known: Who) -> Waves:
    waves = _table(page, document, "waves", ("max_failures",))
    rings: list[Ring] = []
    keys = ("name", "authorizers", *groups.KINDS, "first", "healthy_seconds", "max_failures")
    for table in _many(page, document, "rings", keys):
        ring = _ring(table, f"ring {len(rings) + 1}", known)
        if ring.name in [other.name for other in rings]:
            table.odd("name", "another ring has this name")
        rings.append(ring)
    return Waves(tuple(rings), _whole(waves, "max_failures", 0, 1_000_000, Waves().max_failures))


def _ring(table: Table, name: str, known: Who) -> Ring:
    members = groups.appids(table, "authorizers")
    for kind in groups.KINDS:
        for one in table.texts(kind) or ():
            if f"{kind}.{one}" not in known:
                table.odd(kind, f"there is no [{kind}.{one}]", one)
            members |= {f"{kind}.{one}"}
    named = any(table.has(key) for key in ("authorizers", *groups.KINDS))
    if named == table.has("first"):
        table.page.wrong(
            table.path, f"{table.label}: needs either first, or authorizers, lists, tags or patterns"
        )
    healthy = table.number("healthy_seconds", 0, _MONTH_SECONDS)
    return Ring(
        table.text("name") or name,
        members,
        _whole(table, "first", 1, 1_000_000, 0),
        Ring(name).healthy_seconds if healthy is None else healthy,
        _whole(table, "max_failures", 0, 1_000_000, 0),
        table.line,
    )


def _held(page: Page, document: Mapping[str, Any]) -> Held:
    """Hours in the file; 0 is never."""
    table = _table(page, document, "held", ("remind_hours", "expire_hours"))
    remind = table.number("remind_hours", 0, 8760)
    expire = table.number("expire_hours", 0, 8760)
    usual = Held()
    return Held(
        usual.remind_seconds if remind is None else remind * 3600 or None,
        usual.expire_seconds if expire is None else expire * 3600 or None,
    )


def _pace(page: Page, document: Mapping[str, Any]) -> Pace:
    table = _table(page, document, "pace", ("releases_per_second", "concurrency"))
    usual = Pace()
    speed = table.number("releases_per_second", 0.01, 1000)
    return Pace(
        usual.releases_per_second if speed is None else speed,
        _whole(table, "concurrency", 1, 1000, usual.concurrency),
    )

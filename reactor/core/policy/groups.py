"""Rules by whom they are about: the default, authorizers, lists, tags, patterns."""

import re
from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import Any

from reactor.core.policy.clauses import HOME, window, zone_named
from reactor.core.policy.rules import GrayStep, Mode, Pattern, Terms, Who, Window
from reactor.core.policy.tables import Page, Table

_TERMS = ("mode", "delay_seconds", "windows", "time_zone", "gray", "reason")
_NAMES = ("nick_name", "user_name", "authorizer_appid")
_APPID = re.compile(r"wx[0-9a-f]{16}")
_LONGEST_SECONDS = 30 * 86400
KINDS = ("lists", "tags", "patterns")


def read_default(page: Page, document: Mapping[str, Any]) -> tuple[Terms, tzinfo]:
    """[default], and the time zone of all that name none."""
    table = Table.at(page, ("default",), document.get("default", {}))
    table.allow(_TERMS)
    zone = time_zone(table, zone_named(HOME, page.zones))
    return _terms(table, zone), zone


def read_authorizers(
    page: Page, document: Mapping[str, Any], zone: tzinfo
) -> tuple[dict[str, Terms], dict[str, frozenset[str]]]:
    """[authorizers.<appid>]: what is said of each, and the tags that each carries."""
    rules, tagged = {}, {}
    for appid, table in _each(page, document, "authorizers", "appid").items():
        if not _APPID.fullmatch(appid):
            page.wrong(table.path, f"{table.label}: an appid is wx and 16 lower-case hex digits")
        table.allow((*_TERMS, "tags"))
        tags = table.texts("tags") or ()
        for tag in tags:
            if not isinstance(document.get("tags"), dict) or tag not in document["tags"]:
                table.wrong("tags", f"there is no [tags.{tag}]; it may be an empty table")
        if tags:
            tagged[appid] = frozenset(tags)
        rules[appid] = _terms(table, _own_zone(table, zone))
    return rules, tagged


def read_lists(
    page: Page, document: Mapping[str, Any], zone: tzinfo
) -> tuple[dict[str, Terms], dict[str, frozenset[str]]]:
    """[lists.<name>]: what is said of each, and who is in it."""
    rules, members = {}, {}
    for name, table in _each(page, document, "lists", "name").items():
        table.allow(("authorizers", *_TERMS))
        if not table.has("authorizers"):
            table.wrong("authorizers", "is missing; name who is in the list")
        members[name] = appids(table, "authorizers")
        rules[name] = _terms(table, _own_zone(table, zone))
    return rules, members


def read_tags(page: Page, document: Mapping[str, Any], zone: tzinfo) -> dict[str, Terms]:
    """[tags.<name>]: what is said of whoever carries it."""
    rules = {}
    for name, table in _each(page, document, "tags", "name").items():
        table.allow(_TERMS)
        rules[name] = _terms(table, _own_zone(table, zone))
    return rules


def read_patterns(
    page: Page, document: Mapping[str, Any], zone: tzinfo
) -> tuple[dict[str, Terms], tuple[Pattern, ...]]:
    """[patterns.<name>]: what is said of whoever's names are like these."""
    rules, fits = {}, []
    for name, table in _each(page, document, "patterns", "name").items():
        table.allow((*_NAMES, *_TERMS))
        if not any(table.has(key) for key in _NAMES):
            page.wrong(
                table.path, f"{table.label}: names nobody; it needs {', '.join(_NAMES)}, or one of them"
            )
        fits.append(Pattern(name, **{key: table.text(key) for key in _NAMES}))
        rules[name] = _terms(table, _own_zone(table, zone))
    return rules, tuple(fits)


def _each(page: Page, document: Mapping[str, Any], kind: str, of: str) -> dict[str, Table]:
    """The tables below [<kind>]."""
    tables = document.get(kind, {})
    if not isinstance(tables, dict):
        page.wrong((kind,), f"{kind} must be tables, one [{kind}.<{of}>] each")
        return {}
    return {name: Table.at(page, (kind, name), table) for name, table in tables.items()}


# -- who -------------------------------------------------------------------------------------------------


def appids(table: Table, key: str) -> frozenset[str]:
    """Authorizers, named by their appids."""
    named = table.texts(key) or ()
    for appid in named:
        if not _APPID.fullmatch(appid):
            table.odd(key, "an appid is wx and 16 lower-case hex digits", appid)
    return frozenset(named)


def whom(table: Table, key: str, known: Collection[str]) -> Who:
    """Appids and groups, as in lists.vip; a group must be there."""
    named = table.texts(key) or ()
    for one in named:
        if not _APPID.fullmatch(one) and one not in known:
            table.odd(
                key, "is neither an appid nor a list, tag or pattern of this file, as in lists.vip", one
            )
    return frozenset(named)


def known_groups(document: Mapping[str, Any]) -> frozenset[str]:
    """What may be named as `lists.<name>`, `tags.<name>` or `patterns.<name>`."""
    tables = {kind: document.get(kind) for kind in KINDS}
    return frozenset(
        f"{kind}.{name}" for kind, table in tables.items() if isinstance(table, dict) for name in table
    )


# -- what ------------------------------------------------------------------------------------------------


def _terms(table: Table, zone: tzinfo) -> Terms:
    mode = table.one_of("mode", list(Mode))
    return Terms(
        table.label[1:-1],
        table.line,
        mode=Mode(mode) if mode else None,
        delay_seconds=table.number("delay_seconds", 0, _LONGEST_SECONDS),
        windows=_windows(table, zone),
        gray=_gray(table) if table.has("gray") else None,
        reason=table.text("reason"),
    )


def time_zone(table: Table, usual: tzinfo) -> tzinfo:
    """The one that the table names, or the usual one."""
    name = table.text("time_zone")
    try:
        return zone_named(name, table.page.zones) if name else usual
    except ValueError as error:
        table.odd("time_zone", str(error))
        return usual


def _own_zone(table: Table, usual: tzinfo) -> tzinfo:
    if table.has("time_zone") and not table.has("windows"):
        table.wrong("time_zone", "says nothing without windows beside it")
    return time_zone(table, usual)


def _windows(table: Table, zone: tzinfo) -> tuple[Window, ...] | None:
    found = []
    for text in table.texts("windows") or ():
        try:
            found.append(window(text, zone))
        except ValueError as error:
            table.odd("windows", str(error), text)
    return tuple(found) or None


def _gray(table: Table) -> tuple[GrayStep, ...] | None:
    """Steps that grow; the last is followed by the release to all."""
    steps: list[GrayStep] = []
    for step in table.tables("gray"):
        step.allow(("percentage", "wait_seconds"))
        if not step.has("percentage"):
            step.wrong("percentage", "is missing")
        percentage = step.number("percentage", 1, 99, whole=True)
        wait = step.number("wait_seconds", 0, _LONGEST_SECONDS)
        if percentage is None:
            continue
        if steps and percentage <= steps[-1].percentage:
            step.odd("percentage", "must be more than that of the step before it")
        steps.append(GrayStep(int(percentage), GRAY_WAIT_SECONDS if wait is None else wait))
    return tuple(steps) or None


GRAY_WAIT_SECONDS = 3600.0

"""The policy file as text becomes a Policy, or every problem in it at once."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from reactor.core.errors import PolicyError
from reactor.core.policy.rules import Mode, Pace, Policy, Terms

_APPID = re.compile(r"wx[0-9a-f]{16}")


def parse_policy(text: str) -> Policy:
    """Read a policy file; PolicyError names every problem at once."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of numbers and nesting without measure
        raise PolicyError(f"the policy file is not valid TOML: {error}") from error
    problems: list[str] = [
        f"[{name}] is not known; a policy has {', '.join(f'[{known}]' for known in _TABLES)}"
        for name in document
        if name not in ("default", "authorizers", "pace", "retention")
    ]
    default = _terms("default", document.get("default", {}), problems)
    tables = document.get("authorizers", {})
    if not isinstance(tables, dict):
        problems.append("authorizers must be tables, one [authorizers.<appid>] each")
        tables = {}
    rules = {}
    for appid, table in tables.items():
        if not _APPID.fullmatch(appid):
            problems.append(f"[authorizers.{appid}]: an appid is wx and 16 lower-case hex digits")
        rules[appid] = _terms(f"authorizers.{appid}", table, problems)
    pace = _numbers("pace", document.get("pace", {}), _PACE, problems)
    retention = _numbers("retention", document.get("retention", {}), _RETENTION, problems)
    if problems:
        raise PolicyError("\n".join(problems))
    speed = Pace(float(pace["releases_per_second"]), int(pace["concurrency"]))
    return Policy(default, rules, pace=speed, retention_days=int(retention["days"]))


_TABLES = ("default", "authorizers.<appid>", "pace", "retention")
# Key → the default, the least, the most, and whether only whole numbers will do.
_PACE = {"releases_per_second": (20.0, 0.01, 1000, False), "concurrency": (16, 1, 1000, True)}
_RETENTION = {"days": (400, 1, 36500, True)}


def _numbers(
    name: str, table: Any, known: Mapping[str, tuple[float, float, float, bool]], problems: list[str]
) -> dict[str, float]:
    """The numbers of one table, with the default for those not given."""
    if not isinstance(table, dict):
        problems.append(f"[{name}] must be a table")
        table = {}
    problems.extend(
        f"[{name}] {key}: not known; [{name}] has {' and '.join(known)}" for key in table if key not in known
    )
    found = {}
    for key, (default, least, most, whole) in known.items():
        value = table.get(key, default)
        allowed = int if whole else int | float
        if isinstance(value, bool) or not isinstance(value, allowed) or not least <= value <= most:
            kind = "whole number" if whole else "number"
            problems.append(f"[{name}] {key} = {value!r}: must be a {kind} from {least} to {most}")
            value = default
        found[key] = value
    return found


def _terms(name: str, table: Any, problems: list[str]) -> Terms:
    if not isinstance(table, dict):
        problems.append(f"[{name}] must be a table")
        return Terms(name)
    problems.extend(
        f"[{name}] {key}: not known; a rule has mode and delay_seconds"
        for key in table
        if key not in ("mode", "delay_seconds")
    )
    mode, delay = table.get("mode"), table.get("delay_seconds")
    if mode is not None and mode not in list(Mode):
        problems.append(f"[{name}] mode = {mode!r}: must be one of {', '.join(Mode)}")
        mode = None
    wrong = isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay <= 30 * 86400
    if delay is not None and wrong:
        problems.append(f"[{name}] delay_seconds = {delay!r}: must be a number from 0 to 2592000")
        delay = None
    return Terms(
        name, mode=Mode(mode) if mode else None, delay_seconds=None if delay is None else float(delay)
    )

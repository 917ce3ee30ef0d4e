"""Windows and moments as people write them; ValueError says in words what is wrong with one."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo

from reactor.core.policy.rules import Window

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"(?:(?P<days>[A-Za-z,-]+) +)?(?P<since>\d\d:\d\d)-(?P<until>\d\d:\d\d)", re.ASCII)
_MIDNIGHT = 24 * 60
_YEARS = range(1971, 2200)
HOME = "Asia/Shanghai"
_HOME = timezone(timedelta(hours=8), HOME)  # no daylight saving since 1991

Zones = Callable[[str], tzinfo]


def shanghai_only(name: str) -> tzinfo:
    """The one time zone that is known without a table of them."""
    if name != HOME:
        raise LookupError(name)
    return _HOME


def zone_named(name: str, zones: Zones) -> tzinfo:
    """The time zone of this name."""
    try:
        return zones(name)
    except (LookupError, ValueError, OSError):  # what `zoneinfo` says to names of every kind
        raise ValueError("must be the name of a time zone, as in Asia/Shanghai") from None


def window(text: str, zone: tzinfo) -> Window:
    """`Mon-Fri 09:00-18:00`, `Sat,Sun 10:00-16:00`, or `22:00-02:00` for every day."""
    found = _WINDOW.fullmatch(text)
    days = _days(found["days"]) if found else None
    since, until = (_minute(found["since"]), _minute(found["until"])) if found else (None, None)
    if not days or since is None or until is None or since == _MIDNIGHT:
        raise ValueError("must be as in Mon-Fri 09:00-18:00, or Sat,Sun 22:00-02:00")
    if since == until:
        raise ValueError("begins and ends at the same time; the whole day is 00:00-24:00")
    return Window(text, days, since, until, zone)


def _days(text: str | None) -> frozenset[int] | None:
    """Numbers of weekdays, from 0; None for what is none."""
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        ends = [_day(name) for name in part.split("-")]
        if len(ends) > 2 or None in ends:  # noqa: PLR2004 -- from, to
            return None
        first, last = ends[0] or 0, ends[-1] or 0
        days.update((first + number) % 7 for number in range((last - first) % 7 + 1))
    return frozenset(days)


def _day(name: str) -> int | None:
    return _DAYS.index(name.capitalize()) if name.capitalize() in _DAYS else None


def _minute(text: str) -> int | None:
    hour, minute = int(text[:2]), int(text[3:])
    whole = hour * 60 + minute
    return whole if minute < 60 and whole <= _MIDNIGHT else None  # noqa: PLR2004 -- of an hour


def moment(value: object, zone: tzinfo) -> float:
    """A date with a time, in `zone` where it names no offset of its own."""
    if not isinstance(value, datetime):
        raise ValueError("must be a date and a time without quotes, as in 2026-10-01T00:00:00")  # noqa: TRY004 -- odd, not wrong
    if value.year not in _YEARS:
        raise ValueError("is too far away")
    return (value if value.tzinfo else value.replace(tzinfo=zone)).timestamp()

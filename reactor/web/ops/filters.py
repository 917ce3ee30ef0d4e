"""What a list is filtered by, as the address says it; anything odd is refused in words, never guessed."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NoReturn
from urllib.parse import urlencode

from flask import abort, request

from reactor.records import LARGEST_ID
from reactor.words.times import SHANGHAI

PAGE = 50
_APPID_FORM = re.compile("wx[0-9a-f]{16}")
_ID_FORM = re.compile("[1-9][0-9]{0,18}")
_DAY_FORM = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT_FORM = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")
_WALL_FORM = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
_LONGEST_TEXT = 100
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


def expect(*known: str) -> None:
    """Refuse what this list does not know, and what is given twice where once makes sense."""
    for name, values in request.args.lists():
        if name not in known:
            _refuse(f"The filter {name!r} is not known here.")
        if len(values) > 1 and name != "state":
            _refuse(f"The filter {name!r} can be given once only.")


def several(name: str, allowed: Collection[str]) -> list[str]:
    """The values given, each one of those allowed; a form sends an empty one for none."""
    values = [value for value in request.args.getlist(name) if value]
    if any(value not in allowed for value in values):
        _refuse(f"The filter {name!r} takes one of these: {', '.join(allowed)}.")
    return values


def one_of(name: str, allowed: Collection[str]) -> str | None:
    """As `several`, for one."""
    return next(iter(several(name, allowed)), None)


def appid(name: str) -> str | None:
    """An appid, if there is one."""
    value = request.args.get(name, "").strip()
    if value and not _APPID_FORM.fullmatch(value):
        _refuse("An appid is wx and 16 lower-case hex digits.")
    return value or None


def text(name: str) -> str | None:
    """A few words, if there are any."""
    value = request.args.get(name, "").strip()
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        _refuse("What is searched for is too long, or no text.")
    return value or None


def row_id(name: str) -> int | None:
    """An id to go on from, if there is one."""
    value = request.args.get(name, "")
    if value and not (_ID_FORM.fullmatch(value) and int(value) <= LARGEST_ID):
        _refuse("The place in the list is not one that this list gave.")
    return int(value) if value else None


def moment(name: str) -> float | None:
    """A moment in Unix seconds to go on from, if there is one."""
    value = request.args.get(name, "")
    if value and not _MOMENT_FORM.fullmatch(value):
        _refuse("The place in the list is not one that this list gave.")
    return float(value) if value else None


def day(name: str, *, end: bool = False) -> float | None:
    """Where a day of Asia/Shanghai begins, or ends, in Unix seconds."""
    value = request.args.get(name, "")
    if not value:
        return None
    try:
        begin = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError:
        begin = None
    if begin is None or not _DAY_FORM.fullmatch(value) or not 1 < begin.year < _LAST_YEAR:
        _refuse("A day is written like 2026-01-31.")
    return (begin + timedelta(days=1 if end else 0)).timestamp()


def wall(name: str) -> float | None:
    """A moment by the clock of Asia/Shanghai, in Unix seconds, as a browser's own field writes it."""
    value = request.args.get(name, "")
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value).replace(tzinfo=SHANGHAI)
    except ValueError:
        at = None
    if at is None or not _WALL_FORM.fullmatch(value) or not _FIRST_YEAR < at.year < _LAST_YEAR:
        _refuse("A moment is written like 2026-01-31T10:00.")
    return at.timestamp()


def today(now: float, *, days_ago: int = 0) -> str:
    """A day of Asia/Shanghai as its filter takes it."""
    return (datetime.fromtimestamp(now, SHANGHAI) - timedelta(days=days_ago)).strftime("%Y-%m-%d")


def address(path: str, **changed: object) -> str:
    """This list's address with some filters changed; None takes one away. Its place is not kept."""
    given = [(name, value) for name, value in request.args.items(multi=True) if value and name != "before"]
    kept = [(name, value) for name, value in given if name not in changed]
    new = [(name, value) for name, value in changed.items() if value is not None]
    query = urlencode([*kept, *new])
    return f"{request.script_root}{path}{'?' if query else ''}{query}"


def _refuse(words: str) -> NoReturn:
    abort(400, words)

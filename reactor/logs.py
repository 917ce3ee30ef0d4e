"""One line a decision on stderr: readable on a terminal, JSON everywhere else.

A line is logged as `log.info("release=%s errcode=%s", …)`: the names before the signs are its fields. What
`about` gives stands on every line inside it, whoever writes it.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

SHORTEST_SECRET = 8  # less would be found in honest words
MASK = "•••"
_FIELD = re.compile(r'(?:^|(?<=\s))([a-z][a-z_]*)=(?:"?%(?:\(([^)]+)\))?[sr]"?|([^\s%]+))')
_SIGN = re.compile("%[sr]")
# What a library may put on a line of its own: a query with a token, a header, a URL with a password.
_TELLING = re.compile(
    r"((?:(?:access|refresh)_token|verify_ticket|(?:auth|authorization)_code|appsecret|password)"
    r"[\"']?\s*[=:]\s*[\"']?|Bearer\s+|://[^\s/:@]+:)([^\s\"'&,}@]{8,})",
    re.IGNORECASE,
)
_context: ContextVar[Mapping[str, object]] = ContextVar("about", default={})  # noqa: B039 -- never changed in place


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Have these fields on every line that is written inside."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def start_logging(secrets: Iterable[str] = ()) -> None:
    """Write lines to stderr; no secret of these stands in one, whoever logged it."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(secrets, terminal=sys.stderr.isatty()))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in ("alembic", "werkzeug"):  # what the libraries do is their own affair
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter(secrets: Iterable[str] = (), *, terminal: bool) -> logging.Formatter:
    """What makes a line of a record."""
    return (_Readable if terminal else _Json)(secrets)


class _Masking(logging.Formatter):
    """A second net: our own lines hold no secret, but a library's or a traceback's might."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        hidden = sorted((one for one in secrets if len(one) >= SHORTEST_SECRET), key=len, reverse=True)
        self._hidden = re.compile("|".join(map(re.escape, hidden))) if hidden else None

    def masked(self, text: str) -> str:
        if self._hidden:
            text = self._hidden.sub(MASK, text)
        return _TELLING.sub(rf"\g<1>{MASK}", text)

    def trouble(self, record: logging.LogRecord) -> str:
        """The traceback, if there is one."""
        return self.formatException(record.exc_info) if record.exc_info else ""


class _Readable(_Masking):
    """For a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        room = record.name.removeprefix("reactor.")
        written = {name for name, _ in _fields(record)}
        more = [f"{name}={value}" for name, value in _context.get().items() if name not in written]
        line = " ".join([at, f"{record.levelname:<7}", f"{room:<12}", record.getMessage(), *more])
        return self.masked("\n".join(filter(None, [_one_line(line), self.trouble(record)])))


class _Json(_Masking):
    """For a machine: one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.trouble(record)
        fields = {**_context.get(), **dict(_fields(record)), **told}
        masked = {name: self._safe(value) for name, value in fields.items()}
        return json.dumps({name: masked[name] for name in (*told, *fields)}, ensure_ascii=False)

    def _safe(self, value: object) -> object:
        if value is None or isinstance(value, int | float):
            return value
        return self.masked(str(value))


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """What the text names: `release=%s` with its value, `push=refused` as it stands."""
    text, given = str(record.msg), record.args
    values = iter(given if isinstance(given, tuple) else ())
    at = 0
    for found in _FIELD.finditer(text):
        for _ in _SIGN.findall(text, at, found.start()):  # without a name
            next(values, None)
        at = found.end()
        name, key, plain = found.groups()
        if plain is not None:
            yield name, plain
        elif key is not None:
            yield name, given[key] if isinstance(given, Mapping) else None
        else:
            yield name, next(values, None)


def _one_line(text: str) -> str:
    """Nobody forges a line by a name with a line break in it."""
    return text.replace("\r", "\\r").replace("\n", "\\n")

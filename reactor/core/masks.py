"""Texts from and to WeChat as they may be kept: secrets masked by value and by name, bounded."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

MASK = "•••"
LIMIT = 4000
DEPTH = 16
_NAME = "(?:token|ticket|secret|authorization_?code|auth_?code|password|key)"
_SECRET_NAME = re.compile(f"{_NAME}$", re.IGNORECASE)
_ELEMENT = re.compile(rf"(<([^<>/\s!?]*{_NAME})\s*>).*?(?=</\2|\Z)", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(rf"({_NAME}[\"']?\s*[=:]\s*[\"']?)[^\s\"'&<>,;}}]+", re.IGNORECASE)
# Nothing that people write is as long without a break, but the name of an element: a token, a ticket, a code.
_RUN = "[0-9A-Za-z_@+/=-]"
_OPAQUE = re.compile(f"(?<!<)(?<!{_RUN}){_RUN}{{20,}}")


def hide(text: str, secrets: Iterable[str]) -> str:
    """Replace these values, plain and as in a URL, and what would break a log line."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for shape in (secret, quote(secret, safe=""), quote(secret)):
            text = text.replace(shape, MASK)
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def mask_json(value: Any, secrets: tuple[str, ...] = ()) -> str:
    """JSON as one line; what goes by the name of a secret is masked, whatever it is."""
    return _cut(json.dumps(_masked(value, secrets, DEPTH), ensure_ascii=False))


def _masked(value: Any, secrets: tuple[str, ...], depth: int) -> Any:
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        return {
            hide(name, secrets): MASK
            if one and _SECRET_NAME.search(name)
            else _masked(one, secrets, depth - 1)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_masked(one, secrets, depth - 1) for one in value]
    return hide(value, secrets) if isinstance(value, str) else value


def mask_text(text: str, secrets: tuple[str, ...] = ()) -> str:
    """A text of no known form: names are told by what follows them, and long runs of letters are masked."""
    text = _PAIR.sub(rf"\1{MASK}", hide(text, secrets))
    return _cut(_OPAQUE.sub(MASK, text))


def mask_event(message: bytes) -> str:
    """A decrypted push that was read: the elements that hold a secret are emptied."""
    return _cut(hide(_emptied(message.decode("utf-8", "replace")), ()))


def mask_unreadable(message: bytes) -> str | None:
    """A decrypted push that nobody could read; None when it is no text at all."""
    try:
        text = message.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else mask_text(_emptied(text))


def _emptied(text: str) -> str:
    return _ELEMENT.sub(rf"\1{MASK}", text)


def _cut(text: str) -> str:
    return text if len(text) <= LIMIT else f"{text[:LIMIT]}…"

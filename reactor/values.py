"""What a variable's value may be: each reader gives the value, or says what is wrong and what to do."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from reactor.core.channels import Channel, OddChannelError, parse_channels
from reactor.core.crypto import decode_aes_key


class OddError(Exception):
    """A value that is refused: what is wrong with it and what to do, without the value."""


def _matching(pattern: str, problem: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise OddError(problem)
        return value

    return read


def _list_of(read_one: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    def read(value: str) -> tuple[Any, ...]:
        entries = value.split(",")
        if any(not entry or entry != entry.strip() for entry in entries):
            raise OddError("has an empty entry or a space beside a comma; put one comma between two entries")
        if len(set(entries)) < len(entries):
            raise OddError("has the same entry twice; while rotating, keep the old one behind the new one")
        return tuple(read_one(entry) for entry in entries)

    return read


def whole(high: int) -> Callable[[str], int]:
    """Make the reader of whole numbers from 1."""

    def read(value: str) -> int:
        if not re.fullmatch(r"[1-9][0-9]{0,8}", value) or int(value) > high:
            raise OddError(f"is not a whole number from 1 to {high}; write digits only")
        return int(value)

    return read


def scale(value: str) -> float:
    """A factor above 0."""
    if not re.fullmatch(r"[0-9](\.[0-9]{1,9})?|10(\.0{1,9})?", value) or float(value) == 0:
        raise OddError("is not a decimal number above 0 and up to 10; write 1 for the usual waits")
    return float(value)


def _aes_key(value: str) -> bytes:
    try:
        return decode_aes_key(value)
    except ValueError:
        problem = f"has an entry of {len(value)} characters that is not 43 letters or digits"
        raise OddError(f"{problem}; copy 消息加解密Key from the console") from None


def _split(value: str) -> SplitResult:
    try:
        url = urlsplit(value)
        _ = url.port  # raises when it is no number
    except ValueError:
        problem = "is no URL; write it out in full, with special characters of a password percent-encoded"
        raise OddError(problem) from None
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def api_url(value: str) -> str:
    """https, or plain on this machine alone."""
    url = _split(value)
    host = url.hostname or ""
    if not (url.scheme == "https" and host) and not (url.scheme == "http" and _is_loopback(host)):
        raise OddError("is neither https nor loopback; write https://…, secrets must not travel in the clear")
    if re.search(r"[@?#\s]", value):
        raise OddError("holds a user, a query, a fragment or a space; give scheme, host and path only")
    return value.rstrip("/")


def proxy_url(value: str) -> str:
    """With user and password if need be."""
    if not re.fullmatch(r"https?://[^/?#\s]+/?", value) or not _split(value).hostname:
        raise OddError("is no http:// or https:// proxy; write http://user:password@host:port")
    return value


def database_url(value: str) -> str:
    """One of the two databases."""
    if value.startswith("sqlite:"):
        return _sqlite_url(value)
    url = _split(value)
    if url.scheme not in ("postgres", "postgresql"):
        raise OddError("is no supported database; write sqlite:///path, postgres://… or postgresql://…")
    if not url.path.strip("/"):
        raise OddError("names no database; write postgresql://user:password@host:port/database")
    return value


def public_url(value: str) -> str:
    """Scheme and host, and a path if the proxy before us cuts one off; plain http on this machine alone."""
    return api_url(value)


def proxies(value: str) -> int:
    """How many proxies stand before us; none is a number as well."""
    return 0 if value == "0" else whole(5)(value)


def notify(value: str) -> tuple[Channel, ...]:
    """One or more channels."""
    try:
        return parse_channels(value)
    except OddChannelError as error:
        problem = str(error)
    raise OddError(problem)


lang = _matching(r"en|zh", "is neither en nor zh; choose one of the two")
component_appid = _matching(r"wx[0-9a-f]{16}", "is not wx and 16 lower-case hex digits; copy it again")
appsecret = _matching(r"\S+", "has a space in it; copy it again")
_token = _matching(r"[0-9A-Za-z]{3,32}", "has an entry that is not 3 to 32 letters or digits; copy it again")
tokens = _list_of(_token)
aes_keys = _list_of(_aes_key)
_secret_key = _matching(r".{32,}", "has an entry shorter than 32 characters; use openssl rand -hex 32")
secret_keys = _list_of(_secret_key)
ops_password = _matching(r".{12,}", "is shorter than 12 characters; choose a longer one")
api_token = _matching(r"[!-~]{20,}", "is shorter than 20 characters or not ASCII; use openssl rand -hex 32")
worker = _matching(r"thread|external", "is neither thread nor external; choose one of the two")
seconds = whole(999_999_999)
_sqlite_url = _matching(
    r"sqlite:///(?!:memory:|file:)[^?#]*[^?#/]",
    "names no SQLite file; write sqlite:///path, with four slashes for an absolute path, and not in memory",
)

"""REACTOR_NOTIFY: URLs → channels, each a frozen value that keeps its secrets out of its repr.

No problem text quotes a value, as with every other variable.
"""

import binascii
import re
from base64 import b64encode
from dataclasses import dataclass, field, fields
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

MOST = 20
_GENERIC = {"json", "jsons", "xml", "xmls", "form", "forms"}  # of Apprise, and without a guard
_BETWEEN = re.compile(r"[,\s]+(?=[a-z][a-z0-9+.-]*://)")  # a comma may also stand inside a URL
_WORD = r"[0-9A-Za-z_-]{8,128}"
_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_SECRET_BYTES = range(24, 65)  # as Standard Webhooks asks for


class OddChannelError(ValueError):
    """A URL that names no channel: what is wrong and what to write, without the URL."""


@dataclass(frozen=True, slots=True)
class WeCom:
    """A group bot of WeCom (企业微信)."""

    name: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Feishu:
    """A custom bot of Feishu (飞书); with a secret it is signed."""

    name: str
    token: str = field(repr=False)
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DingTalk:
    """A custom bot of DingTalk (钉钉); with a secret it is signed."""

    name: str
    token: str = field(repr=False)
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack; the path is its secret."""

    name: str
    path: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server; `implicit_tls` from the first byte, otherwise by STARTTLS."""

    name: str
    host: str
    port: int
    implicit_tls: bool
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Anybody's https URL, signed as Standard Webhooks says; `target` is path and query."""

    name: str
    host: str
    target: str = field(repr=False)
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Apprise:
    """Whatever else the Apprise library speaks."""

    name: str
    url: str = field(repr=False)


Channel = WeCom | Feishu | DingTalk | Slack | Mail | Webhook | Apprise


def secrets_of(channel: Channel) -> tuple[str, ...]:
    """What of a channel no line may show, as text."""
    hidden = (getattr(channel, one.name) for one in fields(channel) if not one.repr)
    texts = (b64encode(one).decode() if isinstance(one, bytes) else one for one in hidden)
    return tuple(text for text in texts if text)


def parse_channels(text: str) -> tuple[Channel, ...]:
    """Every channel of a list, named by its kind and, from the second of a kind on, a number."""
    urls = _BETWEEN.split(text.strip())
    if len(set(urls)) < len(urls):
        raise OddChannelError("has the same entry twice; write each channel once")
    if len(urls) > MOST:
        raise OddChannelError(f"has more than {MOST} entries; one group with many members does as well")
    seen: dict[str, int] = {}
    return tuple(_channel(url, seen) for url in urls)


def _channel(url: str, seen: dict[str, int]) -> Channel:
    scheme, found, _ = url.partition("://")
    kind = _kind(scheme) if found else None
    if kind is None:
        raise OddChannelError(
            "has an entry that is no channel; write wecom://, feishu://, dingtalk://, slack://, smtp://, "
            "smtps://, webhook+https:// or apprise+… URLs, separated by spaces or commas"
        )
    seen[kind] = seen.get(kind, 0) + 1
    name = kind if seen[kind] == 1 else f"{kind}-{seen[kind]}"
    if kind == "apprise":
        return _apprise(name, url.removeprefix("apprise+"))
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no number
    except ValueError:
        raise _odd(kind, "is no URL; percent-encode what is special in it") from None
    return _READERS[kind](name, parts)


def _kind(scheme: str) -> str | None:
    if scheme.startswith("apprise+"):
        return "apprise"
    return _SCHEMES.get(scheme)


def _apprise(name: str, url: str) -> Channel:
    if url.partition("://")[0].lower() in _GENERIC:
        raise _odd("apprise", "is a URL of anybody's, which may lead inside; write webhook+https://… for it")
    return Apprise(name, url)


def _odd(kind: str, problem: str) -> OddChannelError:
    return OddChannelError(f"has a {kind} entry that {problem}")


def _query(kind: str, parts: SplitResult, *allowed: str) -> dict[str, str]:
    """The query, each name once and none unknown."""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if parts.fragment or not {name for name, _ in pairs} <= set(allowed) or len(dict(pairs)) < len(pairs):
        known = ", ".join(allowed) or "nothing"
        raise _odd(kind, f"says more than it may; after the question mark stands {known}")
    if any(not value for _, value in pairs):
        raise _odd(kind, "has an empty value in it; give it one, or leave its name out")
    return dict(pairs)


def _wecom(name: str, parts: SplitResult) -> Channel:
    _query("wecom", parts)
    if not re.fullmatch(_WORD, parts.netloc) or parts.path.strip("/"):
        raise _odd("wecom", "is not wecom://KEY; copy what stands behind key= in the bot's URL")
    return WeCom(name, parts.netloc)


def _feishu(name: str, parts: SplitResult) -> Channel:
    secret = _query("feishu", parts, "secret").get("secret")
    if not re.fullmatch(_WORD, parts.netloc) or parts.path.strip("/"):
        raise _odd("feishu", "is not feishu://TOKEN?secret=…; the token is the last part of the bot's URL")
    return Feishu(name, parts.netloc, secret)


def _dingtalk(name: str, parts: SplitResult) -> Channel:
    secret = _query("dingtalk", parts, "secret").get("secret")
    if not re.fullmatch(_WORD, parts.netloc) or parts.path.strip("/"):
        raise _odd("dingtalk", "is not dingtalk://TOKEN?secret=SEC…; the token stands behind access_token=")
    return DingTalk(name, parts.netloc, secret)


def _slack(name: str, parts: SplitResult) -> Channel:
    _query("slack", parts)
    path = f"{parts.netloc}{parts.path}".rstrip("/")
    if not re.fullmatch(r"[0-9A-Za-z]+/[0-9A-Za-z]+/[0-9A-Za-z]+", path):
        raise _odd("slack", "is not slack://T…/B…/…; copy what stands behind services/ in the webhook's URL")
    return Slack(name, path)


def _mail(name: str, parts: SplitResult) -> Channel:
    query = _query("smtp", parts, "from", "to")
    if not parts.hostname or parts.path.strip("/"):
        raise _odd("smtp", "names no server; write smtp://user:password@host:587/?from=…&to=…")
    sender, recipients = query.get("from", ""), tuple(query.get("to", "").split(","))
    if not all(_ADDRESS.fullmatch(one) for one in (sender, *recipients)):
        raise _odd("smtp", "lacks an address; write ?from=sender&to=one,another behind the server")
    if (parts.username is None) != (parts.password is None):
        raise _odd("smtp", "has a user without a password, or the other way round; write both or none")
    implicit = parts.scheme == "smtps"
    return Mail(
        name,
        parts.hostname,
        parts.port or (465 if implicit else 587),
        implicit,
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
        sender,
        recipients,
    )


def _webhook(name: str, parts: SplitResult) -> Channel:
    if "@" in parts.netloc or parts.port not in (None, 443) or parts.fragment:
        raise _odd("webhook", "has a user, a port or a fragment; write https on its own port, without them")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    secrets = [value for key, value in pairs if key == "secret"]
    if len(secrets) != 1:
        raise _odd("webhook", "has no secret, or several; write ?secret=whsec_… behind the URL")
    query = urlencode([pair for pair in pairs if pair[0] != "secret"])
    target = f"{parts.path or '/'}{'?' if query else ''}{query}"
    if not re.fullmatch(r"/[!-~]*", target):
        raise _odd("webhook", "has letters in its path that a URL cannot carry; percent-encode them")
    return Webhook(name, _host(parts.hostname or ""), target, _key(secrets[0]))


def _host(host: str) -> str:
    """The name as DNS knows it, an international one too."""
    try:
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_host = ""
    if not re.fullmatch(r"[0-9A-Za-z.:_-]+", ascii_host):
        raise _odd("webhook", "names no host; write webhook+https://host/path?secret=whsec_…")
    return ascii_host


def _key(secret: str) -> bytes:
    try:
        key = binascii.a2b_base64(secret.removeprefix("whsec_").replace(" ", "+"), strict_mode=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith("whsec_") or len(key) not in _SECRET_BYTES:
        raise _odd(
            "webhook", "has a secret that is not whsec_ and the base64 of 24 to 64 bytes; make a new one"
        )
    return key


_SCHEMES = {
    "wecom": "wecom",
    "feishu": "feishu",
    "dingtalk": "dingtalk",
    "slack": "slack",
    "smtp": "smtp",
    "smtps": "smtp",
    "webhook+https": "webhook",
}
_READERS = {
    "wecom": _wecom,
    "feishu": _feishu,
    "dingtalk": _dingtalk,
    "slack": _slack,
    "smtp": _mail,
    "webhook": _webhook,
}

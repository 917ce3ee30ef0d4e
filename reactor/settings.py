"""Settings: the environment → one frozen value, or every problem at once.

No problem text quotes a value: whoever mixes two variables up would print a secret. A new variable is a
field of Settings and a row of VARIABLES; config/env.example and the README's table are compared with both.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from reactor.core.crypto import decode_aes_key
from reactor.core.errors import SettingsError

_FILE_LIMIT = 64 * 1024  # a device or a log named by mistake must not fill the memory

# Each is set by a platform whose disk does not outlive a restart.
_PLATFORM_SIGNS = ("DYNO", "RENDER", "RAILWAY_ENVIRONMENT_NAME", "FLY_APP_NAME", "K_SERVICE")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator asked for; lists are newest first, and what may hold a secret stays out of repr."""

    component_appid: str
    component_appsecret: str = field(repr=False)
    message_tokens: tuple[str, ...] = field(repr=False)
    aes_keys: tuple[bytes, ...] = field(repr=False)
    wechat_api_url: str  # without a slash at the end
    wechat_proxy_url: str | None = field(repr=False)
    database_url: str = field(repr=False)
    secret_keys: tuple[str, ...] | None = field(
        repr=False
    )  # None: made on first start beside the SQLite file
    ops_password: str | None = field(repr=False)
    api_token: str | None = field(repr=False)
    worker: Literal["thread", "external"]
    policy_path: Path
    sweep_seconds: int
    sweep_all_seconds: int
    retry_scale: float
    web_concurrency: int
    port: int
    warnings: tuple[str, ...] = ()


class _OddError(Exception):
    """A value that is refused: what is wrong with it and what to do, without the value."""


def _matching(pattern: str, problem: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise _OddError(problem)
        return value

    return read


def _list_of(read_one: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    def read(value: str) -> tuple[Any, ...]:
        entries = value.split(",")
        if any(not entry or entry != entry.strip() for entry in entries):
            raise _OddError("has an empty entry or a space beside a comma; put one comma between two entries")
        if len(set(entries)) < len(entries):
            raise _OddError("has the same entry twice; while rotating, keep the old one behind the new one")
        return tuple(read_one(entry) for entry in entries)

    return read


def _whole(high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[1-9][0-9]{0,8}", value) or int(value) > high:
            raise _OddError(f"is not a whole number from 1 to {high}; write digits only")
        return int(value)

    return read


def _scale(value: str) -> float:
    if not re.fullmatch(r"[0-9](\.[0-9]{1,9})?|10(\.0{1,9})?", value) or float(value) == 0:
        raise _OddError("is not a decimal number above 0 and up to 10; write 1 for the usual waits")
    return float(value)


def _aes_key(value: str) -> bytes:
    try:
        return decode_aes_key(value)
    except ValueError:
        problem = f"has an entry of {len(value)} characters that is not 43 letters or digits"
        raise _OddError(f"{problem}; copy 消息加解密Key from the console") from None


def _split(value: str) -> SplitResult:
    try:
        url = urlsplit(value)
        _ = url.port  # raises when it is no number
    except ValueError:
        problem = "is no URL; write it out in full, with special characters of a password percent-encoded"
        raise _OddError(problem) from None
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _api_url(value: str) -> str:
    url = _split(value)
    host = url.hostname or ""
    if not (url.scheme == "https" and host) and not (url.scheme == "http" and _is_loopback(host)):
        raise _OddError(
            "is neither https nor loopback; write https://…, secrets must not travel in the clear"
        )
    if re.search(r"[@?#\s]", value):
        raise _OddError("holds a user, a query, a fragment or a space; give scheme, host and path only")
    return value.rstrip("/")


def _proxy_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+/?", value) or not _split(value).hostname:
        raise _OddError("is no http:// or https:// proxy; write http://user:password@host:port")
    return value


def _database_url(value: str) -> str:
    if value.startswith("sqlite:"):
        return _sqlite_url(value)
    url = _split(value)
    if url.scheme not in ("postgres", "postgresql"):
        raise _OddError("is no supported database; write sqlite:///path, postgres://… or postgresql://…")
    if not url.path.strip("/"):
        raise _OddError("names no database; write postgresql://user:password@host:port/database")
    return value


_component_appid = _matching(r"wx[0-9a-f]{16}", "is not wx and 16 lower-case hex digits; copy it again")
_appsecret = _matching(r"\S+", "has a space in it; copy it again")
_token = _matching(r"[0-9A-Za-z]{3,32}", "has an entry that is not 3 to 32 letters or digits; copy it again")
_tokens = _list_of(_token)
_aes_keys = _list_of(_aes_key)
_secret_key = _matching(r".{32,}", "has an entry shorter than 32 characters; use openssl rand -hex 32")
_secret_keys = _list_of(_secret_key)
_ops_password = _matching(r".{12,}", "is shorter than 12 characters; choose a longer one")
_api_token = _matching(r"[!-~]{20,}", "is shorter than 20 characters or not ASCII; use openssl rand -hex 32")
_worker = _matching(r"thread|external", "is neither thread nor external; choose one of the two")
_seconds = _whole(999_999_999)
_sqlite_url = _matching(
    r"sqlite:///(?!:memory:|file:)[^?#]*[^?#/]",
    "names no SQLite file; write sqlite:///path, with four slashes for an absolute path, and not in memory",
)


class Variable(NamedTuple):
    """One variable; `unset` says in words what an unset one means where there is no `default` to read."""

    name: str
    meaning: str
    read: Callable[[str], Any]
    default: str | None = None
    unset: str = "required"

    @property
    def default_text(self) -> str:
        """The default as the documents show it."""
        return self.unset if self.default is None else self.default

    @property
    def secret(self) -> bool:
        """Whether the value may hold a secret, as its field in Settings knows."""
        return not fields(Settings)[VARIABLES.index(self)].repr


_KEY_UNSET = "required with PostgreSQL; with SQLite made on first start beside the database, mode 0600"
_OPS_UNSET = "unset: pages answer 404"
_API_UNSET = "unset: both answer 404"

# One row for each field of Settings, in their order.
VARIABLES: tuple[Variable, ...] = (
    Variable("WECHAT_COMPONENT_APPID", "AppID of the component (第三方平台)", _component_appid),
    Variable("WECHAT_COMPONENT_APPSECRET", "AppSecret of the component", _appsecret),
    Variable("WECHAT_MESSAGE_TOKEN", "消息校验Token; several, comma-separated, while rotating", _tokens),
    Variable("WECHAT_ENCODING_AES_KEY", "消息加解密Key (43 characters); several, newest first", _aes_keys),
    Variable("WECHAT_API_URL", "base of the API", _api_url, "https://api.weixin.qq.com"),
    Variable("WECHAT_PROXY_URL", "egress proxy (fixed IP) for WeChat calls only", _proxy_url, unset="none"),
    Variable(
        "DATABASE_URL",
        "sqlite:///path, postgres://… or postgresql://…",
        _database_url,
        "sqlite:///reactor.db",
    ),
    Variable(
        "REACTOR_SECRET_KEY",
        "encrypts tokens and tickets at rest; several, comma-separated, newest first",
        _secret_keys,
        unset=_KEY_UNSET,
    ),
    Variable("REACTOR_OPS_PASSWORD", "opens the ops pages", _ops_password, unset=_OPS_UNSET),
    Variable("REACTOR_API_TOKEN", "bearer token of /api/v1 and /metrics", _api_token, unset=_API_UNSET),
    Variable("REACTOR_WORKER", "thread (in the web process) or external (worker dynos)", _worker, "thread"),
    Variable("REACTOR_POLICY", "path of the policy file", Path, "config/policy.toml"),
    Variable("REACTOR_SWEEP_SECONDS", "how often an audit under way is asked about", _seconds, "600"),
    Variable("REACTOR_SWEEP_ALL_SECONDS", "how often every other authorizer is asked", _seconds, "21600"),
    Variable("REACTOR_RETRY_SCALE", "multiplies every backoff (rehearsals use 0.01)", _scale, "1"),
    Variable("WEB_CONCURRENCY", "number of web processes, as every PaaS sets it", _whole(64), "2"),
    Variable("PORT", "port of the web process, as every PaaS sets it", _whole(65535), "8000"),
)


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment and the files named by <NAME>_FILE; SettingsError holds every problem."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for variable in VARIABLES:
        try:
            values[variable.name] = _value(variable, environ)
        except _OddError as odd:
            problems.append(f"{variable.name} {odd}.")
    if values.get("REACTOR_SECRET_KEY", "") is None and values.get("DATABASE_URL", "").startswith("postgres"):
        remedy = "make one with openssl rand -hex 32 and give it to every process"
        problems.append(f"REACTOR_SECRET_KEY is not set and PostgreSQL needs it; {remedy}.")
    if problems:
        raise SettingsError(problems)
    settings = Settings(*values.values())
    return replace(settings, warnings=_warnings(settings, environ))


def web_server(environ: Mapping[str, str]) -> tuple[int, int]:
    """Give gunicorn (WEB_CONCURRENCY, PORT); it wants numbers before it runs the hook that refuses."""
    return _or_default("WEB_CONCURRENCY", environ), _or_default("PORT", environ)


def policy_path(environ: Mapping[str, str]) -> Path:
    """REACTOR_POLICY alone, whatever else is wrong."""
    return Path(_or_default("REACTOR_POLICY", environ))


def _or_default(name: str, environ: Mapping[str, str]) -> Any:
    (variable,) = (one for one in VARIABLES if one.name == name)
    try:
        return _value(variable, environ)
    except _OddError:
        return _value(variable, {})


def _value(variable: Variable, environ: Mapping[str, str]) -> Any:
    text = _found(variable.name, environ)
    if text is None:
        text = variable.default
    if text is not None:
        return variable.read(text)
    if variable.unset != "required":
        return None
    raise _OddError(f"is not set ({variable.meaning}); set it, or {variable.name}_FILE to a file's path")


def _found(name: str, environ: Mapping[str, str]) -> str | None:
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value is not None and path is not None:
        raise _OddError(f"is set and so is {name}_FILE; remove one of the two")
    if path is not None:
        value = _file_text(path, f"comes from {name}_FILE, whose file")
    if value is None:
        return None
    if not value:
        raise _OddError("is empty; give it a value, or remove it")
    if not value.isprintable() or value != value.strip():
        raise _OddError("has a space at an end or an invisible character in it; write it anew")
    return value


def _file_text(path: str, source: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_FILE_LIMIT + 1)
        if len(content) <= _FILE_LIMIT:
            return content.decode().removesuffix("\n").removesuffix("\r")
        reason = "it is too large"
    except OSError as error:
        reason = error.strerror or "no reason given"
    except ValueError:
        reason = "it is not UTF-8 text"
    raise _OddError(f"{source} cannot be read: {reason}; check the path, the mode and the content")


def _warnings(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    sign = next((name for name in _PLATFORM_SIGNS if environ.get(name)), None)
    if sign is None or not settings.database_url.startswith("sqlite:"):
        return ()
    lost = f"DATABASE_URL is a SQLite file and {sign} is set: this platform throws its disk away at a restart"
    blind = f"REACTOR_WORKER is external and {sign} is set: the worker may not see the web's SQLite file"
    remedy = "use PostgreSQL, or keep the file on a volume that stays"
    return tuple(f"{risk}; {remedy}." for risk in (lost, blind)[: 1 + (settings.worker == "external")])

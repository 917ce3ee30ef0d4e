"""Settings: the environment → one frozen value, or every problem at once.

No problem text quotes a value: whoever mixes two variables up would print a secret. A new variable is a
field of Settings and a row of VARIABLES; config/env.example and the README's table are compared with both.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from reactor.core.errors import SettingsError
from reactor.values import (
    OddError,
    aes_keys,
    api_token,
    api_url,
    appsecret,
    component_appid,
    database_url,
    lang,
    ops_password,
    proxies,
    proxy_url,
    public_url,
    scale,
    seconds,
    secret_keys,
    tokens,
    whole,
    worker,
)

_FILE_LIMIT = 64 * 1024  # a device or a log named by mistake must not fill the memory

MASK = "••••••"
# Of a URL all but user, password and query may be seen, where there is no doubt which part is which.
_PLAIN_URL = re.compile(r"(\w+://)(?:[^@?]*@)?([^@?]+)(?:\?.*)?")

# Each is set by a platform whose disk does not outlive a restart.
_PLATFORM_SIGNS = ("DYNO", "RENDER", "RAILWAY_ENVIRONMENT_NAME", "FLY_APP_NAME", "K_SERVICE")


Source = Literal["environment", "file", "default", "unset"]


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
    public_url: str | None  # without a slash at the end
    lang: Literal["en", "zh"]
    trusted_proxies: int
    warnings: tuple[str, ...] = ()
    # Where each value came from, in the order of the fields.
    sources: tuple[Source, ...] = field(default=(), compare=False, repr=False)

    def secrets(self) -> tuple[str, ...]:
        """Every secret in here as text, for whoever keeps them out of what is shown."""
        keys = (b64encode(key).decode().rstrip("=")[:-1] for key in self.aes_keys)  # the last may be another
        urls = (self.database_url, self.wechat_proxy_url or "")
        passwords = (password for url in urls if (password := urlsplit(url).password))
        lone = (self.component_appsecret, self.ops_password, self.api_token)
        return (*filter(None, lone), *self.message_tokens, *keys, *(self.secret_keys or ()), *passwords)


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
_URL_UNSET = "unset: pages go by the request, messages carry no links"

# One row for each field of Settings, in their order.
VARIABLES: tuple[Variable, ...] = (
    Variable("WECHAT_COMPONENT_APPID", "AppID of the component (第三方平台)", component_appid),
    Variable("WECHAT_COMPONENT_APPSECRET", "AppSecret of the component", appsecret),
    Variable("WECHAT_MESSAGE_TOKEN", "消息校验Token; several, comma-separated, while rotating", tokens),
    Variable("WECHAT_ENCODING_AES_KEY", "消息加解密Key (43 characters); several, newest first", aes_keys),
    Variable("WECHAT_API_URL", "base of the API", api_url, "https://api.weixin.qq.com"),
    Variable("WECHAT_PROXY_URL", "egress proxy (fixed IP) for WeChat calls only", proxy_url, unset="none"),
    Variable(
        "DATABASE_URL",
        "sqlite:///path, postgres://… or postgresql://…",
        database_url,
        "sqlite:///reactor.db",
    ),
    Variable(
        "REACTOR_SECRET_KEY",
        "encrypts tokens and tickets at rest; several, comma-separated, newest first",
        secret_keys,
        unset=_KEY_UNSET,
    ),
    Variable("REACTOR_OPS_PASSWORD", "opens the ops pages", ops_password, unset=_OPS_UNSET),
    Variable("REACTOR_API_TOKEN", "bearer token of /api/v1 and /metrics", api_token, unset=_API_UNSET),
    Variable("REACTOR_WORKER", "thread (in the web process) or external (worker dynos)", worker, "thread"),
    Variable("REACTOR_POLICY", "path of the policy file", Path, "config/policy.toml"),
    Variable("REACTOR_SWEEP_SECONDS", "how often an audit under way is asked about", seconds, "600"),
    Variable("REACTOR_SWEEP_ALL_SECONDS", "how often every other authorizer is asked", seconds, "21600"),
    Variable("REACTOR_RETRY_SCALE", "multiplies every backoff (rehearsals use 0.01)", scale, "1"),
    Variable("WEB_CONCURRENCY", "number of web processes, as every PaaS sets it", whole(64), "2"),
    Variable("PORT", "port of the web process, as every PaaS sets it", whole(65535), "8000"),
    Variable("REACTOR_PUBLIC_URL", "https://… under which this is reached", public_url, unset=_URL_UNSET),
    Variable(
        "REACTOR_LANG", "language of commands and messages, en or zh; pages ask the browser", lang, "en"
    ),
    Variable("TRUSTED_PROXIES", "proxies before the web process whose X-Forwarded-* count", proxies, "0"),
)


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment and the files named by <NAME>_FILE; SettingsError holds every problem."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for variable in VARIABLES:
        try:
            values[variable.name] = _value(variable, environ)
        except OddError as odd:
            problems.append(f"{variable.name} {odd}.")
    if values.get("REACTOR_SECRET_KEY", "") is None and values.get("DATABASE_URL", "").startswith("postgres"):
        remedy = "make one with openssl rand -hex 32 and give it to every process"
        problems.append(f"REACTOR_SECRET_KEY is not set and PostgreSQL needs it; {remedy}.")
    if not problems:
        settings = Settings(*values.values())
        told, fatal = _platform(settings, environ)
        problems += fatal
    if problems:
        raise SettingsError(problems)
    sources = tuple(_source(variable, environ) for variable in VARIABLES)
    return replace(settings, warnings=tuple(told), sources=sources)


class Described(NamedTuple):
    """One setting as people may see it: `shown` holds no secret, None is an unset one."""

    name: str
    meaning: str
    source: Source
    shown: str | None


def describe(settings: Settings) -> tuple[Described, ...]:
    """Every setting, where it came from, and its value unless that may hold a secret."""
    values = (getattr(settings, one.name) for one in fields(settings))
    return tuple(
        Described(variable.name, variable.meaning, source, _shown(variable, value))
        for variable, source, value in zip(VARIABLES, settings.sources, values, strict=False)
    )


def _shown(variable: Variable, value: Any) -> str | None:
    if value is None or not variable.secret:
        return None if value is None else str(value)
    if isinstance(value, tuple) and len(value) > 1:
        return f"{MASK} × {len(value)}"
    parts = _PLAIN_URL.fullmatch(str(value))
    return f"{parts[1]}{parts[2]}" if parts else MASK


def _source(variable: Variable, environ: Mapping[str, str]) -> Source:
    if variable.name in environ:
        return "environment"
    if f"{variable.name}_FILE" in environ:
        return "file"
    return "unset" if variable.default is None else "default"


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
    except OddError:
        return _value(variable, {})


def _value(variable: Variable, environ: Mapping[str, str]) -> Any:
    text = _found(variable.name, environ)
    if text is None:
        text = variable.default
    if text is not None:
        return variable.read(text)
    if variable.unset != "required":
        return None
    raise OddError(f"is not set ({variable.meaning}); set it, or {variable.name}_FILE to a file's path")


def _found(name: str, environ: Mapping[str, str]) -> str | None:
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value is not None and path is not None:
        raise OddError(f"is set and so is {name}_FILE; remove one of the two")
    if path is not None:
        value = _file_text(path, f"comes from {name}_FILE, whose file")
    if value is None:
        return None
    if not value:
        raise OddError("is empty; give it a value, or remove it")
    if not value.isprintable() or value != value.strip():
        raise OddError("has a space at an end or an invisible character in it; write it anew")
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
    raise OddError(f"{source} cannot be read: {reason}; check the path, the mode and the content")


def _platform(settings: Settings, environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What a SQLite file means on a platform whose dynos have disks of their own: warnings, and problems."""
    sign = next((name for name in _PLATFORM_SIGNS if environ.get(name)), None)
    if sign is None or not settings.database_url.startswith("sqlite:"):
        return [], []
    here = f"DATABASE_URL is a SQLite file and {sign} is set: this platform"
    if settings.worker == "external":
        remedy = "use PostgreSQL, or REACTOR_WORKER=thread on one dyno"
        return [], [
            f"{here} gives worker dynos a disk of their own, where the file is another one; {remedy}."
        ]
    remedy = "use PostgreSQL, or keep the file on a volume that stays"
    return [f"{here} throws its disk away at a restart, and the record with it; {remedy}."], []

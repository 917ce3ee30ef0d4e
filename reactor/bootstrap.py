"""The only place that wires things: settings in, a web process or a worker out."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from flask import Flask

from reactor.core.crypto import MessageKeys
from reactor.core.errors import PolicyError, ReactorError, SettingsError, StoreUnavailable
from reactor.core.lifecycle import State
from reactor.core.policy import Policy, parse_policy
from reactor.desk import DECISIONS, Desk
from reactor.intake import Intake
from reactor.logs import start_logging
from reactor.pulse import WebPulse, refuse_shared_file
from reactor.records import AUTHORIZER_STATES, Records
from reactor.settings import Settings, load_settings, policy_path
from reactor.store import keyfile
from reactor.store.asking import Plan
from reactor.store.database import Store, sqlite_file
from reactor.store.vault import Vault
from reactor.surroundings import Surroundings, surroundings_of
from reactor.tally import Tally
from reactor.tools import Tools
from reactor.web.app import create_app
from reactor.web.ops.office import Furnishing
from reactor.wechat import WeChatClient
from reactor.worker import Worker

log = logging.getLogger(__name__)

DEFAULT_POLICY = Path("config/policy.toml")


@dataclass(frozen=True, slots=True)
class Background:
    """What runs beside the requests of a web process; `start` comes after the fork."""

    store: Store
    tally: Tally
    worker: Worker | None
    pulse: WebPulse | None

    def start(self) -> None:
        """Begin the background work."""
        for part in (self.worker, self.pulse, self.tally):
            if part is not None:
                part.start()

    def stop_working(self) -> None:
        """End it, while requests are still answered."""
        for part in (self.worker, self.pulse):
            if part is not None:
                part.stop()

    def stop(self) -> None:
        """End it, and give the connections back."""
        self.stop_working()
        self.tally.stop()
        self.store.close()


def build_store(settings: Settings) -> Store:
    """The store; with SQLite and no REACTOR_SECRET_KEY the key file beside the database is used, or made."""
    keys = settings.secret_keys or (keyfile.key_beside(sqlite_file(settings.database_url)),)
    return Store(settings.database_url, Vault(keys))


def build_worker(
    settings: Settings, store: Store, around: Surroundings | None = None, policy: Policy | None = None
) -> Worker:
    """The worker, not started yet."""
    around = around or surroundings_of(store)
    followed = policy or load_policy(settings.policy_path)
    wechat = WeChatClient(
        api_url=settings.wechat_api_url,
        component_appid=settings.component_appid,
        component_appsecret=settings.component_appsecret,
        proxy_url=settings.wechat_proxy_url,
        clock=around.clock,
        timeout=around.wechat_timeout,
    )
    tools = Tools(
        store,
        wechat,
        settings.component_appid,
        scale=settings.retry_scale,
        sweep_seconds=settings.sweep_seconds,
        sweep_all_seconds=settings.sweep_all_seconds,
        policy=lambda: followed,
        clock=around.clock,
        sleep=around.sleep,
        chance=around.chance,
        tune=around.tune,
    )
    return Worker(tools)


def build_desk(
    settings: Settings,
    store: Store,
    around: Surroundings | None = None,
    wake: Callable[[], None] = lambda: None,
) -> Desk:
    """The operator's hands."""
    around = around or surroundings_of(store)
    return Desk(store, settings.component_appid, wake=wake, clock=around.clock)


def _plan(settings: Settings, policy: Policy) -> Plan:
    return Plan.of(settings.sweep_seconds, settings.sweep_all_seconds, policy.pace.releases_per_second)


def _records(settings: Settings, store: Store) -> Records:
    plan = _plan(settings, load_policy(settings.policy_path))
    return Records(store, settings.component_appid, plan, clock=surroundings_of(store).clock)


@dataclass(frozen=True, slots=True)
class Console:
    """What a command needs: what was recorded, and the operator's hands."""

    RELEASE_STATES: ClassVar = tuple(str(state) for state in State)
    AUTHORIZER_STATES: ClassVar = AUTHORIZER_STATES

    records: Records
    desk: Desk

    def decide(self, decision: str, release_id: int) -> dict[str, Any] | None:
        """One of DECISIONS about one release, which is given back; None when there is no such release."""
        done = self.desk.act(release_id, DECISIONS[decision], actor="cli")
        return self.records.release(release_id) if done else None


@contextmanager
def open_console(settings: Settings) -> Iterator[Console]:
    """The store as a command sees it; creates nothing. What cannot be done is said, with exit code 1."""
    with telling():
        file = sqlite_file(settings.database_url)
        if file is not None and not file.exists():
            raise StoreUnavailable(f"there is no database at {file} yet; run `reactor migrate`")
        with closing(build_store(settings)) as store:
            if not _is_migrated(store):
                raise StoreUnavailable("the schema is not this version's; run `reactor migrate`")
            yield Console(_records(settings, store), build_desk(settings, store))


def known_user_name(settings: Settings, authorizer_appid: str) -> str | None:
    """The user_name that the database knows, if it can be asked at all."""
    file = sqlite_file(settings.database_url)
    if file is not None and not file.exists():
        return None
    with closing(build_store(settings)) as store, suppress(StoreUnavailable):
        found = _records(settings, store).authorizer(authorizer_appid)
        return str(found["user_name"]) if found and found["user_name"] else None
    return None


@contextmanager
def open_worker(settings: Settings) -> Iterator[Worker]:
    """A worker for a process of its own, on a store brought up to date; not started, stopped at the end."""
    migrate(settings)
    with telling(), closing(build_store(settings)) as store:
        worker = build_worker(settings, store)
        try:
            yield worker
        finally:
            worker.stop()


@contextmanager
def telling() -> Iterator[None]:
    """Exit code 1 with the reason on stderr, for an error that speaks to operators; 2 for a configuration."""
    try:
        yield
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    except (ReactorError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


def _is_migrated(store: Store) -> bool:
    try:
        return store.is_ready()
    except StoreUnavailable as error:
        if "alembic_version" in str(error):  # the table that every migrated database has
            return False
        raise


def build_web(settings: Settings, around: Surroundings | None = None) -> Flask:
    """The web process; `extensions["reactor"]` starts and stops what runs beside the requests."""
    store = build_store(settings)
    around = around or surroundings_of(store)
    policy = load_policy(settings.policy_path)
    worker = build_worker(settings, store, around, policy) if settings.worker == "thread" else None
    wake = worker.wake if worker else lambda: None
    appid = settings.component_appid
    tally = Tally(store, clock=around.clock)
    intake = Intake(store, appid, lambda: policy, wake=wake, tally=tally, clock=around.clock)
    pulse = None if worker else WebPulse(store, appid, clock=around.clock, tune=around.tune)
    app = create_app(
        store=store,
        intake=intake,
        desk=build_desk(settings, store, around, wake),
        keys=MessageKeys(appid, settings.message_tokens, settings.aes_keys),
        plan=_plan(settings, policy),
        api_token=settings.api_token,
        furnishing=Furnishing.of(settings, policy=lambda: policy),
        tally=tally,
        clock=around.clock,
    )
    app.extensions["reactor"] = Background(store, tally, worker, pulse)
    return app


def load_policy(path: Path) -> Policy:
    """The policy file; PolicyError when it cannot be followed. Only the default one may be missing."""
    if path == DEFAULT_POLICY and not path.exists():
        return Policy()
    try:
        return parse_policy(path.read_text("utf-8"))
    except PolicyError as error:
        told = (f"{path}: {problem}" for problem in str(error).splitlines())
        raise PolicyError("\n".join(told)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"{path}: the file cannot be read ({type(error).__name__}); name one in REACTOR_POLICY "
            "that this user may read, or unset the variable to release everything at once"
        ) from error


def configure(environ: Mapping[str, str]) -> Settings:
    """Settings and a policy that can be followed; otherwise every problem on stderr, and exit code 2."""
    problems: list[str] = []
    try:
        settings = load_settings(environ)
        file = sqlite_file(settings.database_url)
        if settings.secret_keys is None and (problem := keyfile.problem_of(file)):
            problems.append(problem)
    except SettingsError as error:
        problems.extend(error.problems)
    try:
        load_policy(policy_path(environ))
    except PolicyError as error:
        problems.extend(str(error).splitlines())
    if problems:
        for line in ("The configuration is wrong; nothing was started:", *problems):
            sys.stderr.write(f"{line}\n")
        raise SystemExit(2)
    start_logging(settings.secrets())
    return settings


def prepare(environ: Mapping[str, str]) -> None:
    """Before a web process listens: refuse a wrong configuration, bring the schema up, say what is odd."""
    settings = configure(environ)
    for warning in settings.warnings:
        log.warning(warning)
    migrate(settings)


def migrate(settings: Settings) -> None:
    """Bring the schema to this version; exit code 1 with the reason when the database does not do it.

    Exit code 2, and nothing is changed, when it is a SQLite file that another machine uses.
    """
    try:
        with closing(build_store(settings)) as store:
            with suppress(StoreUnavailable):  # without a schema there is no pulse in it
                refuse_shared_file(store)
            store.migrate()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    except (ReactorError, OSError) as error:
        sys.stderr.write(f"DATABASE_URL: {error}\n")
        raise SystemExit(1) from None


def wsgi_app() -> Flask:
    """The app of this process's environment."""
    return build_web(configure(os.environ))

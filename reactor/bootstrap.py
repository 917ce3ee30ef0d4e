"""The only place that wires things: settings in, a web process or a worker out."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask

from reactor import doctor
from reactor.configuring import configure, load_policy, tell, telling
from reactor.core.crypto import MessageKeys
from reactor.core.errors import ReactorError, SettingsError, StoreUnavailable
from reactor.core.lifecycle import State
from reactor.core.policy import Policy
from reactor.desk import DECISIONS, Desk
from reactor.following import PolicyFile
from reactor.intake import Intake
from reactor.invitations import Invitations
from reactor.post import Post
from reactor.pulse import WebPulse, refuse_shared_file
from reactor.records import AUTHORIZER_STATES, Records
from reactor.settings import Settings, load_settings
from reactor.store import keyfile
from reactor.store.asking import Plan
from reactor.store.condition import is_migrated
from reactor.store.database import Store, sqlite_file
from reactor.store.vault import Vault
from reactor.surroundings import Surroundings, surroundings_of
from reactor.tally import Tally
from reactor.telling import Teller
from reactor.tools import Tools
from reactor.web.app import create_app
from reactor.web.ops.office import Furnishing
from reactor.wechat import WeChatClient
from reactor.worker import Worker

log = logging.getLogger(__name__)


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
    return Store(settings.database_url, Vault(keys), telling=settings.notify is not None)


def build_worker(
    settings: Settings, store: Store, around: Surroundings | None = None, policy: PolicyFile | None = None
) -> Worker:
    """The worker, not started yet."""
    around = around or surroundings_of(store)
    teller = Teller(settings.lang, settings.public_url)
    post = Post(store, settings.notify or (), teller, around, scale=settings.retry_scale)
    return Worker(build_tools(settings, store, around, policy), post=post)


def build_tools(
    settings: Settings, store: Store, around: Surroundings | None = None, policy: PolicyFile | None = None
) -> Tools:
    """What turns are taken with: the store, and the way to WeChat."""
    around = around or surroundings_of(store)
    followed = policy or PolicyFile(settings.policy_path, clock=around.clock)
    wechat = WeChatClient(
        api_url=settings.wechat_api_url,
        component_appid=settings.component_appid,
        component_appsecret=settings.component_appsecret,
        proxy_url=settings.wechat_proxy_url,
        clock=around.clock,
        timeout=around.wechat_timeout,
    )
    return Tools(
        store,
        wechat,
        settings.component_appid,
        scale=settings.retry_scale,
        sweep_seconds=settings.sweep_seconds,
        sweep_all_seconds=settings.sweep_all_seconds,
        policy=followed,
        policy_problem=lambda: followed.problem,
        clock=around.clock,
        sleep=around.sleep,
        chance=around.chance,
        tune=around.tune,
    )


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
def open_store(settings: Settings) -> Iterator[Store]:
    """The store as a command sees it; creates nothing. What cannot be done is said, with exit code 1."""
    with telling(settings.lang):
        file = sqlite_file(settings.database_url)
        if file is not None and not file.exists():
            raise StoreUnavailable(f"there is no database at {file} yet; run `reactor migrate`")
        with closing(build_store(settings)) as store:
            if not is_migrated(store):
                raise StoreUnavailable("the schema is not this version's; run `reactor migrate`")
            yield store


@contextmanager
def open_console(settings: Settings) -> Iterator[Console]:
    """What was recorded, and the operator's hands, on the store as a command sees it."""
    with open_store(settings) as store:
        yield Console(_records(settings, store), build_desk(settings, store))


@contextmanager
def store_if_any(environ: Mapping[str, str]) -> Iterator[tuple[Store, str] | None]:
    """The store and the component's appid, where both are there and answer; None otherwise."""
    try:
        settings = load_settings(environ)
        file = sqlite_file(settings.database_url)
        if file is not None and not file.exists():
            raise StoreUnavailable("there is none yet")
        store = build_store(settings)
    except (ReactorError, OSError):
        yield None
        return
    with closing(store):
        try:
            ready = is_migrated(store)
        except StoreUnavailable:
            ready = False
        yield (store, settings.component_appid) if ready else None


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
    with telling(settings.lang), closing(build_store(settings)) as store:
        worker = build_worker(settings, store)
        try:
            yield worker
        finally:
            worker.stop()


def build_web(settings: Settings, around: Surroundings | None = None) -> Flask:
    """The web process; `extensions["reactor"]` starts and stops what runs beside the requests."""
    store = build_store(settings)
    around = around or surroundings_of(store)
    policy = PolicyFile(settings.policy_path, clock=around.clock)
    worker = build_worker(settings, store, around, policy) if settings.worker == "thread" else None
    wake = worker.wake if worker else lambda: None
    appid = settings.component_appid
    tally = Tally(store, clock=around.clock)
    intake = Intake(store, appid, policy, wake=wake, tally=tally, clock=around.clock)
    pulse = None if worker else WebPulse(store, appid, clock=around.clock, tune=around.tune)
    app = create_app(
        store=store,
        intake=intake,
        desk=build_desk(settings, store, around, wake),
        invitations=Invitations(store, appid, settings.public_url, wake=wake, clock=around.clock),
        keys=MessageKeys(appid, settings.message_tokens, settings.aes_keys),
        plan=_plan(settings, policy()),
        api_token=settings.api_token,
        tally=tally,
        furnishing=Furnishing.of(
            settings,
            policy=policy,
            examine=lambda: doctor.examine(settings, store, clock=around.clock),
        ),
        clock=around.clock,
    )
    app.extensions["reactor"] = Background(store, tally, worker, pulse)
    return app


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
        tell(error.problems, settings.lang)
        raise SystemExit(2) from None
    except (ReactorError, OSError) as error:
        tell((f"DATABASE_URL: {error}",), settings.lang)
        raise SystemExit(1) from None


def wsgi_app() -> Flask:
    """The app of this process's environment."""
    return build_web(configure(os.environ))

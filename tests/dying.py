"""Processes that die as by kill -9: from one moment on nothing of them reaches the store or WeChat any more.

The moments stand where the outside begins: the driver's commit, and the adapter under the session that
calls WeChat. Our own code is not touched, and cannot tidy up: whatever it does in a `finally` raises again.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import psycopg
import sqlalchemy as sa
from house import House
from known import APPSECRET, COMPONENT, environment
from requests.adapters import BaseAdapter

from reactor.bootstrap import build_web
from reactor.settings import load_settings
from reactor.simulator.platform import Platform
from reactor.store.database import sqlite_file
from reactor.store.schema import metadata
from reactor.surroundings import Surroundings
from reactor.worker import Worker

# Waiting for another's lease goes in longer strides than the product's, or it would take most of the time.
STRIDES = 20
ACKNOWLEDGED = (200, b"success")


class Death(BaseException):
    """The process is no more; not an Exception, so that nobody in there catches it."""


@dataclass(eq=False)
class Life:
    """One process's way to the outside, moment by moment: it may end at any, or others may act in between."""

    house: House
    passed: list[str] = field(default_factory=list)
    left: int | None = None  # moments until it dies; None: it does not
    dead: bool = False
    commits: int = 0
    between: Callable[[], None] | None = None  # done once, when the next call has had its effect

    def __post_init__(self):
        engine = self.house.store._engine
        self._do_commit = engine.dialect.do_commit
        engine.dialect.do_commit = self._commit
        sa.event.listen(engine, "begin", self._begin, insert=True)
        self.session = self.house.worker._tools.wechat.transport.session
        for prefix in ("http://", "https://"):
            self.session.mount(prefix, Line(self, self.session.get_adapter(prefix)))

    def begin(self, left=None):
        """Be a process just started; with a number of moments to live, if any."""
        background = self.house.app.extensions["reactor"]
        self.house.app.extensions["reactor"] = replace(background, worker=Worker(self.house.worker._tools))
        self.passed, self.left, self.dead, self.commits, self.between = [], left, False, 0, None

    def reach(self, moment):
        """Come to a moment; Death when it is the last, and at each that would have come after it."""
        if self.dead:
            raise Death(moment)
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.dead = True
                raise Death(moment)
        self.passed.append(moment)

    def _begin(self, _connection):
        if self.dead:
            raise Death("a transaction")

    def _commit(self, connection):
        self.reach(f"before commit {self.commits + 1}")
        self._do_commit(connection)
        self.commits += 1
        self.reach(f"after commit {self.commits}")


def deaths(moments, begun=0):
    """The moments, from this one on, at which a death leaves something else behind than at any other.

    Between the end of one commit or call and the beginning of the next nothing reaches the outside: to die
    at the one is to die at the other. So it is the beginnings, and the very last end.
    """
    last = len(moments) - 1
    return [one for one in range(begun, last + 1) if moments[one].startswith("before") or one == last]


class Line(BaseAdapter):
    """The line to WeChat: a call may never leave, or its answer find nobody."""

    def __init__(self, life, adapter):
        super().__init__()
        self._life = life
        self._adapter = adapter

    def send(self, request, **how):
        call = request.path_url.partition("?")[0].rsplit("/", 1)[-1]
        self._life.reach(f"before the call {call}")
        try:
            response = self._adapter.send(request, **how)
        except Exception:
            self._had_its_effect(call)
            raise
        try:
            self._had_its_effect(call)
        except Death:
            response.close()
            raise
        return response

    def _had_its_effect(self, call):
        between, self._life.between = self._life.between, None
        if between is not None:
            between()
        self._life.reach(f"after the call {call}")

    def close(self):
        self._adapter.close()


# -- where they live -------------------------------------------------------------------------------------


@dataclass(eq=False)
class Yard:
    """Processes on one store beside one WeChat. What is costly to make serves the next process again."""

    url: str
    beside: object
    face: object
    clock: Callable[[], float]
    policy_path: Path
    variables: dict[str, str] = field(default_factory=dict)
    _idle: list[Life] = field(default_factory=list)
    _made: list[Life] = field(default_factory=list)

    def begin_anew(self, platform):
        """An empty store and another WeChat."""
        self._idle = list(self._made)
        self.beside.execute("BEGIN")
        for table in metadata.tables:
            self.beside.execute(f"DELETE FROM {table}")
        self.beside.execute("COMMIT")
        self.face.platform = self.face._server.platform = platform

    def ask(self, query):
        """What is in the store, seen past the product."""
        return self.beside.execute(query).fetchall()

    def spoil(self, statement):
        """Change the store behind the product's back."""
        self.beside.execute(statement)

    def fingerprint(self):
        """Something that differs when any row was added, changed or taken away."""
        return [self.ask(f"SELECT * FROM {table} ORDER BY 1") for table in sorted(metadata.tables)]

    def files(self):
        """The bytes of the database, where it is files: also of rows that are gone."""
        file = sqlite_file(self.url)
        return {path.name: path.read_bytes() for path in file.parent.glob("*.db*")} if file else {}

    def bear(self, left=None):
        """A process of its own: a Life."""
        life = self._idle.pop() if self._idle else self._make()
        life.house.platform = self.face.platform
        life.begin(left)
        return life

    def bury(self, life):
        """It is dead."""
        self._idle.append(life)

    def close(self):
        """Give everything back."""
        for life in self._made:
            life.begin()
            life.house.app.extensions["reactor"].stop()
            life.session.close()

    def _make(self):
        more = {"REACTOR_POLICY": str(self.policy_path), **self.variables}
        settings = load_settings(environment(self.url, self.face.url, **more))
        around = Surroundings(
            clock=self.clock,
            sleep=lambda seconds: self.clock.advance(STRIDES * seconds),
            chance=lambda: 0.5,
            wechat_timeout=(5.0, 5.0),
        )
        app = build_web(settings, around)
        self._made.append(Life(House(self.face.platform, self.face, self.clock, settings, app)))
        return self._made[-1]


def platform_at(clock, made=Platform, random=None):
    """A small WeChat that begins anew."""
    chance = random or Random(7)
    return made(component_appid=COMPONENT, component_appsecret=APPSECRET, clock=clock, random=chance)


@contextmanager
def one_database(request, kind):
    """A migrated database of this kind: its URL, and a connection beside the product's, in autocommit."""
    if kind == "postgresql":
        postgresql = request.getfixturevalue("postgresql")
        url = postgresql.lend()
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                yield url, connection
        finally:
            postgresql.take_back()
        return
    # In memory where there is such a place: what a power cut would take is not what is tested here.
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="reactor", dir=memory if memory.is_dir() else None))
    try:
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "reactor.db")
        file = folder / "reactor.db"
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as connection:
            yield f"sqlite:///{folder / 'reactor.db'}", connection
    finally:
        shutil.rmtree(folder)


@contextmanager
def yard(request, kind, face, clock, policy_path, **variables):
    """A Yard that is closed at the end."""
    with one_database(request, kind) as (url, beside):
        made = Yard(url, beside, face, clock, policy_path, variables)
        try:
            yield made
        finally:
            made.close()

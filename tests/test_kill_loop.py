"""kill -9 of whole processes, again and again at random moments, while approvals stream in.

REACTOR_KILLS says how many for each database (40), REACTOR_KILL_SEED repeats a run's choices. Leases of the
dead lapse only after 20 s, so nobody waits for a recovery: the next one dies soon, and all is settled at the
end. What counts is WeChat's side, the simulator's memory, held against the store.
"""

import os
import random
import sqlite3
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from random import Random

import psycopg
import pytest
from fleet import Town, audit_account, reading, start_worker
from known import APPSECRET, COMPONENT
from served import start, wait_until

from reactor.simulator.face import serve
from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform

KILLS = int(os.environ.get("REACTOR_KILLS", "40"))
SEED = int(os.environ.get("REACTOR_KILL_SEED", str(random.SystemRandom().randrange(10**6))))
SHOPS = 60
NEVER_PUSHED = 0.1
SETTLED_SECONDS = 90.0
# Of what died with its processes, many releases stand under way until their leases lapse.
POLICY = "[pace]\nreleases_per_second = 200\nconcurrency = 400\n"
FAST_SWEEP = {"REACTOR_SWEEP_SECONDS": "1", "REACTOR_SWEEP_ALL_SECONDS": "10"}


class SlowPlatform(Platform):
    """A WeChat that takes its time, as the real one does: so that most of the dead die in a turn."""

    def take_fault(self, call, authorizer_appid):
        with self.lock:
            return Fault(call, "delay", seconds=self.random.uniform(0.0, 0.15))


class Place:
    """Where one process lives, and after its death the next one."""

    def __init__(self, begin, *, is_web):
        self._begin = begin
        self.is_web = is_web
        self.tracebacks = []
        self.now = begin()

    @property
    def is_ready(self):
        return self.now._readiness() == 200 if self.is_web else self.now.is_ready

    def kill(self):
        self.now.kill()
        self._bury()
        self.now = self._begin()

    def end(self):
        assert self.now.terminate() == 0, self.now.log
        self._bury()

    def _bury(self):
        self.tracebacks += self.now.log.split("Traceback")[1:]
        self.now.__exit__()


@dataclass
class Carnage:
    """One database's run: the town, the processes, the figures."""

    database_url: str
    policy: str
    random: Random
    kills: int = 0
    figures: dict = field(default_factory=dict)
    account: dict = field(default_factory=dict)
    unsettled: list = field(default_factory=list)
    integrity: str = "ok"

    def __post_init__(self):
        self.platform = SlowPlatform(
            component_appid=COMPONENT,
            component_appsecret=APPSECRET,
            random=Random(self.random.random()),
            rotate_on_refresh=True,
        )
        self.town = Town(self.platform, self._urls, SHOPS, Random(self.random.random()))
        self.places = []
        self._over = threading.Event()

    def _urls(self):
        return [place.now.url for place in self.places if place.is_web]

    def happen(self):
        """Serve, kill, settle, account."""
        with serve(self.platform) as face, ExitStack() as stack, reading(self.database_url) as ledger:
            stack.callback(lambda: [place.now.__exit__() for place in self.places])
            self._settle_in(face.url)
            self.town.open(ledger)
            pushers = stack.enter_context(ThreadPoolExecutor(8))
            clerks = pushers.submit(self._clerks, pushers)
            try:
                self._kill_on(KILLS)
                self._serve_on(KILLS)
            finally:
                self._over.set()
            clerks.result(60)
            pushers.shutdown()
            self._settle(ledger)
            for place in self.places:
                place.end()
            self._account(ledger)
            stack.pop_all()
        if self.database_url.startswith("sqlite"):
            with closing(sqlite3.connect(self.database_url.removeprefix("sqlite:///"))) as connection:
                (self.integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
        return self

    def _settle_in(self, api_url):
        """One web process with its worker inside on SQLite; two and two worker processes on PostgreSQL."""
        usual = {"REACTOR_POLICY": self.policy, **FAST_SWEEP}
        if self.database_url.startswith("sqlite"):
            self.places = [Place(lambda: start(self.database_url, api_url, **usual), is_web=True)]
        else:
            web = {**usual, "REACTOR_WORKER": "external"}
            begin = {
                True: lambda: start(self.database_url, api_url, **web),
                False: lambda: start_worker(self.database_url, api_url, **usual),
            }
            self.places = [Place(begin[is_web], is_web=is_web) for is_web in (True, True, False, False)]
        self._all_ready()

    def _all_ready(self):
        wait_until(lambda: all(place.is_ready for place in self.places), seconds=60, what="every process")

    def _kill_on(self, kills):
        """One after the other; now and then one that has not even begun to work."""
        while self.kills < kills:
            time.sleep(self.random.uniform(0.1, 1.2))
            place = self.random.choice(self.places)
            if self.random.random() > 0.15:
                wait_until(lambda: place.is_ready, seconds=60, what="the next victim")  # noqa: B023
                time.sleep(self.random.uniform(0.0, 0.5))
            place.kill()
            self.kills += 1

    def _serve_on(self, enough):
        """Undisturbed, until more pushes than kills came through: a slow machine manages few between two."""

        def served():
            return sum(one.acknowledged for one in self.town.approvals) > enough

        wait_until(served, seconds=SETTLED_SECONDS, every=0.2, what=f"more than {enough} acknowledged pushes")

    def _clerks(self, pushers):
        """Versions pass their audits, mostly of mini programs that are at rest; some pushes never come."""
        chance = Random(self.random.random())
        while not self._over.wait(chance.uniform(0.02, 0.2)):
            waiting = set(self.town.waiting)
            appid = chance.choice(self.town.appids)
            if appid in waiting and chance.random() > 0.1:
                continue
            if (approval := self.town.approve(appid)) is None:
                continue
            if chance.random() > NEVER_PUSHED:
                pushers.submit(self.town.push_approval, approval, pause=chance.uniform(0.2, 1.5))

    def _settle(self, ledger):
        """Until nothing is under way, and every newest version is live or before a person."""
        self._all_ready()
        assert self.town.push_ticket()
        under_way = "SELECT authorizer_appid FROM releases WHERE state IN ('pending', 'releasing')"
        handed_over = "SELECT authorizer_appid FROM releases WHERE state IN ('failed', 'held')"

        def found():
            open_ones = {row[0] for row in ledger.ask(under_way)}
            self.unsettled = sorted(
                open_ones | (set(self.town.waiting) - {row[0] for row in ledger.ask(handed_over)})
            )
            return not self.unsettled

        began = time.monotonic()
        wait_until(found, seconds=SETTLED_SECONDS, every=0.2, what="the end of everything")
        self.figures["settled after s"] = round(time.monotonic() - began, 1)

    def _account(self, ledger):
        self.account = audit_account(self.town, ledger)
        approvals = self.town.approvals
        states = Counter(row[0] for row in ledger.ask("SELECT state FROM releases"))
        taken_over = ledger.ask("SELECT count(*) FROM history WHERE happening = 'taken_over'")[0][0]
        open_calls = ledger.ask("SELECT count(*) FROM calls WHERE outcome = 'started'")[0][0]
        self.figures |= {
            "kills": self.kills,
            "approved": len(approvals),
            "pushes acknowledged": sum(one.acknowledged for one in approvals),
            "effective releases": sum(len(shop.past) for shop in self.platform.authorizers()),
            **{name: len(found) for name, found in self.account.items()},
            "taken over": taken_over,
            "calls left open": open_calls,
            "tracebacks": sum(len(place.tracebacks) for place in self.places),
            "calls": len(self.platform.calls),
            "states": dict(states),
        }


@pytest.fixture(scope="module")
def runs(postgresql_server, tmp_path_factory):
    """Both databases at the same time; each run, or what ended it."""
    folder = tmp_path_factory.mktemp("carnage")
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    name = f"c_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    urls = {
        "sqlite": f"sqlite:///{folder / 'reactor.db'}",
        "postgresql": postgresql_server.replace("/postgres?", f"/{name}?"),
    }
    with ThreadPoolExecutor(2) as pool:
        going = {
            kind: pool.submit(Carnage(url, str(policy), Random(f"{SEED} {kind}")).happen)
            for kind, url in urls.items()
        }
    yield going
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whoever_is_killed_nothing_is_lost_and_nothing_happens_twice(runs, kind):
    print(f"\n{kind}: REACTOR_KILL_SEED={SEED}")
    run = runs[kind].result()
    for name, figure in run.figures.items():
        print(f"  {name:<22}{figure}")
    assert run.kills == KILLS
    assert run.figures["pushes acknowledged"] > KILLS
    nothing = {"lost", "double", "unapproved", "again", "false", "unstored"}
    assert {name: found for name, found in run.account.items() if name in nothing and found} == {}
    assert run.figures["calls left open"] == 0
    assert [told for place in run.places for told in place.tracebacks] == []
    assert run.integrity == "ok"

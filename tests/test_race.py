"""Many processes on one PostgreSQL: they share the work, and nobody does what another has done."""

import random
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random

import pytest
from fleet import Town, audit_account, reading, start_worker
from known import APPSECRET, COMPONENT
from served import ROOT, start, wait_until

from reactor.simulator.face import serve
from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

PROCESSES, THREADS = 4, 8
SHOPS, APPROVALS = 60, 300
EXPIRIES = 3  # each token may be fetched four times at once, and then waits
FAULTY = 0.1
OVERTAKING = 0.005  # at each look, of which there are twenty a second
# The fifth wait of a release that fails and fails takes 6 s here, the sixth 18.
MOST_FAULTS = 4
REFRESHES = ("api_authorizer_token", "api_component_token")
FAST = "[pace]\nreleases_per_second = 200\nconcurrency = 64\n"
POLL_SECONDS = 1.0


class Witness(Platform):
    """A WeChat where one call in ten goes wrong, and that notices who fetches one token at the same time."""

    def __init__(self, **more):
        super().__init__(**more)
        self.faulty = 0.0
        self.expired = Counter()  # how often the tokens of whom (None: the component's)
        self.overlapping = []
        self._fetching = Counter()
        self._suffered = Counter()

    def take_fault(self, call, authorizer_appid):
        if call in REFRESHES:
            with self.lock:
                if self._fetching[authorizer_appid]:
                    self.overlapping.append((call, authorizer_appid))
                self._fetching[authorizer_appid] += 1
        return self._fault(call, authorizer_appid)

    def record(self, call):
        super().record(call)
        if call.call in REFRESHES:
            with self.lock:
                self._fetching[call.authorizer_appid] -= 1

    def _fault(self, call, appid):
        with self.lock:
            audit = self.find(appid).audits[-1:] if appid else []
            about = audit[0].auditid if audit else appid
            if appid and self._suffered[about] < MOST_FAULTS and self.random.random() < self.faulty:
                self._suffered[about] += 1
                kind = self.random.choice(["errcode", "reset_before", "reset_after"])
                return Fault(call, kind, errcode=-1 if kind == "errcode" else None)
        # A fetch takes a while, or two at the same time would go unnoticed.
        return Fault(call, "delay", seconds=0.05) if call in REFRESHES else None

    def expire(self, appid=None):
        """Kill the tokens of a mini program, or (None) of the component."""
        with self.lock:
            self.expired[appid] += 1
            if appid:
                self.expire_access_tokens(appid)
            else:
                self.expire_component_token()

    def fetches(self, call):
        """The fetches that gave a token whose answer arrived, and those whose answer did not; by whom."""
        told, untold = Counter(), Counter()
        for one in self.calls:
            if one.call == call:
                (told if one.fault == "delay" and one.errcode == 0 else untold)[one.authorizer_appid] += 1
        return told, untold


@pytest.fixture
def witness():
    return Witness(
        component_appid=COMPONENT, component_appsecret=APPSECRET, random=Random(5), rotate_on_refresh=True
    )


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "fast.toml"
    path.write_text(FAST)
    return str(path)


@pytest.fixture
def crowd(database_url, witness, policy):
    """One web process and four worker processes of eight threads each; the town and its ledger."""
    with serve(witness) as face, ExitStack() as stack:
        more = {"REACTOR_POLICY": policy}
        web = stack.enter_context(start(database_url, face.url, REACTOR_WORKER="external", **more))
        web.wait_ready()
        command = (str(ROOT / "tests" / "workers.py"), str(THREADS))
        more["PYTHONPATH"] = str(ROOT)
        workers = [
            stack.enter_context(start_worker(database_url, face.url, command=command, **more))
            for _ in range(PROCESSES)
        ]
        for worker in workers:
            worker.wait_ready()
        ledger = stack.enter_context(reading(database_url))
        yield Town(witness, lambda: [web.url], SHOPS, Random(3)), ledger, workers


def approve_all(town, pushers):
    """Five versions of each, in random order, pushed as soon as they have passed; some overtake the last."""
    wanted = [appid for appid in town.appids for _ in range(APPROVALS // SHOPS)]
    town.random.shuffle(wanted)
    pushed = []
    deadline = time.monotonic() + 60
    while wanted:
        assert time.monotonic() < deadline
        later = []
        for appid in wanted:
            at_rest = town.is_live(appid) or town.random.random() < OVERTAKING
            approval = town.approve(appid) if at_rest else None
            if approval is None:
                later.append(appid)
            else:
                pushed.append(pushers.submit(town.push_approval, approval))
        wanted = later
        time.sleep(0.05)
    assert all(one.result(20) for one in pushed)


def expire_now_and_then(witness, town, over):
    """Every token dies a few times while everybody works."""
    chance = random.Random(1)
    victims = [appid for appid in (*town.appids, None) for _ in range(EXPIRIES)]
    chance.shuffle(victims)
    for victim in victims:
        if over.wait(0.04):
            return
        witness.expire(victim)


def test_thirty_two_threads_in_four_processes_release_each_approval_once(crowd, witness):
    town, ledger, workers = crowd
    town.open(ledger)
    witness.faulty = FAULTY
    over = threading.Event()
    began = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        expiring = pool.submit(expire_now_and_then, witness, town, over)
        try:
            approve_all(town, pool)
            wait_until(lambda: not town.waiting, seconds=60, every=0.1, what="every newest version")
            under_way = "SELECT count(*) FROM releases WHERE state IN ('pending', 'releasing')"
            wait_until(lambda: ledger.ask(under_way)[0][0] == 0, seconds=60, what="every release to end")
        finally:
            over.set()
        expiring.result(5)
    seconds = time.monotonic() - began

    account = audit_account(town, ledger)
    calls = Counter(call.call for call in witness.calls)
    faults = sum(call.fault not in (None, "delay") for call in witness.calls)
    told, untold = witness.fetches("api_authorizer_token")
    component_told, component_untold = witness.fetches("api_component_token")
    states = Counter(row[0] for row in ledger.ask("SELECT state FROM releases"))
    print(f"\n{len(town.approvals)} approvals, {sum(a.acknowledged for a in town.approvals)} acknowledged")
    print(f"settled within {seconds:.1f} s; {states}; {faults} faults in {len(witness.calls)} calls: {calls}")
    print(f"authorizer tokens: {sum(witness.expired[a] for a in town.appids)} expiries,")
    print(f"  {told.total()} fetched, {untold.total()} fetches went wrong")
    print(f"component token: {witness.expired[None]} expiries, {component_told.total()} fetched")

    assert len(town.approvals) == APPROVALS
    assert {name: found for name, found in account.items() if found} == {}
    assert set(states) <= {"released", "superseded"}
    assert witness.overlapping == []
    for appid in town.appids:  # the exchange keeps no access token: the first is fetched like all others
        assert told[appid] <= 1 + witness.expired[appid], appid
        assert told[appid] + untold[appid] <= 1 + witness.expired[appid] + MOST_FAULTS * APPROVALS // SHOPS
    assert component_told.total() <= 1 + witness.expired[None]
    assert component_untold.total() == 0
    for worker in workers:
        assert worker.terminate() == 0
        assert "Traceback" not in worker.log


def test_a_push_to_one_process_is_released_by_another_long_before_it_would_poll(database_url):
    platform = Platform(component_appid=COMPONENT, component_appsecret=APPSECRET, random=Random(1))
    with serve(platform) as face, ExitStack() as stack:
        web = stack.enter_context(start(database_url, face.url, REACTOR_WORKER="external"))
        worker = stack.enter_context(start_worker(database_url, face.url))
        web.wait_ready()
        worker.wait_ready()
        ledger = stack.enter_context(reading(database_url))
        town = Town(platform, lambda: [web.url], 20, Random(2))
        town.open(ledger)
        delays = []
        for appid in town.appids:
            approval = town.approve(appid)
            began = time.time()
            assert town.push_approval(approval)
            wait_until(lambda: town.is_live(appid), every=0.002, what="the release")  # noqa: B023
            delays.append(platform.effective_releases(appid)[-1].at - began)
        assert "Traceback" not in worker.log
    median = statistics.median(delays) * 1000
    print(f"\npush → release arriving at WeChat: median {median:.0f} ms, worst {max(delays) * 1000:.0f} ms")
    assert median < 500 * POLL_SECONDS  # polling alone would take half a second and more

"""When something outside gives way under load: a SIGTERM, a silent WeChat, a full disk, a database away."""

import resource
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
from fleet import Town, audit_account, away, name_of, reading, start_worker
from known import AES_KEY_TEXT, APPSECRET, COMPONENT, TOKEN
from served import start, wait_until

from reactor.core.crypto import decode_aes_key, seal_envelope
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
EXIT_SECONDS = 10.0
LEASE_SECONDS = 20.0
WECHATS_PATIENCE = 5.0
THREADS = 4  # of a worker
PUSHES = 50
ROOM = 100_000  # bytes, for about half of the pushes while the worker works
REPETITIONS = 500
LOOK = "get_latest_auditstatus"


@pytest.fixture
def wechat():
    """A small WeChat in real time."""
    platform = Platform(component_appid=COMPONENT, component_appsecret=APPSECRET, random=Random(3))
    with serve(platform) as face:
        yield face


@pytest.fixture
def serving(database_url, wechat):
    """Start web processes on the one database; none of them outlives the test."""
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(start(database_url, wechat.url, **more))


@pytest.fixture
def ledger(database_url):
    with reading(database_url) as ledger:
        yield ledger


@pytest.fixture
def town(wechat):
    """Build a town whose pushes go to these web processes."""
    return lambda size, *webs: Town(wechat.platform, lambda: [web.url for web in webs], size, Random(4))


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def all_live(town):
    wait_until(lambda: not town.waiting, seconds=30, what="every approved version")


def nothing_wrong(town, ledger):
    account = audit_account(town, ledger)
    assert {name: found for name, found in account.items() if found} == {}


@contextmanager
def kept_alive(web, number):
    """So many idle connections that the process may not wait for."""
    with ExitStack() as stack:
        for _ in range(number):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=10))
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: reactor\r\n\r\n")
            assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
        yield


class Stream:
    """Pushes without a pause to several web processes in turn, each on a connection of its own.

    `answers` are pairs: which process, and the status; CLOSED when its port took no connection, CUT when the
    connection ended before an answer.
    """

    CLOSED, CUT = "closed", "cut"

    def __init__(self, *webs):
        self._webs = webs
        self._over = threading.Event()
        self.answers = []

    def __enter__(self):
        self._pool = ThreadPoolExecutor(4)
        self._going = [self._pool.submit(self._push_on, number) for number in range(4)]
        return self

    def __exit__(self, *_):
        self._over.set()
        for one in self._going:
            one.result(15)
        self._pool.shutdown()

    def given(self, which, answer):
        return self.answers.count((which, answer))

    def _push_on(self, thread):
        now = int(time.time())
        for number in range(10_000):
            if self._over.wait(0.01):
                return
            appid = f"wx{thread + 10:08x}{number:08x}"
            message = pusher.audit_success(user_name=name_of(appid), created_at=now, succeeded_at=now)
            query, body = on_the_wire(message)
            lines = [
                f"POST /wechat/authorizers/{appid}?{query} HTTP/1.1",
                "Host: reactor",
                "Connection: close",
            ]
            head = "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode()
            which = number % len(self._webs)
            self.answers.append((which, self._ask(self._webs[which].port, head + b"\r\n\r\n" + body)))

    def _ask(self, port, request):
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            return self.CLOSED
        with connection:
            try:
                connection.sendall(request)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            except ConnectionError:
                return self.CUT
        return int(answer.split(b" ", 2)[1]) if answer else self.CUT


def on_the_wire(message):
    """Query and body of a push."""
    now = time.time()
    sealed = seal_envelope(
        message,
        component_appid=COMPONENT,
        token=TOKEN,
        aes_key=decode_aes_key(AES_KEY_TEXT),
        timestamp=int(now),
        nonce=str(time.time_ns())[:12],
        random16=b"0123456789abcdef",
        recipient=("ToUserName", "gh_outer"),
    )
    return urlencode(sealed.query), sealed.body


# -- SIGTERM ---------------------------------------------------------------------------------------------


def test_on_sigterm_a_hanging_turn_is_another_process_s_at_once_and_no_push_is_answered_wrongly(
    serving, town, wechat, ledger
):
    leaving = serving().wait_ready()
    here = town(2, leaving)
    here.open(ledger)
    held = wechat.platform.plan(Fault("release", "hold_before"))
    assert here.push_approval(here.approve(here.appids[0]))
    assert held.gate.reached.wait(10)
    staying = serving().wait_ready()
    with kept_alive(leaving, 20), Stream(leaving, staying) as stream:
        wait_until(lambda: len(stream.answers) > 20, what="pushes to both")
        began = time.monotonic()
        leaving.process.terminate()
        before = stream.given(0, 200)
        wait_until(lambda: stream.given(0, Stream.CLOSED), seconds=15, what="the door to close")
        closed_at = time.monotonic()
        assert leaving.process.wait(15) == 0
        ended = time.monotonic()
        wait_until(lambda: here.is_live(here.appids[0]), seconds=10, what="the release by the other")
        taken_over = time.monotonic() - ended
    held.gate.drop()
    acknowledged = sum(answer == 200 for _, answer in stream.answers)
    closed, cut = (stream.given(0, answer) for answer in (Stream.CLOSED, Stream.CUT))
    print(f"\nexit after {ended - began:.1f} s, taken over {taken_over:.2f} s later")
    print(f"the door was closed for {ended - closed_at:.1f} s of them")
    print(f"{acknowledged} pushes acknowledged, {closed} at a closed port, {cut} cut off unread")
    assert ended - began < EXIT_SECONDS
    assert stream.given(0, 200) > before + 20  # the door stays open while the hanging turn is waited for
    assert taken_over < LEASE_SECONDS / 4
    # A push either never began, for the port was closed, or got its answer; WeChat repeats the former.
    assert {answer for which, answer in stream.answers if which == 0} <= {200, Stream.CLOSED, Stream.CUT}
    assert {answer for which, answer in stream.answers if which == 1} == {200}
    # Of those cut off none had begun: nobody had stored what still lay at the door.
    stored = "SELECT count(*) FROM events WHERE authorizer_appid > 'wx0000000a'"
    assert ledger.ask(stored)[0][0] == acknowledged
    appid = here.appids[0]
    assert len(wechat.platform.effective_releases(appid)) == 1
    ((state,),) = ledger.ask("SELECT state FROM releases WHERE authorizer_appid = :appid", appid=appid)
    assert state == "released"
    assert "Traceback" not in leaving.log + staying.log


# -- WeChat hangs ----------------------------------------------------------------------------------------


def test_while_every_worker_thread_hangs_in_a_call_fifty_pushes_are_acknowledged_in_time(
    serving, town, wechat, ledger
):
    web = serving().wait_ready()
    here = town(PUSHES, web)
    here.open(ledger)
    hung = wechat.platform.plan(Fault(LOOK, "hold_before", times=10_000))  # whoever looks, the sweep too
    for appid in here.appids[:THREADS]:
        assert here.push_approval(here.approve(appid))
    busy = "SELECT count(*) FROM releases WHERE state = 'releasing'"
    wait_until(lambda: ledger.ask(busy)[0][0] == THREADS, what="all threads to hang")
    approvals = [here.approve(appid) for appid in here.appids[THREADS:]]
    before = len(here.heard)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda one: here.push_approval(one, tries=1), approvals))
    slowest = max(result.seconds for result in here.heard[before:])
    print(f"\nslowest of {len(approvals)} acknowledgements: {slowest * 1000:.0f} ms")
    assert slowest < WECHATS_PATIENCE / 2
    assert not any(shop.past for shop in wechat.platform.authorizers())
    assert ledger.ask(busy)[0][0] == THREADS
    hung.gate.go.set()
    all_live(here)
    nothing_wrong(here, ledger)


# -- the disk is full ------------------------------------------------------------------------------------


def emptied_log(database_url):
    """The size of the file itself, once its log is empty: one that is full begins anew instead of growing."""
    file = Path(database_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def limit_files(web, size):
    """No file of its processes may grow beyond this."""
    for pid in (web.process.pid, *children(web.process.pid)):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def sound(database_url):
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@SQLITE
@pytest.mark.parametrize("killed", [False, True], ids=["and-is-mended", "and-it-is-killed"])
def test_a_disk_that_fills_up_under_pushes_costs_503_and_nothing_that_was_acknowledged(
    serving, town, ledger, database_url, killed
):
    web = serving().wait_ready()
    here = town(40, web)
    here.open(ledger)
    if killed:  # what it has under way would be another's only after 20 s: the other test waits for that
        assert web.terminate() == 0
        web = serving(REACTOR_WORKER="external").wait_ready()
        here.urls = lambda: [web.url]
    limit_files(web, emptied_log(database_url) + ROOM)
    approvals = [here.approve(appid) for appid in here.appids]
    before = len(here.heard)
    for approval in approvals:
        here.push_approval(approval, tries=1)
    for _ in range(REPETITIONS):  # each writes a few pages more, until the last one that fits
        if here.heard[-1].status == 503:
            break
        here.push_ticket(tries=1)
    heard = here.heard[before:]
    assert {(result.status, result.body) for result in heard} == {(200, b"success"), (503, b"")}
    assert max(result.seconds for result in heard) < WECHATS_PATIENCE
    assert web.process.poll() is None
    if killed:
        web.kill()
        assert sound(database_url)
        web = serving().wait_ready()
        here.urls = lambda: [web.url]
    else:
        limit_files(web, resource.RLIM_INFINITY)
    acknowledged = [one for one in approvals if one.acknowledged]
    print(f"\n{len(acknowledged)} of {len(approvals)} acknowledged before the disk was full")
    wait_until(
        lambda: all(here.is_live(one.appid) for one in acknowledged), seconds=60, what="those releases"
    )
    for approval in approvals:
        if not approval.acknowledged:
            assert here.push_approval(approval)
    all_live(here)
    nothing_wrong(here, ledger)
    assert web.terminate() == 0
    assert sound(database_url)


# -- the database is away --------------------------------------------------------------------------------


@POSTGRESQL
def test_while_postgresql_is_away_wechat_hears_503_and_everything_goes_on_without_a_restart(
    town, wechat, database_url
):
    with ExitStack() as stack:
        web = stack.enter_context(start(database_url, wechat.url, REACTOR_WORKER="external"))
        worker = stack.enter_context(start_worker(database_url, wechat.url))
        web.wait_ready()
        worker.wait_ready()
        processes = children(web.process.pid)
        here = town(12, web)
        with reading(database_url) as ledger:
            here.open(ledger)
        # A turn is under way, and its answer comes when there is nobody to write it down.
        held = wechat.platform.plan(Fault("release", "hold_after"))
        assert here.push_approval(here.approve(here.appids[0]))
        assert held.gate.reached.wait(10)
        with away(database_url):
            held.gate.go.set()
            before = len(here.heard)
            for appid in here.appids[1:6]:
                assert not here.push_approval(here.approve(appid), tries=2, pause=0.2)
            heard = here.heard[before:]
            assert {(result.status, result.body) for result in heard} == {(503, b"")}
            assert max(result.seconds for result in heard) < WECHATS_PATIENCE
            assert web.request("GET", "/readyz").status_code == 503
            assert web.request("GET", "/healthz").status_code == 200
        wait_until(lambda: web.request("GET", "/readyz").status_code == 200, seconds=10, what="its return")
        for approval in here.approvals:
            if not approval.acknowledged:
                assert here.push_approval(approval)
        all_live(here)
        assert (children(web.process.pid), worker.process.poll()) == (processes, None)
        _hears_at_once(here)
        with reading(database_url) as ledger:
            under_way = "SELECT count(*) FROM releases WHERE state IN ('pending', 'releasing')"
            wait_until(lambda: ledger.ask(under_way)[0][0] == 0, seconds=40, what="every release to end")
            nothing_wrong(here, ledger)
        assert "Traceback" not in web.log + worker.log


def _hears_at_once(here):
    """The worker listens again: it is faster than polling alone could be."""
    delays = []
    for appid in here.appids[6:]:
        approval = here.approve(appid)
        began = time.monotonic()
        assert here.push_approval(approval)
        wait_until(lambda: here.is_live(appid), every=0.005, what="the release")  # noqa: B023
        delays.append(time.monotonic() - began)
    assert sorted(delays)[len(delays) // 2] < 0.5

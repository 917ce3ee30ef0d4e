"""A town of mini programs whose approvals are pushed as WeChat does it, and worker processes to release them.

The simulator remembers what happened at WeChat; `Ledger` reads the store behind the reactor's back.
"""

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import psycopg
import sqlalchemy as sa
from known import AES_KEY_TEXT, COMPONENT, TOKEN, environment
from served import Process, wait_until

from reactor.bootstrap import build_store
from reactor.core.crypto import decode_aes_key
from reactor.settings import load_settings
from reactor.simulator import pusher

WORKER = ("-m", "reactor", "worker")


def start_worker(database_url, api_url, *, command=WORKER, **variables):
    """Start a worker process at once, without waiting; `command` is what follows the interpreter."""
    wanted = environment(database_url, api_url, **({"REACTOR_RETRY_SCALE": "0.01"} | variables))
    return WorkerProcess(command, wanted)


class WorkerProcess(Process):
    """One worker, and when it is ready."""

    @property
    def is_ready(self):
        return "the worker runs" in self.log

    def wait_ready(self):
        wait_until(lambda: self.is_ready or self.process.poll() is not None, seconds=30, what="the worker")
        assert self.process.poll() is None, self.log
        return self


@contextmanager
def away(database_url):
    """PostgreSQL takes nobody in, and puts out who is there; until the block is left."""
    name = re.search(r"/(t_\w+)\?", database_url)[1]

    def allow(yes):
        with psycopg.connect(database_url.replace(name, "postgres"), autocommit=True) as server:
            server.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {yes}")
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

    allow("false")
    try:
        yield
    finally:
        allow("true")


@dataclass
class Approval:
    """One audit that passed, and whether its push was answered `success`."""

    appid: str
    auditid: int
    succeeded_at: int
    acknowledged: bool = False


@dataclass
class Town:
    """Mini programs at the simulator, the clerks who pass their audits, and the pushes about it.

    `urls` gives the web processes that may be asked now.
    """

    platform: object
    urls: object
    size: int
    random: Random
    approvals: list[Approval] = field(default_factory=list)
    heard: list = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def appids(self):
        return [f"wx{number:016x}" for number in range(1, self.size + 1)]

    def push(self, message, appid=None, *, tries=3, pause=0.0):
        """Push as WeChat does: again when not acknowledged, to whoever answers then; says whether it was."""
        for _ in range(tries):
            url = self.random.choice(self.urls())
            sender = pusher.Pusher(
                url, component_appid=COMPONENT, token=TOKEN, aes_key=decode_aes_key(AES_KEY_TEXT)
            )
            result = sender.push(message, authorizer_appid=appid, tries=1)
            self.heard.append(result)
            if result.acknowledged:
                return True
            time.sleep(pause)
        return False

    def push_ticket(self, **more):
        ticket = self.platform.issue_ticket()
        now = int(time.time())
        message = pusher.ticket(component_appid=COMPONENT, created_at=now, ticket=ticket)
        return self.push(message, **more)

    def push_authorized(self, appid, **more):
        """The merchant authorizes the platform."""
        code = self.platform.authorize(appid, user_name=name_of(appid), nick_name=f"shop {appid[-3:]}")
        about = {"component_appid": COMPONENT, "authorizer_appid": appid, "authorization_code": code}
        return self.push(pusher.authorized(created_at=int(time.time()), **about), **more)

    def open(self, ledger, seconds=30):
        """A ticket, and every mini program authorized, its code exchanged."""
        assert self.push_ticket()
        for appid in self.appids:
            assert self.push_authorized(appid)
        query = "SELECT count(*) FROM authorizers WHERE state = 'authorized' AND code_sealed IS NULL"
        wait_until(lambda: ledger.ask(query)[0][0] == self.size, seconds=seconds, what="the exchanges")

    def approve(self, appid):
        """Submit a fresh version and pass it; None when its last one is too fresh.

        WeChat's times are whole seconds, and by the contract a release in the second of an approval counts
        as that approval's: an audit lasts longer than that, so nobody's next one passes so soon.
        """
        with self.platform.lock:
            known = self.platform.authorizer(appid)
            latest = max([a.submitted_at for a in known.audits] + [p.released_at for p in known.past] + [0])
            if latest + 1 >= int(self.platform.clock()):
                return None
            auditid = self.platform.submit_audit(appid, f"1.0.{len(known.audits)}")
            approval = Approval(appid, auditid, self.platform.approve(appid))
        with self._lock:
            self.approvals.append(approval)
        return approval

    def push_approval(self, approval, **more):
        at = approval.succeeded_at
        message = pusher.audit_success(user_name=name_of(approval.appid), created_at=at, succeeded_at=at)
        approval.acknowledged = self.push(message, approval.appid, **more)
        return approval.acknowledged

    # what WeChat remembers

    def is_live(self, appid):
        """Whether the newest version of this mini program was released."""
        with self.platform.lock:
            audits = self.platform.authorizer(appid).audits
            return not audits or audits[-1].released

    @property
    def waiting(self):
        """Those whose newest approved version is not live."""
        return [appid for appid in self.appids if self.platform.find(appid) and not self.is_live(appid)]


def name_of(appid):
    return f"gh_{appid[6:]}"


class Ledger:
    """The store as it is on the disk, read with a connection of its own."""

    def __init__(self, database_url):
        self._store = build_store(load_settings(environment(database_url, "http://127.0.0.1:1")))

    def ask(self, query, **values):
        with self._store.read() as connection:
            return connection.execute(sa.text(query), values).all()

    def close(self):
        self._store.close()


@contextmanager
def reading(database_url):
    ledger = Ledger(database_url)
    try:
        yield ledger
    finally:
        ledger.close()


def audit_account(town, ledger):
    """What WeChat did, held against what was acknowledged and what the store says; sets of auditids.

    lost: not live, no newer one passed since, and no release of it before a person, pushed or not.
    double: released with effect more than once. unapproved: released without having been approved.
    again: `release` was called for what was live. false: the store says released, WeChat released
    neither that one nor a newer one.
    unstored: acknowledged, and there is no such event.
    """
    rows = ledger.ask("SELECT authorizer_appid, state, audit_id, approved_at FROM releases")
    events = {tuple(row) for row in ledger.ask("SELECT authorizer_appid, created_at FROM events")}
    account = {name: set() for name in ("lost", "double", "unapproved", "false", "unstored", "failed")}
    with town.platform.lock:
        shops = {appid: town.platform.find(appid) for appid in town.appids}
        calls = town.platform.calls
    released = set()
    for shop in shops.values():
        published = [live.auditid for live in shop.past]
        approved = {a.auditid for a in town.approvals if a.appid == shop.appid}
        account["double"] |= {auditid for auditid in published if published.count(auditid) > 1}
        account["unapproved"] |= set(published) - approved
        released |= set(published)
    newest = {a.appid: a.auditid for a in town.approvals}  # in the order in which they passed
    before_a_person = {(row[0], row[3]) for row in rows if row[1] in ("failed", "held")}
    for one in town.approvals:
        handed_over = (one.appid, one.succeeded_at) in before_a_person
        if one.acknowledged and (one.appid, one.succeeded_at) not in events:
            account["unstored"].add(one.auditid)
        if one.auditid in released or newest[one.appid] != one.auditid:
            continue
        account["failed" if handed_over else "lost"].add(one.auditid)
    last = {appid: max((live.auditid for live in shop.past), default=0) for appid, shop in shops.items()}
    # Overtaken while its process was dead, it may end as released by the newer one.
    told = [(row[0], row[2] or 0) for row in rows if row[1] == "released"]
    account["false"] = {auditid for appid, auditid in told if auditid > last[appid]}
    account["again"] = [call for call in calls if call.call == "release" and call.errcode == 85052]
    return account

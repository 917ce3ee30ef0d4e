"""`python -m tests.bench.history`: what a step costs beside a long history, against an empty store.

Each step is taken inside a transaction that is rolled back, so that nothing but its statements counts, in
rounds that take turns between the two stores. The aim: at most twice as long, on both databases.
"""

import argparse
import contextlib
import itertools
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass

import psycopg

from reactor.audits import AuditPush, accept_audits
from reactor.bootstrap import build_store, build_worker
from reactor.core.events import AuditSucceeded
from reactor.core.lifecycle import State
from reactor.core.policy import Pace, Policy
from reactor.intake import Intake
from reactor.records import Records
from reactor.settings import load_settings
from reactor.store import asking, authorizers, chain, claims, presence, pruning, releases
from reactor.tally import Tally
from reactor.worker import Worker
from tests.bench.serving import databases, environment
from tests.known import COMPONENT

AIM = 2.0
BLOCKS, ROUNDS = 6, 40
PLAN = asking.Plan.of(600, 21600, 20.0)
DAY = 86400.0

# {now} is the moment of filling, {rows} how many; n counts from 1. The words that differ are in _WORDS.
FILL = {
    "authorizers": """
        INSERT INTO authorizers (authorizer_appid, user_name, nick_name, state, func_ids, live_version,
            refresh_token_sealed, access_token_sealed, access_token_refresh_at, access_token_expires_at,
            audit_status, asked_at, settled_audit_id)
        SELECT {appid}, {name}, 'shop', 'authorized', '17,18,25', '1.0.0', {filler}, {filler},
            {now} + 6000, {now} + 7000, 0, {now} - 12000.0 * n / {rows}, n FROM {numbers}""",
    "events": """
        INSERT INTO events (identity, received_at, created_at, kind, authorizer_appid, to_user_name, verdict)
        SELECT {identity}, {now} - 20.0 * ({rows} - n), {now} - 20.0 * ({rows} - n), 'audit_success',
            {appid_of_many}, {name_of_many}, 'accepted' FROM {numbers}""",
    "releases": """
        INSERT INTO releases (authorizer_appid, to_user_name, event_id, state, mode, audit_id, user_version,
            user_desc, approved_at, created_at, due_at, released_at, attempts)
        SELECT {appid_of_many}, {name_of_many}, n, {state}, 'auto', n, '1.0.0', 'about it',
            {now} - 20.0 * ({rows} - n), {now} - 20.0 * ({rows} - n), {now} - 20.0 * ({rows} - n),
            {now} - 20.0 * ({rows} - n), 1 FROM {numbers}""",
    "history": """
        INSERT INTO history (release_id, at, from_state, to_state, happening, actor)
        SELECT n, {now} - 20.0 * ({rows} - n), 'releasing', 'released', 'seen_live', 'worker' FROM {numbers}
        """,
    "calls": """
        INSERT INTO calls (release_id, authorizer_appid, at, call, outcome, http_status, errcode, ms)
        SELECT n, {appid_of_many}, {now} - 20.0 * ({rows} - n), 'release', 'answered', 200, 0, 80
        FROM {numbers}""",
}
# Of a hundred, one was overtaken and one cancelled.
_STATE = "CASE n % 100 WHEN 0 THEN 'superseded' WHEN 1 THEN 'cancelled' ELSE 'released' END"
_WORDS = {
    "sqlite": {
        "numbers": "(WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {rows})"
        " SELECT n FROM count)",
        "appid": "printf('wx%016x', n)",
        "name": "printf('gh_%012x', n)",
        "appid_of_many": "printf('wx%016x', n % {shops} + 1)",
        "name_of_many": "printf('gh_%012x', n % {shops} + 1)",
        "identity": "lower(hex(randomblob(32)))",
        "filler": "hex(randomblob(100))",
        "state": _STATE,
    },
    "postgresql": {
        "numbers": "generate_series(1, {rows}) AS n",
        "appid": "'wx' || lpad(to_hex(n), 16, '0')",
        "name": "'gh_' || lpad(to_hex(n), 12, '0')",
        "appid_of_many": "'wx' || lpad(to_hex(mod(n, {shops}) + 1), 16, '0')",
        "name_of_many": "'gh_' || lpad(to_hex(mod(n, {shops}) + 1), 12, '0')",
        "identity": "md5(n::text) || md5((-n)::text)",
        "filler": "repeat(md5(n::text), 7)",
        "state": _STATE.replace("n % 100", "mod(n, 100)"),
    },
}


def fill(store, *, rows, shops, now):
    """A history of so many rows; prints how long it took."""
    words = _WORDS["sqlite" if store.is_sqlite else "postgresql"]
    for table, statement in FILL.items():
        began = time.monotonic()
        count = shops if table == "authorizers" else rows
        text = statement.format(**words, now=now, rows=count).format(rows=count, shops=shops)
        with store.write() as connection:
            if not store.is_sqlite:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql(text)
        print(f"  {table}: {count} rows in {time.monotonic() - began:.0f} s", flush=True)


def analyze(store):
    """What a database knows of its tables after a night."""
    with store._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not store.is_sqlite:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.invalidate()
            return
        connection.exec_driver_sql("ANALYZE")
    store.close()  # only a new connection reads the statistics


@dataclass
class Place:
    """A store with one shop that is pushed and asked about, and another whose release is due."""

    store: object
    worker: Worker
    intake: Intake
    shop: str
    now: float

    def __post_init__(self):
        self._numbers = itertools.count(1)
        self.records = Records(self.store, COMPONENT, PLAN)

    @classmethod
    def of(cls, settings, store, *, shops, now):
        middle = max(1, shops // 2)
        shop, other = (f"wx{number:016x}" for number in (middle, middle + 1))
        with store.write() as connection:
            for appid in (shop, other):
                told = {"user_name": f"gh_{appid[6:]}", "state": authorizers.AUTHORIZED, "asked_at": 1.0}
                authorizers.save(connection, appid, **told)
            row = {"authorizer_appid": other, "to_user_name": f"gh_{other[6:]}", "state": State.PENDING}
            times = {"approved_at": now, "created_at": now, "due_at": now}
            releases.open_all(connection, [{**row, "mode": "auto", **times}], happening="opened", actor="x")
        worker = build_worker(settings, store)
        intake = Intake(store, COMPONENT, Policy, wake=lambda: None, tally=Tally(store))
        return cls(store, worker, intake, shop, now)

    def timed(self, step):
        """Seconds that the step took."""
        with self.store.write() as connection:
            began = time.perf_counter()
            step(self, connection)
            took = time.perf_counter() - began
            connection.rollback()
        return took


def look_out(place, connection):
    del connection  # it takes a read of its own
    assert place.worker._steps.look_out().may_release


def claim(place, connection):
    pace = Pace(1000.0, 1000)
    told = {"holder": "h", "now": place.now, "lease_until": place.now + 20}
    assert claims.claim_due(connection, **told, speed=pace)


def intake(place, connection):
    at = place.now + next(place._numbers)
    event = AuditSucceeded("gh_" + place.shop[6:], "o", int(at), int(at))
    (left_work,) = accept_audits(connection, [AuditPush(event, place.shop, at, stale=False)], Policy)
    assert left_work


def repetition(place, connection):
    event = AuditSucceeded("gh_" + place.shop[6:], "o", int(place.now), int(place.now))
    push = AuditPush(event, place.shop, place.now, stale=False)
    accept_audits(connection, [push], Policy)
    assert accept_audits(connection, [push], Policy) == [False]


def ask_in_turn(place, connection):
    told = {"now": place.now, "crowd": 100_000}
    found = asking.next_one(connection, PLAN, ask_all_since=None, **told)
    assert found
    assert found.pace == asking.ROUND
    assert asking.claim(connection, PLAN, found, retry_at=place.now + 60, **told)


def ask_all(place, connection):
    told = {"now": place.now, "crowd": 100_000}
    found = asking.next_one(connection, PLAN, ask_all_since=place.now - 1000, **told)
    assert found
    assert found.pace is None
    assert asking.claim(connection, PLAN, found, retry_at=place.now + 60, **told)


def known_audit(place, connection):
    told = {"user_name": "gh_" + place.shop[6:], "audit_id": 1, "submitted_at": place.now + 9}
    releases.of_audit(connection, place.shop, **told)


def beat(place, connection):
    presence.beat(connection, "worker", place.now)
    claims.renew_leases(connection, holders=["worker:1"], lease_until=place.now + 20)
    authorizers.renew_codes(connection, holders=["worker:1"], lease_until=place.now + 20)


def ticket(place, connection):
    releases.make_due(connection, now=place.now, waits_for=["ticket"])
    authorizers.make_codes_due(connection, now=place.now)


def prune(place, connection):
    assert pruning.prune(connection, before=place.now - 400 * DAY) == 0
    assert chain.forget(connection, place.store.vault, before=place.now - 4000 * DAY, most=200) == 0


def failed_page(place, connection):
    releases.page(connection, before=None, limit=51, state="failed")
    authorizers.page(connection, before=None, limit=51, state="unauthorized")


def status(place, _connection):
    place.records.status()


STEPS = {
    "look out": look_out,
    "claim": claim,
    "intake": intake,
    "intake, repeated": repetition,
    "sweep, in turn": ask_in_turn,
    "sweep, after a gap": ask_all,
    "sweep, known audit": known_audit,
    "status": status,
    "heartbeat": beat,
    "ticket": ticket,
    "prune, nothing old": prune,
    "pages of failures": failed_page,
}
AIMED_AT = ("look out", "claim", "intake", "sweep, in turn", "sweep, after a gap")


def compare(empty, full):
    """The median of each step in both, in turns; prints and gives back the ratios."""
    print(f"  {'':<20}{'empty µs':>10}{'full µs':>10}{'ratio':>8}")
    ratios = {}
    for name, step in STEPS.items():
        took = {id(empty): [], id(full): []}
        for _ in range(BLOCKS):
            for place in (empty, full):
                place.timed(step)
                # A step that takes seconds need not be repeated so often to show it.
                rounds = ROUNDS if place.timed(step) < 0.02 else 3
                took[id(place)] += [place.timed(step) for _ in range(rounds)]
        low, high = (statistics.median(took[id(place)]) * 1e6 for place in (empty, full))
        ratios[name] = high / low
        over = "" if ratios[name] <= AIM else "  over" if name in AIMED_AT else "  (over)"
        print(f"  {name:<20}{low:>10.0f}{high:>10.0f}{ratios[name]:>8.2f}{over}", flush=True)
    return ratios


def careless(url):
    """Every step is rolled back: what is safe on disk is not what is measured, only slow to fill."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def run(kind, folder, *, rows, shops):
    """Fill, compare, and say what of the aim is missed."""
    print(f"{kind}: {rows} releases, events, calls and rows of history, {shops} authorizers")
    now = float(int(time.time()))
    places = []
    with databases(kind, folder, "b_empty", "b_full") as (empty, full), contextlib.ExitStack() as stack:
        if kind == "postgresql":
            careless(empty)
        for url, filled in ((empty, False), (full, True)):
            settings = load_settings(
                {k: v for k, v in environment(url, "http://127.0.0.1:1").items() if k != "PORT"}
            )
            store = stack.enter_context(contextlib.closing(build_store(settings)))
            store.migrate()
            if filled:
                fill(store, rows=rows, shops=shops, now=now)
            places.append(Place.of(settings, store, shops=shops, now=now))
        if kind == "sqlite":
            print("  before ANALYZE, which nobody runs by himself:")
            compare(*places)
            print("  after ANALYZE:")
        for place in places:
            analyze(place.store)
        ratios = compare(*places)
    return {f"{kind}, {name}": ratio for name, ratio in ratios.items() if name in AIMED_AT and ratio > AIM}


def main():
    """Both databases, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="finished releases, and events")
    parser.add_argument("--authorizers", type=int, default=100_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    missed = {}
    for kind in given.database or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory() as folder:
            missed |= run(kind, folder, rows=given.rows, shops=given.authorizers)
    for name, ratio in missed.items():
        print(f"over the aim of {AIM:g}: {name} {ratio:.2f}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

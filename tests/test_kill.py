"""kill -9 of the real web process, arbiter and workers at once, between every two steps of one release.

All cases live, die and recover at the same time, each with a WeChat, a database and a gunicorn of its own:
what takes long is waiting for the leases of the dead to lapse.
"""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from random import Random

import psycopg
import pytest
from known import AES_KEY_TEXT, API_TOKEN, APPSECRET, COMPONENT, SHOP, SHOP_NAME, TOKEN
from served import start, wait_until

from reactor.core.crypto import decode_aes_key
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform

TAKEN_OVER_SECONDS = 30.0  # the contract's, from the death on
SETTLED_SECONDS = 40.0
HELD_SECONDS = 20.0


@dataclass(frozen=True)
class Death:
    """Where one release stands still while its process dies; the last of `faults` holds it there."""

    faults: tuple[tuple[str, str], ...]
    claimed: bool = True  # the release was in flight, so its history must show the take-over
    already_live: bool = False
    rotate: bool = False  # the refresh that nobody heard of replaced the refresh token
    processes: int = 1


DEATHS = {
    # First, because the lease of the dead refresher lapses later than that of the release.
    "while a token is refreshed": Death((("api_authorizer_token", "hold_after"),), rotate=True),
    "right after the acknowledgement": Death((), claimed=False),
    "before the look": Death((("get_latest_auditstatus", "hold_before"),)),
    "after the call was recorded, before WeChat did it": Death((("release", "hold_before"),)),
    "after WeChat did it": Death((("release", "hold_after"),), already_live=True, processes=2),
    # The first getversioninfo belongs to the look, the second checks what the call did.
    "before the record": Death(
        (("getversioninfo", "delay"), ("getversioninfo", "hold_after")), already_live=True
    ),
    "while a code is exchanged": Death((("api_query_auth", "hold_after"),), claimed=False),
}
DATABASES = ("sqlite", "postgresql")
CASES = [(database, name) for name in DEATHS for database in DATABASES]


@dataclass
class Story:
    """One death and what came of it: the API's answers, the simulator's memory, moments as Unix seconds."""

    platform: Platform
    death: Death
    died_at: float = 0.0
    settled_at: float = 0.0
    live_at_death: bool = False
    releases: list = field(default_factory=list)
    release: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    log: str = ""

    def push(self, web, message, appid=None):
        """Push as WeChat does; an AssertionError unless it was acknowledged."""
        sender = pusher.Pusher(
            web.url, component_appid=COMPONENT, token=TOKEN, aes_key=decode_aes_key(AES_KEY_TEXT)
        )
        assert sender.push(message, authorizer_appid=appid).acknowledged

    def api(self, web, path):
        answer = web.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {API_TOKEN}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def happen(self, database_url):
        """Live up to the death, die, start again, and wait for the end."""
        with serve(self.platform) as face:
            variables = {"WEB_CONCURRENCY": str(self.death.processes)}
            with start(database_url, face.url, **variables) as web:
                web.wait_ready()
                self._die(web)
            with start(database_url, face.url, **variables) as web:
                web.wait_ready()
                self._settle(web)
                assert web.terminate() == 0
                self.log = web.log
        return self

    def _die(self, web):
        now = int(time.time())
        code = self.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
        granted = {"component_appid": COMPONENT, "authorizer_appid": SHOP, "authorization_code": code}
        ticket = self.platform.issue_ticket()
        self.push(web, pusher.ticket(component_appid=COMPONENT, created_at=now, ticket=ticket))
        exchanging = any(call == "api_query_auth" for call, _ in self.death.faults)
        if not exchanging:
            self.push(web, pusher.authorized(created_at=now, **granted))
            self._until(web, "/authorizers", lambda shops: shops and shops[0]["state"] == "authorized")
            self._wait_for_the_sweep()
        planned = [self.platform.plan(Fault(call, kind)) for call, kind in self.death.faults]
        if exchanging:
            self.push(web, pusher.authorized(created_at=now, **granted))
        if self.death.rotate:
            self.platform.expire_access_tokens(SHOP)
        self._approve(web)
        if planned:
            assert planned[-1].gate.reached.wait(HELD_SECONDS), f"{planned[-1]} was never reached"
        web.kill()
        self.died_at = time.time()
        for fault in planned:
            fault.gate.drop()
        self.live_at_death = self.platform.live(SHOP) is not None
        if self.death.rotate:
            # The new refresh token died with the process, and the old one is given no five minutes.
            self.platform.rotate_refresh_token(SHOP, grace=0)

    def _wait_for_the_sweep(self):
        """It asks after a new authorizer at once, with a call that is planned to stand still in a turn."""

        def asked():
            return any(call.call == "get_latest_auditstatus" for call in self.platform.calls)

        wait_until(asked, seconds=SETTLED_SECONDS, every=0.05, what="the sweep's first look")

    def _approve(self, web):
        self.platform.submit_audit(SHOP, "1.0.0", "the first")
        succeeded_at = self.platform.approve(SHOP)
        message = pusher.audit_success(
            user_name=SHOP_NAME, created_at=succeeded_at, succeeded_at=succeeded_at
        )
        self.push(web, message, SHOP)

    def _settle(self, web):
        final = ("released", "failed", "cancelled", "superseded")
        self.releases = self._until(
            web, "/releases", lambda releases: releases and all(one["state"] in final for one in releases)
        )
        self.settled_at = time.time()
        self.release = self.api(web, f"/releases/{self.releases[0]['id']}")
        self.events = self.api(web, "/events")["items"]

    def _until(self, web, path, true):
        def look():
            items = self.api(web, path)["items"]
            return items if true(items) else None

        return wait_until(look, seconds=SETTLED_SECONDS, every=0.2, what=f"{path} as expected")


@pytest.fixture(scope="module")
def fresh_database(postgresql_server, tmp_path_factory):
    """Make databases that nobody migrated yet: a web process does that itself."""
    made = []

    def make(kind):
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('killed') / 'reactor.db'}"
        made.append(f"k_{uuid.uuid4().hex}")
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {made[-1]}")
        return postgresql_server.replace("/postgres?", f"/{made[-1]}?")

    yield make
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def endings(fresh_database):
    """Every case, lived through at the same time: its story, or the exception that ended it."""
    with ThreadPoolExecutor(len(CASES)) as pool:
        running = {}
        for number, (database, name) in enumerate(CASES):
            death = DEATHS[name]
            platform = Platform(
                component_appid=COMPONENT,
                component_appsecret=APPSECRET,
                random=Random(number),
                rotate_on_refresh=death.rotate,
            )
            story = Story(platform, death)
            running[database, name] = pool.submit(story.happen, fresh_database(database))
    return running


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1].replace(' ', '-')}")
def story(request, endings):
    return endings[request.param].result()


def moment(text):
    return datetime.fromisoformat(text).timestamp()


def test_a_release_ends_live_wherever_its_process_was_killed(story):
    assert [release["state"] for release in story.releases] == ["released"], story.release
    assert story.platform.live(SHOP)[0] == "1.0.0"


def test_wechat_publishes_it_exactly_once(story):
    assert len(story.platform.effective_releases(SHOP)) == 1
    assert story.live_at_death is story.death.already_live or not story.death.faults


def test_the_acknowledged_push_is_still_there_and_belongs_to_the_release(story):
    approvals = [event for event in story.events if event["kind"] == "audit_success"]
    assert [(one["verdict"], one["release_id"]) for one in approvals] == [("accepted", story.release["id"])]


def test_it_is_taken_over_within_thirty_seconds_of_the_death(story):
    history = story.release["history"]
    taken = [moment(row["at"]) for row in history if row["happening"] == "taken_over"]
    if story.death.claimed:
        assert len(taken) == 1
        assert story.died_at < taken[0] <= story.died_at + TAKEN_OVER_SECONDS
    assert story.settled_at <= story.died_at + SETTLED_SECONDS


def test_the_history_replays_from_the_push_to_the_live_version(story):
    steps = [(row["from"], row["to"]) for row in story.release["history"]]
    assert steps[0] == (None, "pending")
    assert all(earlier[1] == later[0] for earlier, later in pairwise(steps))
    assert steps[-1] == ("releasing", "released")


def test_a_call_whose_answer_died_is_on_record_as_unknown(story):
    calls = [call["outcome"] for call in story.release["calls"] if call["call"] == "release"]
    if story.death.faults and story.death.faults[-1][0] == "release":
        assert calls[0] == "unknown"
    assert "started" not in calls
    assert calls.count("answered") <= 1


def test_the_log_of_the_second_life_has_no_traceback(story):
    assert "Traceback" not in story.log

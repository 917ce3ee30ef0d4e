"""What happens at the same moment, or in an unlucky order: nothing is lost, and nothing undone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from house import House
from known import APPSECRET, COMPONENT, environment
from served import wait_until
from stories import (
    CAFE,
    CAFE_NAME,
    SHOP,
    SHOP_NAME,
    ask,
    authorizer,
    check_the_end,
    count,
    edit,
    held,
    names,
    patient_tools,
    second_push,
    waits,
)

from reactor.authorization import Exchange
from reactor.bootstrap import build_web
from reactor.core.lifecycle import State
from reactor.core.policy import Pace
from reactor.settings import load_settings
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform
from reactor.store import authorizers, component, moments, presence, releases
from reactor.surroundings import Surroundings
from reactor.wechat import answers
from reactor.worker import POLL_SECONDS, Worker

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
PROBE = "api_get_authorizer_list"


@pytest.fixture
def house(build_house):
    """A reactor whose story must end well."""
    house = build_house()
    yield house
    check_the_end(house)


@contextmanager
def meanwhile(work):
    """Something that goes on beside the block, and has ended well when the block is left."""
    with ThreadPoolExecutor(1) as beside:
        going = beside.submit(work)
        yield
        going.result(20)


def wait_for_a_queue(house):
    """Until somebody waits for a row that an open transaction has locked."""
    wait_until(lambda: ask(house, "SELECT 1 FROM pg_locks WHERE NOT granted"), every=0.005, what="a queue")


def approve_unpushed(house):
    """An approval that nobody pushed yet; its SuccTime."""
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(1)
    return house.platform.approve(SHOP)


def unauthorized_at(house, created_at):
    """Deliver `unauthorized`, whatever WeChat would say about it now."""
    about = {"component_appid": COMPONENT, "created_at": created_at, "authorizer_appid": SHOP}
    return house.deliver(pusher.unauthorized(**about))


def take_lease(house, seconds):
    """Another process begins to fetch the shop's token."""
    now = house.clock()
    with house.store.write() as connection:
        assert presence.take(connection, f"authorizer:{SHOP}", holder="other", now=now, until=now + seconds)


def tokens_of(house):
    """What is in the store of tokens and codes of the one shop."""
    (row,) = ask(house, "SELECT refresh_token_sealed, access_token_sealed, code_sealed FROM authorizers")
    return [sealed for sealed in row if sealed]


def states(house):
    """The states of all releases, oldest first."""
    return [release["state"] for release in reversed(house.releases(limit=200))]


@pytest.fixture
def approved(house):
    """A house with one shop, whose approval waits for its turn."""
    house.open_shop()
    house.approve()
    return house


def block(house):
    """WeChat refuses the first release's turn for everybody: calls stop, the next probe is in a minute."""
    house.open_shop()
    house.platform.allowed = False
    house.approve()
    house.run()
    assert house.api("/status")["blocked"]


@pytest.fixture
def two_live_houses(database_url):
    """Two processes' worth of reactor on one store, in real time, with their workers running."""
    platform = Platform(component_appid=COMPONENT, component_appsecret=APPSECRET)
    with serve(platform) as face, ExitStack() as running:
        settings = load_settings(environment(database_url, face.url, REACTOR_RETRY_SCALE="0.01"))
        apps = [build_web(settings, Surroundings()) for _ in range(2)]
        for app in apps:
            running.callback(app.extensions["reactor"].stop)
            app.extensions["reactor"].worker.start()
        yield [House(platform, face, time.time, settings, app) for app in apps]


class Crowd:
    """Everybody who pushes to the two houses at once, and what they were told."""

    def __init__(self, houses):
        self.houses, self.platform = houses, houses[0].platform
        self.shops = [(f"wx{number:016x}", f"gh_{number:012x}") for number in range(1, 7)]
        self.told, self.over = [], threading.Event()

    def hear(self, answer):
        self.told.append((answer.status_code, answer.get_data()))

    def clerk(self, appid, user_name):
        for number in range(6):
            self.platform.submit_audit(appid, f"1.0.{number}")
            succeeded_at = self.platform.approve(appid)
            for turn, house in enumerate(self.houses):  # WeChat may push one audit in two wordings
                more = {"succeeded_at": succeeded_at, "from_user_name": f"o{number}{turn}"}
                self.hear(second_push(house, appid, user_name, **more))

    def merchants(self):
        while not self.over.wait(0.02):
            for house in self.houses:
                self.hear(house.push_ticket())
                self.hear(house.push_authorized(*self.shops[len(self.told) % len(self.shops)]))

    def push(self):
        with meanwhile(self.merchants), ExitStack() as clerks:
            clerks.callback(self.over.set)
            for shop in self.shops:
                clerks.enter_context(meanwhile(lambda shop=shop: self.clerk(*shop)))


def test_pushes_turns_tickets_and_authorizations_at_once_are_all_carried_out(two_live_houses, caplog):
    crowd, house = Crowd(two_live_houses), two_live_houses[0]
    crowd.hear(house.push_ticket())
    for shop in crowd.shops:
        crowd.hear(house.push_authorized(*shop))
    crowd.push()
    wait_until(lambda: not {"pending", "releasing"} & set(states(house)), what="the end of all turns")
    # WeChat tells seconds only: what is approved in the second of a release cannot be told from it.
    last_second = int(time.time())
    wait_until(lambda: int(time.time()) > last_second)
    for appid, user_name in crowd.shops:
        crowd.platform.submit_audit(appid, "2.0.0")
        crowd.hear(house.push_approval(appid, user_name, succeeded_at=crowd.platform.approve(appid)))
    wait_until(lambda: not {"pending", "releasing"} & set(states(house)), what="the end of all turns")
    assert set(crowd.told) == {(200, b"success")}
    assert {crowd.platform.live(appid)[0] for appid, _ in crowd.shops} == {"2.0.0"}
    assert set(states(house)) <= {"released", "superseded"}
    assert [r.message for r in caplog.records if r.exc_info or "waits for the store" in r.message] == []


@POSTGRESQL
def test_a_transaction_that_lost_a_deadlock_is_repeated_and_loses_nothing(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    tries, first_locked = [], threading.Event()

    def loser(connection):
        tries.append(1)
        connection.execute(sa.text("SET LOCAL deadlock_timeout = '10ms'"))
        authorizers.update(connection, SHOP, nick_name="twice")
        first_locked.set()
        if len(tries) == 1:
            wait_for_a_queue(house)
        authorizers.update(connection, CAFE, nick_name="twice")

    def winner():
        with house.store.write() as connection:
            connection.execute(sa.text("SET LOCAL deadlock_timeout = '30s'"))  # the other gives way
            authorizers.update(connection, CAFE, nick_name="once")
            assert first_locked.wait(10)
            authorizers.update(connection, SHOP, nick_name="once")

    with meanwhile(winner):
        house.store.transact(loser)
    assert len(tries) == 2
    assert [authorizer(house, appid)["nick_name"] for appid in (SHOP, CAFE)] == ["twice", "twice"]


@POSTGRESQL
def test_a_turn_that_ends_locks_the_authorizer_before_its_release_as_a_push_does(approved):
    house = approved
    with held(house, "release", "hold_before") as gate, house.store.write() as connection:
        authorizers.update(connection, SHOP, audit_status=0)  # as a push begins
        gate.go.set()
        wait_for_a_queue(house)
        (mine,) = releases.in_states(connection, [SHOP], [State.RELEASING], lock=True)
    assert (mine.id, states(house)) == (house.only_release()["id"], ["released"])


@POSTGRESQL
def test_a_ticket_that_waits_for_the_end_of_a_turn_keeps_no_approval_waiting(approved):
    house = approved
    with held(house, "release", "hold_before"), house.store.write() as connection:
        releases.in_states(connection, [SHOP], [State.RELEASING], lock=True)  # as the end of a turn does
        with meanwhile(house.push_ticket):
            wait_for_a_queue(house)
            assert house.push_approval(CAFE, CAFE_NAME).get_data() == b"success"
            connection.rollback()
    assert set(states(house)) == {"released", "pending"}


@pytest.mark.parametrize("apart", [-5, 5], ids=["older", "younger"])
@pytest.mark.parametrize("when", ["before", "after", "during the turn"])
def test_a_push_of_another_mini_program_never_displaces_the_genuine_one(house, apart, when):
    house.push_ticket()
    house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", exchanged=True)
    succeeded_at = approve_unpushed(house)
    astray, genuine = (CAFE_NAME, succeeded_at + apart), (SHOP_NAME, succeeded_at)
    for user_name, at in (
        [astray, genuine] if when == "before" else [genuine, astray][: 1 + (when == "after")]
    ):
        house.push_approval(SHOP, user_name, succeeded_at=at)
    if when == "during the turn":
        house.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=-1))  # it ends unreleased
        with held(house, "api_get_authorizer_info", "hold_before"):
            house.push_approval(SHOP, astray[0], succeeded_at=astray[1])
    assert states(house) == ["pending", "pending"]
    house.run_for(10)
    ended = dict(ask(house, "SELECT to_user_name, state FROM releases"))
    assert ended == {CAFE_NAME: "cancelled", SHOP_NAME: "released"}
    assert house.platform.live(SHOP)[0] == "1.0.0"


def test_a_code_whose_worker_died_after_the_exchange_is_taken_up_again(build_house):
    house = build_house()
    house.push_ticket()
    house.push_authorized()
    edit(house, "UPDATE authorizers SET code_due_at = code_due_at + 5")
    house.platform.plan(Fault("api_get_authorizer_info", "errcode", errcode=61003))  # WeChat is not so far
    house.push_approval(succeeded_at=approve_unpushed(house))
    house.run()
    assert waits(house, house.only_release()) == 600.0
    house.clock.advance(4)
    now = house.clock()
    with house.store.write() as connection:
        claimed = authorizers.claim_code(connection, holder="dead", now=now, lease_until=now + 20)
    dead = Exchange(claimed, house.worker._tools)
    dead._keep(dead._query_auth())
    assert authorizer(house)["user_name"] is None
    house.run_for(30, step=1)
    shop = authorizer(house)
    assert (shop["state"], shop["user_name"], shop["can_release"]) == ("authorized", SHOP_NAME, True)
    assert shop["live_version"] == "1.0.0"
    assert house.platform.credentials.newest_refresh(SHOP) == house.store.vault.open(tokens_of(house)[0])
    assert count(house.platform, "api_query_auth") == 2


def test_a_live_worker_keeps_the_code_that_it_exchanges(house, build_house):
    other = build_house()
    house.push_ticket()
    house.push_authorized()
    worker = Worker(patient_tools(house))
    with held(house, "api_query_auth", "hold_after", worker.step):
        for _ in range(3):
            house.clock.advance(15)
            worker.beat()
            assert other.run() == 0
    assert authorizer(house)["state"] == "authorized"
    assert count(house.platform, "api_query_auth") == 1


def test_the_younger_of_authorized_and_unauthorized_counts_whichever_comes_last(house):
    before = int(house.clock())
    house.clock.advance(60)
    house.open_shop()
    house.approve()
    assert unauthorized_at(house, before).get_data() == b"success"
    assert (authorizer(house)["state"], states(house)) == ("authorized", ["pending"])
    late = {"authorizer_appid": SHOP, "authorization_code": "late", "created_at": int(house.clock())}
    house.clock.advance(60)
    house.push_unauthorized()
    assert house.deliver(pusher.authorized(component_appid=COMPONENT, **late)).get_data() == b"success"
    house.run()
    assert_revoked(house)
    assert count(house.platform, "api_query_auth") == 1


@POSTGRESQL
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("commits_first", ["authorized", "unauthorized"])
def test_of_two_that_overlap_the_younger_authorization_stays(house, known, commits_first):
    house.open_shop() if known else house.push_ticket()
    before, locked = int(house.clock()) + 1, threading.Event()
    house.clock.advance(60)
    code, now = house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner"), house.clock()
    older_first = commits_first == "unauthorized"
    late = house.push_authorized if older_first else lambda: unauthorized_at(house, before)
    with meanwhile(lambda: locked.wait(10) and late()), house.store.write() as connection:
        if older_first:
            authorizers.revoke(connection, SHOP, at=before)
        else:
            sealed = house.store.vault.seal(code)
            authorizers.keep_code(connection, SHOP, sealed=sealed, at=now, now=now)
        locked.set()
        wait_for_a_queue(house)
    house.run()
    assert authorizer(house)["state"] == "authorized"


# While WeChat is asked: what the store lacks, so that this call is made.
ASKING = {
    "api_get_authorizer_info": "user_name = NULL",
    "api_authorizer_token": "access_token_sealed = NULL",
    PROBE: "access_token_sealed = NULL, refresh_token_sealed = NULL",
}


def assert_revoked(house):
    assert (authorizer(house)["state"], tokens_of(house)) == ("unauthorized", [])
    assert states(house) == ["cancelled"]
    assert house.platform.effective_releases(SHOP) == []


@pytest.mark.parametrize("call", ASKING)
def test_an_unauthorized_that_comes_while_wechat_is_asked_has_the_last_word(approved, call):
    house = approved
    edit(house, f"UPDATE authorizers SET {ASKING[call]}")
    with held(house, call, "hold_after") as gate, house.store.write() as connection:
        assert authorizers.revoke(connection, SHOP, at=int(house.clock()))
        gate.go.set()  # the answer arrives while this transaction is still open
        if not house.store.is_sqlite:
            wait_for_a_queue(house)
    house.platform.unauthorize(SHOP)
    assert_revoked(house)


def test_a_block_ends_by_itself_though_no_work_is_due(house):
    block(house)
    house.api(f"/releases/{house.only_release()['id']}/cancel", "POST")
    before = len(house.platform.calls)
    house.run_for(121, step=10)
    assert names(house.platform, before) == [PROBE, PROBE]
    assert house.api("/status")["blocked"]
    house.platform.allowed = True
    house.run_for(60, step=10)
    assert house.api("/status")["blocked"] is None
    house.run_for(300, step=10)
    assert names(house.platform, before) == [PROBE] * 3


def test_a_turn_that_calls_nobody_does_not_use_the_probe_up(house):
    block(house)
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL")
    house.platform.allowed = True
    house.clock.advance(60)
    before = len(house.platform.calls)
    take_lease(house, 10)
    tools = replace(house.worker._tools, sleep=lambda _: 1 / 0)  # it falls as soon as it has to wait
    assert Worker(tools).step()
    assert len(house.platform.calls) == before
    assert house.api("/status")["blocked"]
    assert house.worker.step()
    assert names(house.platform, before) == [PROBE]
    assert house.api("/status")["blocked"] is None
    house.run_for(12)
    assert states(house) == ["released"]


def test_a_release_behind_one_in_flight_is_neither_polled_nor_uses_the_probe_up(approved):
    house = approved
    with held(house, "release", "hold_before"):
        second_push(house, succeeded_at=int(house.clock()))
        assert house.worker.step() is False
        assert house.worker._pause() == POLL_SECONDS
        now = house.clock()
        with house.store.write() as connection:
            assert moments.look(connection, Pace(), now=now).release is None
            component.block(connection, COMPONENT, by="system", reason="x", now=now, next_probe_at=now)
        assert house.worker.step()
        assert house.platform.calls[-1].call == PROBE
        assert house.api("/status")["blocked"] is None
    house.run()
    assert states(house) == ["released", "released"]


def test_a_probe_that_a_newer_approval_overtakes_does_not_lift_the_block(house):
    block(house)
    house.clock.advance(61)
    with held(house, "api_authorizer_token", "hold_before"):
        house.approve("1.1.0")
    assert states(house) == ["superseded", "pending"]
    assert house.api("/status")["blocked"]
    house.platform.allowed = True
    house.run_for(61, step=10)
    assert states(house) == ["superseded", "released"]


def test_who_lost_the_refresh_lease_does_not_refresh(approved):
    house = approved
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL, refresh_token_sealed = NULL")
    with held(house, PROBE, "hold_after"):
        house.clock.advance(21)
        take_lease(house, 3)
    assert count(house.platform, "api_authorizer_token") == 0
    release = house.only_release()
    assert (release["state"], release["attempts"], waits(house, release)) == ("pending", 0, 5.0)
    house.run_for(6)
    assert states(house) == ["released"]
    assert count(house.platform, "api_authorizer_token") == 1


@pytest.mark.parametrize("missing", ["authorizer_access_token", "expires_in"])
def test_an_exchange_that_answers_without_an_access_token_keeps_the_refresh_token(house, missing):
    info = {"authorizer_appid": SHOP, "authorizer_access_token": "a", "expires_in": 7200}
    info |= {"authorizer_refresh_token": "kept", missing: None}
    granted = answers.authorization({"authorization_info": info})
    house.push_authorized()
    with house.store.write() as connection:
        claimed = authorizers.claim_code(connection, holder="h", now=house.clock(), lease_until=0.0)
    Exchange(claimed, house.worker._tools)._keep(granted)
    assert house.store.vault.open(tokens_of(house)[0]) == "kept"


def test_a_merchant_that_takes_all_permission_sets_back_cannot_release(house):
    house.open_shop()
    assert authorizer(house)["can_release"] is True
    house.clock.advance(1)
    house.push_authorized(func_ids=())
    house.run()
    assert authorizer(house)["can_release"] is False


def test_a_pause_holds_the_releases_while_codes_are_exchanged(approved):
    house = approved
    house.api("/pause", "POST")
    house.push_authorized(CAFE, CAFE_NAME)
    assert house.run() == 1
    assert (authorizer(house, CAFE)["state"], states(house)) == ("authorized", ["pending"])
    house.api("/resume", "POST")
    house.run()
    assert states(house) == ["released"]

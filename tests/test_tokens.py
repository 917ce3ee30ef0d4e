"""Tokens: one refresher over all processes, nothing lost when they rotate, nothing called in a loop."""

import math
import threading
import time
from contextlib import suppress

import pytest
from stories import (
    SHOP,
    SHOP_NAME,
    authorizer,
    check_the_end,
    count,
    edit,
    held,
    names,
    patient_tools,
    skip_to_due,
)

from reactor.core.errors import (
    Answered,
    NeedsReauthorization,
    NotAuthorizedYet,
    NoTicket,
    TokenBusy,
    TokenError,
    WeChatError,
)
from reactor.simulator.faults import Fault, Hold
from reactor.store import authorizers, presence
from reactor.tokens import Tokens

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _nothing_is_left_over(platform):
    yield
    assert platform.faults_left() == []


@pytest.fixture
def shop(house):
    """A house with an authorized shop that has an audit to be asked about."""
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    return house


def tokens_of(house, sleep=None):
    """A turn's tokens, as the worker makes them."""
    tools = house.worker._tools
    return Tokens(
        house.store, tools.wechat, tools.component_appid, clock=house.clock, sleep=sleep or tools.sleep
    )


def look(house, tokens=None):
    """One call in the shop's name."""
    tokens = tokens or tokens_of(house)
    return tokens.with_authorizer(SHOP, lambda token: house.worker._tools.wechat.latest_audit(token, SHOP))


def list_one(house, tokens=None):
    """One call in the component's own name."""
    tokens = tokens or tokens_of(house)
    wechat = house.worker._tools.wechat
    return tokens.with_component(lambda token: wechat.authorizer_list(token, 0, 1))


def stored(house):
    """The shop's row."""
    with house.store.read() as connection:
        return authorizers.get(connection, SHOP)


def stored_refresh_token(house):
    return house.store.vault.open(stored(house).refresh_token_sealed)


# -- one refresher ---------------------------------------------------------------------------------------


def all_at_once(houses, threads=8):
    """Let every house look from several threads at the same moment; the answers and errors."""
    start, ended = threading.Barrier(threads * len(houses)), []

    def run(house):
        start.wait(10)
        try:
            ended.append(look(house, tokens_of(house, time.sleep)).user_version)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            ended.append(error)

    running = [threading.Thread(target=run, args=(house,)) for house in houses for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(20)
    return ended


@pytest.mark.parametrize(
    "ends",
    [
        lambda house: house.clock.advance(7201),
        lambda house: house.clock.advance(7200 - 600),
        lambda house: (house.platform.expire_component_token(), house.platform.expire_access_tokens()),
    ],
    ids=["expired", "early", "dead"],
)
def test_many_threads_of_two_processes_refresh_once(shop, build_house, ends):
    houses = [shop, build_house()]
    look(shop)
    for _ in range(2):
        shop.clock.advance(20)
        before = len(shop.platform.calls)
        ends(shop)
        assert all_at_once(houses) == ["1.0.0"] * 16
        called = names(shop.platform, before)
        assert called.count("api_authorizer_token") - called.count("api_component_token") in (0, 1)
        assert called.count("api_component_token") == 1
        assert [call.errcode for call in shop.platform.calls[before:]].count(0) == 16 + 2


def test_a_token_is_kept_until_shortly_before_its_end(shop):
    look(shop)
    shop.clock.advance(7200 - 601)
    look(shop)
    assert count(shop.platform, "api_authorizer_token") == 1
    shop.clock.advance(1)
    look(shop)
    assert count(shop.platform, "api_authorizer_token") == 2
    assert {call.errcode for call in shop.platform.calls} == {0}


def test_an_early_refresh_that_fails_leaves_the_old_token_in_use(shop):
    look(shop)
    shop.clock.advance(7200 - 300)
    shop.platform.plan(Fault("api_component_token", "http_500"))
    shop.platform.plan(Fault("api_authorizer_token", "http_500"))
    assert look(shop).user_version == "1.0.0"
    shop.clock.advance(20)
    look(shop)
    assert stored(shop).access_token_expires_at == shop.clock() + 7200


def test_while_another_process_refreshes_early_the_old_token_is_used(shop):
    look(shop)
    shop.clock.advance(7200 - 300)
    with shop.store.write() as connection:
        lease = {"holder": "other", "now": shop.clock(), "until": shop.clock() + 30}
        assert presence.take(connection, f"authorizer:{SHOP}", **lease)
    look(shop)
    assert count(shop.platform, "api_authorizer_token") == 1


@SQLITE
def test_the_refresh_of_a_dead_process_is_taken_up_when_its_lease_lapses(shop):
    began = shop.clock()
    with shop.store.write() as connection:
        assert presence.take(connection, f"authorizer:{SHOP}", holder="dead", now=began, until=began + 20)
    assert look(shop).user_version == "1.0.0"
    assert 20 < shop.clock() - began < 21


@SQLITE
def test_a_token_that_another_process_never_gets_is_waited_for_half_a_minute_and_no_longer(shop):
    began = shop.clock()
    with shop.store.write() as connection:
        presence.take(connection, f"authorizer:{SHOP}", holder="slow", now=began, until=began + 300)
    with pytest.raises(TokenBusy, match="tried again"):
        look(shop)
    assert shop.clock() - began == pytest.approx(30)


def test_an_error_is_not_kept_as_a_token(shop):
    shop.platform.plan(Fault("api_authorizer_token", "not_json"))
    shop.platform.plan(Fault("api_authorizer_token", "errcode", errcode=-1))
    for _ in range(2):
        with pytest.raises(Exception, match="api_authorizer_token"):
            look(shop)
        assert stored(shop).access_token_sealed is None
    look(shop)


FOREVER = 1_000_000
FAILURES = pytest.mark.parametrize(
    "failure",
    [{"kind": "errcode", "errcode": -1}, {"kind": "errcode", "errcode": 40125}, {"kind": "reset_after"}],
    ids=["busy", "secret", "lost"],
)
USES = pytest.mark.parametrize(
    ("call", "use"),
    [("api_component_token", list_one), ("api_authorizer_token", look)],
    ids=["component", "authorizer"],
)


@USES
@FAILURES
def test_an_early_refresh_that_fails_is_made_three_times_a_minute_however_many_ask(
    shop, build_house, call, use, failure
):
    houses = [shop, build_house()]
    use(shop)
    shop.clock.advance(7200 - 300)
    before = len(shop.platform.calls)
    shop.platform.plan(Fault(call, **failure, times=FOREVER))
    for _ in range(60):
        for house in houses:
            assert use(house)  # with the old token
        shop.clock.advance(1)
    assert names(shop.platform, before).count(call) == 3
    shop.platform.clear_faults()


@USES
@FAILURES
def test_a_token_that_is_needed_and_not_given_is_asked_for_four_times_and_then_three_times_a_minute(
    shop, build_house, call, use, failure
):
    houses = [shop, build_house()]
    use(shop)
    edit(shop, "UPDATE authorizers SET access_token_sealed = NULL")
    if use is list_one:
        edit(shop, "UPDATE component SET access_token_sealed = NULL")
    shop.platform.plan(Fault(call, **failure, times=FOREVER))
    for most in (4, *(4 + minute * 3 for minute in range(1, 4))):
        for _ in range(60):
            for house in houses:
                with suppress(TokenError, WeChatError):
                    use(house)
        assert count(shop.platform, call) == most  # with the one that was given
        shop.clock.advance(60)
    shop.platform.clear_faults()
    assert use(shop)


def test_one_expiry_is_one_refresh_however_slow_wechat_is(shop, build_house):
    other = build_house()
    edit(shop, "UPDATE component SET access_token_sealed = NULL")
    slow = Hold()
    shop.platform.plan(Fault("api_authorizer_token", "hold_before", gate=slow))

    def run():
        tools = patient_tools(shop)
        tokens = Tokens(shop.store, tools.wechat, tools.component_appid, clock=shop.clock, sleep=tools.sleep)
        look(shop, tokens)

    def wait(seconds):
        slow.go.set()
        time.sleep(seconds)

    with held(shop, "api_component_token", "hold_before", run) as component_token:
        shop.clock.advance(12)
        component_token.go.set()
        assert slow.reached.wait(20)
        shop.clock.advance(12)
        assert look(other, tokens_of(other, wait)).user_version == "1.0.0"
        slow.go.set()
    assert count(shop.platform, "api_authorizer_token") == 1


def test_who_lost_the_lease_while_the_component_token_was_awaited_leaves_the_refresh_to_the_other(
    shop, build_house
):
    other = build_house()
    shop.platform.rotate_on_refresh = True
    edit(shop, "UPDATE component SET access_token_sealed = NULL")
    began = shop.clock()
    with shop.store.write() as connection:
        assert presence.take(connection, "component", holder="slow", now=began, until=began + 22)

    def wait(seconds):
        shop.clock.advance(seconds)
        if shop.clock() > began + 22 and not count(shop.platform, "api_authorizer_token"):
            look(other)

    assert look(shop, tokens_of(shop, wait)).user_version == "1.0.0"
    assert count(shop.platform, "api_authorizer_token") == 1


# -- rotation --------------------------------------------------------------------------------------------


def test_a_rotated_refresh_token_is_committed_before_the_access_token_is_used(shop):
    shop.platform.rotate_on_refresh = True
    first = stored_refresh_token(shop)
    seen = []
    tokens_of(shop).with_authorizer(SHOP, lambda token: seen.append(stored_refresh_token(shop)))
    assert seen == [shop.platform.credentials.newest_refresh(SHOP)]
    assert seen != [first]


def test_refresh_tokens_that_rotate_each_time_never_need_healing(shop):
    shop.platform.rotate_on_refresh = True
    for _ in range(5):
        look(shop)
        shop.clock.advance(7201)
    assert count(shop.platform, "api_authorizer_token") == 5
    assert count(shop.platform, "api_get_authorizer_list") == 0


@pytest.mark.parametrize(("later", "healed"), [(1, 0), (301, 1)], ids=["in the grace", "after it"])
def test_a_rotation_whose_answer_was_lost_costs_nothing(shop, later, healed):
    shop.platform.rotate_on_refresh = True
    shop.platform.plan(Fault("api_authorizer_token", "reset_after"))
    with pytest.raises(Exception, match="api_authorizer_token"):
        look(shop)
    shop.clock.advance(later)
    assert look(shop).user_version == "1.0.0"
    assert count(shop.platform, "api_get_authorizer_list") == healed


def test_an_answer_without_a_refresh_token_blanks_nothing(shop):
    kept = stored_refresh_token(shop)
    shop.platform.credentials._refresh[SHOP][""] = math.inf  # the newest, as WeChat would show it
    look(shop)
    assert stored_refresh_token(shop) == kept


# -- healing ---------------------------------------------------------------------------------------------


def test_a_dead_refresh_token_is_read_from_wechats_list(shop):
    listed = shop.platform.rotate_refresh_token(SHOP, grace=0)
    before = len(shop.platform.calls)
    look(shop)
    assert names(shop.platform, before) == [
        "api_authorizer_token",
        "api_get_authorizer_list",
        "api_authorizer_token",
        "get_latest_auditstatus",
    ]
    assert stored_refresh_token(shop) == listed
    assert authorizer(shop)["state"] == "authorized"


def test_healing_pages_through_a_list_of_more_than_500(house):
    for number in range(1005):
        house.platform.authorize(f"wx{number:016x}", user_name=f"gh_{number}", nick_name="", exchanged=True)
    appid = "wx00000000000003ec"
    house.open_shop(appid, SHOP_NAME)
    house.platform.submit_audit(appid, "1.0.0")
    house.platform.rotate_refresh_token(appid, grace=0)
    house.platform.rotate_refresh_token(appid, grace=0)
    wechat = house.worker._tools.wechat
    tokens_of(house).with_authorizer(appid, lambda token: wechat.latest_audit(token, appid))
    assert count(house.platform, "api_get_authorizer_list") == 3


def test_a_dead_refresh_token_that_the_list_shows_too_needs_a_new_authorization(shop):
    shop.platform.plan(Fault("api_authorizer_token", "errcode", errcode=61023))
    with pytest.raises(NeedsReauthorization, match="authorize the platform again"):
        look(shop)
    assert authorizer(shop)["state"] == "needs_reauthorization"
    assert count(shop.platform, "api_authorizer_token") == 1
    look(shop)  # and if it works after all, everything is well again
    assert authorizer(shop)["state"] == "authorized"


def test_a_healed_token_that_is_refused_too_is_not_tried_in_a_loop(shop):
    shop.platform.rotate_refresh_token(SHOP, grace=0)
    shop.platform.plan(Fault("api_authorizer_token", "errcode", errcode=61023, times=3))
    with pytest.raises(Answered, match="61023"):
        look(shop)
    assert count(shop.platform, "api_authorizer_token") == 2
    with pytest.raises(NeedsReauthorization):
        look(shop)


def test_a_release_that_needs_a_new_authorization_fails_and_goes_on_after_it(house):
    house.open_shop()
    house.platform.plan(Fault("api_authorizer_token", "errcode", errcode=61023))
    house.approve()
    house.run()
    failed = house.only_release()
    assert failed["state"] == "failed"
    assert "merchant must authorize the platform again" in failed["reason"]
    assert authorizer(house)["state"] == "needs_reauthorization"
    house.push_authorized()
    house.run()
    assert authorizer(house)["state"] == "authorized"
    house.api(f"/releases/{failed['id']}/retry", "POST")
    house.run()
    assert house.only_release()["state"] == "released"
    check_the_end(house)


# -- dead access tokens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_dead_access_token_is_renewed_once_and_never_in_a_loop(shop, errcode):
    look(shop)
    before = len(shop.platform.calls)
    shop.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=errcode, times=3))
    with pytest.raises(Answered, match=str(errcode)):
        look(shop)
    renewed = ["get_latest_auditstatus", "api_authorizer_token", "get_latest_auditstatus"]
    assert names(shop.platform, before) == renewed
    assert look(shop).user_version == "1.0.0"
    assert names(shop.platform, before) == renewed * 2


@pytest.mark.parametrize("errcode", [40001, 40014, 42001, 42006])
def test_a_dead_component_token_is_renewed_once_and_never_in_a_loop(shop, errcode):
    before = len(shop.platform.calls)
    shop.platform.plan(Fault("api_authorizer_token", "errcode", errcode=errcode, times=3))
    with pytest.raises(Answered, match=str(errcode)):
        look(shop)
    renewed = ["api_authorizer_token", "api_component_token", "api_authorizer_token"]
    assert names(shop.platform, before) == renewed
    look(shop)
    assert names(shop.platform, before) == [*renewed, *renewed, "get_latest_auditstatus"]


def test_tokens_that_all_died_are_renewed_on_the_way(shop):
    look(shop)
    before = len(shop.platform.calls)
    shop.platform.expire_component_token()
    shop.platform.expire_access_tokens()
    assert look(shop).user_version == "1.0.0"
    assert names(shop.platform, before) == [
        "get_latest_auditstatus",
        "api_authorizer_token",
        "api_component_token",
        "api_authorizer_token",
        "get_latest_auditstatus",
    ]


def test_a_release_whose_tokens_stay_dead_costs_two_calls_a_turn(house):
    house.open_shop()
    house.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=40001, times=4))
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], release["attempts"], release["errcode"]) == ("pending", 1, 40001)
    assert count(house.platform, "get_latest_auditstatus") == 2
    release = skip_to_due(house, release)
    assert count(house.platform, "get_latest_auditstatus") == 4
    assert skip_to_due(house, release)["state"] == "released"
    check_the_end(house)


# -- tickets ---------------------------------------------------------------------------------------------


def test_a_ticket_serves_for_twelve_hours(shop):
    shop.clock.advance(12 * 3600 - 1)
    assert look(shop).user_version == "1.0.0"


def test_without_a_ticket_of_the_last_twelve_hours_nothing_is_called(shop):
    shop.clock.advance(12 * 3600 + 1)
    before = len(shop.platform.calls)
    with pytest.raises(NoTicket, match="授权事件接收URL"):
        look(shop)
    assert names(shop.platform, before) == []


# -- races with the merchant -----------------------------------------------------------------------------


def test_a_refresh_overtaken_by_unauthorized_keeps_no_token(shop):
    ended = []

    def run():
        tools = patient_tools(shop)
        tokens = Tokens(shop.store, tools.wechat, tools.component_appid, clock=shop.clock, sleep=tools.sleep)
        try:
            look(shop, tokens)
        except NotAuthorizedYet as error:
            ended.append(str(error))

    with held(shop, "api_authorizer_token", "hold_after", run):
        shop.push_unauthorized()
    assert ended == [f"{SHOP} took its authorization back meanwhile"]
    assert stored(shop).access_token_sealed is None
    assert stored(shop).refresh_token_sealed is None
    assert authorizer(shop)["state"] == "unauthorized"


def test_a_shop_nobody_knows_has_no_token(house):
    house.push_ticket()
    with pytest.raises(NotAuthorizedYet, match="not known yet"):
        look(house)
    assert names(house.platform) == []

"""What stands before all calls stops them after a few, is probed once an interval, and ends by itself."""

import pytest
from crowds import approvals_wait
from stories import SHOP, SHOP_NAME, ask, authorizer, check_the_end, count, edit, names

from reactor.core.decisions import STRIKES, STRIKES_IN_SILENCE
from reactor.simulator.faults import Fault

FOREVER = 1_000_000
LOOKS = ("get_latest_auditstatus", "getversioninfo")


def shops(number):
    return [(f"wx{one:016x}", f"gh_{one:012x}") for one in range(1, number + 1)]


@pytest.fixture
def fleet(build_house):
    """Twenty shops, each with an approval that nobody has worked on yet; no real second counts here."""
    house = build_house(wechat_timeout=(30.0, 30.0))
    for shop in shops(20):
        house.open_shop(*shop)
    for shop in shops(20):
        house.approve("1.0.0", *shop)
    yield house
    house.platform.clear_faults()
    check_the_end(house)


def out_of_order(house, kind, calls=LOOKS, *, times=FOREVER, **more):
    for call in calls:
        errcode = -1 if kind == "errcode" else None
        house.platform.plan(Fault(call, kind, errcode=errcode, times=times, **more))


def end_the_fault(house):
    house.platform.clear_faults()


def states(house):
    return [one["state"] for one in house.releases(limit=200)]


@pytest.mark.parametrize("kind", ["errcode", "reset_before", "http_500", "not_json"])
def test_when_wechat_answers_nobody_calls_stop_after_a_few_and_flow_again_by_themselves(fleet, kind):
    house = fleet
    out_of_order(house, kind)
    house.run()
    assert count(house.platform, LOOKS[0]) == STRIKES_IN_SILENCE + 1  # the first probe comes at once
    blocked = house.api("/status")["blocked"]
    assert "out of order" in blocked["reason"]
    assert "nothing is lost" in blocked["reason"]
    assert set(states(house)) == {"pending"}
    assert all(one["reason"] == blocked["reason"] for one in house.releases())
    probed = len(house.platform.calls)
    house.run_for(600, step=5)
    assert 9 <= len(house.platform.calls) - probed <= 22  # one probe a minute, of one or two calls
    assert set(states(house)) == {"pending"}
    assert max(one["attempts"] for one in house.releases()) <= 1
    end_the_fault(house)
    house.run_for(70, step=1)
    assert set(states(house)) == {"released"}
    assert house.api("/status")["blocked"] is None


def test_an_outage_of_six_hours_costs_no_release_a_turn(fleet):
    house = fleet
    out_of_order(house, "reset_before")
    for _ in range(12):
        house.push_ticket()
        house.run_for(1800, step=30)
    assert set(states(house)) == {"pending"}
    ((strikers,),) = ask(house, "SELECT strikers FROM component")
    assert len(strikers.split(",")) == STRIKES_IN_SILENCE  # it is read at every look, so it does not grow
    end_the_fault(house)
    house.run_for(120, step=1)
    assert set(states(house)) == {"released"}


def test_when_only_release_fails_for_everybody_it_takes_a_few_more_to_tell(fleet):
    house = fleet
    out_of_order(house, "errcode", ["release"])
    house.run_for(0.9, step=0.05)
    assert count(house.platform, "release") == STRIKES
    assert house.api("/status")["blocked"] is not None
    end_the_fault(house)
    house.run_for(70, step=1)
    assert set(states(house)) == {"released"}
    assert all(len(house.platform.effective_releases(appid)) == 1 for appid, _ in shops(20))


def test_the_faults_of_one_shop_never_stop_the_others(fleet):
    house = fleet
    (sick, _), *_ = shops(20)
    out_of_order(house, "errcode", authorizer_appid=sick)
    house.run()
    house.run_for(60)
    assert house.api("/status")["blocked"] is None
    assert states(house).count("released") == 19


def test_two_shops_that_fail_alone_stop_nobody(house):
    for shop in shops(2):
        house.open_shop(*shop)
    out_of_order(house, "errcode")
    for shop in shops(2):
        house.approve("1.0.0", *shop)
    house.run_for(700, step=1)
    assert house.api("/status")["blocked"] is None
    assert set(states(house)) == {"pending"}


def test_a_success_between_them_makes_strikes_forgotten(house):
    house.push_ticket()
    for number, shop in enumerate(shops(12)):
        house.push_authorized(*shop)
        house.run()
        if number % 2:
            out_of_order(house, "errcode", LOOKS[:1], authorizer_appid=shop[0], times=1)
        house.approve("1.0.0", *shop)
        house.run()
        assert house.api("/status")["blocked"] is None
    house.run_for(5)
    assert set(states(house)) == {"released"}


@pytest.mark.parametrize(("errcode", "wait"), [(45011, 60), (45009, None)])
def test_a_quota_of_the_component_stops_everybody_until_it_is_over(fleet, errcode, wait):
    house = fleet
    house.platform.expire_access_tokens()
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL")
    before = len(house.platform.calls)
    house.platform.plan(Fault("api_authorizer_token", "errcode", errcode=errcode))
    house.run()
    assert names(house.platform, before) == ["api_authorizer_token"]
    blocked = house.api("/status")["blocked"]
    assert str(errcode) in blocked["reason"]
    assert set(states(house)) == {"pending"}
    if wait:
        house.run_for(wait + 5, step=1)
        assert set(states(house)) == {"released"}


def test_a_hundred_thousand_waiting_releases_make_no_hundred_thousand_failing_calls(fleet):
    house = fleet
    approvals_wait(house, 100_000)
    before = len(house.platform.calls)
    house.platform.allowed = False
    house.run_for(1, step=0.1)
    assert len(house.platform.calls) - before == 1
    house.run_for(600, step=5)
    assert 9 <= len(house.platform.calls) - before <= 12
    status = house.api("/status")
    assert (status["pending"], "61004" in status["blocked"]["reason"]) == (100_020, True)
    assert house.releases(limit=1)[0]["reason"] == status["blocked"]["reason"]
    edit(house, "DELETE FROM releases WHERE event_id IS NULL")
    house.platform.allowed = True
    house.run_for(70, step=1)
    assert set(states(house)) == {"released"}


def test_whatever_wechat_says_of_its_tokens_they_are_not_fetched_in_a_storm(house):
    house.open_shop(SHOP, SHOP_NAME)
    house.approve()
    before = len(house.platform.calls)
    house.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=40001, times=FOREVER))
    house.run_for(600, step=1)
    fetched = names(house.platform, before).count("api_authorizer_token")
    assert 1 <= fetched <= 4 + 3 * 10
    assert house.only_release()["state"] in ("pending", "failed")
    house.platform.clear_faults()
    assert authorizer(house)["state"] == "authorized"


def test_however_many_turns_ask_at_once_a_dead_component_token_is_fetched_four_times_at_most(fleet):
    house = fleet
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL")
    before = len(house.platform.calls)
    house.platform.plan(Fault("api_authorizer_token", "errcode", errcode=40001, times=FOREVER))
    house.run()
    assert names(house.platform, before).count("api_component_token") <= 4
    house.platform.clear_faults()
    house.run_for(120, step=1)
    assert set(states(house)) == {"released"}


def test_three_sick_shops_are_put_before_a_person_and_stop_nobody_else(fleet):
    house = fleet
    house.run()
    house.run_for(3, step=0.1)
    sick, healthy = shops(20)[:3], shops(20)[10]
    for appid, _ in sick:
        out_of_order(house, "errcode", authorizer_appid=appid)
    for shop in sick:
        house.approve("2.0.0", *shop)
    house.run()
    told = ask(house, "SELECT call, authorizer_appid FROM calls WHERE release_id IS NULL ORDER BY id")
    assert told[-1][0] == "get_latest_auditstatus"  # the probe, at once and with a healthy one
    assert told[-1][1] not in {appid for appid, _ in sick}
    assert house.api("/status")["blocked"] is None
    house.approve("2.0.0", *healthy)
    house.run()
    assert house.platform.live(healthy[0])[0] == "2.0.0"
    for _ in range(12):
        house.push_ticket()
        house.run_for(3600, step=20)
    found = {one["authorizer_appid"]: one["state"] for one in house.releases(state="failed")}
    assert found == {appid: "failed" for appid, _ in sick}
    assert house.api("/status")["blocked"] is None


@pytest.fixture
def infirmary(house):
    """Four sick shops, three of them with the releases that stopped the calls, one asked longest ago."""
    for shop in shops(6):
        house.open_shop(*shop)
    for appid, _ in shops(4):
        out_of_order(house, "errcode", authorizer_appid=appid)
    for number, (appid, _) in enumerate(shops(6)):
        asked_at = house.clock() - 100 + (number + 3) % 6  # the fourth longest ago, then the healthy
        edit(
            house, "UPDATE authorizers SET asked_at = :at WHERE authorizer_appid = :it", at=asked_at, it=appid
        )
    for shop in shops(3):
        house.approve("1.0.0", *shop)
    house.run()
    assert house.api("/status")["blocked"]
    yield house
    house.platform.clear_faults()
    check_the_end(house)


def test_a_probe_that_fails_on_one_shop_makes_the_next_take_another_until_a_healthy_one_ends_it(infirmary):
    house = infirmary
    before = len(house.platform.calls)
    house.run_for(900, step=5)
    asked = {call.authorizer_appid for call in house.platform.calls[before:]}
    assert {shops(6)[3][0], shops(6)[4][0]} <= asked
    for _ in range(12):
        house.push_ticket()
        house.run_for(3600, step=10)
    assert house.api("/status")["blocked"] is None
    assert states(house) == ["failed"] * 3


def test_the_first_approval_of_a_healthy_shop_is_the_next_probe(infirmary):
    house = infirmary
    healthy = shops(6)[5]
    house.approve("1.0.0", *healthy)
    before = len(house.platform.calls)
    house.worker.step()
    assert house.platform.live(healthy[0])[0] == "1.0.0"
    assert {call.authorizer_appid for call in house.platform.calls[before:]} == {healthy[0]}
    assert house.api("/status")["blocked"] is None


def test_an_outage_uses_up_no_turn_of_an_authorization_code(house):
    house.push_ticket()
    for shop in shops(4):
        house.push_authorized(*shop)
    out_of_order(house, "errcode", ["api_component_token"])
    for _ in range(10):  # twice as long as eight turns take by themselves
        house.push_ticket()
        house.run_for(2000, step=20)
    for appid, _ in shops(4):
        assert authorizer(house, appid)["state"] == "code_waiting"
    assert house.api("/status")["blocked"] is not None
    # Every code is too old by now. Two were exchanged by whoever served the merchants' redirect.
    for appid, user_name in shops(2):
        house.platform.authorize(appid, user_name=user_name, nick_name="Deer Diner", exchanged=True)
    end_the_fault(house)
    house.push_ticket()
    house.run_for(200, step=5)
    ended = [authorizer(house, appid)["state"] for appid, _ in shops(4)]
    assert ended == ["authorized"] * 2 + ["needs_reauthorization"] * 2


@pytest.mark.parametrize("kind", ["errcode", "reset_before"])
def test_a_component_token_that_is_not_to_be_had_fails_no_release_even_of_a_single_shop(house, kind):
    house.open_shop()
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL")
    edit(house, "UPDATE component SET access_token_sealed = NULL")
    out_of_order(house, kind, ["api_component_token"])
    house.approve()
    for _ in range(8):
        house.push_ticket()
        house.run_for(1800, step=10)
    release = house.only_release()
    assert (release["state"], house.api("/status")["blocked"] is not None) == ("pending", True)
    end_the_fault(house)
    house.run_for(130, step=1)
    assert house.only_release()["state"] == "released"


def test_a_refresh_that_is_refused_early_stops_nobody_while_the_token_in_use_lives(house):
    house.open_shop()
    house.clock.advance(7200 - 300)
    house.platform.plan(Fault("api_component_token", "errcode", errcode=40125, times=FOREVER))
    house.approve("1.0.0")
    house.run_for(1, step=0.1)
    assert states(house) == ["released"]
    assert house.api("/status")["blocked"] is None
    house.clock.advance(300)
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL")
    house.approve("2.0.0")
    house.run()
    assert states(house) == ["pending", "released"]
    assert "40125" in house.api("/status")["blocked"]["reason"]
    assert count(house.platform, "api_component_token") <= 4
    end_the_fault(house)
    house.run_for(70, step=1)
    assert states(house) == ["released", "released"]


def test_the_reason_stays_that_of_the_cause_however_often_it_is_probed(fleet):
    house = fleet
    out_of_order(house, "errcode")
    house.run()
    reason = house.api("/status")["blocked"]["reason"]
    house.run_for(300, step=5)
    assert house.api("/status")["blocked"]["reason"] == reason


def test_a_token_that_could_not_be_fetched_is_tried_by_the_backoff_and_leaves_no_flood_of_rows(build_house):
    house = build_house(REACTOR_RETRY_SCALE="0.01")
    house.open_shop()
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL")
    edit(house, "UPDATE component SET access_token_sealed = NULL")
    house.platform.plan(Fault("api_component_token", "errcode", errcode=61004, times=FOREVER))
    house.approve()
    house.run_for(30, step=0.1)
    assert 25 <= count(house.platform, "api_component_token") - 1 <= 32  # a probe a second
    assert len(house.only_release()["history"]) < 80
    end_the_fault(house)
    house.run_for(3, step=0.1)
    assert house.only_release()["state"] == "released"

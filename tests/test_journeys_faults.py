"""Journeys on bad days: lost answers, refusals, a blocked component, quotas, rows that cannot be worked."""

import pytest
from stories import (
    BACKOFF,
    CAFE,
    CAFE_NAME,
    SHOP,
    check_the_end,
    count,
    edit,
    second_push,
    seconds,
    skip_to_due,
    waits,
    walk_to_the_end,
    whole,
)

from reactor.core.errcodes import ROWS, Verdict, lookup
from reactor.simulator.faults import Fault

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LOST = ["timeout", "reset", "http_500", "not_json", "errcode"]
PUT_BACK = {
    Verdict.RETRY: 1,
    Verdict.LOOK: 1,
    Verdict.UNKNOWN: 1,
    Verdict.TICKET: 60,
    Verdict.BLOCKED: 60,
    Verdict.SLOW: 60,
}
UNCOUNTED = {Verdict.TICKET, Verdict.BLOCKED, Verdict.SLOW, Verdict.QUOTA}
PERSON = {Verdict.REAUTHORIZE, Verdict.PERSON, Verdict.BUG}


@pytest.fixture(autouse=True)
def _the_story_ends_well(house):
    yield
    check_the_end(house)


def fault(call, kind, *, times=1):
    """A misfortune by its kind; an errcode stands for WeChat being busy, unless it is given."""
    errcode = kind if isinstance(kind, int) else -1 if kind.startswith("errcode") else None
    name = "errcode" if isinstance(kind, int) else kind
    return Fault(call, name, errcode=errcode, times=times, seconds=2.0 if "timeout" in name else 0.0)


# -- lost answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOST)
def test_a_release_that_happened_and_whose_answer_was_lost_is_found_live_by_looking(house, kind):
    house.open_shop()
    house.platform.plan(fault("release", f"{kind}_after"))
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], release["attempts"], waits(house, release)) == ("pending", 1, 1)
    assert "look" in release["reason"]
    (sent,) = [call for call in release["calls"] if call["call"] == "release"]
    assert sent["outcome"] == ("answered" if kind == "errcode" else "unknown")
    assert skip_to_due(house, release)["state"] == "released"
    assert count(house.platform, "release") == 1


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "http_500", "not_json", "errcode"])
def test_a_release_that_never_happened_is_called_again(house, kind):
    house.open_shop()
    house.platform.plan(fault("release", kind))
    house.approve()
    house.run()
    release = skip_to_due(house, house.only_release())
    assert (release["state"], release["attempts"], release["errcode"]) == ("released", 2, 0)
    assert count(house.platform, "release") == 2
    assert len(house.platform.effective_releases(SHOP)) == 1


@SQLITE
@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "http_500_after", "not_json", "errcode"])
@pytest.mark.parametrize(
    "call",
    [
        "api_component_token",
        "api_query_auth",
        "api_get_authorizer_info",
        "api_authorizer_token",
        "get_latest_auditstatus",
        "getversioninfo",
        "getgrayreleaseplan",
    ],
)
def test_whatever_answer_on_the_way_is_lost_the_version_goes_live_once(house, call, kind):
    house.push_ticket()
    if call == "getgrayreleaseplan":  # asked only where something is live that a plan could stage
        house.push_authorized()
        house.approve("0.9.0")
        house.run()
    house.platform.plan(fault(call, kind))
    house.push_authorized()
    house.approve("1.0.0")
    house.run_for(10)
    assert house.releases()[0]["state"] == "released"
    assert house.platform.live(SHOP)[0] == "1.0.0"
    assert [one["state"] for one in house.api("/authorizers")["items"]] == ["authorized"]


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "http_500_after", "not_json", "errcode"])
def test_a_lost_check_after_the_release_is_made_up_for_by_the_next_look(house, kind):
    house.open_shop()
    house.platform.plan(Fault("getversioninfo", "delay"))  # the look goes well
    house.platform.plan(fault("getversioninfo", kind))
    house.approve()
    house.run()
    assert house.only_release()["state"] == "pending"
    assert skip_to_due(house, house.only_release())["state"] == "released"
    assert count(house.platform, "release") == 1


def test_a_release_that_wechat_accepted_but_does_not_show_is_looked_at_again(house):
    house.open_shop()
    house.platform.plan(fault("release", 0))
    house.approve()
    house.run()
    release = house.only_release()
    assert release["state"] == "pending"
    assert release["reason"] == "WeChat accepted the release but does not show it yet"
    assert skip_to_due(house, release)["state"] == "released"


def test_an_unreachable_wechat_is_no_lost_answer_and_says_so(house):
    house.open_shop()
    house.approve()
    house.face.close()
    house.run()
    release = house.only_release()
    assert (release["state"], waits(house, release)) == ("pending", 1)
    assert "nothing was sent" in release["reason"]
    assert {call["outcome"] for call in release["calls"]} == {"not_sent"}


# -- turns -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("release", 85019),
        ("release", 85020),
        ("release", 85052),
        ("release", -1),
        ("release", "reset_before"),
        ("get_latest_auditstatus", -1),
        ("get_latest_auditstatus", "http_500"),
        ("getversioninfo", "not_json"),
    ],
)
def test_what_does_not_settle_gets_eight_turns_and_then_a_person(house, call, kind):
    house.open_shop()
    house.platform.plan(fault(call, kind, times=8))
    house.approve()
    house.run()
    failed, waited = walk_to_the_end(house, house.only_release())
    assert waited == list(BACKOFF)
    assert (failed["state"], failed["attempts"], failed["due_at"]) == ("failed", 8, None)
    assert failed["reason"].endswith("gave up after 8 turns, a person must look")
    if isinstance(kind, int):
        assert failed["errcode"] == kind
        assert f"{call} answered {kind}" in failed["reason"]
        assert failed["rid"]
        assert failed["rid"] in failed["errmsg"]
    assert count(house.platform, call) == 8
    house.api(f"/releases/{failed['id']}/retry", "POST")
    house.run()
    assert house.only_release()["state"] == "released"
    assert house.only_release()["attempts"] == 1


def test_the_backoff_follows_the_scale(build_house):
    house = build_house(REACTOR_RETRY_SCALE="0.01")
    house.open_shop()
    house.platform.plan(fault("release", -1, times=8))
    house.approve()
    house.run()
    _, waited = walk_to_the_end(house, house.only_release())
    assert waited == pytest.approx([step / 100 for step in BACKOFF], abs=0.0011)


def test_already_released_without_being_live_is_not_believed(house):
    house.open_shop()
    house.platform.plan(fault("release", 85052))
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], release["errcode"]) == ("pending", 85052)
    assert skip_to_due(house, release)["state"] == "released"


def test_already_released_and_live_is_believed(house):
    house.open_shop()
    house.platform.plan(fault("release", "errcode_after"))
    house.approve()
    house.run()
    release = skip_to_due(house, house.only_release())
    assert release["state"] == "released"
    assert "live" in release["reason"]


def test_retry_makes_a_release_in_backoff_due_now(house):
    house.open_shop()
    house.platform.plan(fault("release", -1, times=3))
    house.approve()
    house.run()
    for _ in range(2):
        release = skip_to_due(house, house.only_release())
    assert waits(house, release) == 30
    assert waits(house, house.api(f"/releases/{release['id']}/retry", "POST")) == 0
    house.run()
    assert house.only_release()["state"] == "released"


# -- what stands before all calls ------------------------------------------------------------------------


def _no_ip(house):
    house.platform.allowed = False


def _no_ticket(house):
    house.clock.advance(12 * 3600 + 1)


def _wrong_secret(house):
    house.platform.expire_component_token()
    house.platform.component_appsecret = "reset in the console"


def _mend(house):
    house.platform.allowed = True
    house.platform.component_appsecret = "component-appsecret-of-the-tests"


def _refused_by(call, errcode):
    def gesture(house):
        house.platform.expire_component_token()
        house.platform.plan(fault(call, errcode, times=3))

    return gesture


@pytest.mark.parametrize(
    ("gesture", "says"),
    [
        (_no_ip, "61004"),
        (_no_ticket, "no component_verify_ticket in the last 12 hours"),
        (_wrong_secret, "40125"),
        (_refused_by("api_component_token", 61005), "61005"),
        (_refused_by("api_component_token", 61006), "61006"),
        (_refused_by("api_component_token", 40001), "AppSecret is wrong"),
        (_refused_by("get_latest_auditstatus", 40164), "40164"),
        (_refused_by("release", 61004), "61004"),
    ],
    ids=["ip", "ticket", "secret", "61005", "61006", "40001", "40164", "at the release"],
)
def test_a_systemic_fault_stops_all_but_one_probe_a_minute_and_ends_by_itself(house, gesture, says):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    gesture(house)
    house.approve()
    house.approve("1.0.0", CAFE, CAFE_NAME)
    for since in range(0, 180, 60):
        calls = len(house.platform.calls)
        house.run()
        taken = sum(len(whole(house, one)["history"]) - 1 for one in house.releases()) // 2
        assert taken == since // 60 + 1
        assert len(house.platform.calls) - calls <= 6
        blocked = house.api("/status")["blocked"]
        assert says in blocked["reason"]
        assert seconds(blocked["next_probe_at"]) == house.clock() + 60
        for release in house.releases():
            assert (release["state"], release["attempts"]) == ("pending", 0)
            assert release["reason"] == blocked["reason"]
            assert release["due_at"] == blocked["next_probe_at"]
        house.clock.advance(59)
        assert house.run() == 0
        house.clock.advance(1)
    assert seconds(blocked["since"]) < seconds(blocked["next_probe_at"]) - 60
    _mend(house)
    if gesture is _no_ticket:
        house.push_ticket()
    house.run()
    assert house.api("/status")["blocked"] is None
    assert [release["state"] for release in house.releases()] == ["released", "released"]


def test_a_probe_comes_every_second_at_least_however_small_the_scale(build_house):
    house = build_house(REACTOR_RETRY_SCALE="0.001")
    house.open_shop()
    house.platform.allowed = False
    house.approve()
    house.run()
    assert waits(house, house.only_release()) == 1


def test_a_ticket_that_comes_ends_the_wait_for_it_at_once(house):
    house.push_authorized()
    house.approve()
    house.run()
    assert "component_verify_ticket" in house.api("/status")["blocked"]["reason"]
    assert house.platform.calls == []
    house.push_ticket()
    house.run()
    assert house.api("/status")["blocked"] is None
    assert house.only_release()["state"] == "released"


def test_retry_probes_a_blocked_component_now(house):
    house.open_shop()
    house.platform.allowed = False
    house.approve()
    house.run()
    _mend(house)
    house.api(f"/releases/{house.only_release()['id']}/retry", "POST")
    house.run()
    assert house.only_release()["state"] == "released"


def test_the_daily_quota_is_waited_for_until_midnight_in_shanghai(house):
    house.open_shop()
    house.platform.plan(fault("release", 45009))
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], release["attempts"], release["errcode"]) == ("pending", 0, 45009)
    assert release["due_at"] == "2026-09-21T16:00:00.000Z"
    assert "midnight" in release["reason"]
    assert skip_to_due(house, release)["state"] == "released"


def test_the_quota_of_the_minute_is_waited_for_a_minute_and_stops_nobody_else(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.platform.plan(fault("release", 45011))
    house.approve()
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    cafe, shop = house.releases()
    assert (cafe["state"], shop["state"], waits(house, shop)) == ("released", "pending", 60)
    assert house.api("/status")["blocked"] is None
    assert skip_to_due(house, shop)["state"] == "released"


def test_quotas_follow_the_scale(build_house):
    house = build_house(REACTOR_RETRY_SCALE="0.01")
    house.open_shop()
    house.platform.plan(fault("release", 45009))
    house.approve()
    house.run()
    left = 1_790_006_400 - house.clock()  # midnight in Shanghai
    assert waits(house, house.only_release()) == pytest.approx(left / 100, abs=0.002)


# -- the table of errcodes -------------------------------------------------------------------------------

RELEASE_CODES = sorted({row.errcode for row in ROWS if row.call in (None, "release")} - {0})


@SQLITE
@pytest.mark.parametrize("errcode", [*RELEASE_CODES, 999_999])
def test_every_refusal_of_release_leads_where_its_verdict_says(house, errcode):
    house.open_shop()
    house.platform.plan(fault("release", errcode))
    house.approve()
    house.run()
    release, row = house.only_release(), lookup("release", errcode)
    if row.verdict is Verdict.RENEW:
        assert (release["state"], release["errcode"]) == ("released", 0)
        return
    assert release["errcode"] == errcode
    assert release["reason"].startswith(f"release answered {errcode}: {row.en}")
    assert release["rid"]
    assert release["attempts"] == (0 if row.verdict in UNCOUNTED else 1)
    assert (house.api("/status")["blocked"] is not None) == (row.verdict in (Verdict.BLOCKED, Verdict.TICKET))
    if row.verdict in PERSON:
        assert (release["state"], release["due_at"]) == ("failed", None)
        house.api(f"/releases/{release['id']}/retry", "POST")
        house.run()
    else:
        assert release["state"] == "pending"
        assert waits(house, release) == PUT_BACK.get(row.verdict, waits(house, release))
        skip_to_due(house, release)
    assert house.only_release()["state"] == "released"
    assert len(house.platform.effective_releases(SHOP)) == 1


def test_an_errcode_in_no_table_gets_a_few_turns_and_then_a_person(house):
    house.open_shop()
    house.platform.plan(fault("release", 999_999, times=3))
    house.approve()
    house.run()
    failed, waited = walk_to_the_end(house, house.only_release())
    assert waited == [1, 5]
    assert (failed["state"], failed["errcode"], failed["attempts"]) == ("failed", 999_999, 3)
    assert "in no table" in failed["reason"]


# -- rows that cannot be worked --------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["refresh_token_sealed", "access_token_sealed"])
def test_a_token_that_no_key_opens_is_fetched_anew(house, column):
    house.open_shop()
    house.approve()
    house.run()
    edit(house, f"UPDATE authorizers SET {column} = 'gAAAA-of-another-key', access_token_refresh_at = 0")
    house.approve("1.0.1")
    house.run()
    assert [release["state"] for release in house.releases()] == ["released", "released"]


def test_tickets_and_component_tokens_that_no_key_opens_are_waited_for(house):
    house.open_shop()
    edit(house, "UPDATE component SET access_token_sealed = 'spoilt', ticket_sealed = 'spoilt'")
    edit(house, "UPDATE authorizers SET access_token_sealed = NULL")
    house.approve()
    house.run()
    assert "component_verify_ticket" in house.api("/status")["blocked"]["reason"]
    house.push_ticket()
    house.run()
    assert house.only_release()["state"] == "released"


def test_a_code_that_no_key_opens_holds_back_only_its_own_shop(house):
    house.push_ticket()
    house.push_authorized()
    house.push_authorized(CAFE, CAFE_NAME)
    edit(house, "UPDATE authorizers SET code_sealed = 'spoilt' WHERE authorizer_appid = :appid", appid=SHOP)
    house.approve()
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    cafe, shop = house.releases()
    assert (cafe["state"], shop["state"]) == ("released", "pending")
    assert "code is not exchanged yet" in shop["reason"]


def test_a_shop_that_wechat_answers_badly_does_not_hold_up_the_others(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.platform.plan(Fault("get_latest_auditstatus", "not_json", authorizer_appid=SHOP, times=8))
    house.approve()
    second_push(house, succeeded_at=int(house.clock()))
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    assert house.releases(authorizer_appid=CAFE)[0]["state"] == "released"
    assert house.platform.live(CAFE)[0] == "1.0.0"
    house.platform.clear_faults()
    house.run_for(20)
    assert {release["state"] for release in house.releases()} == {"released"}

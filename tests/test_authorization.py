"""How authorizers become known, and how they leave: codes, names, permission sets, adoption."""

import pytest
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
    skip_to_due,
    waits,
    whole,
)

from reactor.simulator import pusher
from reactor.simulator.faults import Fault
from reactor.store import authorizers


@pytest.fixture(autouse=True)
def _the_story_ends_well(house):
    yield
    check_the_end(house)


def push_updated(house, appid=SHOP, user_name=SHOP_NAME, **more):
    """The merchant changes what it grants."""
    code = house.platform.authorize(appid, user_name=user_name, nick_name="Deer Diner", **more)
    return house.deliver(
        pusher.updateauthorized(
            component_appid=house.platform.component_appid,
            created_at=int(house.clock()),
            authorizer_appid=appid,
            authorization_code=code,
        )
    )


def tokens_kept(house, appid=SHOP):
    """Whether any token or code of the authorizer is in the store."""
    (row,) = ask(
        house,
        "SELECT refresh_token_sealed, access_token_sealed, code_sealed FROM authorizers "
        f"WHERE authorizer_appid = '{appid}'",
    )
    return any(row)


# -- codes -----------------------------------------------------------------------------------------------


def test_a_code_is_exchanged_once_and_the_shop_is_known_by_its_names(house):
    house.push_ticket()
    house.push_authorized()
    assert authorizer(house)["state"] == "code_waiting"
    house.run()
    assert authorizer(house) == {
        "authorizer_appid": SHOP,
        "user_name": SHOP_NAME,
        "nick_name": "Deer Diner",
        "state": "authorized",
        "live_version": None,
        "audit_status": None,
        "can_release": True,
    }
    assert names(house.platform) == ["api_component_token", "api_query_auth", "api_get_authorizer_info"]


def test_the_same_authorization_pushed_again_is_not_exchanged_again(house):
    house.push_ticket()
    code = house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
    message = pusher.authorized(
        component_appid=house.platform.component_appid,
        created_at=int(house.clock()),
        authorizer_appid=SHOP,
        authorization_code=code,
    )
    for _ in range(3):
        house.deliver(message)
        house.run()
    assert count(house.platform, "api_query_auth") == 1
    assert house.api("/events")["items"][0]["deliveries"] == 3


def test_without_permission_set_18_a_release_fails_until_it_is_granted(house):
    house.open_shop(func_ids=(17, 25))
    assert authorizer(house)["can_release"] is False
    house.approve()
    house.run()
    failed = house.only_release()
    assert (failed["state"], failed["errcode"]) == ("failed", 61007)
    assert "Permission set 18" in failed["reason"]
    assert authorizer(house)["state"] == "needs_reauthorization"
    push_updated(house)
    house.run()
    assert authorizer(house)["can_release"] is True
    assert authorizer(house)["state"] == "authorized"
    house.api(f"/releases/{failed['id']}/retry", "POST")
    house.run()
    assert house.only_release()["state"] == "released"


@pytest.mark.parametrize("errcode", [61003, 42007, 48001])
def test_a_refusal_that_only_the_merchant_can_mend_shows_on_the_authorizer(house, errcode):
    house.open_shop()
    house.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=errcode))
    house.approve()
    house.run()
    assert house.only_release()["state"] == "failed"
    assert authorizer(house)["state"] == "needs_reauthorization"


def test_a_code_used_by_somebody_else_leads_to_wechats_own_record(house):
    house.push_ticket()
    house.push_authorized()
    house.platform.plan(Fault("api_query_auth", "errcode", errcode=61009))
    house.platform.rotate_refresh_token(SHOP)  # whoever used it got this one
    house.approve()
    house.run()
    assert authorizer(house)["state"] == "authorized"
    assert house.only_release()["state"] == "released"


def test_a_code_that_expired_before_anybody_used_it_needs_a_new_authorization(house):
    house.push_authorized()
    house.clock.advance(700)
    house.push_ticket()
    house.run()
    assert authorizer(house)["state"] == "needs_reauthorization"
    assert [call.errcode for call in house.platform.calls][1] == 61010
    assert count(house.platform, "api_query_auth") == 1
    house.push_authorized()
    house.run()
    assert authorizer(house)["state"] == "authorized"


def test_an_expired_code_of_a_known_shop_changes_nothing(house):
    house.open_shop()
    push_updated(house)
    house.clock.advance(700)
    house.run()
    assert authorizer(house)["state"] == "authorized"
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"


def test_releases_go_on_with_the_old_tokens_while_a_new_code_waits(house):
    house.open_shop()
    house.platform.plan(Fault("api_query_auth", "errcode", errcode=-1))
    push_updated(house)
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"


def test_a_busy_wechat_lets_a_code_wait_and_try_again(house):
    house.push_ticket()
    house.platform.plan(Fault("api_query_auth", "errcode", errcode=-1, times=2))
    house.push_authorized()
    house.run()
    assert authorizer(house)["state"] == "code_waiting"
    house.run_for(1)
    assert count(house.platform, "api_query_auth") == 2
    house.run_for(5)
    assert authorizer(house)["state"] == "authorized"


def test_a_code_taken_by_a_worker_that_died_is_exchanged_by_another_within_half_a_minute(house):
    house.push_ticket()
    house.push_authorized()
    now = house.clock()
    with house.store.write() as connection:
        assert authorizers.claim_code(connection, holder="dead", now=now, lease_until=now + 20)
    assert house.run() == 0
    house.clock.advance(21)
    house.run()
    assert authorizer(house)["state"] == "authorized"


def test_an_authorization_that_grants_nothing_gives_no_token_and_says_so(house):
    house.open_shop(func_ids=())
    assert authorizer(house)["state"] == "needs_reauthorization"
    ((reason,),) = ask(house, "SELECT reason FROM authorizers")
    assert reason == "the authorization code gave no token; the merchant must authorize again"


def test_a_code_that_belongs_to_another_shop_gives_it_nothing(house):
    house.open_shop(CAFE, CAFE_NAME)
    code = house.platform.authorize(CAFE, user_name=CAFE_NAME, nick_name="Cat Cafe")
    house.deliver(
        pusher.authorized(
            component_appid=house.platform.component_appid,
            created_at=int(house.clock()),
            authorizer_appid=SHOP,
            authorization_code=code,
        )
    )
    house.run_for(10)
    assert not tokens_kept(house)
    assert authorizer(house)["state"] == "needs_reauthorization"
    assert authorizer(house, CAFE)["state"] == "authorized"


def test_names_that_wechat_does_not_tell_at_once_are_asked_for_by_the_first_release(house):
    house.push_ticket()
    house.platform.plan(Fault("api_get_authorizer_info", "errcode", errcode=-1))
    house.push_authorized()
    house.run()
    assert (authorizer(house)["state"], authorizer(house)["user_name"]) == ("authorized", None)
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"
    assert authorizer(house)["user_name"] == SHOP_NAME


def test_a_pause_does_not_stop_authorizations(house):
    house.push_ticket()
    house.api("/pause", "POST")
    house.push_authorized()
    house.run()
    assert authorizer(house)["state"] == "authorized"


# -- leaving ---------------------------------------------------------------------------------------------


def test_unauthorized_forgets_every_token(house):
    house.open_shop()
    house.approve()
    house.run()
    house.push_unauthorized()
    assert not tokens_kept(house)
    assert authorizer(house)["state"] == "unauthorized"


@pytest.mark.parametrize("call", ["api_query_auth", "api_get_authorizer_info"])
def test_unauthorized_during_the_exchange_has_the_last_word(house, call):
    house.push_ticket()
    house.push_authorized()
    with held(house, call, "hold_after"):
        house.push_unauthorized()
    house.run()
    assert authorizer(house)["state"] == "unauthorized"
    assert not tokens_kept(house)


def test_authorized_again_during_the_exchange_of_an_older_code_exchanges_the_newer_too(house):
    house.push_ticket()
    house.push_authorized()
    with held(house, "api_query_auth", "hold_after"):
        house.clock.advance(1)
        house.push_authorized()
    house.run()
    assert count(house.platform, "api_query_auth") == 2
    assert authorizer(house)["state"] == "authorized"
    house.clock.advance(3600)  # the refresh token of the older code is dead now
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"
    assert count(house.platform, "api_get_authorizer_list") == 0


def test_a_shop_that_left_and_came_back_releases_again(house):
    house.open_shop()
    house.clock.advance(5)
    house.push_unauthorized()
    house.clock.advance(5)
    house.push_approval()
    house.run()
    waiting = house.only_release()
    assert (waiting["state"], waits(house, waiting)) == ("pending", 600)
    assert "61003" in waiting["reason"]
    house.push_authorized()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.approve(SHOP)
    house.run()
    assert house.only_release()["state"] == "released"


# -- adoption --------------------------------------------------------------------------------------------


def test_an_approval_of_a_shop_that_never_authorizes_waits_and_says_why(house):
    house.push_ticket()
    house.push_approval()
    house.run()
    release = house.only_release()
    for _ in range(3):
        release = skip_to_due(house, release)
        assert (release["state"], release["attempts"], waits(house, release)) == ("pending", 0, 600)
    house.push_ticket()
    house.clock.advance(86400)
    house.push_ticket()
    house.run()
    waiting = whole(house, release)
    assert (waiting["state"], waiting["attempts"]) == ("pending", 0)
    assert f"WeChat does not show {SHOP} as authorized" in waiting["reason"]


def test_an_adopted_shop_gets_its_tokens_from_wechats_own_record(house):
    house.push_ticket()
    house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", exchanged=True)
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"
    assert count(house.platform, "api_query_auth") == 0
    assert count(house.platform, "api_get_authorizer_list") == 0


def test_a_shop_whose_refresh_token_was_lost_gets_it_back_from_the_list(house):
    house.open_shop()
    edit(house, "UPDATE authorizers SET refresh_token_sealed = NULL, access_token_sealed = NULL")
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"
    assert count(house.platform, "api_get_authorizer_list") == 1

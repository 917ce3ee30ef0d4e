"""The takeover: all whom WeChat lists, once, whatever happens in the middle of it or beside it."""

import threading

import pytest
from stories import CAFE, CAFE_NAME, SHOP, SHOP_NAME, ask, authorizer, count, edit, held

from reactor.roster import Interrupted, Roster
from reactor.simulator.faults import Fault

LIST, INFO = "api_get_authorizer_list", "api_get_authorizer_info"
FAST = "[pace]\nreleases_per_second = 1000\n"


@pytest.fixture
def house(build_house):
    house = build_house(FAST)
    house.push_ticket()
    return house


def shop(number):
    return f"wx9{number:015}"


def merchants(house, number, *, start=1, **more):
    """So many merchants who authorized before this reactor was there."""
    for each in range(start, start + number):
        house.platform.authorize(
            shop(each),
            user_name=f"gh_9{each:011}",
            nick_name=f"shop {each}",
            **({"exchanged": True} | more),
        )


def take_over(house, **more):
    return Roster(house.worker._tools, **more).run()


def known(house):
    return ask(
        house,
        "SELECT authorizer_appid, user_name, nick_name, state, func_ids, mini_program "
        "FROM authorizers ORDER BY authorizer_appid",
    )


# -- who is taken over -----------------------------------------------------------------------------------


def test_everybody_on_every_page_is_known_afterwards_and_asked_about_once(house):
    merchants(house, 1203)
    done = take_over(house)
    assert (done.total, done.listed, done.new, done.asked) == (1203, 1203, 1203, 1203)
    assert count(house.platform, LIST) == 3
    assert count(house.platform, INFO) == 1203
    assert done.calls == 1203 + 3 + 1  # and a component token
    rows = known(house)
    assert len(rows) == 1203
    assert rows[0] == (shop(1), "gh_900000000001", "shop 1", "authorized", "17,18,25", True)


def test_a_second_run_asks_for_the_pages_and_nothing_else(house):
    merchants(house, 1203)
    take_over(house)
    since = len(house.platform.calls)
    done = take_over(house)
    assert [call.call for call in house.platform.calls[since:]] == [LIST] * 3
    assert (done.new, done.asked, done.total) == (0, 0, 1203)


def test_a_second_run_asks_about_those_who_are_new_or_authorized_anew(house):
    merchants(house, 10)
    take_over(house)
    house.clock.advance(60)
    merchants(house, 2, start=11)
    house.platform.authorize(shop(3), user_name="gh_3", nick_name="renamed", exchanged=True)
    done = take_over(house)
    assert (done.new, done.asked) == (2, 3)
    assert known(house)[2][2] == "renamed"


def test_an_empty_platform_is_taken_over_at_once(house):
    assert take_over(house).counts() == dict.fromkeys(take_over(house).counts(), 0) | {"calls": 2}


def test_who_was_taken_over_is_asked_about_audits_and_goes_live_without_any_push(house):
    merchants(house, 3)
    house.platform.submit_audit(shop(2), "1.0.0")
    house.platform.approve(shop(2))
    take_over(house)
    house.worker.beat()
    house.keep_up(30)
    house.run()
    release = house.only_release()
    assert (release["authorizer_appid"], release["state"]) == (shop(2), "released")
    asked = {call.authorizer_appid for call in house.platform.calls if call.call == "get_latest_auditstatus"}
    assert asked == {shop(1), shop(2), shop(3)}


def test_an_approval_that_waited_for_its_merchant_needs_no_look_any_more(house):
    merchants(house, 1)
    take_over(house)
    house.approve(appid=shop(1), user_name="gh_900000000001")
    house.run()
    assert house.only_release()["state"] == "released"
    assert count(house.platform, INFO) == 1


def test_official_accounts_are_kept_apart_and_nobody_asks_them_about_versions(house):
    merchants(house, 2, mini_program=False, func_ids=(1,))
    merchants(house, 1, start=3)
    done = take_over(house)
    assert (done.official_accounts, done.without_permission_18) == (2, 0)
    house.worker.beat()
    house.keep_up(60)
    asked = {call.authorizer_appid for call in house.platform.calls if call.call == "get_latest_auditstatus"}
    assert asked == {shop(3)}
    assert house.api("/status")["sweep"]["authorizers"] == 1


def test_who_lacks_permission_set_18_is_counted_and_shown(house):
    merchants(house, 1, func_ids=(17,))
    assert take_over(house).without_permission_18 == 1
    assert authorizer(house, shop(1))["can_release"] is False


def test_a_merchant_whose_code_was_never_exchanged_must_authorize_again_and_may(house):
    merchants(house, 1, exchanged=False)
    done = take_over(house)
    assert done.without_token == 1
    assert authorizer(house, shop(1))["state"] == "needs_reauthorization"
    assert authorizer(house, shop(1))["user_name"] == "gh_900000000001"
    since = len(house.platform.calls)
    take_over(house)
    assert [call.call for call in house.platform.calls[since:]] == [LIST]  # nothing new of it to ask
    house.push_authorized(shop(1), "gh_900000000001")
    house.run()
    assert authorizer(house, shop(1))["state"] == "authorized"


# -- what is known better here ---------------------------------------------------------------------------


def test_nothing_of_those_who_are_known_already_is_lost(house):
    house.push_authorized()
    house.run()
    house.approve()
    house.run()
    before = ask(house, "SELECT refresh_token_sealed, live_version FROM authorizers")
    done = take_over(house)
    assert (done.new, done.total) == (0, 1)
    assert ask(house, "SELECT refresh_token_sealed, live_version FROM authorizers") == before


def test_a_refresh_token_that_changed_while_wechat_was_asked_is_not_overwritten(house):
    merchants(house, 1)
    take_over(house)
    house.clock.advance(60)
    house.platform.authorize(shop(1), user_name="gh_1", nick_name="again", exchanged=True)
    with held(house, INFO, "hold_after", run=lambda: take_over(house)):
        house.platform.rotate_refresh_token(shop(1), grace=0)
        newest = house.platform.credentials.newest_refresh(shop(1))
        edit(
            house,
            "UPDATE authorizers SET refresh_token_sealed = :sealed",
            sealed=house.store.vault.seal(newest),
        )
    ((sealed,),) = ask(house, "SELECT refresh_token_sealed FROM authorizers")
    assert house.store.vault.open(sealed) == newest


def test_a_re_authorization_that_was_missed_brings_the_token_that_works(house):
    merchants(house, 1)
    take_over(house)
    house.clock.advance(60)
    house.platform.authorize(shop(1), user_name="gh_900000000001", nick_name="x", exchanged=True)
    house.platform.rotate_refresh_token(shop(1), grace=0)
    house.platform.expire_access_tokens()
    take_over(house)
    house.approve(appid=shop(1), user_name="gh_900000000001")
    house.run()
    assert house.only_release()["state"] == "released"
    assert count(house.platform, LIST) == 2  # of the takeovers: nobody had to look the token up


def test_an_authorization_taken_back_while_wechat_was_asked_stays_taken_back(house):
    merchants(house, 1)
    with held(house, INFO, "hold_after", run=lambda: take_over(house)):
        house.clock.advance(1)
        house.push_unauthorized(shop(1))
    assert authorizer(house, shop(1))["state"] == "unauthorized"
    assert ask(house, "SELECT refresh_token_sealed FROM authorizers") == [(None,)]


def test_an_authorization_pushed_while_the_list_was_asked_for_is_exchanged_as_always(house):
    house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", exchanged=True)
    with held(house, LIST, "hold_after", run=lambda: take_over(house)):
        house.clock.advance(1)
        house.push_authorized()
    assert authorizer(house)["state"] == "code_waiting"
    house.run()
    assert authorizer(house)["state"] == "authorized"
    assert count(house.platform, "api_query_auth") == 1


def test_who_left_before_the_list_stays_away_and_who_came_back_after_is_taken_up(house):
    for appid, name in ((SHOP, SHOP_NAME), (CAFE, CAFE_NAME)):
        house.push_authorized(appid, name)
    house.run()
    house.clock.advance(5)
    house.push_unauthorized(SHOP)
    house.push_unauthorized(CAFE)
    house.clock.advance(5)
    house.platform.authorize(CAFE, user_name=CAFE_NAME, nick_name="back", exchanged=True)
    house.platform.authorizer(SHOP).authorized = True  # a list that is behind
    take_over(house)
    assert authorizer(house)["state"] == "unauthorized"
    assert authorizer(house, CAFE)["state"] == "authorized"


def test_whom_wechat_does_not_list_any_more_needs_a_new_authorization(house):
    merchants(house, 3)
    take_over(house)
    house.clock.advance(3600)
    house.platform.unauthorize(shop(2))  # and the push of it was missed
    assert take_over(house).not_listed == 1
    assert authorizer(house, shop(2))["state"] == "needs_reauthorization"
    assert authorizer(house, shop(1))["state"] == "authorized"


def test_people_are_told_of_those_whom_wechat_does_not_list_any_more(build_house):
    house = build_house(FAST, REACTOR_NOTIFY="wecom://key-of-the-bot")
    house.push_ticket()
    merchants(house, 3)
    take_over(house)
    house.clock.advance(3600)
    house.platform.unauthorize(shop(2))
    take_over(house)
    take_over(house)  # it is no news the second time
    assert ask(house, "SELECT kind, authorizer_appid FROM notices") == [("needs_reauthorization", shop(2))]


def test_a_list_without_anybody_is_not_believed(house):
    merchants(house, 2)
    take_over(house)
    house.clock.advance(3600)
    for number in (1, 2):
        house.platform.authorizer(shop(number)).authorized = False
    assert take_over(house).not_listed == 0
    assert authorizer(house, shop(1))["state"] == "authorized"


def test_who_authorized_in_these_minutes_may_be_too_young_for_the_list(house):
    house.push_authorized()
    house.run()
    house.platform.authorizer(SHOP).authorized = False
    assert take_over(house).not_listed == 0
    assert authorizer(house)["state"] == "authorized"


def test_somebody_who_leaves_in_the_middle_of_the_list_hides_nobody(house):
    merchants(house, 1100)
    with held(house, LIST, "hold_before", run=lambda: take_over(house)):
        house.platform.plan(Fault(LIST, "delay"))
        house.platform.plan(Fault(LIST, "hold_before"))
        gate = house.platform.faults_left()[-1].gate

        def leave():
            assert gate.reached.wait(20)
            house.platform.unauthorize(shop(1))
            gate.go.set()

        thread = threading.Thread(target=leave)
        thread.start()
    thread.join(20)
    assert {row[0] for row in known(house)} == {shop(each) for each in range(1, 1101)}


# -- when something is in the way ------------------------------------------------------------------------


def test_a_quota_that_ends_is_told_with_how_far_it_came_and_the_next_run_goes_on(house):
    merchants(house, 700)
    house.platform.plan(Fault(INFO, "errcode", authorizer_appid=shop(550), errcode=45009))
    with pytest.raises(Interrupted, match=r"of 700: .*45009.*daily quota.*nothing is lost, run it again"):
        take_over(house)
    before = count(house.platform, INFO)
    done = take_over(house)
    assert done.listed == 700
    assert count(house.platform, INFO) - before == done.asked < 300
    assert all(row[1] for row in known(house))


@pytest.mark.parametrize("errcode", [-1, 45011])
def test_a_busy_wechat_is_waited_out(house, errcode):
    merchants(house, 3)
    house.platform.plan(Fault(INFO, "errcode", authorizer_appid=shop(2), errcode=errcode, times=2))
    house.platform.plan(Fault(LIST, "errcode", errcode=errcode))
    done = take_over(house)
    assert (done.asked, done.unanswered) == (3, 0)


@pytest.mark.parametrize("kind", ["reset_before", "http_500", "not_json_after"])
def test_a_lost_answer_is_asked_for_again(house, kind):
    merchants(house, 2)
    house.platform.plan(Fault(INFO, kind, authorizer_appid=shop(1)))
    house.platform.plan(Fault(LIST, kind))
    assert take_over(house).unanswered == 0
    assert [row[1] for row in known(house)] == ["gh_900000000001", "gh_900000000002"]


def test_a_wechat_that_stays_silent_ends_it_and_loses_nothing(house):
    merchants(house, 2)
    house.platform.plan(Fault(INFO, "http_500", authorizer_appid=shop(2), times=4))
    with pytest.raises(Interrupted, match="after 1 of 2"):
        take_over(house)
    assert [row[3] for row in known(house)] == ["authorized", "authorized"]
    assert take_over(house).asked == 1


def test_one_about_whom_wechat_tells_nothing_stops_nobody_and_is_asked_about_again(house):
    merchants(house, 3)
    house.platform.plan(Fault(INFO, "errcode", authorizer_appid=shop(2), errcode=61003))
    done = take_over(house)
    assert (done.asked, done.unanswered) == (3, 1)
    done = take_over(house)
    assert (done.asked, done.unanswered) == (1, 0)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda house: setattr(house.platform, "allowed", False), "61004"),
        (lambda house: house.clock.advance(13 * 3600), "component_verify_ticket"),
    ],
)
def test_what_stands_before_every_call_is_told(house, spoil, why):
    spoil(house)
    with pytest.raises(Interrupted, match=f"after 0 of 0: .*{why}"):
        take_over(house)
    assert known(house) == []


def test_two_takeovers_at_once_are_one(house):
    merchants(house, 2)
    with (
        held(house, LIST, "hold_before", run=lambda: take_over(house)),
        pytest.raises(Interrupted, match="another takeover is under way"),
    ):
        take_over(house)
    assert count(house.platform, INFO) == 2
    assert take_over(house).asked == 0


def test_a_takeover_that_died_holds_the_next_one_up_for_seconds_only(house):
    merchants(house, 1)
    with house.store.write() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO leases (name, holder, until) VALUES ('roster', 'dead', {house.clock() + 20})"
        )
    with pytest.raises(Interrupted):
        take_over(house)
    house.clock.advance(21)
    assert take_over(house).new == 1


def test_it_goes_no_faster_than_the_policy_lets_releases_begin(build_house):
    house = build_house("[pace]\nreleases_per_second = 10\n")
    house.push_ticket()
    merchants(house, 100)
    began = house.clock()
    take_over(house)
    assert 9.0 <= house.clock() - began <= 13.0


def test_it_tells_how_far_it_is(house):
    merchants(house, 600)
    told = []
    take_over(house, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (600, 600)
    assert len(told) > 1


def test_no_row_is_kept_of_answers_that_are_as_they_should_be(house):
    merchants(house, 5)
    house.platform.plan(Fault(INFO, "errcode", authorizer_appid=shop(2), errcode=-1))
    take_over(house)
    assert ask(house, "SELECT call, errcode FROM calls") == [(INFO, -1)]


def test_tokens_are_sealed_and_stay_out_of_logs(house, caplog):
    caplog.set_level("DEBUG")
    merchants(house, 2)
    take_over(house)
    token = house.platform.credentials.newest_refresh(shop(1))
    assert token not in caplog.text
    ((sealed,),) = ask(
        house, f"SELECT refresh_token_sealed FROM authorizers WHERE authorizer_appid='{shop(1)}'"
    )
    assert house.store.vault.open(sealed) == token

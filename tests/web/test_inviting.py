"""The merchant's page: what it shows when, what it never lets out, in both languages."""

import re
from pathlib import Path

import pytest
from invited import PUBLIC, authorize_at_wechat, get, invitations, invite, links_on, path, read, show
from known import COMPONENT, SHOP
from stories import ask, authorizer, count, edit

from reactor.core.errors import SettingsError
from reactor.simulator.faults import Fault
from reactor.web import inviting
from reactor.words.chinese import CHINESE

CJK = re.compile("[一-鿿]")


@pytest.fixture
def house(build_house):
    """A reactor with an address and a ticket."""
    house = build_house(REACTOR_PUBLIC_URL=PUBLIC)
    house.push_ticket()
    return house


# -- the links -------------------------------------------------------------------------------------------


def test_the_page_has_both_links_once_the_worker_has_a_code(house):
    invited = invite(house)
    assert invited.url.startswith(f"{PUBLIC}/authorize/")
    first = get(house, path(invited))
    assert "WeChat is making your link" in read(first)
    assert '<meta http-equiv="refresh" content="2">' in first.get_data(as_text=True)
    house.run()
    found = links_on(get(house, path(invited)))
    for link in found.values():
        assert link["component_appid"] == [COMPONENT]
        assert link["redirect_uri"] == [f"{invited.url}/back"]
        assert link["auth_type"] == ["2"]
        assert link["pre_auth_code"][0].startswith("preauthcode@@@")
    assert found.keys() == {"pc", "mobile"}
    assert count(house.platform, "api_create_preauthcode") == 1


def test_the_kind_of_account_is_the_inviters_choice(house):
    invited = invite(house, auth_type=3)
    house.run()
    assert links_on(get(house, path(invited)))["pc"]["auth_type"] == ["3"]


def test_a_code_in_its_last_minutes_is_made_anew_and_the_page_reloads_in_time(house):
    invited = invite(house)
    house.run()
    page = get(house, path(invited)).get_data(as_text=True)
    (seconds,) = re.findall(r'http-equiv="refresh" content="(\d+)"', page)
    assert int(seconds) == 600 - 120
    before = links_on(get(house, path(invited)))["pc"]["pre_auth_code"]
    house.clock.advance(481)
    assert "WeChat is making your link" in show(house, invited)
    house.run()
    assert links_on(get(house, path(invited)))["pc"]["pre_auth_code"] != before
    assert count(house.platform, "api_create_preauthcode") == 2


def test_reloading_makes_no_more_calls(house):
    invited = invite(house)
    for _ in range(5):
        get(house, path(invited))
    house.run()
    for _ in range(5):
        get(house, path(invited))
    house.run()
    assert count(house.platform, "api_create_preauthcode") == 1


def test_a_wechat_that_gives_no_code_is_told_without_our_inner_affairs_and_asked_again(house):
    house.platform.plan(Fault("api_create_preauthcode", "errcode", errcode=-1))
    invited = invite(house)
    house.run()
    told = show(house, invited)
    assert "tries again by itself" in told
    assert "-1" not in told
    house.run_for(2)
    assert links_on(get(house, path(invited)))


def test_without_a_ticket_the_link_comes_with_the_ticket(build_house):
    house = build_house(REACTOR_PUBLIC_URL=PUBLIC)
    invited = invite(house)
    house.run()
    assert "tries again by itself" in show(house, invited)
    assert "12 hours" in invitations(house).see(invited.nonce).reason
    house.push_ticket()
    house.run()
    assert links_on(get(house, path(invited)))


def test_once_calls_may_flow_again_a_link_that_waited_is_made_at_once(house):
    house.platform.allowed = False
    invited = invite(house)
    house.run()
    assert house.api("/status")["blocked"]
    house.platform.allowed = True
    house.run_for(61)
    assert links_on(get(house, path(invited)))


def test_what_never_works_fails_after_a_few_turns_and_can_be_started_again(house):
    house.platform.plan(Fault("api_create_preauthcode", "errcode", errcode=-1, times=4))
    invited = invite(house)
    house.run_for(200, step=5)
    assert count(house.platform, "api_create_preauthcode") == 4
    assert "This did not work" in show(house, invited)
    answer = house.app.test_client().post(f"{path(invited)}/again")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"../{invited.nonce}")
    house.run()
    assert links_on(get(house, path(invited)))


# -- the way back ----------------------------------------------------------------------------------------


def come_back(house, invited, **more):
    """The merchant authorizes, and the browser comes back; how WeChat's address was answered."""
    house.run()
    _, address = authorize_at_wechat(house, invited, **more)
    return get(house, address)


def test_the_code_leaves_the_address_at_once_and_is_exchanged_at_once(house):
    invited = invite(house)
    answer = come_back(house, invited)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"../{invited.nonce}")
    assert answer.get_data() == b""
    assert "is being confirmed with WeChat" in show(house, invited)
    house.run()
    told = show(house, invited)
    assert "Connected" in told
    assert f"Name Deer Diner AppID {SHOP} Permission set 18 granted" in told
    assert authorizer(house) == {
        "authorizer_appid": SHOP,
        "user_name": "gh_00000000000a",
        "nick_name": "Deer Diner",
        "state": "authorized",
        "live_version": None,
        "audit_status": None,
        "can_release": True,
    }
    assert "http-equiv" not in get(house, path(invited)).get_data(as_text=True)


def test_the_version_of_a_merchant_who_came_by_the_page_goes_live(house):
    invited = invite(house)
    come_back(house, invited)
    house.run()
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"


def test_a_merchant_without_permission_set_18_is_told_and_may_start_again(house):
    invited = invite(house)
    come_back(house, invited, func_ids=(17, 25))
    house.run()
    told = show(house, invited)
    assert "One permission is missing" in told
    assert "Permission set 18 missing" in told
    house.app.test_client().post(f"{path(invited)}/again")
    house.clock.advance(400)
    come_back(house, invited)
    house.run()
    assert "Connected" in show(house, invited)
    assert authorizer(house)["can_release"] is True


def test_an_official_account_is_taken_in_and_told_to_be_one(house):
    invited = invite(house)
    come_back(house, invited, mini_program=False)
    house.run()
    assert "This is an official account" in show(house, invited)


def test_an_invitation_leads_one_merchant_in_and_no_second_one(house):
    invited = invite(house)
    come_back(house, invited)
    house.run()
    _, address = authorize_at_wechat(house, invited, appid="wx000000000000000b", user_name="gh_b")
    assert get(house, address).status_code == 303
    house.run()
    assert SHOP in show(house, invited)
    assert count(house.platform, "api_query_auth") == 1


def test_a_code_that_wechat_refuses_is_told_and_the_merchant_may_start_again(house):
    invited = invite(house)
    house.run()
    get(house, f"{path(invited)}/back?auth_code=queryauthcode@@@made-up&expires_in=600")
    house.run_for(60, step=2)
    told = show(house, invited)
    assert "used or is too old" in told
    assert "Start again" in told
    assert "已被使用或已过期" in show(house, invited, "zh")


@pytest.mark.parametrize(
    "query", ["", "auth_code=", "auth_code=a&auth_code=b", "auth_code=%00", f"auth_code={'x' * 513}"]
)
def test_an_address_without_one_code_is_refused_and_changes_nothing(house, query):
    invited = invite(house)
    house.run()
    answer = get(house, f"{path(invited)}/back?{query}")
    assert answer.status_code == 400
    assert "no authorization code" in read(answer)
    assert links_on(get(house, path(invited)))


# -- who may see it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["/authorize/made-up", "/authorize/made-up/back?auth_code=abc"])
def test_an_address_nobody_was_given_leads_nowhere(house, where):
    answer = get(house, where)
    assert answer.status_code == 404
    assert "leads to no invitation" in read(answer)
    assert ask(house, "SELECT 1 FROM errands") == []


@pytest.mark.parametrize("nonce", ["made-up", "made%0D%0AX-Up: 1", "made%FFup", "\\made.up"])
def test_starting_again_at_a_made_up_address_leads_nowhere(house, nonce):
    answer = house.app.test_client().post(f"/authorize/{nonce}/again")
    assert answer.status_code == 404
    assert "leads to no invitation" in read(answer)
    assert ask(house, "SELECT 1 FROM errands") == []


def test_an_invitation_ends(house):
    invited = invite(house, days=2)
    house.run()
    house.clock.advance(2 * 86400 + 1)
    answer = get(house, path(invited))
    assert answer.status_code == 410
    assert "This invitation is over" in read(answer)
    assert not links_on(answer)
    assert house.run() == 0


def test_who_was_on_the_way_when_it_ended_still_arrives(house):
    invited = invite(house, days=1)
    house.run()
    house.clock.advance(86400 + 1)
    house.push_ticket()
    _, address = authorize_at_wechat(house, invited)
    assert get(house, address).status_code == 303
    house.run()
    assert "Connected" in show(house, invited)


def test_invitations_past_the_retention_leave(build_house):
    house = build_house(policy="[retention]\ndays = 10\n", REACTOR_PUBLIC_URL=PUBLIC)
    invite(house, days=1)
    house.clock.advance(12 * 86400)
    house.push_ticket()
    house.keep_up(1)
    assert ask(house, "SELECT 1 FROM links") == []


def test_without_an_address_of_our_own_nobody_is_invited(build_house):
    house = build_house()
    with pytest.raises(SettingsError, match="REACTOR_PUBLIC_URL is not set"):
        invite(house)
    assert ask(house, "SELECT 1 FROM links") == []


# -- what it lets out ------------------------------------------------------------------------------------


def test_nothing_of_it_is_kept_by_anybody_and_the_address_is_not_handed_on(house):
    invited = invite(house)
    house.run()
    ready = get(house, path(invited))
    _, address = authorize_at_wechat(house, invited)
    answers = [ready, get(house, address), get(house, path(invited)), get(house, "/authorize/made-up")]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    # WeChat must see the domain the merchant comes from, and sees no more than that.
    referrers = [answer.headers["Referrer-Policy"] for answer in answers]
    assert referrers == ["strict-origin", "no-referrer", "no-referrer", "no-referrer"]


def test_neither_nonce_nor_codes_are_stored_or_logged_as_they_are(house, caplog):
    caplog.set_level("DEBUG")
    invited = invite(house)
    house.run()
    shown = links_on(get(house, path(invited)))["pc"]["pre_auth_code"][0]
    code, address = authorize_at_wechat(house, invited)
    get(house, address)
    rows = f"{ask(house, 'SELECT * FROM links')}{ask(house, 'SELECT * FROM errands')}"
    house.run()
    rows += f"{ask(house, 'SELECT * FROM links')}{ask(house, 'SELECT * FROM authorizers')}"
    for secret in (invited.nonce, shown, code):
        assert secret not in rows
        assert secret not in caplog.text
        assert secret not in repr(invited)
    assert invited.nonce not in repr(invitations(house).see(invited.nonce))


def test_two_invitations_share_nothing(house):
    one, other = invite(house), invite(house)
    assert one.nonce != other.nonce
    assert len(one.nonce) >= 43
    come_back(house, one)
    house.run()
    assert "Connected" in show(house, one)
    assert links_on(get(house, path(other)))


def test_names_that_merchants_choose_are_text_and_nothing_else(house):
    invited = invite(house)
    come_back(house, invited, nick_name="<script>alert(1)</script>&lt;b&gt;")
    house.run()
    page = get(house, path(invited)).get_data(as_text=True)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;b&amp;gt;" in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused(house, method):
    invited = invite(house)
    answer = house.app.test_client().open(path(invited), method=method)
    assert answer.status_code == 405
    assert house.app.test_client().get(f"{path(invited)}/again").status_code == 405


def test_a_database_that_is_away_is_told_as_such(house):
    invited = invite(house)
    edit(house, "DROP TABLE links")
    answer = get(house, path(invited))
    assert answer.status_code == 503
    assert "Nothing is lost" in read(answer)
    assert "links" not in read(answer)


# -- languages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("en-GB", "en"),
        ("fr", "en"),
    ],
)
def test_it_speaks_the_browsers_language(house, accepted, lang):
    invited = invite(house)
    house.run()
    answer = get(house, path(invited), accepted)
    assert f'<html lang="{lang}">' in answer.get_data(as_text=True)
    assert answer.headers["Vary"] == "Accept-Language"


def test_the_reader_may_choose_the_language(house):
    invited = invite(house)
    house.run()
    assert "授权你的小程序" in read(get(house, f"{path(invited)}?lang=zh"))
    assert "Connect your mini program" in read(get(house, f"{path(invited)}?lang=en", "zh"))


def every_page(house):
    """An answer in every stage there is."""
    waiting = invite(house)
    yield waiting
    house.run()
    yield waiting
    come_back(house, waiting)
    yield waiting
    house.run()
    yield waiting
    for more in ({"func_ids": (17,)}, {"mini_program": False}, {"func_ids": ()}):
        one = invite(house)
        come_back(house, one, appid=f"wx{len(more) + len(str(more)):016x}", user_name="gh_x", **more)
        house.run()
        yield one
    over = invite(house)
    house.clock.advance(30 * 86400)
    yield over


def test_no_page_mixes_the_languages(house):
    for invited in every_page(house):
        english, chinese = show(house, invited), show(house, invited, "zh")
        assert not CJK.search(english.replace("中文", "")), english
        words = re.sub(r"wx[0-9a-f]{16}|Deer Diner|AppID|English|UTC|Authorize", "", chinese)
        assert not re.search("[A-Za-z]{3,}", words), chinese


def test_every_text_of_the_page_has_its_chinese_twin():
    source = (Path(inviting.__file__).parent / "templates" / "authorize.html").read_text("utf-8")
    texts = set(re.findall(r't\("([^"]+)"\)', source))
    assert texts
    assert texts - CHINESE.keys() == set()

"""The small WeChat's tickets, codes and tokens, asked over HTTP as the reactor asks."""

import re

import pytest

COMPONENT = "wx00000000000000c0"
SECRET = "component-secret"
APPID = "wx0123456789abcdef"
OTHER = "wx00000000000000b1"
RID = re.compile(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")


@pytest.fixture
def world(component_world):
    return component_world


# Tickets and component tokens


def test_a_ticket_becomes_a_component_token(world):
    ticket = world.platform.issue_ticket()
    answer = world.component(
        "api_component_token", component_appsecret=SECRET, component_verify_ticket=ticket
    )
    assert ticket.startswith("ticket@@@")
    assert answer["expires_in"] == 7200
    assert "errcode" not in answer


@pytest.mark.parametrize(
    ("spoiled", "errcode"),
    [
        ({"component_appid": "wx00000000000000ff"}, 40013),
        ({"component_appid": None}, 40013),
        ({"component_appsecret": "other"}, 40125),
        ({"component_appsecret": ""}, 41004),
        ({"component_verify_ticket": "ticket@@@made-up"}, 61006),
        ({"component_verify_ticket": None}, 61006),
    ],
)
def test_a_component_token_needs_the_right_values(world, spoiled, errcode):
    good = {"component_appsecret": SECRET, "component_verify_ticket": world.platform.issue_ticket()}
    answer = world.component("api_component_token", **(good | spoiled))
    assert answer["errcode"] == errcode
    assert RID.search(answer["errmsg"])


def test_a_ticket_lives_twelve_hours(world):
    old = world.platform.issue_ticket()
    good = {"component_appsecret": SECRET, "component_verify_ticket": old}
    world.clock.now += 12 * 3600 - 1
    world.platform.issue_ticket()
    assert "component_access_token" in world.component("api_component_token", **good)
    world.clock.now += 1
    assert world.component("api_component_token", **good)["errcode"] == 61005


def test_start_push_ticket_wants_component_secret_and_no_token(world):
    assert world.component("api_start_push_ticket", component_secret=SECRET) == {"errcode": 0, "errmsg": "ok"}
    assert world.component("api_start_push_ticket", component_appsecret=SECRET)["errcode"] == 41004
    assert world.component("api_start_push_ticket", component_secret="other")["errcode"] == 40125


def test_a_replaced_component_token_has_five_minutes(world):
    old, new = world.component_token(), world.component_token()
    world.clock.now += 299
    assert "pre_auth_code" in world.component("api_create_preauthcode", token=old)
    world.clock.now += 1
    assert world.component("api_create_preauthcode", token=old)["errcode"] == 40001
    assert "pre_auth_code" in world.component("api_create_preauthcode", token=new)


def test_a_component_token_expires_after_two_hours(world):
    token = world.component_token()
    world.clock.now += 7200
    assert world.component("api_create_preauthcode", token=token)["errcode"] == 42001


def test_a_dead_missing_or_made_up_component_token_is_refused(world):
    token = world.component_token()
    world.platform.expire_component_token()
    assert world.component("api_create_preauthcode", token=token)["errcode"] == 40001
    assert world.component("api_create_preauthcode", token="made-up")["errcode"] == 40001
    assert world.component("api_create_preauthcode")["errcode"] == 41001


def test_component_calls_take_either_name_of_the_token(world):
    body = f'{{"component_appid": "{COMPONENT}"}}'
    path = "/cgi-bin/component/api_create_preauthcode"
    answer = world.post(path, data=body, access_token=world.component_token())
    assert answer["pre_auth_code"].startswith("preauthcode@@@")


def test_tokens_of_the_wrong_kind_are_refused(world):
    token, _ = world.tokens()
    assert world.component("api_create_preauthcode", token=token)["errcode"] == 61014
    assert world.release(world.component_token())["errcode"] == 61015


# Authorizers


def test_a_code_becomes_tokens_once(world):
    code = world.authorize()
    info = world.query_auth(code)["authorization_info"]
    assert info["authorizer_appid"] == APPID
    assert info["func_info"][1] == {"funcscope_category": {"id": 18}}
    assert world.query_auth(code)["errcode"] == 61009
    assert world.query_auth(None)["errcode"] == 61009


def test_a_code_lives_ten_minutes(world):
    code = world.authorize()
    world.clock.now += 600
    assert world.query_auth(code)["errcode"] == 61010


def test_nothing_granted_means_no_tokens(world):
    info = world.query_auth(world.authorize(func_ids=()))["authorization_info"]
    assert info == {"authorizer_appid": APPID, "func_info": []}


def test_a_refresh_token_gives_access_tokens_for_ever(world):
    _, refresh = world.tokens()
    world.clock.now += 400 * 86400
    answer = world.refresh(refresh)
    assert answer["authorizer_refresh_token"] == refresh
    assert (
        world.get("/wxa/getgrayreleaseplan", access_token=answer["authorizer_access_token"])["errcode"] == 0
    )


@pytest.mark.parametrize("wrong", ["made-up", None, ""])
def test_a_wrong_refresh_token_is_61023(world, wrong):
    world.tokens()
    answer = world.refresh(wrong)
    assert answer["errcode"] == 61023


def test_a_rotated_refresh_token_lives_five_minutes_and_the_list_shows_the_new_one(world):
    _, old = world.tokens()
    new = world.platform.rotate_refresh_token(APPID)

    assert world.refresh(old)["authorizer_refresh_token"] == new
    world.clock.now += 300
    assert world.refresh(old)["errcode"] == 61023
    assert "errcode" not in world.refresh(new)
    listed = world.component("api_get_authorizer_list", token=world.component_token(), offset=0, count=10)
    assert listed["list"][0]["refresh_token"] == new


def test_a_rotation_without_grace_kills_at_once(world):
    _, old = world.tokens()
    world.platform.rotate_refresh_token(APPID, grace=0)
    answer = world.refresh(old)
    assert answer["errcode"] == 61023


def test_refreshing_may_rotate(world):
    world.platform.rotate_on_refresh = True
    _, old = world.tokens()
    answer = world.refresh(old)
    assert answer["authorizer_refresh_token"] not in ("", old)


def test_the_list_pages_and_hides_who_is_not_authorized(world):
    world.authorize()
    world.tokens(OTHER)
    token = world.component_token()
    page = world.component("api_get_authorizer_list", token=token, offset=1, count=500)
    assert page["total_count"] == 2
    assert [one["authorizer_appid"] for one in page["list"]] == [OTHER]
    world.platform.unauthorize(OTHER)
    page = world.component("api_get_authorizer_list", token=token, offset=0, count=1)
    assert page == {
        "total_count": 1,
        "list": [{"authorizer_appid": APPID, "refresh_token": "", "auth_time": 1_760_000_000}],
    }


@pytest.mark.parametrize(
    ("offset", "count", "errcode"),
    [(0, 501, 40170), (0, 0, 40170), (0, "10", 47001), (-1, 10, 47001), (None, 10, 47001)],
)
def test_the_list_refuses_odd_pages(world, offset, count, errcode):
    token = world.component_token()
    answer = world.component("api_get_authorizer_list", token=token, offset=offset, count=count)
    assert answer["errcode"] == errcode


def test_info_tells_a_mini_program_by_its_own_key(world):
    world.authorize(exchanged=True)
    world.authorize(OTHER, mini_program=False)
    token = world.component_token()
    info = world.component("api_get_authorizer_info", token=token, authorizer_appid=APPID)
    assert info["authorizer_info"]["user_name"] == "gh_0123456789ab"
    assert "MiniProgramInfo" in info["authorizer_info"]
    assert info["authorization_info"]["authorizer_refresh_token"].startswith("refreshtoken@@@")
    other = world.component("api_get_authorizer_info", token=token, authorizer_appid=OTHER)
    assert "MiniProgramInfo" not in other["authorizer_info"]
    assert other["authorization_info"]["authorizer_refresh_token"] == ""


def test_who_is_not_authorized_is_61003_everywhere(world):
    token, refresh = world.tokens()
    code = world.authorize()
    world.platform.unauthorize(APPID)
    component = world.component_token()
    for appid in (APPID, OTHER, None):
        body = {"authorizer_appid": appid, "authorizer_refresh_token": refresh}
        assert world.component("api_authorizer_token", token=component, **body)["errcode"] == 61003
        assert world.component("api_get_authorizer_info", token=component, **body)["errcode"] == 61003
    assert world.release(token)["errcode"] == 61003
    assert world.query_auth(code)["errcode"] == 61009


def test_authorizing_again_keeps_the_versions_but_not_the_old_tokens(world):
    token, _ = world.tokens()
    world.approve()
    world.platform.unauthorize(APPID)
    new, _ = world.tokens()
    assert world.release(token)["errcode"] == 40001
    assert world.release(new)["errcode"] == 0


def test_access_tokens_expire_by_time_and_by_gesture(world):
    token, _ = world.tokens()
    other, _ = world.tokens(OTHER)
    world.platform.expire_access_tokens(APPID)
    assert world.release(token)["errcode"] == 40001
    assert world.release(other)["errcode"] == 85019
    world.clock.now += 7200
    assert world.release(other)["errcode"] == 42001
    world.platform.expire_access_tokens()
    assert world.release(other)["errcode"] == 40001
    assert "pre_auth_code" in world.component("api_create_preauthcode", token=world.component_token())

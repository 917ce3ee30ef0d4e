"""The small WeChat's rules for calls and versions, asked over HTTP as the reactor asks."""

import re

import pytest

from reactor.simulator.code_calls import CODE_CALLS
from reactor.simulator.component_calls import COMPONENT_CALLS
from reactor.simulator.faults import CALLS
from reactor.simulator.message_calls import MESSAGE_CALLS

SECRET = "component-secret"
APPID = "wx0123456789abcdef"
OTHER = "wx00000000000000b1"
RID = re.compile(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")


@pytest.fixture
def world(component_world):
    return component_world


def test_every_call_can_have_faults_and_nothing_else_can():
    paths = [*COMPONENT_CALLS, *CODE_CALLS, *MESSAGE_CALLS]
    assert {path.rsplit("/", 1)[-1] for path in paths} == CALLS


# Form


def test_empty_bodies_are_44002_where_a_body_is_due(world):
    token, _ = world.tokens()
    for path in ("/wxa/release", "/wxa/getversioninfo"):
        assert world.post(path, access_token=token)["errcode"] == 44002
    path = "/cgi-bin/component/api_query_auth"
    assert world.post(path, component_access_token=world.component_token())["errcode"] == 44002


@pytest.mark.parametrize("body", ["a=1", "[]", "{", b"\xff", "[" * 100_000])
def test_bodies_that_are_no_json_object_are_47001(world, body):
    token, _ = world.tokens()
    world.approve()
    assert world.release(token, body)["errcode"] == 47001
    assert world.platform.live(APPID) is None


def test_the_method_matters(world):
    token, _ = world.tokens()
    world.approve()
    assert world.get("/wxa/release", access_token=token)["errcode"] == 43002
    assert world.post("/wxa/get_latest_auditstatus", data="{}", access_token=token)["errcode"] == 43001
    assert world.get("/cgi-bin/component/api_component_token")["errcode"] == 43002


def test_wxa_calls_take_only_access_token(world):
    token, _ = world.tokens()
    assert world.post("/wxa/release", data="{}", component_access_token=token)["errcode"] == 41001


def test_an_unknown_path_is_refused_and_still_counted(world):
    assert world.post("/wxa/commit", data="{}")["errcode"] == 40066
    assert [call.call for call in world.platform.calls] == ["commit"]


def test_a_caller_off_the_whitelist_gets_61004_everywhere(world):
    token, _ = world.tokens()
    component = world.component_token()
    world.platform.allowed = False
    assert world.release(token)["errcode"] == 61004
    assert world.component("api_create_preauthcode", token=component)["errcode"] == 61004
    assert world.component("api_component_token", component_appsecret=SECRET)["errcode"] == 61004
    world.platform.allowed = True
    assert world.release(token)["errcode"] == 85019


# Versions


def test_an_approved_version_goes_live_once(world):
    token, _ = world.tokens()
    approved_at = world.approve("1.0.0")
    assert approved_at == 1_760_000_000
    world.clock.now += 5
    assert world.release(token) == {"errcode": 0, "errmsg": "ok"}
    assert world.platform.live(APPID) == ("1.0.0", 1_760_000_005)
    again = world.release(token)
    assert again["errcode"] == 85052
    assert RID.search(again["errmsg"])
    releases = [call for call in world.platform.calls if call.call == "release"]
    assert [(call.errcode, call.effective) for call in releases] == [(0, True), (85052, False)]
    assert world.platform.effective_releases(APPID) == releases[:1]
    assert world.platform.effective_releases(OTHER) == []


def test_without_any_submission_there_is_nothing_to_release_or_to_see(world):
    token, _ = world.tokens()
    assert world.release(token)["errcode"] == 85019
    assert world.get("/wxa/get_latest_auditstatus", access_token=token)["errcode"] == 85058
    assert world.post("/wxa/getversioninfo", data="{}", access_token=token) == {"errcode": 0, "errmsg": "ok"}
    assert world.platform.live(APPID) is None


@pytest.mark.parametrize("ending", ["reject", "delay", "withdraw", "nothing"])
def test_what_is_not_approved_is_85020(world, ending):
    token, _ = world.tokens()
    world.approve("1.0.0")
    world.platform.submit_audit(APPID, "1.1.0")
    gestures = {
        "reject": lambda: world.platform.reject(APPID, "no"),
        "delay": lambda: world.platform.delay(APPID, "later"),
        "withdraw": lambda: world.platform.withdraw(APPID),
        "nothing": lambda: None,
    }
    gestures[ending]()
    assert world.release(token)["errcode"] == 85020
    assert world.platform.live(APPID) is None


def test_the_last_approved_version_may_go_live_beside_a_newer_audit(world):
    world.platform.publish_while_audited = True
    token, _ = world.tokens()
    world.platform.submit_audit(APPID, "0.9.0")
    assert world.release(token)["errcode"] == 85020
    world.platform.approve(APPID)
    world.approve("1.0.0")
    world.platform.submit_audit(APPID, "1.1.0")
    assert world.release(token)["errcode"] == 0
    assert world.platform.live(APPID)[0] == "1.0.0"
    assert world.release(token)["errcode"] == 85052
    world.platform.reject(APPID, "no")
    assert world.release(token)["errcode"] == 85020


def test_a_release_needs_permission_set_18(world):
    token, _ = world.tokens(func_ids=(17, 25))
    world.approve()
    assert world.release(token)["errcode"] == 61007
    assert world.get("/wxa/get_latest_auditstatus", access_token=token)["errcode"] == 61007


def test_the_latest_audit_is_told_in_wechats_words(world):
    token, _ = world.tokens()
    auditid = world.platform.submit_audit(APPID, "1.0.0", "soup")
    answer = world.get("/wxa/get_latest_auditstatus", access_token=token)
    assert answer == {
        "errcode": 0,
        "errmsg": "ok",
        "auditid": auditid,
        "status": 2,
        "user_version": "1.0.0",
        "user_desc": "soup",
        "submit_audit_time": 1_760_000_000,
    }
    world.platform.delay(APPID, "later")
    answer = world.get("/wxa/get_latest_auditstatus", access_token=token)
    assert (answer["status"], answer["reason"]) == (4, "later")
    world.platform.reject(APPID, "1: name<br>", ["shot1", "shot2"])
    answer = world.post("/wxa/get_auditstatus", data=f'{{"auditid": {auditid}}}', access_token=token)
    assert (answer["status"], answer["reason"], answer["ScreenShot"]) == (1, "1: name<br>", "shot1|shot2")
    assert world.post("/wxa/get_auditstatus", data='{"auditid": 1}', access_token=token)["errcode"] == 85012


def test_version_info_shows_what_is_live(world):
    token, _ = world.tokens()
    world.approve("1.0.0")
    world.release(token)
    world.platform.submit_audit(APPID, "1.1.0", "new")
    answer = world.post("/wxa/getversioninfo", data="{}", access_token=token)
    assert answer["release_info"] == {
        "release_time": 1_760_000_000,
        "release_version": "1.0.0",
        "release_desc": "about 1.0.0",
    }
    assert answer["exp_info"]["exp_version"] == "1.1.0"


def test_a_release_completes_a_gray_plan(world):
    token, _ = world.tokens()

    def plan():
        return world.get("/wxa/getgrayreleaseplan", access_token=token)["gray_release_plan"]

    assert plan() == {"status": 0, "create_timestamp": 0, "gray_percentage": 0}
    world.approve()
    world.platform.start_gray(APPID, 5)
    assert plan() == {"status": 1, "create_timestamp": 1_760_000_000, "gray_percentage": 5}
    world.release(token)
    assert plan() == {"status": 3, "create_timestamp": 1_760_000_000, "gray_percentage": 100}
    world.platform.start_gray(APPID, 5)
    world.platform.end_gray(APPID)
    assert plan()["status"] == 4


def test_gray_release_has_its_own_rules(world):
    token, _ = world.tokens()

    def gray(percentage):
        body = f'{{"gray_percentage": {percentage}}}'
        return world.post("/wxa/grayrelease", data=body, access_token=token)["errcode"]

    assert gray(101) == 85081
    assert gray(5) == 85079
    world.approve("1.0.0")
    world.release(token)
    assert gray(5) == 85080
    world.approve("1.1.0")
    assert [gray(5), gray(5), gray(4), gray(50)] == [0, 85082, 85082, 0]
    assert world.platform.live(APPID)[0] == "1.0.0"
    assert world.get("/wxa/revertcoderelease", access_token=token)["errcode"] == 87011
    assert gray(100) == 0
    assert world.platform.live(APPID)[0] == "1.1.0"
    assert world.platform.calls[-1].effective


def test_a_reverted_version_cannot_be_reverted_again(world):
    token, _ = world.tokens()
    assert world.get("/wxa/revertcoderelease", access_token=token)["errcode"] == 87012
    for version in ("1.0.0", "1.1.0"):
        world.approve(version)
        world.release(token)
        world.clock.now += 60
    listed = world.get("/wxa/revertcoderelease", access_token=token, action="get_history_version")
    assert [one["user_version"] for one in listed["version_list"]] == ["1.0.0"]
    assert world.platform.live(APPID)[0] == "1.1.0"
    assert world.get("/wxa/revertcoderelease", access_token=token)["errcode"] == 0
    assert world.platform.live(APPID) == ("1.0.0", 1_760_000_120)
    assert world.get("/wxa/revertcoderelease", access_token=token)["errcode"] == 87012
    assert world.release(token)["errcode"] == 85052


def test_an_audit_can_be_taken_back(world):
    token, _ = world.tokens()
    assert world.get("/wxa/undocodeaudit", access_token=token)["errcode"] == 85019
    world.platform.submit_audit(APPID, "1.0.0")
    assert world.get("/wxa/undocodeaudit", access_token=token)["errcode"] == 0
    assert world.get("/wxa/get_latest_auditstatus", access_token=token)["status"] == 3


def test_each_authorizer_has_its_own_versions(world):
    token, _ = world.tokens()
    other, _ = world.tokens(OTHER)
    world.approve("1.0.0")
    world.approve("7.0.0", OTHER)
    world.release(other)
    assert world.platform.live(APPID) is None
    assert world.platform.live(OTHER)[0] == "7.0.0"
    assert world.release(token)["errcode"] == 0


# Gestures


def test_impossible_gestures_are_refused(world):
    with pytest.raises(ValueError, match="16 lower-case hex"):
        world.authorize("wx0123456789ABCDEF")
    with pytest.raises(ValueError, match="never authorized"):
        world.platform.live(APPID)
    world.authorize()
    with pytest.raises(ValueError, match="no version under audit"):
        world.platform.approve(APPID)
    world.platform.submit_audit(APPID, "1.0.0")
    with pytest.raises(ValueError, match="under audit already"):
        world.platform.submit_audit(APPID, "1.1.0")


def test_a_call_is_remembered_with_its_time_and_subject(world):
    token, _ = world.tokens()
    world.clock.now += 9
    world.release(token)
    call = world.platform.calls[-1]
    assert (call.at, call.call, call.authorizer_appid, call.errcode) == (
        1_760_000_009,
        "release",
        APPID,
        85019,
    )
    assert not call.effective
    assert call.fault is None

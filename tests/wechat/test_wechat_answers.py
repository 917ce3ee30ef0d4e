"""What the WeChat client sends, and what it makes of an answer that arrives whole."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import APPID, CANARY, COMPONENT, OK, http

from reactor import wechat
from reactor.core.errors import Answered, OutcomeUnknown
from reactor.core.lifecycle import Audit, GrayPlan, LiveVersion
from reactor.wechat import answers
from reactor.wechat.client import OddAnswerError

# What is sent


def test_release_sends_exactly_two_bytes_of_json(ask):
    assert ask("release", http(OK)) is None
    head, _, body = ask.server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    fields = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
    assert body == b"{}"
    assert fields["content-length"] == "2"
    assert fields["content-type"] == "application/json"
    assert line == "POST /wxa/release?access_token=s3cret-4e%2F0f%3D1d%2B7a HTTP/1.1"


COMPONENT_CALLS = {
    "component_token": (
        "api_component_token",
        {"component_appsecret": CANARY, "component_verify_ticket": "ticket"},
        {"component_access_token": "t", "expires_in": 7200},
        wechat.Token("t", 7200),
    ),
    "start_push_ticket": ("api_start_push_ticket", {"component_secret": CANARY}, OK, None),
    "create_preauthcode": (
        "api_create_preauthcode",
        {},
        {"pre_auth_code": "p", "expires_in": 600},
        wechat.Token("p", 600),
    ),
    "query_auth": (
        "api_query_auth",
        {"authorization_code": "code"},
        {
            "authorization_info": {
                "authorizer_appid": APPID,
                "authorizer_access_token": "a",
                "expires_in": 7200,
                "authorizer_refresh_token": "r",
                "func_info": [{"funcscope_category": {"id": 17}}, {"funcscope_category": {"id": 18}}],
            }
        },
        wechat.Authorization(APPID, "r", (17, 18)),
    ),
    "authorizer_token": (
        "api_authorizer_token",
        {"authorizer_appid": APPID, "authorizer_refresh_token": "refresh"},
        {"authorizer_access_token": "a", "expires_in": 7200, "authorizer_refresh_token": "r2"},
        wechat.AuthorizerTokens("a", 7200, "r2"),
    ),
    "authorizer_list": (
        "api_get_authorizer_list",
        {"offset": 0, "count": 100},
        {
            "total_count": 3,
            "list": [
                {"authorizer_appid": APPID, "refresh_token": "r", "auth_time": 1},
                {"authorizer_appid": COMPONENT, "refresh_token": "", "auth_time": "2"},
                {"odd": 1},
            ],
        },
        wechat.AuthorizerPage(
            3, (wechat.ListedAuthorizer(APPID, "r", 1), wechat.ListedAuthorizer(COMPONENT, None, 2))
        ),
    ),
    "authorizer_info": (
        "api_get_authorizer_info",
        {"authorizer_appid": APPID},
        {
            "authorizer_info": {"user_name": "gh_1", "nick_name": "店", "MiniProgramInfo": {}},
            "authorization_info": {"authorizer_appid": APPID, "authorizer_refresh_token": ""},
        },
        wechat.AuthorizerInfo(APPID, "gh_1", "店", None, None, is_mini_program=True),
    ),
}


@pytest.mark.parametrize("method", COMPONENT_CALLS)
def test_a_component_call_asks_as_documented_and_returns_a_frozen_value(ask, method):
    call, payload, answer, value = COMPONENT_CALLS[method]
    assert ask(method, http(answer)) == value
    head, _, body = ask.server.requests[0].partition(b"\r\n\r\n")
    query = "" if method in {"component_token", "start_push_ticket"} else "?component_access_token=s3cret-4e"
    assert head.decode().startswith(f"POST /cgi-bin/component/{call}{query}")
    assert json.loads(body) == {"component_appid": COMPONENT, **payload}
    assert ask.records[0].call == call


@pytest.mark.parametrize(
    ("method", "line", "answer", "value"),
    [
        (
            "latest_audit",
            "GET /wxa/get_latest_auditstatus?",
            OK | {"auditid": 7, "status": 0, "user_version": "1.2", "submit_audit_time": 9},
            Audit(7, 0, "1.2", "", None, 9),
        ),
        ("latest_audit", "GET", {"status": 1, "reason": "a<br>"}, Audit(None, 1, "", "", "a<br>", None)),
        ("latest_audit", "GET", OK | {"status": 2, "auditid": "7"}, Audit(7, 2, "", "", None, None)),
        (
            "latest_audit",
            "GET",
            {"status": 0, "submit_audit_time": 1_790_000_000_000},
            Audit(None, 0, "", "", None, None),
        ),
        (
            "version_info",
            "POST",
            {"release_info": {"release_version": "1", "release_time": 1_790_000_000_000}},
            LiveVersion("1", None),
        ),
        (
            "version_info",
            "POST /wxa/getversioninfo?",
            OK | {"release_info": {"release_time": 5, "release_version": "1.2", "release_desc": "d"}},
            LiveVersion("1.2", 5),
        ),
        ("version_info", "POST", OK, None),
        ("version_info", "POST", OK | {"release_info": {}}, None),
        (
            "version_info",
            "POST",
            OK | {"release_info": {"release_version": "", "release_time": 5}},
            LiveVersion("", 5),
        ),
        (
            "gray_plan",
            "GET /wxa/getgrayreleaseplan?",
            OK | {"gray_release_plan": {"status": 1, "gray_percentage": 5}},
            GrayPlan(1, 5),
        ),
        (
            "gray_plan",
            "GET",
            OK | {"gray_release_plan": {"status": 1, "gray_percentage": 5, "create_timestamp": 17}},
            GrayPlan(1, 5, 17),
        ),
        ("gray_plan", "GET", OK, None),
        ("gray_plan", "GET", {"errcode": 85079}, None),
    ],
)
def test_a_look_returns_what_wechat_shows(ask, method, line, answer, value):
    assert ask(method, http(answer)) == value
    assert ask.server.requests[0].decode().startswith(line)
    assert "access_token=s3cret-4e" in ask.server.requests[0].decode()


def test_no_gray_plan_where_the_call_does_not_exist_but_a_lost_answer_is_not_none(ask):
    assert ask("gray_plan", http(b"not found", status="404 Not Found")) is None
    with pytest.raises(OutcomeUnknown):
        ask("gray_plan", http(b"bad gateway", status="502 Bad Gateway"))


@pytest.mark.parametrize("errcode", [40001, -1, 45009, 45011, 61004, 61006, 61007])
def test_an_answer_about_the_call_itself_is_not_taken_for_no_gray_plan(ask, errcode):
    with pytest.raises(Answered) as caught:
        ask("gray_plan", http({"errcode": errcode}))
    assert caught.value.errcode == errcode


# What is answered


@pytest.mark.parametrize("errcode", [85052, "85052", -1, "-1"])
def test_an_errcode_is_a_number_or_a_string(ask, errcode):
    with pytest.raises(Answered) as caught:
        ask("release", http({"errcode": errcode, "errmsg": "no rid: 61725984-6126f6f9-040f19c4"}))
    assert caught.value.errcode == int(errcode)
    assert caught.value.rid == "61725984-6126f6f9-040f19c4"


def test_an_errcode_counts_also_beside_an_http_400(ask):
    with pytest.raises(Answered) as caught:
        ask("release", http({"errcode": 40001}, status="400 Bad Request"))
    assert caught.value.errcode == 40001


def test_control_characters_in_strings_are_wechats_way(ask):
    body = b'{"errcode":0,"status":1,"reason":"a\nb\x01","user_version":"1\\u0000\\ud800","errmsg":"o\nk"}'
    audit = ask("latest_audit", http(body))
    assert (audit.reason, audit.user_version) == ("a\nb\x01", "1?")
    assert ask.records[0].errmsg == "o k"


def test_errmsg_is_cut_and_what_we_sent_in_secret_is_taken_out_of_it(ask):
    errmsg = "x" * 490 + CANARY + " s3cret-4e%2F0f%3D1d%2B7a " + "y" * 600
    with pytest.raises(Answered) as caught:
        ask("release", http({"errcode": 40001, "errmsg": errmsg}))
    assert caught.value.errmsg == ("x" * 490 + "••• ••• " + "y" * 600)[:500]
    assert ask.records[0].errmsg == caught.value.errmsg


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("latest_audit", OK),
        ("latest_audit", OK | {"status": None}),
        ("latest_audit", OK | {"status": False}),
        ("latest_audit", OK | {"status": "0"}),
        ("latest_audit", {"errcode": True, "status": 0}),
        ("latest_audit", {"errcode": None, "status": 0}),
        ("latest_audit", {"errcode": "no", "status": 0}),
        ("latest_audit", {"errcode": 0.5, "status": 0}),
        ("release", {}),
        ("version_info", {}),
        ("version_info", OK | {"release_info": "1.0"}),
        ("gray_plan", OK | {"gray_release_plan": {"status": 1}}),
        ("component_token", {"component_access_token": "", "expires_in": 7200}),
        ("component_token", {"component_access_token": "t"}),
        ("query_auth", {"authorization_info": {"authorizer_appid": "wx"}}),
        ("authorizer_token", {"authorizer_refresh_token": "r", "expires_in": 7200}),
        ("authorizer_list", {"total_count": 1}),
        ("authorizer_info", {"authorizer_info": {}, "authorization_info": {}}),
    ],
)
def test_a_promise_not_kept_is_an_unknown_outcome(ask, method, answer):
    with pytest.raises(OutcomeUnknown):
        ask(method, http(answer))
    assert ask.records[0].outcome == "unknown"
    assert ask.records[0].http_status == 200


def test_no_tokens_where_no_api_was_granted(ask):
    info = {"authorization_info": {"authorizer_appid": APPID}}
    assert ask("query_auth", http(info)) == wechat.Authorization(APPID, None, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = [
    *("status", "auditid", "release_info", "release_time", "gray_release_plan", "gray_percentage", "list"),
    *("total_count", "expires_in", "authorization_info", "authorizer_info", "authorizer_appid", "id"),
    *("func_info", "funcscope_category", "user_name", "value"),
]
NESTED = st.dictionaries(st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from(NAMES), JSON))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), NESTED | JSON | st.lists(NESTED, max_size=2)))
def test_whatever_object_comes_is_a_value_or_odd(fields):
    readers = (
        *(answers.done, answers.audit, answers.live_version, answers.gray_plan, answers.authorization),
        *(answers.authorizer_tokens, answers.authorizer_page, answers.authorizer_info(APPID)),
        answers.token("value"),
    )
    for read in readers:
        try:
            read(fields)
        except OddAnswerError:
            continue


# What acts


def test_a_gray_release_names_its_share_and_nobody_else(ask):
    ask("gray_release", http(OK))
    head, _, body = ask.server.requests[0].decode().partition("\r\n\r\n")
    assert head.startswith("POST /wxa/grayrelease?")
    assert json.loads(body) == {
        "gray_percentage": 20,
        "support_debuger_first": False,
        "support_experiencer_first": False,
    }


def test_a_rollback_is_a_get_that_is_sent_once_whatever_comes_of_it(ask):
    ask("revert_release", http(OK))
    assert ask.server.requests[0].decode().startswith("GET /wxa/revertcoderelease?access_token=")
    for script in (http(b"", status="503 Busy", headers="Retry-After: 0\r\n"), http(b""), http({})):
        with pytest.raises(OutcomeUnknown):
            ask("revert_release", script)
        assert len(ask.server.requests) == 1

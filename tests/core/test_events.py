"""Decrypted messages become the right event, or OtherEvent, or a refusal."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.errors import UnreadableMessage
from reactor.core.events import (
    AuditDelayed,
    AuditFailed,
    AuditSucceeded,
    AuthorizationGranted,
    AuthorizationRevoked,
    OtherEvent,
    TicketPushed,
    identity,
    parse_event,
    unreadable_identity,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8"))
PLAINTEXT = {sample["name"]: sample["plaintext"] for sample in VECTORS["vectors"] + VECTORS["synthetic"]}

APPID = "wxba5fad812f8e6fb9"
USER = "gh_97417a04a28d"
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
NOW = 1760000000


def xml(**fields):
    return (
        "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in fields.items()) + "</xml>"
    ).encode()


def without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


HEAD = {"ToUserName": USER, "FromUserName": OPENID, "CreateTime": NOW, "MsgType": "event"}
SUCCESS = HEAD | {"Event": "weapp_audit_success", "SuccTime": NOW + 1}
FAIL = HEAD | {"Event": "weapp_audit_fail", "FailTime": NOW + 2, "Reason": "1:x", "ScreenShot": "a|b"}
DELAY = HEAD | {"Event": "weapp_audit_delay", "DelayTime": NOW + 3, "Reason": "later"}
TICKET = {
    "AppId": "wx134c8103faa5a59e",
    "CreateTime": NOW,
    "InfoType": "component_verify_ticket",
    "ComponentVerifyTicket": "ticket@@@x",
}
AUTHORIZED = {
    "AppId": "wx134c8103faa5a59e",
    "CreateTime": NOW,
    "InfoType": "authorized",
    "AuthorizerAppid": APPID,
    "AuthorizationCode": "queryauthcode@@@x",
}
UPDATED = AUTHORIZED | {"InfoType": "updateauthorized"}
REVOKED = without(AUTHORIZED, "AuthorizationCode") | {"InfoType": "unauthorized"}

PARSED = {
    "success": (SUCCESS, AuditSucceeded(USER, OPENID, NOW, NOW + 1)),
    "fail": (FAIL, AuditFailed(USER, OPENID, NOW, NOW + 2, "1:x", ("a", "b"))),
    "delay": (DELAY, AuditDelayed(USER, OPENID, NOW, NOW + 3, "later")),
    "ticket": (TICKET, TicketPushed(NOW, "ticket@@@x")),
    "authorized": (AUTHORIZED, AuthorizationGranted("authorized", NOW, APPID, "queryauthcode@@@x")),
    "updateauthorized": (UPDATED, AuthorizationGranted("updateauthorized", NOW, APPID, "queryauthcode@@@x")),
    "unauthorized": (REVOKED, AuthorizationRevoked(NOW, APPID)),
}

FROM_VECTORS = {
    "weapp_audit_success": AuditSucceeded(USER, OPENID, NOW, NOW),
    "pad_exactly_32": AuditSucceeded(USER, OPENID, NOW, NOW),
    "weapp_audit_fail": AuditFailed(
        USER, OPENID, NOW, NOW, "1:服务类目不符:<br>(1):示例原因<br>", ("mediaidA", "mediaidB")
    ),
    "weapp_audit_delay": AuditDelayed(USER, OPENID, NOW, NOW, "示例:需要更多时间<br>"),
    "component_verify_ticket": TicketPushed(NOW, "ticket@@@exampleticket"),
    "authorized": AuthorizationGranted("authorized", NOW, APPID, "queryauthcode@@@example"),
    "unauthorized": AuthorizationRevoked(NOW, APPID),
    "official_3rdparty_debug_demo_event": OtherEvent("debug_demo"),
    "official_java_A2": OtherEvent("video"),
    "official_3rdparty_reply": OtherEvent("unknown"),
}


@pytest.mark.parametrize(("name", "event"), FROM_VECTORS.items(), ids=FROM_VECTORS.keys())
def test_every_sample_is_read(name, event):
    assert parse_event(PLAINTEXT[name].encode()) == event


@pytest.mark.parametrize(("fields", "event"), PARSED.values(), ids=PARSED.keys())
def test_every_kind_is_read_with_its_own_times(fields, event):
    assert parse_event(xml(**fields)) == event


@pytest.mark.parametrize(("fields", "event"), PARSED.values(), ids=PARSED.keys())
@pytest.mark.parametrize("fold", [str.upper, str.title, str.swapcase])
def test_event_names_are_compared_without_case(fields, event, fold):
    name = "InfoType" if "InfoType" in fields else "Event"
    assert parse_event(xml(**fields | {name: fold(fields[name])})) == event


@pytest.mark.parametrize(("fields", "event"), PARSED.values(), ids=PARSED.keys())
def test_element_names_are_exact(fields, event):
    shouted = {name.upper(): value for name, value in fields.items()}
    assert parse_event(xml(**shouted)) == OtherEvent("unknown")


@pytest.mark.parametrize(("fields", "event"), PARSED.values(), ids=PARSED.keys())
def test_space_and_cdata_around_values_change_nothing(fields, event):
    assert parse_event(xml(**{name: f"\n<![CDATA[ {value} ]]>\t" for name, value in fields.items()})) == event


@pytest.mark.parametrize(("fields", "event"), PARSED.values(), ids=PARSED.keys())
def test_fields_nobody_asked_for_change_nothing(fields, event):
    more = {"PreAuthCode": "preauthcode@@@x", "AuthorizationCodeExpiredTime": "3600", "info": "<a><b/></a>"}
    assert parse_event(xml(**fields, **more)) == event


@pytest.mark.parametrize(
    ("fields", "name"),
    [(SUCCESS, "SuccTime"), (FAIL, "FailTime"), (DELAY, "DelayTime")],
)
def test_a_missing_own_time_is_the_time_of_the_event(fields, name):
    for spoiled in (without(fields, name), fields | {name: ""}):
        event = parse_event(xml(**spoiled))
        own = [getattr(event, f"{word}_at", None) for word in ("succeeded", "failed", "delayed")]
        assert set(own) == {None, NOW}


NEEDED = [
    (fields, name)
    for fields, names in [
        (SUCCESS, ["ToUserName", "CreateTime"]),
        (FAIL, ["ToUserName", "CreateTime"]),
        (DELAY, ["ToUserName", "CreateTime"]),
        (TICKET, ["CreateTime", "ComponentVerifyTicket"]),
        (AUTHORIZED, ["CreateTime", "AuthorizerAppid", "AuthorizationCode"]),
        (UPDATED, ["CreateTime", "AuthorizerAppid", "AuthorizationCode"]),
        (REVOKED, ["CreateTime", "AuthorizerAppid"]),
    ]
    for name in names
]


@pytest.mark.parametrize(("fields", "name"), NEEDED)
def test_a_known_event_without_what_it_lives_on_is_unreadable(fields, name):
    for spoiled in (
        without(fields, name),
        fields | {name: ""},
        fields | {name: " "},
        fields | {name: "<a>1</a>"},
    ):
        with pytest.raises(UnreadableMessage, match=name):
            parse_event(xml(**spoiled))


@pytest.mark.parametrize(
    "number", ["-1", "+1", "1.0", "1e9", "0x10", "1234567890123", "1_0", "now", "１２", "1 2"]
)
@pytest.mark.parametrize(
    ("fields", "name"),
    [(f, "CreateTime") for f in (SUCCESS, FAIL, DELAY, TICKET, AUTHORIZED, UPDATED, REVOKED)]
    + [(SUCCESS, "SuccTime"), (FAIL, "FailTime"), (DELAY, "DelayTime")],
)
def test_a_time_that_is_no_short_decimal_number_is_unreadable(fields, name, number):
    with pytest.raises(UnreadableMessage, match=name):
        parse_event(xml(**fields | {name: number}))


@pytest.mark.parametrize("zero", ["0", "0000000000"])
def test_the_year_1970_is_no_time_of_an_approval(zero):
    assert parse_event(xml(**SUCCESS | {"SuccTime": zero})).succeeded_at == NOW
    with pytest.raises(UnreadableMessage, match="CreateTime"):
        parse_event(xml(**SUCCESS | {"CreateTime": zero}))


@pytest.mark.parametrize("number", ["7", "9999999999"])
def test_one_to_ten_digits_are_a_time(number):
    assert parse_event(xml(**SUCCESS | {"CreateTime": number})).created_at == int(number)


@pytest.mark.parametrize(
    "appid",
    [
        "wx",
        "wxba5fad812f8e6fb",
        "wxba5fad812f8e6fb99",
        "wxBA5FAD812F8E6FB9",
        "gh_97417a04a28d",
        "/" + APPID,
        "wxga5fad812f8e6fb9",
        "wx１a5fad812f8e6fb9",
    ],
)
@pytest.mark.parametrize("fields", [AUTHORIZED, UPDATED, REVOKED])
def test_an_authorizer_appid_of_another_form_is_unreadable(fields, appid):
    with pytest.raises(UnreadableMessage, match="AuthorizerAppid"):
        parse_event(xml(**fields | {"AuthorizerAppid": appid}))


def test_what_an_audit_event_can_do_without():
    bare = {name: SUCCESS[name] for name in ("ToUserName", "CreateTime", "Event")}
    assert parse_event(xml(**bare)) == AuditSucceeded(USER, "", NOW, NOW)
    assert parse_event(xml(**bare | {"Event": "weapp_audit_delay"})) == AuditDelayed(USER, "", NOW, NOW, "")
    assert parse_event(xml(**bare | {"Event": "weapp_audit_fail"})) == AuditFailed(USER, "", NOW, NOW, "", ())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a", ("a",)),
        ("a|b|c", ("a", "b", "c")),
        ("|a||b|", ("a", "b")),
        (" a | b ", ("a", "b")),
        ("|", ()),
        ("", ()),
    ],
)
def test_screenshots_are_taken_apart(written, read):
    assert parse_event(xml(**FAIL | {"ScreenShot": written})).screenshots == read


def test_the_reason_keeps_wechats_html():
    reason = "1:<br>“类目” & <script>"
    assert parse_event(xml(**FAIL | {"Reason": f"<![CDATA[{reason}]]>"})).reason == reason


def test_a_reason_in_lower_case_is_another_field():
    assert parse_event(xml(**without(FAIL, "Reason"), reason="x")).reason == ""


OTHERS = {
    "text": (HEAD | {"MsgType": "text", "Content": "hi"}, "text"),
    "miniprogrampage": (HEAD | {"MsgType": "miniprogrampage"}, "miniprogrampage"),
    "text that names an event": (SUCCESS | {"MsgType": "text"}, "text"),
    "session": (HEAD | {"Event": "user_enter_tempsession"}, "user_enter_tempsession"),
    "nickname": (HEAD | {"Event": "wxa_nickname_audit", "ret": "3"}, "wxa_nickname_audit"),
    "new info type": (TICKET | {"InfoType": "notify_3rd_wxa_auth"}, "notify_3rd_wxa_auth"),
    "case kept": (HEAD | {"Event": "Some_New_Event"}, "Some_New_Event"),
    "event without a name": (HEAD, "event"),
    "event with an empty name": (HEAD | {"Event": ""}, "event"),
    "nested event": (HEAD | {"Event": "<a>weapp_audit_success</a>"}, "event"),
    "audit as info type": (TICKET | {"InfoType": "weapp_audit_success"}, "weapp_audit_success"),
    "ticket as event": (TICKET | HEAD | {"Event": "component_verify_ticket"}, "component_verify_ticket"),
    "longer name": (HEAD | {"Event": "weapp_audit_success2"}, "weapp_audit_success2"),
    "nothing known": ({"a": "1"}, "unknown"),
    "empty info type": ({"InfoType": ""}, "unknown"),
}


@pytest.mark.parametrize(("fields", "name"), OTHERS.values(), ids=OTHERS.keys())
def test_everything_else_is_kept_by_its_name(fields, name):
    event = parse_event(xml(**fields))
    assert event == OtherEvent(name)
    assert event.kind == "other"


def test_an_info_type_within_a_message_of_a_mini_program_does_not_make_it_an_authorization():
    assert parse_event(xml(**SUCCESS, InfoType="unauthorized", AuthorizerAppid=APPID)).kind == "audit_success"


@pytest.mark.parametrize(
    "message", [b"", b"hello", "我是中文abcd123".encode(), b"<xml>", b"<!DOCTYPE x><xml><a/></xml>"]
)
def test_text_that_the_gate_refuses_is_unreadable(message):
    with pytest.raises(UnreadableMessage):
        parse_event(message)


def test_secrets_do_not_show():
    for fields in (TICKET, AUTHORIZED, UPDATED):
        assert "@@@" not in repr(parse_event(xml(**fields)))
        with pytest.raises(UnreadableMessage) as caught:
            parse_event(xml(**fields | {"CreateTime": "ticket@@@x"}))
        assert "@@@" not in str(caught.value)


def test_the_kinds_are_these():
    kinds = {event.kind for _, event in PARSED.values()}
    audits = {"audit_success", "audit_fail", "audit_delay"}
    assert kinds == audits | {"component_verify_ticket", "authorized", "updateauthorized", "unauthorized"}


def test_an_identity_is_the_same_for_every_repetition():
    for fields, event in PARSED.values():
        first, again = identity(event, APPID), identity(parse_event(xml(**fields)), APPID)
        assert first == again
        assert len(bytes.fromhex(first)) == 32


def test_an_identity_changes_with_each_field_of_the_key():
    event = AuditSucceeded(USER, OPENID, NOW, NOW)
    others = [
        identity(event, None),
        identity(event, "wx0000000000000000"),
        identity(replace(event, to_user_name="gh_0"), APPID),
        identity(replace(event, from_user_name=""), APPID),
        identity(replace(event, created_at=NOW + 1), APPID),
        identity(AuditDelayed(USER, OPENID, NOW, NOW, ""), APPID),
        identity(AuditFailed(USER, OPENID, NOW, NOW, "", ()), APPID),
    ]
    assert len({identity(event, APPID), *others}) == len(others) + 1


def test_an_identity_does_not_depend_on_what_is_no_key():
    event = AuditSucceeded(USER, OPENID, NOW, NOW)
    assert identity(event, APPID) == identity(replace(event, succeeded_at=1), APPID)


def test_authorizations_of_two_merchants_in_one_second_are_two():
    one = AuthorizationGranted("authorized", NOW, APPID, "code")
    two = replace(one, authorizer_appid="wx0000000000000000")
    assert identity(one, None) != identity(two, None)
    assert identity(one, None) == identity(one, APPID)
    assert identity(AuthorizationRevoked(NOW, APPID), None) != identity(one, None)


def test_an_unreadable_message_is_known_by_its_bytes_and_its_path():
    keys = [unreadable_identity(text, path) for text in (b"", b"x", b"xy") for path in (None, APPID, "wx0")]
    assert len(set(keys)) == len(keys)
    assert unreadable_identity(b"x", APPID) == unreadable_identity(b"x", APPID)


@settings(max_examples=200, deadline=None)
@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_fields_cannot_slide_into_each_other_in_an_identity(left, right):
    one, two = (identity(AuditSucceeded(*names, NOW, NOW), APPID) for names in (left, right))
    assert (one == two) == (left == right)

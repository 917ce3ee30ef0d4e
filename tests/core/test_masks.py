"""What is kept of a text keeps no secret, and stays readable."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.masks import LIMIT, MASK, hide, mask_event, mask_json, mask_text, mask_unreadable

BIRD = "canarybird0001canarybird"
SECRET_NAMES = (
    *("access_token", "component_access_token", "authorizer_access_token", "authorizer_refresh_token"),
    *("component_verify_ticket", "component_appsecret", "component_secret", "authorization_code"),
    *("pre_auth_code", "AuthorizationCode", "PreAuthCode", "ComponentVerifyTicket", "session_key"),
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_json_under_the_name_of_a_secret_is_masked_whatever_it_is(name):
    for value in (BIRD, [BIRD], {"deep": BIRD}, 7):
        assert json.loads(mask_json({"list": [{name: value}]})) == {"list": [{name: MASK}]}


def test_json_that_is_no_secret_stays_as_it_is():
    fields = {"errcode": 85052, "errmsg": "done rid: 6-7", "auditid": 1, "reason": "1: <br>类目", "a": None}
    assert json.loads(mask_json(fields)) == fields
    assert "类目" in mask_json(fields)


def test_a_known_secret_is_masked_wherever_it_stands():
    secret = "a/b+c=d%é"
    told = mask_json({secret: "x", "errmsg": f"of {secret} and a%2Fb%2Bc%3Dd%25%C3%A9"}, (secret,))
    assert json.loads(told) == {MASK: "x", "errmsg": f"of {MASK} and {MASK}"}


def test_of_two_secrets_the_longer_is_masked_whole():
    assert hide("abcdef", ("abc", "abcdef")) == MASK


def test_nothing_grows_and_nothing_breaks_a_line_or_a_database():
    deep = value = {}
    for _ in range(400):
        value["a"] = value = {}
    assert len(mask_json(deep)) < 200
    assert len(mask_json({"a": "x" * 10_000})) == LIMIT + 1
    assert mask_json({"a": "x\0\n\ud800y"}) == '{"a": "x   y"}'


@pytest.mark.parametrize(
    "text",
    [
        f"GET /wxa/x?access_token={BIRD}&b=1",
        f'{{"authorizer_refresh_token": "{BIRD}',
        f"ticket: {BIRD}",
        f"<p>{BIRD}</p>",
    ],
)
def test_a_text_of_no_known_form_shows_no_secret(text):
    told = mask_text(text)
    assert "canary" not in told
    assert MASK in told


def test_a_push_keeps_all_but_its_secrets():
    message = (
        f"<xml><AppId>wx00</AppId><AuthorizationCode><![CDATA[{BIRD}]]></AuthorizationCode>"
        f"<AuthorizationCodeExpiredTime>9</AuthorizationCodeExpiredTime><PreAuthCode>{BIRD}</PreAuthCode></xml>"
    )
    assert mask_event(message.encode()) == (
        f"<xml><AppId>wx00</AppId><AuthorizationCode>{MASK}</AuthorizationCode>"
        f"<AuthorizationCodeExpiredTime>9</AuthorizationCodeExpiredTime><PreAuthCode>{MASK}</PreAuthCode></xml>"
    )


@pytest.mark.parametrize("end", ["</ComponentVerifyTicket></xml>", "</Comp", "]]>", ""])
def test_a_push_that_was_cut_off_shows_no_part_of_its_ticket(end):
    told = mask_unreadable(f"<xml><ComponentVerifyTicket><![CDATA[ticket@@@{BIRD}{end}".encode())
    assert told.startswith(f"<xml><ComponentVerifyTicket>{MASK}")
    assert "canary" not in told


def test_what_is_no_text_is_not_kept():
    assert mask_unreadable("<xml>".encode("utf-16")) is None
    assert mask_unreadable("<xml>".encode("utf-16-le")) is None
    assert mask_unreadable(b"\xff\xfe") is None


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_masking_bears_anything(begin, end):
    message = begin + f"<AuthorizationCode>{BIRD}</AuthorizationCode>".encode() + end
    assert "\0" not in mask_event(message)
    mask_event(begin).encode()
    assert "canary" not in (mask_unreadable(message) or "")

"""Only the examiner's questions, to the examiner's own accounts, are answered otherwise than `success`."""

import pytest

from reactor.core.acceptance import ACCOUNTS, CodeGiven, Echo, question
from reactor.simulator import examiner, pusher

ACCOUNT, NAME = "wx570bc396a51b8ff8", "gh_3c884a361561"
OPENID = "oExaminer-_1"


def text(content, *, user_name=NAME, openid=OPENID):
    return pusher.text(user_name=user_name, created_at=1, content=content, from_user_name=openid)


def test_the_accounts_are_the_ten_that_wechat_names():
    assert len(ACCOUNTS) == 10
    told = {one[at]: one[at + 1] for one in examiner.GROUPS for at in (0, 2)}
    assert dict(ACCOUNTS) == told


@pytest.mark.parametrize(("appid", "name"), ACCOUNTS.items())
def test_the_text_is_echoed_to_its_sender_by_every_test_account(appid, name):
    asked = question(text("TESTCOMPONENT_MSG_TYPE_TEXT", user_name=name), appid)
    assert asked == Echo(name, OPENID)
    reply = asked.reply(1_790_000_000)
    fields = {tag: pusher.element(reply, tag) for tag in ("ToUserName", "FromUserName", "CreateTime")}
    assert fields == {"ToUserName": OPENID, "FromUserName": name, "CreateTime": "1790000000"}
    assert pusher.element(reply, "MsgType") == "text"
    assert pusher.element(reply, "Content") == "TESTCOMPONENT_MSG_TYPE_TEXT_callback"


def test_a_code_is_told_with_what_the_message_must_say():
    asked = question(text("QUERY_AUTH_CODE:queryauthcode@@@a-b_c"), ACCOUNT)
    assert asked == CodeGiven(ACCOUNT, OPENID, "queryauthcode@@@a-b_c")
    assert asked.content == "queryauthcode@@@a-b_c_from_api"
    assert "queryauthcode" not in repr(asked)


@pytest.mark.parametrize("content", ["TESTCOMPONENT_MSG_TYPE_TEXT", "QUERY_AUTH_CODE:queryauthcode@@@abc"])
@pytest.mark.parametrize("appid", ["wx000000000000000a", None, "", ACCOUNT.upper()])
def test_nobody_elses_customer_is_answered(content, appid):
    assert question(text(content, user_name="gh_00000000000a"), appid) is None
    assert question(text(content), appid) is None


@pytest.mark.parametrize(
    "message",
    [
        text("TESTCOMPONENT_MSG_TYPE_TEXT", user_name="gh_another"),
        text("TESTCOMPONENT_MSG_TYPE_TEXT", openid="o]]>x"),
        text("TESTCOMPONENT_MSG_TYPE_TEXT "[:-2]),
        text("hello"),
        text("QUERY_AUTH_CODE:"),
        text("QUERY_AUTH_CODE:" + "x" * 513),
        text("QUERY_AUTH_CODE:two words"),
        text("TESTCOMPONENT_MSG_TYPE_TEXT").replace(b"[text]", b"[image]"),
        pusher.audit_success(user_name=NAME, created_at=1, succeeded_at=1),
        b"<xml><ToUserName>gh_3c884a361561</ToUserName>",
        b"",
        b"no xml",
    ],
)
def test_whatever_else_comes_to_a_test_account_is_treated_as_usual(message):
    assert question(message, ACCOUNT) is None

"""The examiner is strict: it lets nobody pass who answers otherwise than WeChat wants it."""

from random import Random

import pytest

from reactor.core.crypto import seal_envelope, seal_reply
from reactor.simulator.examiner import CUSTOMER, Examiner
from reactor.simulator.pusher import Pusher, PushResult
from reactor.simulator.remote import Remote

COMPONENT, TOKEN, KEY = "wx00000000000000c0", "messagetoken", bytes(range(32))


class Answering(Pusher):
    """A pusher whose reactor always says the same."""

    def __init__(self, body, status=200):
        super().__init__("http://127.0.0.1:9", component_appid=COMPONENT, token=TOKEN, aes_key=KEY)
        self.answer = PushResult(status, body, 0.0, 1)

    def push(self, message, **more):
        return self.answer


def reply(content, *, to=CUSTOMER, token=TOKEN):
    text = f"<xml><ToUserName>{to}</ToUserName><FromUserName>gh_x</FromUserName>"
    text += f"<MsgType>text</MsgType><Content>{content}</Content></xml>"
    same = {"component_appid": COMPONENT, "token": token, "aes_key": KEY}
    return seal_reply(text.encode(), **same, timestamp=1_790_000_000, nonce="1", random16=bytes(16))


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        (Answering(b"success"), [True, False, False, False]),
        (Answering(b" success"), [False] * 4),
        (Answering(b"success", 500), [False] * 4),
        (Answering(b"", None), [False] * 4),
        (Answering(reply("TESTCOMPONENT_MSG_TYPE_TEXT_callback")), [False] * 4),
        (Answering(reply("TESTCOMPONENT_MSG_TYPE_TEXT")), [False] * 4),
        (Answering(reply("TESTCOMPONENT_MSG_TYPE_TEXT_callback", token="another")), [False] * 4),
    ],
)
def test_whoever_answers_otherwise_does_not_pass(component_world, answer, passed):
    examiner = Examiner(
        answer, Remote(component_world.url), random=Random(1), wait=lambda _: None, patience=1.0
    )
    marks = list(examiner.examine())
    assert [mark.passed for mark in marks] == passed
    assert all(mark.told for mark in marks)


def test_a_reply_is_opened_only_with_the_right_token():
    pusher = Answering(b"")
    assert b"_callback" in pusher.open(reply("x_callback"))


# -- the call that it waits for --------------------------------------------------------------------------


SEND = "/cgi-bin/message/custom/send"


def send(world, token, **fields):
    usual = {"touser": "oCustomer", "msgtype": "text", "text": {"content": "hello"}}
    return world.session.post(world.url + SEND, params={"access_token": token}, json=usual | fields).json()


def test_a_message_is_sent_by_an_account_that_may_and_remembered_without_its_text(component_world):
    token, _ = component_world.tokens(func_ids=(1,))
    assert send(component_world, token)["errcode"] == 0
    (message,) = component_world.platform.messages
    assert (message.touser, message.content) == ("oCustomer", "hello")
    assert "hello" not in repr(message)
    assert b"hello" not in component_world.session.get(f"{component_world.url}/_simulator/state").content


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"touser": ""}, 40003),
        ({"msgtype": "image"}, 40008),
        ({"text": "hello"}, 40008),
        ({"text": {"content": ""}}, 40008),
    ],
)
def test_a_message_must_be_a_text_to_somebody(component_world, fields, errcode):
    token, _ = component_world.tokens(func_ids=(19,))
    assert send(component_world, token, **fields)["errcode"] == errcode
    assert component_world.platform.messages == []


def test_without_the_permission_or_with_the_wrong_token_no_message_is_sent(component_world):
    token, _ = component_world.tokens(func_ids=(18,))
    assert send(component_world, token)["errcode"] == 48001
    assert send(component_world, component_world.component_token())["errcode"] == 61015


def test_a_push_is_no_reply():
    sealed = seal_envelope(
        b"<xml><a>b</a></xml>",
        component_appid=COMPONENT,
        token=TOKEN,
        aes_key=KEY,
        timestamp=1_790_000_000,
        nonce="1",
        random16=bytes(16),
        recipient=("AppId", COMPONENT),
    )
    with pytest.raises(Exception, match="query"):
        Answering(b"").open(sealed.body)

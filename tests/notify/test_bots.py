"""The bots of four vendors, against a receiver that checks what each vendor's document asks for."""

import base64
import hashlib
import hmac
import json
import socket
import struct
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from receiver import http

from reactor.core.channels import parse_channels
from reactor.core.notices import Message
from reactor.notify import Undelivered, send

NOW = 1_790_000_000.5
SECRETS = ("secret-of-the-bot", "token-of-the-bot", "T0001", "key-of-the-bot")
MESSAGE = Message(
    "release.live", NOW, ("✅ 小鹿点餐 2.3.1 is live",), "https://reactor.example/ops/releases/7"
)
BOTS = {
    "wecom": "wecom://key-of-the-bot",
    "feishu": "feishu://token-of-the-bot?secret=secret-of-the-bot",
    "dingtalk": "dingtalk://token-of-the-bot?secret=secret-of-the-bot",
    "slack": "slack://T0001/B0001/abcdef",
}


def deliver(receiver, url, message=MESSAGE):
    (channel,) = parse_channels(url)
    send(channel, message, receiver.outside, now=NOW, message_id="msg_1")
    return receiver.requests[-1]


def refused(receiver, url, message=MESSAGE):
    with pytest.raises(Undelivered) as caught:
        deliver(receiver, url, message)
    shown = f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert not [secret for secret in SECRETS if secret in shown]
    return caught.value


def hmac_sha256(key, message):
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def test_wecom_gets_a_text_message_at_its_key(receiver):
    request = deliver(receiver, BOTS["wecom"])
    assert request.host == "qyapi.weixin.qq.com"
    assert request.path == "/cgi-bin/webhook/send?key=key-of-the-bot"
    assert request.headers["content-type"].startswith("application/json")
    assert request.json == {"msgtype": "text", "text": {"content": MESSAGE.text}}


def test_feishu_is_signed_with_seconds_and_secret_as_the_key_of_an_empty_message(receiver):
    request = deliver(receiver, BOTS["feishu"])
    assert (request.host, request.path) == ("open.feishu.cn", "/open-apis/bot/v2/hook/token-of-the-bot")
    body = request.json
    assert body["timestamp"] == "1790000000"
    assert body["sign"] == hmac_sha256(f"{body['timestamp']}\nsecret-of-the-bot", "")
    assert (body["msg_type"], body["content"]) == ("text", {"text": MESSAGE.text})


def test_dingtalk_is_signed_with_milliseconds_in_its_query(receiver):
    request = deliver(receiver, BOTS["dingtalk"])
    assert request.host == "oapi.dingtalk.com"
    url = urlsplit(request.path)
    query = parse_qs(url.query, strict_parsing=True)
    assert url.path == "/robot/send"
    assert query["access_token"] == ["token-of-the-bot"]
    (timestamp,) = query["timestamp"]
    assert timestamp == "1790000000500"
    assert query["sign"] == [hmac_sha256("secret-of-the-bot", f"{timestamp}\nsecret-of-the-bot")]
    assert request.json == {"msgtype": "text", "text": {"content": MESSAGE.text}}


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
def test_a_bot_without_a_secret_is_not_signed(receiver, kind):
    request = deliver(receiver, f"{kind}://token-of-the-bot")
    assert "sign" not in request.path
    assert "sign" not in request.json


def test_slack_gets_text_that_it_does_not_read_as_markup(receiver):
    receiver.answers = [http(b"ok")]
    message = Message("test", NOW, ("a <!channel> & *b*",), "https://reactor.example/?a=1&b=2")
    request = deliver(receiver, BOTS["slack"], message)
    assert (request.host, request.path) == ("hooks.slack.com", "/services/T0001/B0001/abcdef")
    text = "a &lt;!channel&gt; &amp; *b*\nhttps://reactor.example/?a=1&amp;b=2"
    assert request.json == {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


LIMITS = {"wecom": 2048, "feishu": 20_000, "dingtalk": 20_000, "slack": 40_000}


@pytest.mark.parametrize("kind", BOTS)
def test_what_is_too_long_for_a_vendor_is_cut_and_keeps_its_link(receiver, kind):
    body = deliver(receiver, BOTS[kind], Message("test", NOW, ("审" * 30_000,), MESSAGE.link)).json
    text = body.get("text") if kind == "slack" else (body.get("text") or body["content"])
    text = text if isinstance(text, str) else text.get("content") or text["text"]
    assert len(text.encode()) <= LIMITS[kind]
    assert text.endswith(f"审…\n{MESSAGE.link}")


# -- answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "for_good", "wait"),
    [
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, True, 0),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, False, 60),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}, False, 0),
        ("feishu", {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, True, 0),
        ("feishu", {"code": 11232, "msg": "too fast"}, False, 60),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, True, 0),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, False, 600),
    ],
)
def test_a_vendor_that_says_no_with_http_200_is_understood(receiver, kind, body, for_good, wait):
    receiver.answers = [http(body)]
    error = refused(receiver, BOTS[kind])
    assert (error.for_good, error.wait) == (for_good, wait)
    code = body.get("errcode", body.get("code"))
    assert f"answered {code}" in str(error)


def test_feishu_says_what_is_wrong_also_with_http_400(receiver):
    receiver.answers = [http({"code": 9499, "msg": "Bad Request"}, status="400 Bad Request")]
    error = refused(receiver, BOTS["feishu"])
    assert "9499 Bad Request" in str(error)
    assert not error.for_good


@pytest.mark.parametrize("kind", ["wecom", "feishu", "dingtalk"])
@pytest.mark.parametrize(
    "body", [b"<html>captive portal</html>", b"[]", b"{}", b'{"errcode":"0","code":"0"}']
)
def test_an_answer_that_is_not_the_bots_is_no_success(receiver, kind, body):
    receiver.answers = [http(body)]
    assert not refused(receiver, BOTS[kind]).for_good


@pytest.mark.parametrize(
    ("status", "for_good", "gone"),
    [
        ("400 Bad Request", True, False),
        ("403 Forbidden", True, False),
        ("404 Not Found", True, False),
        ("410 Gone", True, True),
        ("408 Request Timeout", False, False),
        ("429 Too Many Requests", False, False),
        ("500 Internal Server Error", False, False),
        ("503 Service Unavailable", False, False),
        ("301 Moved Permanently", True, False),
        ("307 Temporary Redirect", True, False),
    ],
)
def test_a_status_says_whether_another_try_may_help(receiver, status, for_good, gone):
    receiver.answers = [http(b"no", status=status, headers="Location: https://hooks.example/\r\n")]
    error = refused(receiver, BOTS["slack"])
    assert (error.for_good, error.gone) == (for_good, gone)
    assert len(receiver.requests) == 1  # no redirect was followed


def test_how_long_the_far_end_wants_to_be_left_alone_is_heard(receiver):
    receiver.answers = [http(b"", status="429 Too Many Requests", headers="Retry-After: 30\r\n")]
    assert refused(receiver, BOTS["slack"]).wait == 30


def test_words_of_a_bot_are_made_plain(receiver):
    receiver.answers = [http({"errcode": 1, "errmsg": "<script>no</script>\n@all \x1b[2J"})]
    assert str(refused(receiver, BOTS["wecom"])) == "the bot answered 1 no ＠all [2J"


# -- lines -----------------------------------------------------------------------------------------------


def hang_up(line):
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trickle(line):
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    end = time.monotonic() + 4
    while time.monotonic() < end:
        line.sendall(b"X: y\r\n")
        time.sleep(0.05)


def flood(line):
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    for _ in range(1000):
        line.sendall(b"x" * 65536)


@pytest.mark.parametrize("answer", [hang_up, trickle, flood, b"", b"what?\r\n\r\n"])
def test_a_line_without_manners_costs_a_little_time_and_no_more(receiver, answer):
    receiver.answers = [answer]
    began = time.monotonic()
    assert not refused(receiver, BOTS["wecom"]).for_good
    assert time.monotonic() - began < 3.5  # its patience is 2 s


def test_a_far_end_that_keeps_the_line_open_is_understood_all_the_same(receiver):
    def answer(line):
        line.sendall(http({"errcode": 0}))
        line.recv(1)

    receiver.answers = [answer]
    deliver(receiver, BOTS["wecom"])


def test_an_answer_in_chunks_is_understood(receiver):
    body = json.dumps({"errcode": 0}).encode()
    chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    receiver.answers = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks]
    deliver(receiver, BOTS["wecom"])


def test_a_name_that_nobody_knows_is_tried_again(receiver):
    receiver.names = {"qyapi.weixin.qq.com": []}
    error = refused(receiver, BOTS["wecom"])
    assert "could not be resolved" in str(error)
    assert not error.for_good


def test_of_several_addresses_the_first_that_answers_is_taken(receiver):
    dialled = []

    def dial(address, port, seconds):
        dialled.append(address)
        if address == "2606:2800:220:1::1":
            raise OSError(101, "unreachable")
        return receiver._dial(address, port, seconds)

    (channel,) = parse_channels(BOTS["wecom"])
    outside = receiver.outside
    receiver.names = {"qyapi.weixin.qq.com": ["2606:2800:220:1::1", "93.184.216.34"]}
    outside = type(outside)(outside.resolve, dial, outside.trust, outside.seconds)
    send(channel, MESSAGE, outside, now=NOW, message_id="msg_1")
    assert dialled == ["2606:2800:220:1::1", "93.184.216.34"]


def test_a_certificate_of_another_host_is_not_accepted(receiver):
    (channel,) = parse_channels(BOTS["wecom"])
    outside = receiver.outside
    honest = type(outside)(outside.resolve, outside.dial, seconds=2.0)  # who trusts nobody but the usual
    with pytest.raises(Undelivered, match="the certificate is not good"):
        send(channel, MESSAGE, honest, now=NOW, message_id="msg_1")
    assert receiver.requests == []

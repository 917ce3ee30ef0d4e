"""Pushes as WeChat sends them: sealed, patient for five seconds, three times at most."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from reactor.core.crypto import MessageKeys, decode_aes_key, open_envelope
from reactor.core.errors import EnvelopeRefused
from reactor.core.xmlgate import read_xml, screen
from reactor.simulator import pusher as pushing
from reactor.simulator.pusher import Pusher, PushResult

COMPONENT = "wx00000000000000c0"
APPID = "wx0123456789abcdef"
USER_NAME = "gh_0123456789ab"
TOKEN = "messagetoken"
AES_KEY = decode_aes_key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
KEYS = MessageKeys(COMPONENT, (TOKEN,), (AES_KEY,))
NOW = 1_760_000_000

SUCCESS = pushing.audit_success(user_name=USER_NAME, created_at=NOW, succeeded_at=NOW - 1)


class Receiver:
    """A tiny web server that keeps what it gets and answers as told, one plan a request."""

    def __init__(self, url, seen, plans):
        self.url, self.seen, self.plans = url, seen, plans

    def pusher(self, **other):
        settings = {"component_appid": COMPONENT, "token": TOKEN, "aes_key": AES_KEY, "random": Random(7)}
        return Pusher(self.url, **(settings | {"clock": lambda: float(NOW)} | other))


@contextmanager
def receiving():
    seen, plans, over = [], [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((urlsplit(self.path), body, dict(self.headers)))
            plan = plans.pop(0) if plans else (200, b"success")
            self.close_connection = True
            if plan == "hang":
                over.wait(10)
            elif plan == "drip":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                for _ in range(200):
                    if over.wait(0.05):
                        break
                    self.wfile.write(b"s")
            elif plan != "hang up":
                status, answer = plan
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request, client_address):
            # The caller hung up on a drip.
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Receiver(f"http://127.0.0.1:{server.server_address[1]}", seen, plans)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


def opened(seen):
    url, body, _ = seen
    return open_envelope(url.query.encode(), body, keys=KEYS)


# Messages


def fields(message):
    root, children = read_xml(screen(message))
    assert root == "xml"
    return children


def test_audit_results_read_as_wechat_writes_them():
    assert fields(SUCCESS) == {
        "ToUserName": USER_NAME,
        "FromUserName": pushing.SYSTEM_SENDER,
        "CreateTime": str(NOW),
        "MsgType": "event",
        "Event": "weapp_audit_success",
        "SuccTime": str(NOW - 1),
    }
    failed = fields(
        pushing.audit_fail(
            user_name=USER_NAME,
            from_user_name="oSomebody",
            created_at=NOW,
            failed_at=NOW,
            reason="1:“名称”<br>]]>&",
            screenshots=["a", "b"],
        )
    )
    assert failed["Event"] == "weapp_audit_fail"
    assert failed["Reason"] == "1:“名称”<br>]]>&"
    assert failed["ScreenShot"] == "a|b"
    assert (failed["FailTime"], failed["FromUserName"]) == (str(NOW), "oSomebody")
    without = pushing.audit_fail(user_name=USER_NAME, created_at=NOW, failed_at=NOW, reason="no")
    assert "ScreenShot" not in fields(without)
    delayed = fields(
        pushing.audit_delay(user_name=USER_NAME, created_at=NOW, delayed_at=NOW + 1, reason="later")
    )
    assert (delayed["Event"], delayed["DelayTime"], delayed["Reason"]) == (
        "weapp_audit_delay",
        str(NOW + 1),
        "later",
    )


def test_component_events_read_as_wechat_writes_them():
    given = {"component_appid": COMPONENT, "created_at": NOW}
    assert fields(pushing.ticket(**given, ticket="ticket@@@x")) == {
        "AppId": COMPONENT,
        "CreateTime": str(NOW),
        "InfoType": "component_verify_ticket",
        "ComponentVerifyTicket": "ticket@@@x",
    }
    for build in (pushing.authorized, pushing.updateauthorized):
        granted = fields(build(**given, authorizer_appid=APPID, authorization_code="queryauthcode@@@y"))
        assert granted["InfoType"] == build.__name__
        assert granted["AuthorizerAppid"] == APPID
        assert granted["AuthorizationCode"] == "queryauthcode@@@y"
        assert granted["AuthorizationCodeExpiredTime"] == str(NOW + 600)
    revoked = fields(pushing.unauthorized(**given, authorizer_appid=APPID))
    assert (revoked["InfoType"], revoked["AuthorizerAppid"]) == ("unauthorized", APPID)


def test_a_customers_message_reads_as_wechat_writes_it():
    message = fields(pushing.text(user_name=USER_NAME, created_at=NOW, content="hello", msg_id=42))
    assert (message["MsgType"], message["Content"], message["MsgId"]) == ("text", "hello", "42")


# The way


def test_an_authorizers_event_goes_to_its_own_path_with_an_openid(receiver):
    result = receiver.pusher().push(SUCCESS, authorizer_appid=APPID)
    assert result.acknowledged
    assert (result.status, result.body, result.tries) == (200, b"success", 1)
    (url, body, headers) = receiver.seen[0]
    assert url.path == f"/wechat/authorizers/{APPID}"
    query = parse_qs(url.query)
    assert set(query) == {"signature", "timestamp", "nonce", "openid", "encrypt_type", "msg_signature"}
    assert query["openid"] == [pushing.SYSTEM_SENDER]
    assert query["timestamp"] == [str(NOW)]
    assert headers["Content-Type"] == "text/xml"
    assert fields(body)["ToUserName"] == USER_NAME
    assert opened(receiver.seen[0]).message == SUCCESS


def test_a_component_event_goes_to_the_component_path_without_an_openid(receiver):
    message = pushing.ticket(component_appid=COMPONENT, created_at=NOW, ticket="ticket@@@x")
    assert receiver.pusher().push(message).acknowledged
    (url, body, _) = receiver.seen[0]
    assert url.path == "/wechat/component"
    assert "openid" not in parse_qs(url.query)
    assert set(fields(body)) == {"AppId", "Encrypt"}
    assert opened(receiver.seen[0]).message == message


def test_path_outer_name_and_time_can_be_chosen(receiver):
    pusher = receiver.pusher()
    pusher.push(SUCCESS, authorizer_appid=APPID, path="/other", user_name="gh_other", timestamp=NOW - 3600)
    (url, body, _) = receiver.seen[0]
    assert url.path == "/other"
    assert fields(body)["ToUserName"] == "gh_other"
    assert opened(receiver.seen[0]).timestamp == NOW - 3600


def test_text_that_is_no_xml_is_sealed_and_sent_all_the_same(receiver):
    assert receiver.pusher().push(b"no xml", authorizer_appid=APPID).acknowledged
    assert opened(receiver.seen[0]).message == b"no xml"


def test_two_pushes_of_one_message_differ(receiver):
    pusher = receiver.pusher()
    for _ in range(2):
        pusher.push(SUCCESS, authorizer_appid=APPID)
    assert receiver.seen[0][1] != receiver.seen[1][1]


# Patience


@pytest.mark.parametrize("silence", ["hang", "hang up", "drip"])
def test_without_an_answer_the_same_bytes_are_sent_again(receiver, silence):
    receiver.plans += [silence, silence]
    result = receiver.pusher().push(SUCCESS, authorizer_appid=APPID, timeout=0.3)
    assert (result.status, result.body, result.tries) == (200, b"success", 3)
    assert len({(url, body) for url, body, _ in receiver.seen}) == 1
    assert len(receiver.seen) == 3


def test_after_three_tries_the_event_is_lost(receiver):
    receiver.plans += ["hang"] * 4
    begun = time.monotonic()
    result = receiver.pusher().push(SUCCESS, authorizer_appid=APPID, timeout=0.2)
    assert (result.status, result.body, result.tries) == (None, b"", 3)
    assert not result.acknowledged
    assert 0.2 <= result.seconds < 1
    assert 0.6 <= time.monotonic() - begun < 3
    assert len(receiver.seen) == 3


def test_nobody_listening_is_no_answer():
    with receiving() as gone:
        pusher = gone.pusher()
    assert pusher.push(SUCCESS, authorizer_appid=APPID, tries=2).tries == 2


@pytest.mark.parametrize(
    "answer", [(403, b""), (503, b""), (302, b"success"), (200, b"success\n"), (200, b""), (500, b"success")]
)
def test_any_answer_ends_the_tries_and_only_one_is_an_acknowledgement(receiver, answer):
    receiver.plans.append(answer)
    result = receiver.pusher().push(SUCCESS, authorizer_appid=APPID)
    assert (result.status, result.body) == answer
    assert result.tries == 1
    assert not result.acknowledged
    assert len(receiver.seen) == 1


def test_wrong_use_is_no_silence():
    pusher = Pusher("nowhere", component_appid=COMPONENT, token=TOKEN, aes_key=AES_KEY)
    with pytest.raises(requests.exceptions.MissingSchema):
        pusher.push(SUCCESS)


def test_only_exactly_success_counts():
    assert PushResult(200, b"success", 0.0, 1).acknowledged
    assert not PushResult(None, b"", 0.0, 3).acknowledged


# Forgeries


@pytest.mark.parametrize("spoil", [pushing.bad_signature, pushing.bad_timestamp, pushing.bad_body])
def test_a_spoiled_push_keeps_its_form_and_fails_its_signature(receiver, spoil):
    receiver.pusher().push(SUCCESS, authorizer_appid=APPID, spoil=spoil)
    with pytest.raises(EnvelopeRefused) as refused:
        opened(receiver.seen[0])
    assert refused.value.cause == "signature"


@pytest.mark.parametrize(
    ("other", "cause"),
    [({"token": "othertoken"}, "signature"), ({"component_appid": "wx00000000000000ff"}, "tail")],
)
def test_a_pusher_with_other_values_is_a_forger(receiver, other, cause):
    receiver.pusher(**other).push(SUCCESS, authorizer_appid=APPID)
    with pytest.raises(EnvelopeRefused) as refused:
        opened(receiver.seen[0])
    assert refused.value.cause == cause

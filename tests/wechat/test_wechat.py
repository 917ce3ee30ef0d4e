"""The WeChat client over real sockets: one spoiled thing a test, and what it proves about the outcome."""

import gzip
import logging
import os
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
import zlib

import pytest
from wire import APPID, CANARY, OK, SIGN, hang_up, http, refused_port, reset, silent, trickle

from reactor import wechat
from reactor.core.errors import Answered, NotSent, OutcomeUnknown, WeChatError
from reactor.wechat.client import BODY_LIMIT

WHOLE = b'{"errcode":0,"errmsg":"ok"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n"


def padded(size):
    return WHOLE[:-1] + b',"pad":"' + b"a" * (size - len(WHOLE) - 9) + b'"}'


def bomb():
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(64)), packer.flush()])


def packed(body, status="200 OK"):
    return http(body, status=status, headers="Content-Encoding: gzip\r\nLocation: /again\r\n")


# Nothing left


def reset_in_handshake(conn):
    conn.recv(1)
    reset(conn)


def not_sent(call, *args):
    with pytest.raises(NotSent, match="nothing was sent") as caught:
        call(*args)
    return str(caught.value)


def test_a_refused_port_proves_that_nothing_left(client):
    records = []
    far = client(f"http://127.0.0.1:{refused_port()}", clock=lambda: 1234.5).observing(records.append)
    assert "refused" in not_sent(far.release, CANARY, APPID)
    assert [(r.outcome, r.http_status, r.at) for r in records] == [("not_sent", None, 1234.5)]


def test_a_name_that_does_not_exist_proves_that_nothing_left(client):
    assert "resolved" in not_sent(client("http://no-such-host.invalid").release, CANARY, APPID)


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://a..b"])
def test_an_impossible_url_proves_that_nothing_left(client, url):
    not_sent(client(url).release, CANARY, APPID)


@pytest.mark.parametrize(
    "greeting",
    [reset_in_handshake, hang_up, silent, lambda conn: conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")],
    ids=["reset", "hang up", "silent", "no TLS"],
)
def test_a_tls_handshake_that_fails_proves_that_nothing_left(wire, client, greeting):
    not_sent(client(wire(greeting=greeting).url, timeout=(0.3, 5.0)).release, CANARY, APPID)


def test_a_certificate_that_nobody_vouches_for_proves_that_nothing_left(wire, client, tls):
    server = wire(http(OK), tls=tls[0])
    assert "certificate" in not_sent(client(server.url).release, CANARY, APPID)
    assert server.requests == []


def test_a_proxy_that_cannot_be_reached_proves_that_nothing_left(client):
    proxy = f"http://user:{CANARY.replace('/', '%2F')}@127.0.0.1:{refused_port()}"
    for url in ("http://127.0.0.1:9", "https://127.0.0.1:9"):
        assert "WECHAT_PROXY_URL" in not_sent(client(url, proxy_url=proxy).release, CANARY, APPID)


def test_a_proxy_that_refuses_the_tunnel_proves_that_nothing_left(wire, client):
    proxy = wire(http(b"", status="407 Proxy Authentication Required"))
    far = client("https://wechat.invalid", proxy_url=proxy.url)
    assert "the proxy answered 407" in not_sent(far.release, CANARY, APPID)
    assert proxy.requests[0].startswith(b"CONNECT wechat.invalid:443")
    assert SIGN.encode() not in proxy.requests[0]


# It may have happened


LOST = {
    "reset before the answer": reset,
    "hang up before the answer": hang_up,
    "silence": silent,
    "half an answer": lambda conn: conn.sendall(HEAD + WHOLE[:-1]),
    "half a chunked answer": lambda conn: conn.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1b\r\n" + WHOLE + b"\r\n"
    ),
    "half a header": lambda conn: conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "no HTTP": lambda conn: conn.sendall(b"SSH-2.0-OpenSSH\r\n"),
    "two lengths": HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 28\r\n\r\n") + WHOLE + b" ",
    "a broken header that repeats the URL": HEAD[:-2] + CANARY.encode() + b"\r\nA: b\r\n\r\n" + WHOLE[:-1],
    "HTTP 500 with errcode 0": http(OK, status="500 Internal Server Error"),
    "HTTP 503 that asks to come again": http(b"", status="503 Busy", headers="Retry-After: 0\r\n"),
    "HTTP 500 with an errcode": http({"errcode": 40001}, status="500 Internal Server Error"),
    "HTTP 404 with errcode 0": http(OK, status="404 Not Found"),
    "HTTP 204": http(b"", status="204 No Content"),
    "HTML": http(b"<html>maintenance</html>", headers="Content-Type: text/html\r\n"),
    "nothing": http(b""),
    "a JSON list": http([OK]),
    "a JSON number": http(b"0"),
    "JSON without end": http(b"[" * 100_000),
    "a number without end": http(b'{"errcode":' + b"1" * 5000 + b"}"),
    "too large": http(padded(BODY_LIMIT + 1)),
    "too large, chunked": lambda conn: conn.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n"
        + padded(1 << 21)
        + b"\r\n0\r\n\r\n"
    ),
    "without end": trickle(b"HTTP/1.1 200 OK\r\n\r\n{", b" " * 200_000),
    "gzip that is none": packed(WHOLE),
    "half a gzip": packed(gzip.compress(WHOLE)[:-4]),
    "an encoding nobody asked for": http(WHOLE, headers="Content-Encoding: br\r\n"),
    "an endless list of headers": trickle(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 200),
    "continue for ever": trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_after_a_lost_answer_the_outcome_is_unknown_and_no_secret_shows(ask, caplog, answer):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(OutcomeUnknown, match="look before acting") as caught:
        ask("release", answer, timeout=(1.0, 0.3))
    assert len(ask.server.requests) == 1  # never repeated
    assert [r.outcome for r in ask.records] == ["unknown"]
    assert_clean(caught.value, caplog, ask.records)


@pytest.mark.parametrize("status", ["200 OK", "302 Found"])
def test_a_gzip_bomb_is_not_unpacked(ask, status):
    answer = packed(bomb(), status)
    tracemalloc.start()
    with pytest.raises(OutcomeUnknown, match="larger than 1 MiB"):
        ask("release", answer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


FULL = padded(BODY_LIMIT)
DEFLATED = http(zlib.compress(FULL), headers="Content-Encoding: deflate\r\n")


@pytest.mark.parametrize("answer", [http(FULL), packed(gzip.compress(FULL)), DEFLATED])
def test_an_answer_of_exactly_the_limit_is_read(ask, answer):
    assert ask("release", answer) is None


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nA: ", b"b"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" "),
    ],
    ids=["status line", "header", "body", "chunk length", "redirect"],
)
def test_a_trickling_answer_ends_at_the_deadline(wire, client, tls, start, drop):
    server = wire(trickle(start, drop), tls=tls[0])
    slow = client(server.url, timeout=(1.0, 0.3))
    slow.transport.session.verify = tls[1]
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        slow.release(CANARY, APPID)
    assert 0.25 < time.monotonic() - began < 1.5


def test_a_kept_connection_that_breaks_is_unknown_and_not_repeated(wire, client):
    server = wire(http(OK), hang_up, http(OK))
    near = client(server.url)
    near.release(CANARY, APPID)
    with pytest.raises(OutcomeUnknown):
        near.release(CANARY, APPID)
    assert (server.connections, len(server.requests)) == (1, 2)
    near.release(CANARY, APPID)
    near.close()
    assert server.drained()


def test_an_answer_lost_behind_tls_is_unknown(wire, client, tls):
    server = wire(hang_up, tls=tls[0])
    near = client(server.url)
    near.transport.session.verify = tls[1]
    with pytest.raises(OutcomeUnknown):
        near.release(CANARY, APPID)
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [hang_up, reset, http(b"proxy error", status="502 Bad Gateway")])
def test_a_proxy_that_took_the_request_and_gave_no_answer_is_unknown(wire, client, answer):
    proxy = wire(answer)
    with pytest.raises(OutcomeUnknown):
        client("http://wechat.invalid", proxy_url=proxy.url).release(CANARY, APPID)
    assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_a_redirect_is_never_followed(wire, ask, status):
    other = wire(http(OK))
    with pytest.raises(OutcomeUnknown, match=f"HTTP {status[:3]}") as caught:
        ask("release", http(OK, status=status, headers=f"Location: {other.url}/wxa/release\r\n"))
    assert caught.value.http_status == int(status[:3])
    assert (other.connections, len(ask.server.requests)) == (0, 1)


# What is kept, and what is not


def test_the_named_proxy_carries_the_call_with_its_password(wire, client):
    proxy = wire(http(OK))
    client("http://wechat.invalid", proxy_url=proxy.url.replace("//", "//me:word@")).release(CANARY, APPID)
    assert proxy.requests[0].startswith(b"POST http://wechat.invalid/wxa/release?")
    assert b"\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n" in proxy.requests[0]


@pytest.mark.parametrize(
    "url", ["socks5://me:word@127.0.0.1:1", "127.0.0.1:1", "http://", "http://me:word@[::1", "http://a:word"]
)
def test_an_impossible_proxy_is_refused_at_once_and_not_quoted(client, url):
    with pytest.raises(ValueError, match="WECHAT_PROXY_URL") as caught:
        client("http://127.0.0.1", proxy_url=url)
    assert "word" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_cookies_are_refused(wire, client):
    server = wire(http(OK, headers="Set-Cookie: a=b; Path=/\r\n"))
    near = client(server.url)
    near.release(CANARY, APPID)
    near.release(CANARY, APPID)
    assert b"cookie" not in server.requests[1].lower()


AMBIENT = """
import http.client, logging, sys
from reactor import wechat
logging.basicConfig(level=logging.DEBUG)
http.client.HTTPConnection.debuglevel = 1
url, appid, secret = sys.argv[1:]
client = wechat.WeChatClient(api_url=url, component_appid="wx0123456789abcdef", component_appsecret=secret)
print(client.component_token(secret), client.version_info(secret, appid))
client.close()
"""


def test_the_environments_proxies_and_netrc_are_ignored_and_debug_output_is_clean(wire, tmp_path):
    other = wire(http(OK))
    server = wire(http(OK | {"component_access_token": CANARY, "expires_in": 7200}))
    (tmp_path / "netrc").write_text("default login me password word\n")
    (tmp_path / "netrc").chmod(0o600)
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    env = os.environ | dict.fromkeys(names, other.url) | {"NETRC": str(tmp_path / "netrc"), "no_proxy": ""}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    told = subprocess.run(
        [sys.executable, "-c", AMBIENT, server.url, APPID, CANARY],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, other.connections, len(server.requests)) == (0, 0, 2)
    assert all(b"authorization" not in request.lower() for request in server.requests)
    assert SIGN not in told.stdout + told.stderr


def test_every_call_is_told_to_its_observer_over_one_session(wire, client):
    server = wire(
        http(OK), http({"errcode": 85052, "errmsg": "done rid: 6-7-8"}), http(b"", status="502 Bad")
    )
    near, mine, other = client(server.url, clock=lambda: 7.0), [], []
    near.release(CANARY, APPID)
    with pytest.raises(Answered):
        near.observing(mine.append).release(CANARY, APPID)
    with pytest.raises(OutcomeUnknown):
        near.observing(other.append).create_preauthcode(CANARY)
    told = ("release", APPID, 7.0, "answered", 200, 85052, "done rid: 6-7-8", "6-7-8", mine[0].ms)
    said = ("POST /wxa/release?access_token=•••\n{}", '{"errcode": 85052, "errmsg": "done rid: 6-7-8"}')
    assert mine == [wechat.CallRecord(*told, *said)]
    assert (other[0].call, other[0].authorizer_appid, other[0].http_status) == (
        "api_create_preauthcode",
        None,
        502,
    )
    assert server.connections == 1


def test_an_observer_that_fails_is_heard(wire, client):
    def full(record):
        raise OSError(f"{record.call} not kept")

    with pytest.raises(OSError, match="release not kept"):
        client(wire(http(OK)).url).observing(full).release(CANARY, APPID)


def test_many_threads_share_a_client(wire, client):
    server = wire(http(OK))
    near, ended = client(server.url, pool_size=4), []
    threads = [threading.Thread(target=lambda: ended.append(near.release(CANARY, APPID))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert ended == [None] * 12


# No secret shows


def assert_clean(error, caplog, records):
    """Look for the canary wherever a text could be made of what was raised, recorded or logged."""
    seen, chain = [], [error]
    while chain:
        at = chain.pop()
        seen += [str(at), repr(at), repr(at.args), repr(vars(at)), *traceback.format_exception(at)]
        chain += [other for other in (at.__context__, at.__cause__) if other]
    seen += [repr(records), caplog.text]
    seen += [repr(vars(record)) for record in caplog.records]
    assert isinstance(error, WeChatError)
    assert all(SIGN not in text for text in seen)


ECHO = http({"errcode": 40001, "errmsg": f"invalid credential, access_token is {CANARY} rid: 1-2-3"})


@pytest.mark.parametrize("answer", [ECHO, reset, silent, http(b"no", status="502 Bad")])
@pytest.mark.parametrize("method", ["component_token", "query_auth", "authorizer_token", "start_push_ticket"])
def test_no_secret_of_a_component_call_shows(ask, caplog, method, answer):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(WeChatError) as caught:
        ask(method, answer, timeout=(1.0, 0.2))
    assert_clean(caught.value, caplog, ask.records)


@pytest.mark.parametrize("kind", ["refused", "no name", "tls", "proxy", "tunnel"])
def test_no_secret_of_a_call_that_never_left_shows(wire, client, caplog, kind):
    caplog.set_level(logging.DEBUG)
    closed = refused_port()
    urls = {"refused": f"http://127.0.0.1:{closed}", "no name": "http://no-such-host.invalid"}
    proxy = {
        "proxy": f"http://u:{SIGN}@127.0.0.1:{closed}",
        "tunnel": wire(http(b"", status=f"407 {SIGN}")).url,
    }
    url = wire(greeting=reset_in_handshake).url if kind == "tls" else urls.get(kind, "https://wechat.invalid")
    records = []
    far = client(url, proxy_url=proxy.get(kind)).observing(records.append)
    with pytest.raises(NotSent) as caught:
        far.component_token(CANARY)
    assert_clean(caught.value, caplog, records)
    assert SIGN not in repr(far) + repr(far.transport)


def test_other_users_of_urllib3_keep_their_log(wire, client, caplog):
    caplog.set_level(logging.DEBUG)
    client(wire(http(OK)).url).release(CANARY, APPID)
    assert [r for r in caplog.records if r.name.startswith("urllib3")] == []
    logging.getLogger("urllib3.connectionpool").debug("somebody else's")
    assert "somebody else's" in caplog.text


def test_no_value_shows_its_secret():
    values = (
        wechat.Token(CANARY, 1),
        wechat.Authorization(APPID, CANARY, ()),
        wechat.AuthorizerTokens(CANARY, 1, CANARY),
        wechat.AuthorizerPage(1, (wechat.ListedAuthorizer(APPID, CANARY, 1),)),
        wechat.AuthorizerInfo(APPID, "gh_1", "", CANARY, (), is_mini_program=True),
    )
    assert SIGN not in repr(values)

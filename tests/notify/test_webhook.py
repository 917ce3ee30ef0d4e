"""The generic webhook: signed as the specification says, and led nowhere but to public addresses."""

import base64
import hashlib
import hmac
import json
import socket

import pytest
from receiver import PUBLIC, http

from reactor.core.channels import OddChannelError, parse_channels
from reactor.core.notices import Message
from reactor.notify import Outside, Undelivered, send
from reactor.notify.guard import is_public
from reactor.notify.outside import addresses_of

NOW = 1_790_000_000.9
KEY = bytes(range(100, 132))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
URL = f"webhook+https://hooks.example/in?a=1&secret={SECRET.replace('+', '%2B')}"
ITEM = {"authorizer_appid": "wx000000000000000a", "reason": "a" * 200}
MESSAGE = Message("audit.rejected", NOW, ("❌ 小鹿点餐 was rejected",), None, 1, (ITEM,))


def deliver(outside, url=URL, message=MESSAGE, message_id="msg_1790000000_7"):
    (channel,) = parse_channels(url)
    send(channel, message, outside, now=NOW, message_id=message_id)


def verified(request, secret, *, now, tolerance=300):
    """What a receiver does by the specification's words: the payload, or None.

    The key is the base64 behind `whsec_`; signed are id, timestamp and the raw body, with a full stop
    between them; the header holds signatures, separated by spaces, each a version, a comma and base64.
    """
    message_id, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    if abs(now - int(timestamp)) > tolerance:
        return None
    key = base64.b64decode(secret.split("_", 1)[1])
    content = message_id.encode() + b"." + timestamp.encode() + b"." + request.body
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    for one in request.headers["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        if version == "v1" and hmac.compare_digest(signature, expected):
            return json.loads(request.body)
    return None


def test_a_receiver_that_follows_the_specification_accepts_it(receiver):
    receiver.answers = [http(b"", status="204 No Content")]
    deliver(receiver.outside)
    (request,) = receiver.requests
    payload = verified(request, SECRET, now=NOW + 3)
    assert payload == {
        "type": "audit.rejected",
        "timestamp": "2026-09-21T14:13:20Z",
        "data": {"text": "❌ 小鹿点餐 was rejected", "link": None, "count": 1, "items": [ITEM]},
    }
    assert (request.host, request.path) == ("hooks.example", "/in?a=1")
    assert request.headers["webhook-id"] == "msg_1790000000_7"
    assert SECRET not in str(request)


def test_the_specification_s_own_sample_is_signed_as_it_says(receiver):
    sample = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    key = base64.b64decode(sample.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert expected == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("spoil", ["body", "webhook-id", "webhook-timestamp", "secret", "late"])
def test_whatever_was_tampered_with_is_noticed(receiver, spoil):
    deliver(receiver.outside)
    (request,) = receiver.requests
    secret, now = SECRET, NOW
    if spoil == "body":
        request.body = request.body.replace(b"rejected", b"approved")
    elif spoil == "secret":
        secret = f"whsec_{base64.b64encode(KEY[::-1]).decode()}"
    elif spoil == "late":
        now += 301
    else:
        request.headers[spoil] = request.headers[spoil].replace("7", "8").replace("0", "1", 1)
    assert verified(request, secret, now=now) is None


def test_the_body_stays_below_twenty_kilobytes(receiver):
    deliver(receiver.outside, message=Message("x", NOW, ("y",), None, 100, (ITEM,) * 100))
    (request,) = receiver.requests
    assert len(request.body) < 20_000
    assert request.json["data"]["count"] == 100


def test_a_redirect_is_not_followed(receiver):
    for status in (301, 302, 303, 307, 308):
        receiver.answers = [http(b"", status=f"{status} Moved", headers="Location: https://127.0.0.1/\r\n")]
        with pytest.raises(Undelivered, match=f"HTTP {status}"):
            deliver(receiver.outside)
    assert len(receiver.requests) == 5


# -- where it may not lead -------------------------------------------------------------------------------

# Hosts as somebody may write them; what the system makes of them is what counts.
WRITTEN = (
    *("127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "017700000001", "0x7f000001"),
    *("0x7f.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "127.255.255.254", "10.0.0.1", "10.1", "167772161"),
    *("172.16.0.1", "172.31.255.255", "192.168.0.1", "3232235521", "0xc0a80001", "100.64.0.1"),
    *("100.100.100.200", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"),
    *("169.254.170.2", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
    *("240.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "localhost"),
    *("127.0.0.1.", "169.254.169.254.", "１２７.０.０.１", "①②⑦.⓪.⓪.①"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]"),
    *("[0:0:0:0:0:ffff:10.0.0.1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]"),
    *("[fec0::1]", "[ff02::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[64:ff9b::7f00:1]"),
    *("[64:ff9b::169.254.169.254]", "[64:ff9b:1::1]", "[2001:0:7f00:1::]", "[2001:db8::1]", "[100::1]"),
)
# Names, and what a name server says they are.
NAMED = {
    "inner.example": ["10.0.0.5"],
    "metadata.google.internal": ["169.254.169.254"],
    "localtest.example": ["127.0.0.1"],
    "both.example": [PUBLIC, "127.0.0.1"],
    "six.example": ["::1"],
    "mixed.example": [PUBLIC, "::ffff:10.0.0.1"],
    "scoped.example": ["fe80::1%lo"],
    "dotted.example.": ["192.168.1.1"],
    "xn--bcher-kva.example": ["172.20.0.1"],
    "odd.example": ["not an address"],
    "teredo.example": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "cgnat.example": ["100.127.255.254"],
}
REFUSED_AS_WRITTEN = (
    *("user@127.0.0.1", "hooks.example@127.0.0.1", "hooks.example:pw@10.0.0.1", "127.0.0.1:22"),
    *("hooks.example:8443", "127.0.0.1:80", "hooks.example#@127.0.0.1", "[::1", "a b", "", "host\\@x", "%31"),
)


def wired(names):
    """A way out on which nothing may be dialled; numbers mean what they mean to the system."""
    dialled = []

    def resolve(host, port):
        return names[host] if host in names else addresses_of(host, port)

    def dial(address, port, seconds):
        dialled.append((address, port))
        raise OSError(111, "refused")

    return Outside(resolve, dial, seconds=1.0), dialled


def test_the_corpus_is_large_enough():
    assert len(WRITTEN) + len(NAMED) + len(REFUSED_AS_WRITTEN) >= 75


@pytest.mark.parametrize("host", [*WRITTEN, *NAMED])
def test_no_line_is_opened_to_an_inner_address(host):
    outside, dialled = wired(NAMED)
    with pytest.raises((Undelivered, OddChannelError), match=r"not public|resolved|names no host"):
        deliver(outside, f"webhook+https://{host}/?secret={SECRET}")
    assert dialled == []


def test_the_numbers_of_the_corpus_are_understood_by_the_system():
    for host in ("127.1", "2130706433", "0x7f000001", "017700000001"):
        assert addresses_of(host, 443) == ("127.0.0.1",)
        outside, _ = wired({})
        with pytest.raises(Undelivered, match="not public"):
            deliver(outside, f"webhook+https://{host}/?secret={SECRET}")


@pytest.mark.parametrize("authority", REFUSED_AS_WRITTEN)
def test_what_is_more_than_a_host_is_refused_at_the_start(authority):
    with pytest.raises(OddChannelError):
        parse_channels(f"webhook+https://{authority}/?secret={SECRET}")


@pytest.mark.parametrize(
    "scheme", ["webhook+http", "webhook", "http", "https", "webhook+file", "webhook+ftp"]
)
def test_nothing_but_https_is_a_webhook(scheme):
    with pytest.raises(OddChannelError):
        parse_channels(f"{scheme}://hooks.example/?secret={SECRET}")


def test_a_public_address_is_dialled_on_the_port_of_https():
    outside, dialled = wired({"good.example": [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"]})
    with pytest.raises(Undelivered, match="no connection"):
        deliver(outside, f"webhook+https://good.example/?secret={SECRET}")
    assert dialled == [(PUBLIC, 443), ("2606:2800:220:1:248:1893:25c8:1946", 443)]


def test_a_name_that_changes_its_mind_is_asked_once_and_the_first_word_counts(receiver):
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    receiver.names = {"hooks.example": lambda: next(answers)}
    deliver(receiver.outside)
    assert receiver.dialled == [(PUBLIC, 443)]
    with pytest.raises(Undelivered, match="not public"):
        deliver(receiver.outside)
    assert receiver.dialled == [(PUBLIC, 443)]
    assert len(receiver.looked_up) == 2  # once a try


def test_the_certificate_must_be_the_host_s_and_not_the_address_s(receiver):
    with pytest.raises(Undelivered, match="the certificate is not good"):
        deliver(receiver.outside, f"webhook+https://other.example/?secret={SECRET}")
    assert receiver.requests == []


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "2400:3200::1"])
def test_public_addresses_are_public(address):
    assert is_public(address)


def test_real_lines_are_real():
    with socket.create_server(("127.0.0.1", 0)) as server, Outside().dial(*server.getsockname(), 1.0) as line:
        assert line.getpeername() == server.getsockname()

"""Pushes that are not WeChat's: each is (query string, body), and each is wrong in one way only."""

import base64
import urllib.parse
from dataclasses import replace

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from known import AES_KEY_TEXT, COMPONENT, SHOP_NAME, TOKEN

from reactor.core.crypto import Sealed, decode_aes_key, seal_envelope, sign
from reactor.simulator import pusher

KEY = decode_aes_key(AES_KEY_TEXT)
NONCE = "1234567890"
RANDOM16 = b"sixteen bytes ok"


def seal(message, timestamp, **changes):
    """A push as WeChat seals it, but for the changes."""
    named = {
        "component_appid": COMPONENT,
        "token": TOKEN,
        "aes_key": KEY,
        "timestamp": int(timestamp),
        "nonce": NONCE,
        "random16": RANDOM16,
        "recipient": ("ToUserName", SHOP_NAME),
    }
    return seal_envelope(message, **(named | changes))


def on_the_wire(sealed):
    return urllib.parse.urlencode(sealed.query), sealed.body


def forgeries(timestamp):
    """Every way, by name; at `timestamp`, of an approval that would release something."""
    message = pusher.audit_success(
        user_name=SHOP_NAME, created_at=int(timestamp), succeeded_at=int(timestamp)
    )
    good = seal(message, timestamp)
    return {
        **_odd_queries(good),
        **_odd_bodies(good),
        **_odd_base64(good),
        **_wrong_signatures(message, good),
        **_wrong_plaintexts(message, good),
    }


def _odd_queries(good):
    query, body = on_the_wire(good)

    def but(**changed):
        return urllib.parse.urlencode(good.query | changed)

    def without(name):
        return urllib.parse.urlencode({key: value for key, value in good.query.items() if key != name})

    signature = good.query["msg_signature"]
    queries = {
        "no query": "",
        "no timestamp": without("timestamp"),
        "no nonce": without("nonce"),
        "no msg_signature": without("msg_signature"),
        "no encrypt_type": without("encrypt_type"),
        "empty nonce": but(nonce=""),
        "nonce of 33": but(nonce="n" * 33),
        "nonce with a dash": but(nonce="12-34"),
        "nonce of bytes": query.replace(f"nonce={NONCE}", "nonce=%ff%fe"),
        "timestamp of 9": but(timestamp=good.query["timestamp"][:9]),
        "timestamp of 11": but(timestamp=good.query["timestamp"] + "0"),
        "timestamp with a sign": but(timestamp="+" + good.query["timestamp"][1:]),
        "timestamp in full-width digits": but(timestamp="１" * 10),
        "signature in capitals": but(msg_signature=signature.upper().replace("0", "A")),
        "signature too short": but(msg_signature=signature[:-1]),
        "encrypt_type raw": but(encrypt_type="raw"),
        "encrypt_type in capitals": but(encrypt_type="AES"),
        "nonce twice": f"{query}&nonce={NONCE}",
        "msg_signature twice": f"msg_signature={'0' * 40}&{query}",
        "any parameter twice": f"{query}&openid=a&openid=b",
        "forty parameters": query + "".join(f"&p{number}=1" for number in range(40)),
    }
    return {name: (odd, body) for name, odd in queries.items()}


def _odd_bodies(good):
    query, body = on_the_wire(good)
    encrypt = f"<Encrypt>{_encrypt_of(good)}</Encrypt>".encode()
    bodies = {
        "empty body": b"",
        "no XML": b"signature",
        "JSON": b'{"Encrypt": "AAAA"}',
        "half an XML": body[: len(body) // 2],
        "DOCTYPE": b"<!DOCTYPE xml>" + body,
        "entities": b'<!DOCTYPE xml [<!ENTITY a "b">]>' + body,
        "outside entity": b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml>&a;</xml>',
        "undefined entity": body.replace(b"</xml>", b"<A>&b;</A></xml>"),
        "UTF-16": body.decode().encode("utf-16"),
        "no UTF-8": body.replace(b"</xml>", b"<A>\xff</A></xml>"),
        "no Encrypt": b"<xml><ToUserName>gh_0</ToUserName></xml>",
        "empty Encrypt": b"<xml><Encrypt></Encrypt></xml>",
        "two Encrypts": b"<xml>" + encrypt + encrypt + b"</xml>",
        "Encrypt deeper down": b"<xml><a>" + encrypt + b"</a></xml>",
        "Encrypt as the root": encrypt,
        "elements in Encrypt": b"<xml><Encrypt><a>AAAA</a></Encrypt></xml>",
        "encrypt in lower case": b"<xml>" + encrypt.replace(b"Encrypt", b"encrypt") + b"</xml>",
        "as deep as a well": b"<xml>" + b"<a>" * 5000 + b"</a>" * 5000 + encrypt + b"</xml>",
    }
    return {name: (query, odd) for name, odd in bodies.items()}


def _odd_base64(good):
    """Signed with the right token, so that nothing but the form of Encrypt is wrong."""
    encrypt = _encrypt_of(good)
    odd = {
        "Encrypt with a space": encrypt[:8] + " " + encrypt[8:],
        "Encrypt with a line feed at its end": encrypt + "\n",
        "Encrypt with a star": encrypt[:8] + "*" + encrypt[8:],
        "Encrypt without its padding": encrypt.rstrip("=") if encrypt.endswith("=") else encrypt[:-1],
        "Encrypt of one block": base64.b64encode(bytes(32)).decode(),
        "Encrypt of a block and a half": base64.b64encode(bytes(48)).decode(),
        "Encrypt of other letters": "-_" * 43 + "==",
    }
    return {name: on_the_wire(_signed(good, text)) for name, text in odd.items()}


def _wrong_signatures(message, good):
    timestamp = int(good.query["timestamp"])
    plain_signature = good.query | {"msg_signature": good.query["signature"]}
    wrong = {
        "another token": seal(message, timestamp, token="othertoken"),
        "signature over nothing": replace(good, query=plain_signature),
        "timestamp changed later": pusher.bad_timestamp(good),
        "nonce changed later": replace(good, query=good.query | {"nonce": "1234567891"}),
        "body changed later": pusher.bad_body(good),
        "zeros for a signature": pusher.bad_signature(good),
    }
    return {name: on_the_wire(sealed) for name, sealed in wrong.items()}


def _wrong_plaintexts(message, good):
    timestamp = int(good.query["timestamp"])
    length = len(message).to_bytes(4, "big")
    whole = RANDOM16 + length + message + COMPONENT.encode()
    room = -len(whole) % 32 or 32
    wrong = {
        "another key": seal(message, timestamp, aes_key=bytes(32)),
        "another component": seal(message, timestamp, component_appid="wx00000000000000c1"),
        "an authorizer's appid at the tail": seal(message, timestamp, component_appid="wx000000000000000a"),
        "padding of 0": _encrypted(good, whole + bytes([room] * (room - 1)) + b"\0"),
        "padding of 33": _encrypted(good, whole + bytes([33] * room)),
        "uneven padding": _encrypted(good, whole + b"\1" * (room - 1) + bytes([max(room, 2)])),
        "length past the end": _encrypted(good, _padded(RANDOM16 + b"\0\0\xff\xff" + whole[20:])),
        "length of four gigabytes": _encrypted(good, _padded(RANDOM16 + b"\xff" * 4 + whole[20:])),
        "length one too short": _encrypted(good, _padded(_with_length(whole, len(message) - 1))),
        "no tail": _encrypted(good, _padded(whole[: -len(COMPONENT)])),
        "more behind the tail": _encrypted(good, _padded(whole + b"0")),
        "nothing but padding": _encrypted(good, bytes([32]) * 64),
    }
    return {name: on_the_wire(sealed) for name, sealed in wrong.items()}


def _with_length(whole, number):
    return whole[:16] + number.to_bytes(4, "big") + whole[20:]


def _padded(plain):
    room = 32 - len(plain) % 32
    return plain + bytes([room]) * room


def _encrypted(good, plain):
    """Any plaintext with the right key and token: what only the look inside can find out."""
    encryptor = Cipher(AES(KEY), CBC(KEY[:16])).encryptor()
    return _signed(good, base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode())


def _signed(good, encrypt):
    signature = sign(TOKEN, good.query["timestamp"], good.query["nonce"], encrypt)
    body = good.body.replace(_encrypt_of(good).encode(), encrypt.encode())
    return Sealed(good.query | {"msg_signature": signature}, body)


def _encrypt_of(sealed):
    return sealed.body.split(b"<Encrypt><![CDATA[")[1].split(b"]]>")[0].decode()

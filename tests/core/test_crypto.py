"""Envelopes: what WeChat seals is opened, everything else is refused before it is decrypted."""

import base64
import json
import random
from dataclasses import replace
from itertools import permutations, product
from operator import itemgetter
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.crypto import MessageKeys, decode_aes_key, open_envelope, seal_envelope, seal_reply, sign
from reactor.core.errors import EnvelopeRefused

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8"))
SAMPLES = VECTORS["vectors"] + VECTORS["synthetic"]
SAMPLE = {sample["name"]: sample for sample in SAMPLES}
HONEST = [sample for sample in SAMPLES if not sample["name"].startswith("negative")]

COMPONENT = "wx134c8103faa5a59e"
TOKEN = "testtoken"
KEY_TEXT = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
KEY = decode_aes_key(KEY_TEXT)
KEYS = MessageKeys(COMPONENT, (TOKEN,), (KEY,))
MESSAGE = "<xml><Event>审核</Event></xml>".encode()
TRIPWIRE = MessageKeys(COMPONENT, (TOKEN,), (b"this is no AES key",))


PARTS = {
    "component_appid": COMPONENT,
    "token": TOKEN,
    "aes_key": KEY,
    "timestamp": 1760000001,
    "nonce": "123456789",
    "random16": b"0123456789abcdef",
}


def seal(message=MESSAGE, *, recipient=("ToUserName", "gh_97417a04a28d"), **changes):
    """One push, as WeChat sends it."""
    return seal_envelope(message, recipient=recipient, **(PARTS | changes))


def wire(sealed):
    return urlencode(sealed.query).encode(), sealed.body


def wrap(encrypt):
    return f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()


def push(encrypt, *, token=TOKEN, timestamp="1760000001", nonce="123456789"):
    """Sign any Encrypt with the right token, so that only its own form can be refused."""
    signature = sign(token, timestamp, nonce, encrypt)
    fields = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signature}
    return urlencode(fields).encode(), wrap(encrypt)


def encrypted(plain, key=KEY):
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def layout(message=MESSAGE, *, length=None, tail=COMPONENT):
    size = len(message) if length is None else length
    return b"r" * 16 + size.to_bytes(4, "big") + message + tail.encode()


def padded(plain):
    pad = 32 - len(plain) % 32
    return plain + bytes([pad]) * pad


def opened(query, body, keys=KEYS):
    return open_envelope(query, body, keys=keys)


def refusal(query, body, keys=KEYS):
    with pytest.raises(EnvelopeRefused) as caught:
        open_envelope(query, body, keys=keys)
    return caught.value.cause


@pytest.mark.parametrize("sample", HONEST, ids=itemgetter("name"))
def test_every_sample_opens(sample):
    keys = MessageKeys(sample["tail_id"], (sample["token"],), (decode_aes_key(sample["encoding_aes_key"]),))
    sent = {name: sample[name] for name in ("token", "timestamp", "nonce")}
    query, body = push(sample["encrypt"], **sent)
    result = opened(query, sample["outer_xml"].encode() if sample.get("outer_xml") else body, keys)
    assert result.message == sample["plaintext"].encode()
    assert (str(result.timestamp), result.nonce) == (sample["timestamp"], sample["nonce"])


def parts_of(sample):
    """Everything about a sample that goes into sealing it, but the recipient."""
    return {
        "component_appid": sample["tail_id"],
        "token": sample["token"],
        "aes_key": decode_aes_key(sample["encoding_aes_key"]),
        "timestamp": int(sample["timestamp"]),
        "nonce": sample["nonce"],
        "random16": sample["random_ascii"].encode(),
    }


@pytest.mark.parametrize("sample", SAMPLES, ids=itemgetter("name"))
def test_every_sample_is_sealed_bit_by_bit(sample):
    recipient = {"component": ("AppId", COMPONENT)}.get(sample.get("url"), ("ToUserName", "gh_97417a04a28d"))
    sealed = seal(sample["plaintext"].encode(), **parts_of(sample), recipient=recipient)
    assert sample["encrypt"].encode() in sealed.body
    for name in ("msg_signature", "signature"):
        assert sealed.query[name] == (sample.get(name) or sealed.query[name])
    if sample.get("outer_xml") and "reply" not in sample["name"]:
        assert sealed.body == sample["outer_xml"].encode()


def test_the_official_reply_is_sealed_bit_by_bit():
    sample = SAMPLE["official_3rdparty_reply"]
    assert seal_reply(sample["plaintext"].encode(), **parts_of(sample)) == sample["outer_xml"].encode()


def test_the_official_push_opens_with_its_own_query():
    sample = SAMPLES[0]
    keys = MessageKeys(sample["tail_id"], (sample["token"],), (bytes(32),))
    query = urlsplit(sample["url"]).query.encode()
    assert opened(query, sample["outer_xml"].encode(), keys).message == sample["plaintext"].encode()


def test_the_tail_must_be_the_component_and_not_the_authorizer():
    sample = SAMPLE["negative_wrong_tail"]
    assert refusal(*push(sample["encrypt"])) == "tail"


VALID = seal()
FIELDS = dict(reversed(VALID.query.items())) | {"openid": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"}
SIGNED = FIELDS["msg_signature"]


def query_with(**changes):
    fields = FIELDS | changes
    return urlencode({name: value for name, value in fields.items() if value is not None}).encode()


def test_the_valid_push_is_valid():
    result = opened(query_with(), VALID.body)
    assert (result.message, result.token_index, result.key_index) == (MESSAGE, 0, 0)


NAMES = ("timestamp", "nonce", "encrypt_type", "msg_signature")
SPOILED = {
    "timestamp": "176000000,17600000010,176000000a,+176000001, 176000001,1760000001 ,-176000001,1760000001\n,"
    "1_60000001,17600000.1,１760000001,1760000001\0",
    "nonce": f"{'n' * 33},12-34,12 34,12+34,12.34,12\n,１２,12/34,12=,é,12&,\0",
    "encrypt_type": "raw,AES,Aes,aes , aes,aes\n,aes256,ae,a",
    "msg_signature": f"{SIGNED.upper()},{SIGNED[:-1]},{SIGNED}0,{SIGNED[:-1]}g, {SIGNED[1:]},{SIGNED}\n,"
    f"{SIGNED[:-1]}１,0x{SIGNED[2:]},null",
}


@pytest.mark.parametrize(("name", "values"), SPOILED.items(), ids=SPOILED.keys())
def test_a_parameter_of_another_form_is_refused(name, values):
    for value in values.split(","):
        assert refusal(query_with(**{name: value}), VALID.body) == "query"


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_that_is_missing_or_empty_is_refused(name):
    missing = query_with(**{name: None})
    for query in (missing, query_with(**{name: ""}), missing + b"&" + name.encode()):
        assert refusal(query, VALID.body) == "query"


@pytest.mark.parametrize("name", [*NAMES, "openid", "signature"])
def test_any_parameter_given_twice_is_refused(name):
    value = FIELDS[name]
    escaped = "".join(f"%{byte:02x}" for byte in name.encode())
    for second in (f"{name}={value}", f"{name}=", name, f"{name}=other", f"{escaped}={value}"):
        assert refusal(query_with() + b"&" + second.encode(), VALID.body) == "query"
        assert refusal(second.encode() + b"&" + query_with(), VALID.body) == "query"


def test_parameters_nobody_asked_for_are_allowed_once_and_in_any_order():
    for query in (
        query_with(openid=None, signature=None),
        query_with(signature="0" * 40),
        query_with(route="x", empty=""),
        query_with(Nonce="other", NONCE="another"),
        b"&".join(reversed(query_with().split(b"&"))),
        b"&" + query_with() + b"&&flag",
    ):
        assert opened(query, VALID.body).message == MESSAGE


def test_a_query_of_another_shape_is_refused():
    for query in (
        b"",
        b"?" + query_with(),
        b"#" + query_with(),
        b"\xef\xbb\xbf" + query_with(),
        query_with() + b"&x=\xff",
        query_with() + b"".join(b"&p%d=" % number for number in range(40)),
        query_with().replace(b"&", b";"),
        query_with().replace(b"timestamp", b"Timestamp"),
    ):
        assert refusal(query, VALID.body) == "query"


ANOTHER = seal(MESSAGE + b" ")


def test_a_part_that_does_not_fit_its_signature_is_refused_before_decryption():
    for changes in (
        {"timestamp": "1760000002"},
        {"nonce": "123456788"},
        {"nonce": "12345678"},
        {"msg_signature": FIELDS["signature"]},
        {"msg_signature": ANOTHER.query["msg_signature"]},
        {"msg_signature": "0" * 40},
    ):
        assert refusal(query_with(**changes), VALID.body, TRIPWIRE) == "signature"
    for place, digit in enumerate(SIGNED):
        wrong = SIGNED[:place] + ("0" if digit != "0" else "1") + SIGNED[place + 1 :]
        assert refusal(query_with(msg_signature=wrong), VALID.body, TRIPWIRE) == "signature"
    assert refusal(query_with(), ANOTHER.body, TRIPWIRE) == "signature"


def test_every_flipped_bit_of_the_ciphertext_is_refused_before_decryption():
    ciphertext = base64.b64decode(encrypted(padded(layout())))
    query, _ = push(base64.b64encode(ciphertext).decode())
    for bit in range(len(ciphertext) * 8):
        spoiled = bytearray(ciphertext)
        spoiled[bit // 8] ^= 1 << bit % 8
        assert refusal(query, wrap(base64.b64encode(spoiled).decode()), TRIPWIRE) == "signature"


def test_the_tripwire_does_fire_when_the_signature_is_right():
    with pytest.raises(ValueError, match="key"):
        opened(query_with(), VALID.body, TRIPWIRE)


GOOD = encrypted(padded(layout()))


def test_only_encrypt_counts_in_the_outer_xml():
    query, _ = push(GOOD)
    for outside in ("", "<ToUserName>gh_other</ToUserName>", "<AppId>wx0</AppId>", "<a><b>c</b></a>"):
        body = f"<anything>{outside}<Encrypt>{GOOD}</Encrypt></anything>".encode()
        assert opened(query, body).message == MESSAGE


def test_an_outer_xml_without_exactly_one_encrypt_is_refused():
    element = f"<Encrypt>{GOOD}</Encrypt>"
    query, _ = push(GOOD)
    for body in (
        "",
        "success",
        GOOD,
        element,
        json.dumps({"Encrypt": GOOD}),
        "<xml><a>1</a></xml>",
        "<xml><Encrypt/></xml>",
        f"<xml><encrypt>{GOOD}</encrypt></xml>",
        f"<xml>{element}{element}</xml>",
        f"<xml><a>{element}</a></xml>",
        f"<xml><Encrypt><a>{GOOD}</a></Encrypt></xml>",
        f"<xml><Encrypt a='b'>{GOOD}</Encrypt></xml>",
        f"<!DOCTYPE xml><xml>{element}</xml>",
        f"<!DOCTYPE x [<!ENTITY e '{GOOD}'>]><xml><Encrypt>&e;</Encrypt></xml>",
        f"<xml>{element}<a>{'x' * 65536}</a></xml>",
    ):
        assert refusal(query, body.encode()) == "xml"
    assert refusal(query, f"<xml>{element}</xml>".encode("utf-16")) == "xml"


def bytes_of(size):
    return base64.b64encode(bytes(size)).decode()


UNFIT = {
    "space before": " " + GOOD,
    "line break after": GOOD + "\n",
    "line break inside": GOOD[:76] + "\n" + GOOD[76:],
    "not padded": bytes_of(64).rstrip("="),
    "half padded": bytes_of(64)[:-1],
    "padded too much": GOOD + "=",
    "padded by a whole group": GOOD + "====",
    "padded inside": GOOD[:4] + "====" + GOOD[4:],
    "other alphabet": bytes_of(63)[:-4] + "__--" + GOOD,
    "stray letter": GOOD[:8] + "!" + GOOD[8:],
    "not ascii": GOOD[:-1] + "é",
    "loose trailing bits": bytes_of(64)[:-3] + "B==",
    "one block": bytes_of(32),
    "half a block more": bytes_of(80),
    "one byte more": bytes_of(65),
    "one byte less": bytes_of(63),
    "one letter": "A",
    "only padding": "====",
}


@pytest.mark.parametrize("encrypt", UNFIT.values(), ids=UNFIT.keys())
def test_an_encrypt_that_is_no_strict_base64_of_whole_blocks_is_refused(encrypt):
    assert refusal(*push(encrypt), TRIPWIRE) == "base64"


def test_all_pads_open():
    pads = set()
    for size in range(32):
        message = b"m" * size
        plain = padded(layout(message))
        pads.add(plain[-1])
        assert opened(*push(encrypted(plain))).message == message
        assert opened(*wire(seal(message))).message == message
    assert pads == set(range(1, 33))


def test_every_wrong_byte_of_every_pad_is_refused():
    for size in range(32):
        plain = padded(layout(b"m" * size))
        for place in range(2, plain[-1] + 1):
            spoiled = bytearray(plain)
            spoiled[-place] ^= 1
            assert refusal(*push(encrypted(bytes(spoiled)))) == "padding"


def test_a_pad_outside_1_to_32_is_refused():
    body = b"r" * 16 + bytes(4) + b"x" * 235
    for pad in (0, *range(33, 256)):
        plain = body[: 256 - pad] + bytes([pad]) * (pad or 1)
        assert refusal(*push(encrypted(padded(plain)[:256]))) == "padding"


def test_a_length_that_points_outside_is_refused():
    room = len(MESSAGE) + len(COMPONENT)
    for length in (room + 1, room + 32, 2**16, 2**31 - 1, 2**31, 2**32 - 1):
        assert refusal(*push(encrypted(padded(layout(length=length))))) == "length"


def test_a_length_that_cuts_elsewhere_is_refused():
    room = len(MESSAGE) + len(COMPONENT)
    for length in set(range(room + 1)) - {len(MESSAGE)}:
        assert refusal(*push(encrypted(padded(layout(length=length))))) == "tail"


def test_another_tail_is_refused():
    spoiled = ("", "w", COMPONENT[:-1], COMPONENT + "0", COMPONENT.upper(), COMPONENT + "\n")
    for tail in (*spoiled, "wxba5fad812f8e6fb9"):
        assert refusal(*push(encrypted(padded(layout(tail=tail))))) == "tail"


TOKENS = ("newtoken", "token", "oldtoken")
AES_KEYS = tuple(bytes([seed]) * 32 for seed in (1, 2, 3))


@pytest.mark.parametrize(("token", "key"), list(product(range(3), range(3))))
def test_every_token_and_key_in_use_opens_and_says_which(token, key):
    sent = wire(seal(token=TOKENS[token], aes_key=AES_KEYS[key]))
    result = opened(*sent, MessageKeys(COMPONENT, TOKENS, AES_KEYS))
    assert (result.message, result.token_index, result.key_index) == (MESSAGE, token, key)
    fewer = MessageKeys(COMPONENT, TOKENS[:token] + TOKENS[token + 1 :], AES_KEYS)
    assert refusal(*sent, fewer) == "signature"
    fewer = MessageKeys(COMPONENT, TOKENS, AES_KEYS[:key] + AES_KEYS[key + 1 :])
    assert refusal(*sent, fewer) in {"padding", "length", "tail"}


def test_the_newest_of_equal_tokens_and_keys_is_named():
    result = opened(query_with(), VALID.body, MessageKeys(COMPONENT, (TOKEN,) * 2, (KEY,) * 2))
    assert (result.token_index, result.key_index) == (0, 0)


def test_without_tokens_or_keys_nothing_opens():
    assert refusal(query_with(), VALID.body, replace(KEYS, tokens=())) == "signature"
    assert refusal(query_with(), VALID.body, replace(KEYS, aes_keys=())) == "padding"


def test_the_key_that_came_furthest_names_the_cause():
    query, body = push(encrypted(padded(layout(tail="wxba5fad812f8e6fb9"))))
    for keys in ((KEY, *AES_KEYS), (*AES_KEYS, KEY)):
        assert refusal(query, body, replace(KEYS, aes_keys=keys)) == "tail"


@pytest.mark.parametrize("last", "EFGH")
def test_a_key_with_loose_trailing_bits_is_legal(last):
    key = decode_aes_key(KEY_TEXT[:-1] + last)
    assert key == KEY
    assert opened(*wire(seal(aes_key=key))).message == MESSAGE


@pytest.mark.parametrize("end", ["", "A", "AAA", "A=", "A+", "A\n", "AA\n", "A１"])
def test_a_key_of_another_form_is_a_value_error_that_does_not_show_it(end):
    with pytest.raises(ValueError, match="43") as caught:
        decode_aes_key("A" * 41 + end)
    assert "AAAA" not in str(caught.value)


def splits(glued, token):
    """Every (timestamp, nonce, Encrypt) of the right lengths that glues to the same signed text."""
    for order in permutations(("timestamp", "nonce", "encrypt", "token")):
        for size in range(1, 33):
            sizes = {"timestamp": 10, "nonce": size, "token": len(token)}
            sizes["encrypt"] = len(glued) - sum(sizes.values())
            parts, start = {}, 0
            for name in order:
                parts[name] = glued[start : start + sizes[name]]
                start += sizes[name]
            if parts["token"] == token and sorted(parts.values()) == list(parts.values()):
                yield parts["timestamp"], parts["nonce"], parts["encrypt"]


def test_bytes_that_slide_between_the_signed_parts_never_make_another_message():
    chance = random.Random(20261123)
    fitting = other_ciphertexts = 0
    for _ in range(250):
        token = "".join(chance.choices("0123456789abcdefXYZ", k=chance.randint(3, 12)))
        keys = replace(KEYS, tokens=(token,), aes_keys=(chance.randbytes(32),))
        timestamp, nonce = str(chance.randint(10**9, 10**10 - 1)), str(chance.randint(1, 10**10))
        plain = padded(layout(chance.randbytes(chance.randint(0, 200))))
        encrypt = encrypted(plain, keys.aes_keys[0])
        original = opened(*push(encrypt, token=token, timestamp=timestamp, nonce=nonce), keys)
        glued = "".join(sorted((token, timestamp, nonce, encrypt)))
        for parts in set(splits(glued, token)) - {(timestamp, nonce, encrypt)}:
            fitting += 1
            query, body = push(parts[2], token=token, timestamp=parts[0], nonce=parts[1])
            other_ciphertexts += parts[2] != encrypt
            if parts[2] == encrypt and parts[0].isdigit() and parts[1].isalnum():
                # The protocol cannot tell these apart: the same ciphertext, so the same event once more.
                assert opened(query, body, keys).message == original.message
            else:
                assert refusal(query, body, keys)
    assert fitting > 100
    assert other_ciphertexts > 100


def test_secrets_do_not_show():
    shown = repr(MessageKeys(COMPONENT, ("canary-token",), (b"canary-key",)))
    shown += repr(opened(query_with(), VALID.body))
    assert "canary" not in shown
    assert "Event" not in shown


def test_a_push_is_not_sealed_from_parts_that_do_not_fit():
    for changes in (
        {"random16": b"0" * 15},
        {"random16": b"0" * 17},
        {"recipient": ("ToUserName", "]]><Encrypt>")},
        {"recipient": ("To UserName", "gh_1")},
        {"recipient": ("", "gh_1")},
    ):
        with pytest.raises(ValueError, match=r"16 random|plain id"):
            seal(**changes)


@pytest.mark.parametrize("nonce", ["", "n" * 33, "]]>", "1\n"])
def test_a_reply_with_another_nonce_than_a_push_has_is_not_sealed(nonce):
    with pytest.raises(ValueError, match="nonce"):
        seal_reply(MESSAGE, **PARTS | {"nonce": nonce})


ANY_PARTS = {
    "component_appid": st.from_regex("wx[0-9a-f]{16}", fullmatch=True),
    "token": st.text(st.characters(codec="utf-8"), min_size=1, max_size=32),
    "aes_key": st.from_regex("[0-9A-Za-z]{43}", fullmatch=True).map(decode_aes_key),
    "timestamp": st.integers(10**9, 10**10 - 1),
    "nonce": st.from_regex("[0-9A-Za-z]{1,32}", fullmatch=True),
    "random16": st.binary(min_size=16, max_size=16),
}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000), st.fixed_dictionaries(ANY_PARTS))
def test_what_is_sealed_opens(message, parts):
    sealed = seal(message, **parts)
    keys = MessageKeys(parts["component_appid"], (parts["token"],), (parts["aes_key"],))
    result = opened(*wire(sealed), keys)
    assert (result.message, result.timestamp, result.nonce) == (message, parts["timestamp"], parts["nonce"])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120) | st.just(query_with()), st.binary(max_size=200) | st.just(VALID.body))
def test_any_bytes_open_or_are_refused(query, body):
    try:
        result = opened(query, body)
    except EnvelopeRefused:
        return
    assert result.message == MESSAGE


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 6).flatmap(lambda blocks: st.binary(min_size=32 * blocks, max_size=32 * blocks)))
def test_a_signed_ciphertext_that_nobody_sealed_is_refused(ciphertext):
    assert refusal(*push(base64.b64encode(ciphertext).decode())) in {"padding", "length", "tail"}

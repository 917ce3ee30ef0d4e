"""A captured push explained: what is fine, what fails, why; and never anything else than `open_envelope`."""

import base64
import urllib.parse

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st
from known import AES_KEY_TEXT, COMPONENT, SHOP, TOKEN
from web.forgeries import KEY, forgeries, on_the_wire, seal

from reactor.core.checks import Health
from reactor.core.crypto import MessageKeys, decode_aes_key, open_envelope
from reactor.core.errors import EnvelopeRefused
from reactor.core.explain import Capture, explain
from reactor.core.meaning import masked
from reactor.simulator import pusher

AT = 1_790_000_000
KEYS = MessageKeys(COMPONENT, (TOKEN,), (KEY,))
APPROVAL = pusher.audit_success(user_name="gh_00000000000a", created_at=AT, succeeded_at=AT)
TICKET = pusher.ticket(component_appid=COMPONENT, created_at=AT, ticket="ticket@@@secret")
# The step that fails first is the one that `open_envelope` names, in other words.
STEPS = {
    "query": "query",
    "xml": "body",
    "base64": "Encrypt",
    "signature": "signature",
    "padding": "AES key",
    "length": "length",
    "tail": "recipient",
}


def captured(message=APPROVAL, path=None, **changes):
    query, body = on_the_wire(seal(message, AT, **changes))
    return Capture(query, body, path)


def failed(explanation):
    return [step for step in explanation.steps[:-1] if step.health is Health.BAD]


def step(explanation, name):
    (found,) = (one for one in explanation.steps if one.name == name)
    return found


def test_a_genuine_push_is_fine_in_every_step():
    found = explain(captured(), KEYS)
    assert found.accepted
    assert found.message == APPROVAL
    assert {one.health for one in found.steps} == {"ok"}
    assert "a release is opened" in step(found, "event").values["does"]


@pytest.mark.parametrize("name", forgeries(AT))
def test_every_forgery_fails_in_the_step_that_refuses_it(name):
    query, body = forgeries(AT)[name]
    found = explain(Capture(query, body), KEYS)
    with pytest.raises(EnvelopeRefused) as refused:
        open_envelope(query.encode(), body, keys=KEYS)
    assert not found.accepted
    assert failed(found)[0].name == STEPS[refused.value.cause]
    assert failed(found)[0].remedy


@given(st.text(), st.binary())
def test_nothing_that_is_captured_makes_it_stumble(query, body):
    assert not explain(Capture(query, body), KEYS).accepted


@given(st.text(), st.integers(0, 600), st.binary(max_size=3))
def test_a_spoilt_push_is_explained_and_judged_as_it_would_be(query, place, bytes_):
    good = captured()
    body = good.body[:place] + bytes_ + good.body[place + 1 :]
    for capture in (Capture(query, good.body), Capture(good.query, body)):
        found = explain(capture, KEYS)
        assert found.accepted == (not failed(found))


# -- likely causes ---------------------------------------------------------------------------------------


def remedies(capture, keys=KEYS):
    return " · ".join(one.remedy for one in failed(explain(capture, keys)))


def spoilt(change, **more):
    good = captured(**more)
    return Capture(good.query, change(good.body), None)


def test_a_changed_token_is_told_from_a_changed_body():
    assert "the token is another" in remedies(captured(token="another"))

    def change(body):
        place = body.index(b"<Encrypt><![CDATA[") + 40
        letter = b"A" if body[place : place + 1] != b"A" else b"B"
        return body[:place] + letter + body[place + 1 :]

    told = remedies(spoilt(change))
    assert "Encrypt was changed on the way" in told
    assert "the token is another" not in told


def test_another_key_and_another_component_are_told_apart():
    assert "the key is another" in remedies(captured(aes_key=bytes(32)))
    told = remedies(captured(component_appid="wx00000000000000ff"))
    assert "compare the AppID of 第三方平台" in told


def test_a_body_that_was_decoded_as_a_form_is_recognized():
    for number in range(50):  # some ciphertext with a + in it
        good = captured(random16=number.to_bytes(16, "big"))
        if b"+" in good.body:
            break
    told = remedies(Capture(good.query, good.body.replace(b"+", b" ")))
    assert "each + became a space" in told
    assert "Encrypt was changed on the way" not in told


def test_wrapped_lines_and_the_alphabet_of_urls_are_recognized():
    def wrapped(body):
        place = body.index(b"<Encrypt><![CDATA[") + 60
        return body[:place] + b"\n" + body[place:]

    found = explain(spoilt(wrapped), KEYS)
    assert "without wrapping" in step(found, "Encrypt").remedy
    assert step(found, "signature").text == "right as soon as the line breaks are gone"
    assert found.message == APPROVAL


@pytest.mark.parametrize(
    ("query", "remedy"),
    [
        ("timestamp=1&amp;nonce=2", "copied out of HTML"),
        ("signature=1&timestamp=1790000000&nonce=1", "choose 安全模式"),
        ("timestamp=1790000000000", "milliseconds"),
        ("timestamp=1790000000&timestamp=1790000000", "something on the way added it"),
        ("timestamp=1790000000&nonce=a%20b", "a space"),
        (f"timestamp=1790000000&nonce=1&msg_signature={'A' * 40}", "upper-case"),
        (
            f"timestamp=1790000000&nonce=1&msg_signature={'a' * 40}&encrypt_type=raw",
            "WeChat sends no such value",
        ),
        ("", "cut off"),
    ],
)
def test_slips_of_a_query_are_recognized(query, remedy):
    assert remedy in failed(explain(Capture(query, captured().body), KEYS))[0].remedy


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        (b'{"Encrypt": "x"}', "choose XML"),
        (b"&lt;xml&gt;", "copied out of HTML"),
        (APPROVAL, "choose 安全模式"),
        (b"<xml><Encrypt>abc", "cut off"),
        (b"", "give the body"),
        (b"<xml><a>b</a></xml>", "another sender"),
    ],
)
def test_slips_of_a_body_are_recognized(body, remedy):
    assert remedy in failed(explain(Capture(captured().query, body), KEYS))[0].remedy


def test_padding_to_16_bytes_is_recognized():
    plain = bytes(16) + (60).to_bytes(4, "big") + b"x" * 60 + COMPONENT.encode()
    pad = 16 - len(plain) % 16
    encryptor = Cipher(AES(KEY), CBC(KEY[:16])).encryptor()
    encrypt = base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()
    body = f"<xml><Encrypt>{encrypt}</Encrypt></xml>".encode()
    assert "this is 16-byte padding" in remedies(Capture(captured().query, body))


def test_while_they_rotate_it_is_told_which_token_and_which_key_fitted():
    other = decode_aes_key("B" * 43)
    found = explain(captured(), MessageKeys(COMPONENT, ("newtoken", TOKEN), (other, KEY)))
    assert step(found, "signature").values == {"number": 2, "all": 2}
    assert step(found, "AES key").values == {"number": 2, "all": 2}


# -- what it means ---------------------------------------------------------------------------------------


def test_an_old_push_is_told_to_be_stale():
    found = explain(captured(), KEYS, AT + 3600)
    assert "flagged as stale" in found.steps[-1].text
    assert found.steps[-1].values == {"minutes": 60}


@pytest.mark.parametrize(
    ("path", "health"),
    [
        ("/wechat/component", "ok"),
        (f"/wechat/authorizers/{SHOP}", "ok"),
        (f"/prefix/wechat/authorizers/{SHOP}/", "ok"),
        ("/wechat/authorizers/$APPID$", "bad"),
        (f"/wechat/authorizers/{COMPONENT}", "warn"),
        ("/wechat/events", "bad"),
    ],
)
def test_the_path_is_held_against_the_routes(path, health):
    assert step(explain(captured(path=path), KEYS), "path").health == health


def test_a_message_that_cannot_be_read_is_still_acknowledged():
    found = explain(captured(b"no xml"), KEYS)
    assert found.accepted
    assert step(found, "event").health == "warn"


def test_secrets_of_a_message_are_masked():
    code = pusher.authorized(
        component_appid=COMPONENT, created_at=AT, authorizer_appid=SHOP, authorization_code="code@@@secret"
    )
    for message in (TICKET, code):
        assert b"secret" in message
        assert "secret" not in masked(message.decode())
        assert "•••" in masked(message.decode())
    assert masked("<Content>QUERY_AUTH_CODE:secret</Content>") == "<Content>QUERY_AUTH_CODE:•••</Content>"
    assert masked(APPROVAL.decode()) == APPROVAL.decode()


def test_no_repr_shows_what_was_captured():
    found = explain(captured(TICKET), KEYS)
    assert "secret" not in repr(found)
    assert AES_KEY_TEXT not in repr(found)
    assert urllib.parse.quote(TOKEN) not in repr(found.steps)

"""A captured push taken apart step by step: what is fine, what fails, and what most likely lies behind it.

Whether a push is taken is decided by `open_envelope` alone; the steps go on where it stops, for a person.
"""

import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from reactor.core.checks import Check, Health
from reactor.core.crypto import BLOCK, MAX_PARAMETERS, MessageKeys, open_envelope, sign
from reactor.core.errors import EnvelopeRefused, UnreadableMessage
from reactor.core.meaning import meaning
from reactor.core.xmlgate import screen

_FORMS = {
    "timestamp": (r"[0-9]{10}", "10 digits"),
    "nonce": (r"[0-9A-Za-z]{1,32}", "1 to 32 letters or digits"),
    "msg_signature": (r"[0-9a-f]{40}", "40 lower-case hex digits"),
    "encrypt_type": (r"aes", "aes"),
}
_ENCRYPT = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</Encrypt>", re.DOTALL)
_SMALL_BLOCK = 16
_HEAD = 20
_MILLISECONDS = 13


@dataclass(frozen=True, slots=True)
class Capture:
    """What was captured: the query as it stood in the URL, and the body; `path` if it is known."""

    query: str
    body: bytes = field(repr=False)
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps, and the decrypted message as far as it could be had."""

    steps: tuple[Check, ...]
    message: bytes | None = field(repr=False)
    accepted: bool


def explain(capture: Capture, keys: MessageKeys, now: float | None = None) -> Explanation:
    """Take a push apart with the keys of this installation; `now` tells how late it would be."""
    fields = dict(parse_qsl(capture.query, keep_blank_values=True))
    encrypt = _encrypt_of(capture.body)
    steps = [_query(capture.query, fields), _body(capture.body, encrypt)]
    message = None
    if encrypt is not None:
        steps += [_base64(encrypt, keys), _signature(fields, encrypt, keys)]
        opened, message = _decryption(_lenient(encrypt), keys)
        steps += opened
    if message is not None:
        steps += meaning(message, capture.path, keys.component_appid)
    answer, accepted = _answer(capture, keys, now)
    return Explanation((*steps, answer), message, accepted)


def _fine(name: str, text: str, **values: object) -> Check:
    return Check(name, Health.OK, text, values=values)


def _bad(name: str, text: str, remedy: str = "", **values: object) -> Check:
    return Check(name, Health.BAD, text, remedy, values)


# -- query and body --------------------------------------------------------------------------------------


def _query(query: str, fields: dict[str, str]) -> Check:
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    if any(name.startswith("amp;") for name in names):
        return _bad("query", "&amp; stands where & should", "it was copied out of HTML; copy the URL itself")
    if len(names) > MAX_PARAMETERS or not query.isascii():
        return _bad("query", "it is none that WeChat writes", "another sender, or a slip in copying")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return _bad(
            "query", "{parameter} is there twice", "something on the way added it", parameter=twice[0]
        )
    for name, (form, words) in _FORMS.items():
        value = fields.get(name)
        if value is None:
            return _bad("query", "{parameter} is missing", _why_missing(name, fields), parameter=name)
        if not re.fullmatch(form, value):
            return _bad(
                "query", "{parameter} is not {form}", _why_odd(name, value), parameter=name, form=words
            )
    return _fine("query", "all four parameters have their form")


def _why_missing(name: str, fields: dict[str, str]) -> str:
    if name in ("msg_signature", "encrypt_type") and "signature" in fields:
        return "the console is set to plain text (明文模式): choose 安全模式"
    return "the query was cut off, or a proxy dropped it; WeChat always sends it"


def _why_odd(name: str, value: str) -> str:
    if name == "timestamp" and re.fullmatch(rf"[0-9]{{{_MILLISECONDS}}}", value):
        return "these are milliseconds; WeChat sends seconds, so this is another sender"
    if name == "msg_signature" and re.fullmatch(r"[0-9a-fA-F]{40}", value):
        return "upper-case letters: WeChat writes lower-case ones, so something rewrote it"
    if " " in value:
        return "a space: it was decoded once too often, or copied with a line break"
    return "WeChat sends no such value: another sender, or a slip in copying"


def _encrypt_of(body: bytes) -> str | None:
    """Encrypt as the gate reads it, else as a lenient eye finds it."""
    try:
        found = screen(body).leaves.get("Encrypt")
    except UnreadableMessage:
        found = None
    if found:
        return found
    lenient = _ENCRYPT.search(body)
    return lenient[1].decode("utf-8", "replace") if lenient else None


def _body(body: bytes, encrypt: str | None) -> Check:
    try:
        leaves = screen(body).leaves
    except UnreadableMessage as error:
        return _bad(
            "body", "it is not the XML that WeChat sends: {problem}", _why_no_xml(body), problem=str(error)
        )
    if leaves.get("Encrypt"):
        return _fine("body", "XML with Encrypt in it")
    if encrypt is None and {"MsgType", "InfoType"} & set(leaves):
        remedy = "the console is set to plain text (明文模式): choose 安全模式"
        return _bad("body", "a message in plain text, without Encrypt", remedy)
    return _bad("body", "there is no Encrypt directly under the root", "another sender, or a changed body")


def _why_no_xml(body: bytes) -> str:
    start = body.lstrip()[:5]
    if start[:1] in (b"{", b"["):
        return "it is JSON: choose XML as the data format in the console"
    if start.startswith(b"&lt;"):
        return "it was copied out of HTML, where < is written &lt;; copy the body itself"
    if b"<" in start and not body.rstrip().endswith(b">"):
        return "its end is missing: it was cut off on the way, or in copying"
    if not start:
        return "give the body as it arrived, with --file or on standard input"
    return "another sender, or a body that was changed on the way"


# -- Encrypt ---------------------------------------------------------------------------------------------


def _lenient(encrypt: str) -> bytes | None:
    """The ciphertext, with what a careless copy may have done to it undone."""
    text = re.sub(r"[\r\n\t]", "", encrypt).replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


# What does not stand in strict base64, and how it came there.
_SLIPS = (
    (r" ", "spaces in base64", "each + became a space: the body was decoded as a form on the way"),
    (r"[\r\n\t]", "line breaks in base64", "copy the body in one piece, without wrapping"),
    (r"[-_]", "- or _ in base64", "this is the alphabet of URLs; WeChat writes + and /"),
)


def _base64(encrypt: str, keys: MessageKeys) -> Check:
    name = "Encrypt"
    for pattern, text, remedy in _SLIPS:
        if re.search(pattern, encrypt):
            return _bad(name, text, remedy)
    try:
        ciphertext = binascii.a2b_base64(encrypt)
    except ValueError:
        ciphertext = b""
    if binascii.b2a_base64(ciphertext, newline=False).decode() != encrypt:
        return _bad(name, "it is no strict base64", "it was cut off, or letters were changed on the way")
    length = len(ciphertext)
    if length % BLOCK or length < 2 * BLOCK:
        text = "{length} bytes are no whole number of 32-byte blocks, or too few"
        return _bad(name, text, _why_no_blocks(ciphertext, keys), length=length)
    return _fine(name, "strict base64, {length} bytes", length=length)


def _why_no_blocks(ciphertext: bytes, keys: MessageKeys) -> str:
    whole = ciphertext and len(ciphertext) % _SMALL_BLOCK == 0
    if whole and any(_is_small_padding(_decrypt(key, ciphertext)) for key in keys.aes_keys):
        return "this is 16-byte padding: another sender than WeChat, which pads to 32 bytes"
    return "it was cut off, or encrypted by another sender than WeChat"


def _is_small_padding(plain: bytes) -> bool:
    return 1 <= plain[-1] <= _SMALL_BLOCK and plain.endswith(plain[-1:] * plain[-1])


def _signature(fields: dict[str, str], encrypt: str, keys: MessageKeys) -> Check:
    timestamp, nonce = fields.get("timestamp", ""), fields.get("nonce", "")
    claimed = fields.get("msg_signature", "").lower()

    def signer(text: str) -> int | None:
        fits = (n for n, token in enumerate(keys.tokens, 1) if sign(token, timestamp, nonce, text) == claimed)
        return next(fits, None)

    name = "signature"
    if number := signer(encrypt):
        return _fine(name, "made with token {number} of {all}", number=number, all=len(keys.tokens))
    if " " in encrypt and signer(encrypt.replace(" ", "+")):
        return _bad(
            name, "right as soon as each space is a + again", "the body was decoded as a form on the way"
        )
    if signer(re.sub(r"\s", "", encrypt)):
        return _bad(name, "right as soon as the line breaks are gone", "copy the body in one piece")
    plain = fields.get("signature", "")
    if any(_is_plain_signature(token, timestamp, nonce, plain) for token in keys.tokens):
        remedy = "the token is right (the other parameter `signature` fits): Encrypt was changed on the way"
        return _bad(name, "it does not fit Encrypt", remedy)
    remedy = (
        "the token is another: changed in the console, or another platform's; compare 消息校验Token with "
        "WECHAT_MESSAGE_TOKEN. Or somebody forged the push"
    )
    return _bad(name, "no token of this installation made it", remedy)


def _is_plain_signature(token: str, timestamp: str, nonce: str, claimed: str) -> bool:
    return bool(claimed) and sign(token, timestamp, nonce, "") == claimed


# -- the plaintext ---------------------------------------------------------------------------------------


def _decrypt(key: bytes, ciphertext: bytes) -> bytes:
    decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def _decryption(ciphertext: bytes | None, keys: MessageKeys) -> tuple[list[Check], bytes | None]:
    """What each key makes of it; the one that comes furthest is told."""
    if not ciphertext or len(ciphertext) % _SMALL_BLOCK:
        return [], None
    best: tuple[list[Check], bytes | None] = [], None
    for number, key in enumerate(keys.aes_keys, 1):
        found = _unpack(_decrypt(key, ciphertext), number, keys)
        if len(found[0]) > len(best[0]):
            best = found
    return best


def _unpack(plain: bytes, number: int, keys: MessageKeys) -> tuple[list[Check], bytes | None]:
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or not plain.endswith(bytes([pad]) * pad):
        remedy = (
            "the key is another: changed in the console, or another platform's; compare 消息加解密Key with "
            "WECHAT_ENCODING_AES_KEY, and keep the old one behind the new while they rotate"
        )
        return [_bad("AES key", "none of {all} keys opens it", remedy, all=len(keys.aes_keys))], None
    steps = [_fine("AES key", "key {number} of {all} opens it", number=number, all=len(keys.aes_keys))]
    end = len(plain) - pad
    middle = _HEAD + int.from_bytes(plain[16:_HEAD], "big")
    if middle > end:
        remedy = "most likely the key is another after all; else the sender does not write WeChat's layout"
        return [*steps, _bad("length", "the length inside does not fit", remedy)], None
    steps.append(_fine("length", "{length} bytes of message", length=middle - _HEAD))
    tail = plain[middle:end].decode("utf-8", "replace")
    message = plain[_HEAD:middle]
    if tail == keys.component_appid:
        return [*steps, _fine("recipient", "{tail}, this component", tail=tail)], message
    remedy = (
        "it was encrypted for another: compare the AppID of 第三方平台 with WECHAT_COMPONENT_APPID; a mini "
        "program's own AppID means that its own console pushes here"
    )
    text = "{tail}, while this component is {component}"
    return [*steps, _bad("recipient", text, remedy, tail=tail, component=keys.component_appid)], message


# -- the answer ------------------------------------------------------------------------------------------


def _answer(capture: Capture, keys: MessageKeys, now: float | None) -> tuple[Check, bool]:
    try:
        opened = open_envelope(capture.query.encode(), capture.body, keys=keys)
    except EnvelopeRefused as refused:
        return _bad("answer", "403, refused for its {cause}", cause=refused.cause), False
    late = 0 if now is None else round((now - opened.timestamp) / 60)
    if late > _STALE_MINUTES:
        text = "200 success; it is accepted though {minutes} minutes old by now, and flagged as stale"
        return _fine("answer", text, minutes=late), True
    return _fine("answer", "200 success"), True


_STALE_MINUTES = 5

"""WeChat's message encryption: open a push, seal one, seal a reply.

The signature is SHA-1 over sorted strings glued without separators, and the cipher is CBC without
authentication. So the form of every part is fixed first, the signature is compared next, and only what
passes both is decrypted.
https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html
"""

import binascii
import hashlib
import re
from dataclasses import dataclass, field
from hmac import compare_digest
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from reactor.core.errors import EnvelopeRefused, UnreadableMessage
from reactor.core.xmlgate import screen

BLOCK = 32  # WeChat pads to 32 bytes, twice the block of AES

_RANDOM = 16
_HEAD = _RANDOM + 4  # then comes the message, then the component's appid
MAX_PARAMETERS = 32

_QUERY_FORM = {
    "timestamp": re.compile("[0-9]{10}"),
    "nonce": re.compile("[0-9A-Za-z]{1,32}"),
    "msg_signature": re.compile("[0-9a-f]{40}"),
    "encrypt_type": re.compile("aes"),
}
_AES_KEY_FORM = re.compile("[0-9A-Za-z]{43}")
_RECIPIENT_FORM = re.compile("[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class MessageKeys:
    """What the component's console holds; tokens and AES keys newest first, several while they rotate."""

    component_appid: str
    tokens: tuple[str, ...] = field(repr=False)
    aes_keys: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A verified push: the inner XML, and which of the tokens and keys fitted (0 is the newest)."""

    message: bytes = field(repr=False)
    timestamp: int
    nonce: str
    token_index: int
    key_index: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A push as WeChat sends it: the query's parameters and the body."""

    query: dict[str, str]
    body: bytes


def decode_aes_key(text: str) -> bytes:
    """Turn the console's 43 characters into 32 bytes; ValueError when they are not 43 letters or digits.

    The last character carries two bits too many. WeChat does not ask them to be zero, so neither do we.
    """
    if not _AES_KEY_FORM.fullmatch(text):
        raise ValueError("an EncodingAESKey is exactly 43 letters or digits")
    return binascii.a2b_base64(text + "=")


def sign(token: str, timestamp: str, nonce: str, encrypt: str) -> str:
    """Return the msg_signature: lower-case hex of SHA-1 over the four strings, sorted by bytes and glued."""
    return _digest(token, timestamp, nonce, encrypt)


def open_envelope(query: bytes, body: bytes, *, keys: MessageKeys) -> Opened:
    """Verify and decrypt one push; `query` is the raw query string, `body` the raw outer XML.

    Raises EnvelopeRefused with the cause "query", "xml", "base64", "signature", "padding", "length" or
    "tail". The sender must not learn which.
    """
    fields = _read_query(query)
    encrypt = _read_body(body)
    ciphertext = _decode(encrypt)
    token_index = _signer(fields, encrypt, keys.tokens)
    message, key_index = _decrypt(ciphertext, keys)
    return Opened(message, int(fields["timestamp"]), fields["nonce"], token_index, key_index)


def seal_envelope(  # noqa: PLR0913 - chance and time are arguments, and the rest is the wire format
    message: bytes,
    *,
    component_appid: str,
    token: str,
    aes_key: bytes,
    timestamp: int,
    nonce: str,
    random16: bytes,
    recipient: tuple[str, str],
) -> Sealed:
    """Encrypt and sign a push as WeChat does.

    `recipient` is the outer element beside Encrypt: ("ToUserName", "gh_…") or ("AppId", "wx…").
    """
    if not all(_RECIPIENT_FORM.fullmatch(word) for word in recipient):
        raise ValueError("the recipient is an element's name and a plain id")
    element, name = recipient
    encrypt = _encrypt(message, component_appid, aes_key, random16)
    moment = str(timestamp)
    query = {
        "signature": _digest(token, moment, nonce),
        "timestamp": moment,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": sign(token, moment, nonce, encrypt),
    }
    lines = f"    <{element}><![CDATA[{name}]]></{element}>\n    <Encrypt><![CDATA[{encrypt}]]></Encrypt>\n"
    return Sealed(query, f"<xml>\n{lines}</xml>".encode())


def seal_reply(  # noqa: PLR0913 - as for seal_envelope
    message: bytes,
    *,
    component_appid: str,
    token: str,
    aes_key: bytes,
    timestamp: int,
    nonce: str,
    random16: bytes,
) -> bytes:
    """Encrypt and sign a passive reply; `nonce` echoes the push, `timestamp` is our own clock.

    A nonce of another form than a push's raises ValueError.
    """
    if not _QUERY_FORM["nonce"].fullmatch(nonce):
        raise ValueError("a nonce is 1 to 32 letters or digits")
    encrypt = _encrypt(message, component_appid, aes_key, random16)
    signature = sign(token, str(timestamp), nonce, encrypt)
    return (
        f"<xml>\n<Encrypt><![CDATA[{encrypt}]]></Encrypt>\n"
        f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>\n"
        f"<TimeStamp>{timestamp}</TimeStamp>\n<Nonce><![CDATA[{nonce}]]></Nonce>\n</xml>"
    ).encode()


def _digest(*parts: str) -> str:
    glued = b"".join(sorted(part.encode() for part in parts))
    return hashlib.sha1(glued, usedforsecurity=False).hexdigest()  # the protocol's choice, not ours


def _read_query(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise EnvelopeRefused("query") from None
    fields = dict(pairs)
    formed = all(form.fullmatch(fields.get(name, "")) for name, form in _QUERY_FORM.items())
    # With a name given twice, this reader and another one may each believe a different value.
    if not formed or len(fields) != len(pairs):
        raise EnvelopeRefused("query")
    return fields


def _read_body(body: bytes) -> str:
    """Return Encrypt and nothing else: its siblings are not covered by the signature."""
    try:
        encrypt = screen(body).leaves.get("Encrypt")
    except UnreadableMessage:
        raise EnvelopeRefused("xml") from None
    if not encrypt:
        raise EnvelopeRefused("xml")
    return encrypt


def _decode(encrypt: str) -> bytes:
    try:
        ciphertext = binascii.a2b_base64(encrypt)
    except ValueError:
        raise EnvelopeRefused("base64") from None
    # Writing it again finds every leniency of the decoder: spaces, stray letters, loose trailing bits.
    canonical = binascii.b2a_base64(ciphertext, newline=False).decode() == encrypt
    if not canonical or len(ciphertext) % BLOCK or len(ciphertext) < 2 * BLOCK:
        raise EnvelopeRefused("base64")
    return ciphertext


def _signer(fields: dict[str, str], encrypt: str, tokens: tuple[str, ...]) -> int:
    """Return the index of the token that signed; all are tried, so the time does not tell which."""
    claimed = fields["msg_signature"]
    fits = [
        compare_digest(sign(token, fields["timestamp"], fields["nonce"], encrypt), claimed)
        for token in tokens
    ]
    if not any(fits):
        raise EnvelopeRefused("signature")
    return fits.index(True)


def _decrypt(ciphertext: bytes, keys: MessageKeys) -> tuple[bytes, int]:
    """Return the message and the index of the first key that yields a whole plaintext."""
    tail = keys.component_appid.encode()
    causes = []
    for index, key in enumerate(keys.aes_keys):
        decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
        try:
            return _unpack(decryptor.update(ciphertext) + decryptor.finalize(), tail), index
        except EnvelopeRefused as refused:
            causes.append(refused.cause)
    # A wrong key nearly always fails at the padding; the one that came furthest tells what is wrong.
    furthest = max(causes, key=("padding", "length", "tail").index, default="padding")
    raise EnvelopeRefused(furthest)


def _unpack(plain: bytes, tail: bytes) -> bytes:
    """Take 16 random bytes, length, message, appid and padding apart, and check each of them."""
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or not compare_digest(plain[-pad:], bytes([pad]) * pad):
        raise EnvelopeRefused("padding")
    end = len(plain) - pad
    middle = _HEAD + int.from_bytes(plain[_RANDOM:_HEAD], "big")
    if middle > end:
        raise EnvelopeRefused("length")
    if not compare_digest(plain[middle:end], tail):
        raise EnvelopeRefused("tail")
    return plain[_HEAD:middle]


def _encrypt(message: bytes, component_appid: str, aes_key: bytes, random16: bytes) -> str:
    if len(random16) != _RANDOM:
        raise ValueError("exactly 16 random bytes go before a message")
    plain = b"".join((random16, len(message).to_bytes(4, "big"), message, component_appid.encode()))
    pad = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(AES(aes_key), CBC(aes_key[:16])).encryptor()
    ciphertext = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    return binascii.b2a_base64(ciphertext, newline=False).decode()

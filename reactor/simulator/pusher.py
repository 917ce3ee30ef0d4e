"""What WeChat pushes, and how: sealed, within five seconds, up to three times."""

import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from random import Random, SystemRandom
from urllib.parse import urlencode

import requests

from reactor.core.crypto import MessageKeys, Sealed, open_envelope, seal_envelope

COMPONENT_PATH = "/wechat/component"
AUTHORIZER_PATH = "/wechat/authorizers/"
SYSTEM_SENDER = "oSystemSender000000000000000"
TRIES = 3
TIMEOUT_SECONDS = 5.0
MOST_BYTES = 1 << 16

# What is left of requests' errors is wrong use, and must show.
NO_ANSWER = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

Spoil = Callable[[Sealed], Sealed]


def audit_success(
    *, user_name: str, created_at: int, succeeded_at: int, from_user_name: str = SYSTEM_SENDER
) -> bytes:
    """Write weapp_audit_success."""
    head = _event(user_name, from_user_name, created_at, "weapp_audit_success")
    return _xml(*head, f"<SuccTime>{succeeded_at}</SuccTime>")


def audit_fail(  # noqa: PLR0913 - the event's own fields
    *,
    user_name: str,
    created_at: int,
    failed_at: int,
    reason: str,
    screenshots: Collection[str] = (),
    from_user_name: str = SYSTEM_SENDER,
) -> bytes:
    """Write weapp_audit_fail."""
    head = _event(user_name, from_user_name, created_at, "weapp_audit_fail")
    shots = f"<ScreenShot>{'|'.join(screenshots)}</ScreenShot>" if screenshots else ""
    return _xml(*head, _text("Reason", reason), f"<FailTime>{failed_at}</FailTime>", shots)


def audit_delay(
    *, user_name: str, created_at: int, delayed_at: int, reason: str, from_user_name: str = SYSTEM_SENDER
) -> bytes:
    """Write weapp_audit_delay."""
    head = _event(user_name, from_user_name, created_at, "weapp_audit_delay")
    return _xml(*head, _text("Reason", reason), f"<DelayTime>{delayed_at}</DelayTime>")


def text(
    *, user_name: str, created_at: int, content: str, msg_id: int = 1, from_user_name: str = "oCustomer00000"
) -> bytes:
    """Write a customer's text message, which asks the reactor for nothing."""
    head = _addressed(user_name, from_user_name, created_at, "text")
    return _xml(*head, _text("Content", content), f"<MsgId>{msg_id}</MsgId>")


def ticket(*, component_appid: str, created_at: int, ticket: str) -> bytes:
    """Write component_verify_ticket."""
    head = _info(component_appid, created_at, "component_verify_ticket")
    return _xml(*head, _text("ComponentVerifyTicket", ticket))


def authorized(
    *, component_appid: str, created_at: int, authorizer_appid: str, authorization_code: str
) -> bytes:
    """Write authorized."""
    head = _info(component_appid, created_at, "authorized")
    return _xml(*head, *_granted(authorizer_appid, authorization_code, created_at))


def updateauthorized(
    *, component_appid: str, created_at: int, authorizer_appid: str, authorization_code: str
) -> bytes:
    """Write updateauthorized."""
    head = _info(component_appid, created_at, "updateauthorized")
    return _xml(*head, *_granted(authorizer_appid, authorization_code, created_at))


def unauthorized(*, component_appid: str, created_at: int, authorizer_appid: str) -> bytes:
    """Write unauthorized."""
    head = _info(component_appid, created_at, "unauthorized")
    return _xml(*head, _text("AuthorizerAppid", authorizer_appid))


def bad_signature(sealed: Sealed) -> Sealed:
    """Spoil msg_signature, in the right form."""
    return replace(sealed, query=sealed.query | {"msg_signature": "0" * 40})


def bad_timestamp(sealed: Sealed) -> Sealed:
    """Spoil the timestamp after it was signed."""
    return replace(sealed, query=sealed.query | {"timestamp": str(int(sealed.query["timestamp"]) + 1)})


def bad_body(sealed: Sealed) -> Sealed:
    """Spoil one letter of Encrypt after it was signed."""
    place = sealed.body.index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
    letter = b"B" if sealed.body[place : place + 1] == b"A" else b"A"
    return replace(sealed, body=sealed.body[:place] + letter + sealed.body[place + 1 :])


@dataclass(frozen=True, slots=True)
class PushResult:
    """How a push ended: `status` is None when nothing answered; `seconds` are those of the last try."""

    status: int | None
    body: bytes
    seconds: float
    tries: int

    @property
    def acknowledged(self) -> bool:
        """Whether the answer is the one that WeChat takes: 200 and exactly `success`."""
        return self.status == requests.codes.ok and self.body == b"success"


class Pusher:
    """Pushes to the reactor at `url` as WeChat does; another component_appid, token or key makes a forger."""

    def __init__(  # noqa: PLR0913 - the console's values, time and chance
        self,
        url: str,
        *,
        component_appid: str,
        token: str,
        aes_key: bytes,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.component_appid = component_appid
        self._token = token
        self._aes_key = aes_key
        self._clock = clock
        self._random = random or SystemRandom()

    def push(  # noqa: PLR0913 - the message, and each way to send it wrongly
        self,
        message: bytes,
        *,
        authorizer_appid: str | None = None,
        path: str | None = None,
        user_name: str | None = None,
        timestamp: int | None = None,
        timeout: float = TIMEOUT_SECONDS,
        tries: int = TRIES,
        spoil: Spoil | None = None,
    ) -> PushResult:
        """Seal a message and send it, the same bytes again while nothing answers.

        To the authorizer's route with an `authorizer_appid`, else to the component's, unless `path` says
        otherwise. `user_name` is the outer ToUserName (the inner one by default), which nothing protects.
        """
        sealed = self._seal(message, authorizer_appid, user_name, timestamp)
        if spoil is not None:
            sealed = spoil(sealed)
        if path is None:
            path = COMPONENT_PATH if authorizer_appid is None else AUTHORIZER_PATH + authorizer_appid
        url = f"{self.url}{path}?{urlencode(sealed.query)}"
        for number in range(1, max(tries, 1) + 1):
            result = _try(url, sealed.body, timeout, number)
            if result.status is not None:
                break
        return result

    def open(self, reply: bytes) -> bytes:
        """Verify and decrypt a passive reply to one of these pushes; EnvelopeRefused for whatever else."""
        names = {"timestamp": "TimeStamp", "nonce": "Nonce", "msg_signature": "MsgSignature"}
        query = {name: element(reply, tag) for name, tag in names.items()} | {"encrypt_type": "aes"}
        keys = MessageKeys(self.component_appid, (self._token,), (self._aes_key,))
        return open_envelope(urlencode(query).encode(), reply, keys=keys).message

    def _seal(
        self, message: bytes, authorizer_appid: str | None, user_name: str | None, timestamp: int | None
    ) -> Sealed:
        recipient = ("AppId", self.component_appid)
        if authorizer_appid is not None:
            recipient = ("ToUserName", user_name or _inner(message, "ToUserName") or "gh_000000000000")
        sealed = seal_envelope(
            message,
            component_appid=self.component_appid,
            token=self._token,
            aes_key=self._aes_key,
            timestamp=int(self._clock()) if timestamp is None else timestamp,
            nonce=str(self._random.randint(100_000_000, 2_000_000_000)),
            random16=self._random.randbytes(16),
            recipient=recipient,
        )
        openid = _inner(message, "FromUserName")
        if authorizer_appid is None or openid is None:
            return sealed
        return replace(sealed, query=sealed.query | {"openid": openid})


def _try(url: str, body: bytes, timeout: float, number: int) -> PushResult:
    """Send once on a connection of its own, and read the answer exactly, within `timeout` in all."""
    begun = time.monotonic()
    status: int | None = None
    answer = b""
    try:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Content-Type": "text/xml", "Connection": "close", "Accept-Encoding": "identity"}
            response = session.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
            )
            with response:
                answer = _read(response, begun + timeout)
                status = response.status_code
    except NO_ANSWER:
        answer = b""
    return PushResult(status, answer, time.monotonic() - begun, number)


def _read(response: requests.Response, deadline: float) -> bytes:
    """Read an answer whole, or raise: one that drips past the deadline is none."""
    answer = b""
    # Byte by byte, or a larger read would wait past the deadline for a whole piece.
    for piece in response.iter_content(chunk_size=1):
        answer += piece
        if time.monotonic() > deadline or len(answer) > MOST_BYTES:
            raise requests.Timeout
    return answer


def element(text: bytes, name: str) -> str:
    """The text of an element, with CDATA around it or not; empty where there is none."""
    found = re.search(rf"<{name}>(?:<!\[CDATA\[)?([^\]<]*)".encode(), text)
    return found[1].decode("utf-8", "replace") if found else ""


def _inner(message: bytes, name: str) -> str | None:
    found = re.search(rf"<{name}><!\[CDATA\[([^\]]*)\]\]></{name}>".encode(), message)
    return found[1].decode() if found else None


def _text(name: str, value: str) -> str:
    whole = value.replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{whole}]]></{name}>"


def _addressed(user_name: str, from_user_name: str, created_at: int, kind: str) -> tuple[str, ...]:
    return (
        _text("ToUserName", user_name),
        _text("FromUserName", from_user_name),
        f"<CreateTime>{created_at}</CreateTime>",
        _text("MsgType", kind),
    )


def _event(user_name: str, from_user_name: str, created_at: int, event: str) -> tuple[str, ...]:
    return (*_addressed(user_name, from_user_name, created_at, "event"), _text("Event", event))


def _info(component_appid: str, created_at: int, info_type: str) -> tuple[str, ...]:
    return (
        _text("AppId", component_appid),
        f"<CreateTime>{created_at}</CreateTime>",
        _text("InfoType", info_type),
    )


def _granted(authorizer_appid: str, authorization_code: str, created_at: int) -> tuple[str, ...]:
    return (
        _text("AuthorizerAppid", authorizer_appid),
        _text("AuthorizationCode", authorization_code),
        f"<AuthorizationCodeExpiredTime>{created_at + 600}</AuthorizationCodeExpiredTime>",
        _text("PreAuthCode", f"preauthcode@@@{authorizer_appid}"),
    )


def _xml(*elements: str) -> bytes:
    return f"<xml>{''.join(elements)}</xml>".encode()

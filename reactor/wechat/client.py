"""One call to WeChat: send it, read the answer whole and bounded, and say by meaning how it ended."""

import json
import re
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import requests
from requests.exceptions import InvalidSchema, InvalidURL

from reactor.core.errors import Answered, NotSent, OutcomeUnknown, WeChatError
from reactor.core.masks import hide
from reactor.wechat import evidence
from reactor.wechat.connection import NoConnectionError, unlogged

BODY_LIMIT = 1024 * 1024
_ERRMSG_LIMIT = 500
_RID = re.compile(r"\brid:\s*([0-9A-Za-z]+(?:-[0-9A-Za-z]+)+)")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CallRecord:
    """How one call ended, without secrets; `at` in Unix seconds, `errcode` None where the answer had none.

    `request` and `answer` are what was sent and what came back, for people to read.
    """

    call: str
    authorizer_appid: str | None
    at: float
    outcome: Literal["answered", "unknown", "not_sent"]
    http_status: int | None
    errcode: int | None
    errmsg: str | None
    rid: str | None
    ms: int
    request: str | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)


class OddAnswerError(Exception):
    """A JSON object that is not what the API promises; the text names the field and never a value."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `payload` None means GET, `secrets` are the values that no text may show."""

    call: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    payload: Mapping[str, Any] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    authorizer_appid: str | None = None


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Said:
    """What of an answer may be kept."""

    http_status: int | None = None
    errcode: int | None = None
    errmsg: str | None = None
    rid: str | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """The session and where it leads; `sink` gets the record of every finished call, failed ones too."""

    session: requests.Session = field(repr=False)
    api_url: str = field(repr=False)
    proxies: Mapping[str, str] = field(repr=False)
    timeout: tuple[float, float]
    clock: Callable[[], float]
    sink: Callable[[CallRecord], None]

    def ask(self, ask: Ask, read: Callable[[dict[str, Any]], _T]) -> _T:
        """Make the call and return what `read` makes of the answer; NotSent, OutcomeUnknown or Answered."""
        at, began = self.clock(), time.monotonic()
        with unlogged():
            reply = self._exchange(ask)
        # Raised outside of any except block: an error's __context__ would carry the URL along.
        answer = None
        if isinstance(reply, _Reply):
            said, ended = _judge(ask, reply, read)
            answer = evidence.of_answer(reply.body, ask.secrets)
        else:
            said, ended = _Said(getattr(reply, "http_status", None)), reply
        ms = int((time.monotonic() - began) * 1000)
        self.sink(
            CallRecord(
                call=ask.call,
                authorizer_appid=ask.authorizer_appid,
                at=at,
                outcome=_outcome(ended),
                http_status=said.http_status,
                errcode=said.errcode,
                errmsg=said.errmsg,
                rid=said.rid,
                ms=ms,
                request=evidence.of_request(ask.path, ask.query, ask.payload, ask.secrets),
                answer=answer,
            )
        )
        if isinstance(ended, WeChatError):
            raise ended
        return ended

    def _exchange(self, ask: Ask) -> _Reply | WeChatError:
        prepared = self._prepare(ask)
        if prepared is None:
            return _not_sent(ask, "the request cannot be built: check WECHAT_API_URL")
        status: int | None = None
        try:
            with self.session.send(
                prepared, stream=True, timeout=self.timeout, proxies=dict(self.proxies), allow_redirects=False
            ) as response:
                status = response.status_code
                return _Reply(status, _read_body(response))
        except NoConnectionError as error:
            through = " through WECHAT_PROXY_URL" if self.proxies else ""
            return _not_sent(ask, f"no connection to WeChat{through} ({error})")
        except (InvalidURL, InvalidSchema):
            return _not_sent(ask, "the request cannot be built: check WECHAT_API_URL and WECHAT_PROXY_URL")
        except OddAnswerError as error:
            return _unknown(ask, str(error), status)
        except Exception as error:  # noqa: BLE001 -- it may have left: of anything unforeseen that is all we know
            return _unknown(ask, type(error).__name__, status)

    def _prepare(self, ask: Ask) -> requests.PreparedRequest | None:
        get = ask.payload is None
        request = requests.Request(
            method="GET" if get else "POST",
            url=self.api_url + ask.path,
            params=dict(ask.query),
            data=None if get else json.dumps(ask.payload).encode(),
            headers=None if get else {"Content-Type": "application/json"},
        )
        try:
            return self.session.prepare_request(request)
        except (requests.RequestException, ValueError):
            return None


def _read_body(response: requests.Response) -> bytes:
    """Read the raw bytes up to the limit, and decode them up to the limit."""
    taken = bytearray()
    while len(taken) <= BODY_LIMIT:
        # A second read after the last byte is what tells half an answer from a whole one.
        chunk = response.raw.read(16 * 1024, decode_content=False)
        if not chunk:
            return _decode(bytes(taken), response.headers.get("Content-Encoding", ""))
        taken += chunk
    raise OddAnswerError("the answer is larger than 1 MiB")


def _decode(body: bytes, encoding: str) -> bytes:
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise OddAnswerError("the answer has an encoding that was not asked for")
    inflate = zlib.decompressobj(wbits=47)  # both headers; the limit below is what stops a bomb
    try:
        plain = inflate.decompress(body, BODY_LIMIT + 1)
    except zlib.error:
        raise OddAnswerError("the answer cannot be decompressed") from None
    if len(plain) > BODY_LIMIT:
        raise OddAnswerError("the answer is larger than 1 MiB")
    if not inflate.eof:
        raise OddAnswerError("the answer is cut off")
    return plain


def _judge(ask: Ask, reply: _Reply, read: Callable[[dict[str, Any]], _T]) -> tuple[_Said, _T | WeChatError]:
    """Decide by errcode; the HTTP status only says whether an answer can be WeChat's own."""
    said = _Said(reply.status)
    ok = 200 <= reply.status < 300  # noqa: PLR2004
    if not ok and not 400 <= reply.status < 500:  # noqa: PLR2004
        return said, _unknown(ask, f"HTTP {reply.status}", reply.status)
    try:
        fields = _json_object(reply.body)
        said = _listen(fields, reply.status, ask.secrets)
        if said.errcode:
            return said, Answered(ask.call, said.errcode, said.errmsg or "", rid=said.rid)
        ended = read(fields) if ok else _unknown(ask, f"HTTP {reply.status}", reply.status)
    except OddAnswerError as error:
        return said, _unknown(ask, f"HTTP {reply.status}, {error}", reply.status)
    return said, ended


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        # Not strict: control characters occur within WeChat's strings.
        found = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OddAnswerError("the answer is no JSON object")
    return found


def _listen(fields: dict[str, Any], status: int, secrets: tuple[str, ...]) -> _Said:
    errcode = fields.get("errcode")
    if isinstance(errcode, str) and re.fullmatch(r"-?[0-9]{1,9}", errcode):
        errcode = int(errcode)
    absent = "errcode" not in fields
    if not absent and (type(errcode) is not int or abs(errcode) >= 2**31):  # a bool is no errcode
        raise OddAnswerError("errcode is no number")
    errmsg = fields.get("errmsg")
    if not isinstance(errmsg, str):
        return _Said(status, errcode)
    errmsg = hide(errmsg, secrets)
    rid = _RID.search(errmsg)
    return _Said(status, errcode, errmsg[:_ERRMSG_LIMIT], rid[1][:64] if rid else None)


def _not_sent(ask: Ask, why: str) -> NotSent:
    return NotSent(ask.call, f"{why}; nothing was sent and nothing is lost, it is tried again")


def _unknown(ask: Ask, why: str, status: int | None) -> OutcomeUnknown:
    return OutcomeUnknown(
        ask.call,
        f"no usable answer ({why}); it may have happened, look before acting again",
        http_status=status,
    )


def _outcome(ended: object) -> Literal["answered", "unknown", "not_sent"]:
    if isinstance(ended, NotSent):
        return "not_sent"
    return "unknown" if isinstance(ended, OutcomeUnknown) else "answered"

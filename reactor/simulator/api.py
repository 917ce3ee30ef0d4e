"""One request to WeChat's API, from its path to its answer, with the checks that every call shares."""

import json
from dataclasses import dataclass, field
from typing import Any

from reactor.simulator.code_calls import CODE_CALLS
from reactor.simulator.component_calls import COMPONENT_CALLS
from reactor.simulator.message_calls import MESSAGE_CALLS
from reactor.simulator.platform import Platform
from reactor.simulator.records import Authorizer, Call, Live
from reactor.simulator.refusals import RefusalError, words

# 小程序开发与数据分析: without it nobody may touch versions.
CODE_PERMISSION = 18
CALLBACK_CHECK = "/cgi-bin/callback/check"


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived; `query` keeps the first value of each name."""

    method: str
    path: str
    query: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def call(self) -> str:
        """WeChat's name for the call."""
        return self.path.rsplit("/", 1)[-1]


def subject(platform: Platform, request: Request) -> str | None:
    """Guess whom a request is about, before anything is checked; None for the component itself."""
    if request.path in CODE_CALLS or request.path in MESSAGE_CALLS:
        with platform.lock:
            return platform.credentials.owner_of(request.query.get("access_token"))
    try:
        appid = _fields(request).get("authorizer_appid")
    except RefusalError:
        return None
    return appid if isinstance(appid, str) else None


def answer(platform: Platform, request: Request, *, fault: str | None = None) -> dict[str, Any]:
    """Let a request have its effect, record it, and give the answer."""
    with platform.lock:
        whom = subject(platform, request)
        before = _live(platform, whom)
        try:
            result = _carry_out(platform, request)
            errcode = 0
        except RefusalError as no:
            result = refusal(platform, no.errcode)
            errcode = no.errcode
        effective = _live(platform, whom) is not before
        platform.record(Call(platform.clock(), request.call, whom, errcode, effective, fault))
        return result


def refusal(platform: Platform, errcode: int) -> dict[str, Any]:
    """Write an errcode the way WeChat does, with a rid at the end of errmsg."""
    return {"errcode": errcode, "errmsg": f"{words(errcode)} rid: {platform.rid()}"}


def _carry_out(platform: Platform, request: Request) -> dict[str, Any]:
    if request.path in COMPONENT_CALLS:
        return _component_call(platform, request)
    if request.path in CODE_CALLS:
        return _code_call(platform, request)
    if request.path == CALLBACK_CHECK:
        return _callback_check(platform)
    if request.path in MESSAGE_CALLS:
        return _message_call(platform, request)
    raise RefusalError(40066)


def _callback_check(platform: Platform) -> dict[str, Any]:
    """Say what pinging the host of the callback URL came to."""
    _check_caller(platform)
    loss = "0%" if platform.pingable else "100%"
    ping = {"ip": "192.0.2.1", "from_operator": "CAP", "package_loss": loss, "time": "12.3ms"}
    return {"dns": [{"ip": "192.0.2.1", "real_operator": "UNICOM"}], "ping": [ping]}


def _component_call(platform: Platform, request: Request) -> dict[str, Any]:
    needs_token, run = COMPONENT_CALLS[request.path]
    _check_method(request, "POST")
    _check_caller(platform)
    if needs_token:
        # The new documentation says access_token, the old one component_access_token; WeChat takes both.
        token = request.query.get("component_access_token") or request.query.get("access_token")
        if platform.credentials.holder(token) is not None:
            raise RefusalError(61014)
    body = _fields(request)
    if body.get("component_appid") != platform.component_appid:
        raise RefusalError(40013)
    return run(platform, body)


def _code_call(platform: Platform, request: Request) -> dict[str, Any]:
    method, run = CODE_CALLS[request.path]
    _check_method(request, method)
    _check_caller(platform)
    authorizer = _authorizer(platform, request)
    if CODE_PERMISSION not in authorizer.func_ids:
        raise RefusalError(61007)
    fields = _fields(request) if method == "POST" else dict(request.query)
    return {"errcode": 0, "errmsg": "ok"} | run(platform, authorizer, fields)


def _message_call(platform: Platform, request: Request) -> dict[str, Any]:
    _check_method(request, "POST")
    _check_caller(platform)
    authorizer = _authorizer(platform, request)
    run = MESSAGE_CALLS[request.path]
    return {"errcode": 0, "errmsg": "ok"} | run(platform, authorizer, _fields(request))


def _authorizer(platform: Platform, request: Request) -> Authorizer:
    appid = platform.credentials.holder(request.query.get("access_token"))
    if appid is None:
        raise RefusalError(61015)
    authorizer = platform.authorizer(appid)
    if not authorizer.authorized:
        raise RefusalError(61003)
    return authorizer


def _check_method(request: Request, method: str) -> None:
    if request.method != method:
        raise RefusalError(43002 if method == "POST" else 43001)


def _check_caller(platform: Platform) -> None:
    if not platform.allowed:
        raise RefusalError(61004)


def _fields(request: Request) -> dict[str, Any]:
    if not request.body:
        raise RefusalError(44002)
    try:
        fields = json.loads(request.body)
    except (ValueError, RecursionError):
        raise RefusalError(47001) from None
    if not isinstance(fields, dict):
        raise RefusalError(47001)
    return fields


def _live(platform: Platform, appid: str | None) -> Live | None:
    authorizer = platform.find(appid)
    return authorizer.live if authorizer else None

"""The gestures over HTTP, under `/_simulator/`: for people, and for programs that are not Python."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform
from reactor.simulator.records import Authorizer, Message

Fields = dict[str, Any]


def state(platform: Platform) -> Fields:
    """Show accounts, audits, what is live, calls and planned faults; no token, no secret."""
    with platform.lock:
        return {
            "component_appid": platform.component_appid,
            "allowed": platform.allowed,
            "authorizers": [_authorizer(one) for one in platform.authorizers()],
            "calls": [asdict(call) for call in platform.calls],
            "messages": [_message(one) for one in platform.messages],
            "faults": [_fault(fault) for fault in platform.faults_left()],
        }


def gesture(platform: Platform, name: str, body: bytes) -> Fields:
    """Make one of GESTURES with the fields of a JSON object; a ValueError for what cannot be done."""
    fields = json.loads(body or b"{}")
    if not isinstance(fields, dict):
        raise ValueError("the body is a JSON object, or empty")  # noqa: TRY004 - the caller's value, not our type
    try:
        return GESTURES[name](platform, **fields)
    except TypeError as wrong:
        # Python's own words name the missing or unknown field.
        raise ValueError(str(wrong)) from None


def _ticket(platform: Platform) -> Fields:
    return {"component_verify_ticket": platform.issue_ticket()}


def _authorize(platform: Platform, authorizer_appid: str, **fields: Any) -> Fields:
    return {"authorization_code": platform.authorize(authorizer_appid, **fields)}


def _unauthorize(platform: Platform, authorizer_appid: str) -> Fields:
    platform.unauthorize(authorizer_appid)
    return {}


def _submit_audit(
    platform: Platform, authorizer_appid: str, user_version: str, user_desc: str = ""
) -> Fields:
    return {"auditid": platform.submit_audit(authorizer_appid, user_version, user_desc)}


def _approve(platform: Platform, authorizer_appid: str) -> Fields:
    return {"SuccTime": platform.approve(authorizer_appid)}


def _reject(platform: Platform, authorizer_appid: str, reason: str) -> Fields:
    return {"FailTime": platform.reject(authorizer_appid, reason)}


def _delay(platform: Platform, authorizer_appid: str, reason: str) -> Fields:
    return {"DelayTime": platform.delay(authorizer_appid, reason)}


def _withdraw(platform: Platform, authorizer_appid: str) -> Fields:
    platform.withdraw(authorizer_appid)
    return {}


def _start_gray(platform: Platform, authorizer_appid: str, percentage: int) -> Fields:
    platform.start_gray(authorizer_appid, percentage)
    return {}


def _end_gray(platform: Platform, authorizer_appid: str) -> Fields:
    platform.end_gray(authorizer_appid)
    return {}


def _expire_access_tokens(platform: Platform, authorizer_appid: str | None = None) -> Fields:
    platform.expire_access_tokens(authorizer_appid)
    return {}


def _expire_component_token(platform: Platform) -> Fields:
    platform.expire_component_token()
    return {}


def _rotate_refresh_token(platform: Platform, authorizer_appid: str) -> Fields:
    platform.rotate_refresh_token(authorizer_appid)
    return {}


def _allow(platform: Platform, *, allowed: bool) -> Fields:
    platform.allowed = allowed
    return {}


def _plan(platform: Platform, **fields: Any) -> Fields:
    if str(fields.get("kind")).startswith("hold"):
        raise ValueError("a hold needs somebody in this process to let it go")
    return _fault(platform.plan(Fault(**fields)))


GESTURES: dict[str, Callable[..., Fields]] = {
    "ticket": _ticket,
    "authorize": _authorize,
    "unauthorize": _unauthorize,
    "submit_audit": _submit_audit,
    "approve": _approve,
    "reject": _reject,
    "delay": _delay,
    "withdraw": _withdraw,
    "start_gray": _start_gray,
    "end_gray": _end_gray,
    "expire_access_tokens": _expire_access_tokens,
    "expire_component_token": _expire_component_token,
    "rotate_refresh_token": _rotate_refresh_token,
    "allow": _allow,
    "fault": _plan,
}


def _authorizer(one: Authorizer) -> Fields:
    return {
        "authorizer_appid": one.appid,
        "user_name": one.user_name,
        "nick_name": one.nick_name,
        "authorized": one.authorized,
        "func_ids": list(one.func_ids),
        "live": asdict(one.live) if one.live else None,
        "gray": asdict(one.gray),
        "audits": [asdict(audit) for audit in one.audits],
    }


def _message(one: Message) -> Fields:
    """Without the content: the examiner's holds a code, which is no business of a state that shows none."""
    digest = hashlib.sha256(one.content.encode()).hexdigest()
    return {"authorizer_appid": one.authorizer_appid, "touser": one.touser, "sha256": digest, "at": one.at}


def _fault(fault: Fault) -> Fields:
    return {
        "call": fault.call,
        "kind": fault.kind,
        "authorizer_appid": fault.authorizer_appid,
        "times": fault.times,
        "errcode": fault.errcode,
        "seconds": fault.seconds,
    }

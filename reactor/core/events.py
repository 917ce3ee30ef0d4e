"""Decrypted XML to frozen events, by content: InfoType speaks of authorizations, Event of a mini program.

https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/code/audit_event.html
https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/authorize_event.html
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from reactor.core.errors import UnreadableMessage
from reactor.core.xmlgate import read_xml, screen

_APPID_FORM = re.compile("wx[0-9a-f]{16}")
_MOMENT_FORM = re.compile("[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class TicketPushed:
    """The component_verify_ticket, every ten minutes; good for twelve hours."""

    kind: ClassVar[Literal["component_verify_ticket"]] = "component_verify_ticket"
    created_at: int
    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthorizationGranted:
    """A merchant authorized the component, or changed what it may do; the code works once."""

    kind: Literal["authorized", "updateauthorized"]
    created_at: int
    authorizer_appid: str
    authorization_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthorizationRevoked:
    """A merchant took the authorization back."""

    kind: ClassVar[Literal["unauthorized"]] = "unauthorized"
    created_at: int
    authorizer_appid: str


@dataclass(frozen=True, slots=True)
class AuditSucceeded:
    """A version passed the audit; WeChat does not say which one."""

    kind: ClassVar[Literal["audit_success"]] = "audit_success"
    to_user_name: str
    from_user_name: str
    created_at: int
    succeeded_at: int


@dataclass(frozen=True, slots=True)
class AuditFailed:
    """A version was rejected; `reason` is WeChat's HTML, `screenshots` are media ids."""

    kind: ClassVar[Literal["audit_fail"]] = "audit_fail"
    to_user_name: str
    from_user_name: str
    created_at: int
    failed_at: int
    reason: str
    screenshots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditDelayed:
    """The audit takes longer; a success or a failure follows. `reason` is WeChat's HTML."""

    kind: ClassVar[Literal["audit_delay"]] = "audit_delay"
    to_user_name: str
    from_user_name: str
    created_at: int
    delayed_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """Anything that asks for nothing but the acknowledgement, by the name WeChat gives it."""

    kind: ClassVar[Literal["other"]] = "other"
    name: str


KnownEvent = (
    TicketPushed | AuthorizationGranted | AuthorizationRevoked | AuditSucceeded | AuditFailed | AuditDelayed
)
Event = KnownEvent | OtherEvent


def parse_event(message: bytes) -> Event:
    """Read one decrypted message.

    Raises UnreadableMessage for XML the gate refuses, and for a known event that lacks what it lives on.
    """
    screened = screen(message)
    readers, name = _classify(_Fields(screened.leaves))
    reader = readers.get(name.lower())
    if reader is None:
        return OtherEvent(name)  # most pushes ask for nothing, and end here
    _, children = read_xml(screened)
    return reader(_Fields(children))


def identity(event: KnownEvent, authorizer_appid: str | None) -> str:
    """Return the natural key, equal for every repetition of one event: 64 hex digits.

    `authorizer_appid` is the path's; an authorization names its authorizer itself, and that one counts.
    """
    key = (
        getattr(event, "authorizer_appid", authorizer_appid),
        event.kind,
        getattr(event, "to_user_name", ""),
        getattr(event, "from_user_name", ""),
        event.created_at,
    )
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()


class _Fields:
    """The children of the root, read by name; element names are exact, space around values is not."""

    __slots__ = ("_children",)

    def __init__(self, children: dict[str, Any]) -> None:
        self._children = children

    def optional(self, name: str) -> str:
        value = self._children.get(name)
        return value.strip() if isinstance(value, str) else ""

    def text(self, name: str) -> str:
        value = self.optional(name)
        if not value:
            raise UnreadableMessage(f"{name} is missing")
        return value

    def appid(self, name: str) -> str:
        value = self.text(name)
        if not _APPID_FORM.fullmatch(value):
            raise UnreadableMessage(f"{name} is not wx and 16 hex digits")
        return value

    def seconds(self, name: str, *, otherwise: str | None = None) -> int:
        """Return Unix seconds; when the element is empty, 0 or missing, those of `otherwise`."""
        value = self.optional(name)
        if otherwise is not None and not value.strip("0"):
            return self.seconds(otherwise)  # 1970 would make every live version one since the approval
        if not _MOMENT_FORM.fullmatch(value):
            raise UnreadableMessage(f"{name} is no moment of 1 to 10 digits")
        return int(value)


_Readers = dict[str, Callable[[_Fields], KnownEvent]]


def _classify(fields: _Fields) -> tuple[_Readers, str]:
    """Return the family the message belongs to and its name there, as WeChat wrote it."""
    info_type, msg_type, event = (fields.optional(name) for name in ("InfoType", "MsgType", "Event"))
    if info_type and not msg_type and not event:
        return _BY_INFO_TYPE, info_type
    if event and msg_type.lower() in {"event", ""}:
        return _BY_EVENT, event
    return {}, msg_type or "unknown"


def _ticket(fields: _Fields) -> TicketPushed:
    return TicketPushed(fields.seconds("CreateTime"), fields.text("ComponentVerifyTicket"))


def _authorized(fields: _Fields) -> AuthorizationGranted:
    return _granted("authorized", fields)


def _updateauthorized(fields: _Fields) -> AuthorizationGranted:
    return _granted("updateauthorized", fields)


def _granted(kind: Literal["authorized", "updateauthorized"], fields: _Fields) -> AuthorizationGranted:
    return AuthorizationGranted(
        kind,
        fields.seconds("CreateTime"),
        fields.appid("AuthorizerAppid"),
        fields.text("AuthorizationCode"),
    )


def _unauthorized(fields: _Fields) -> AuthorizationRevoked:
    return AuthorizationRevoked(fields.seconds("CreateTime"), fields.appid("AuthorizerAppid"))


def _sender(fields: _Fields) -> tuple[str, str, int]:
    """Return what every audit event begins with: to, from, when."""
    return fields.text("ToUserName"), fields.optional("FromUserName"), fields.seconds("CreateTime")


def _audit_success(fields: _Fields) -> AuditSucceeded:
    return AuditSucceeded(*_sender(fields), fields.seconds("SuccTime", otherwise="CreateTime"))


def _audit_fail(fields: _Fields) -> AuditFailed:
    screenshots = (media_id.strip() for media_id in fields.optional("ScreenShot").split("|"))
    return AuditFailed(
        *_sender(fields),
        fields.seconds("FailTime", otherwise="CreateTime"),
        fields.optional("Reason"),
        tuple(filter(None, screenshots)),
    )


def _audit_delay(fields: _Fields) -> AuditDelayed:
    return AuditDelayed(
        *_sender(fields),
        fields.seconds("DelayTime", otherwise="CreateTime"),
        fields.optional("Reason"),
    )


_BY_INFO_TYPE: _Readers = {
    "component_verify_ticket": _ticket,
    "authorized": _authorized,
    "updateauthorized": _updateauthorized,
    "unauthorized": _unauthorized,
}
_BY_EVENT: _Readers = {
    "weapp_audit_success": _audit_success,
    "weapp_audit_fail": _audit_fail,
    "weapp_audit_delay": _audit_delay,
}


def unreadable_identity(message: bytes, authorizer_appid: str | None) -> str:
    """Return the key of a message that nobody can read: its very bytes, at its path."""
    path = json.dumps(["unreadable", authorizer_appid]).encode()
    return hashlib.sha256(path + message).hexdigest()

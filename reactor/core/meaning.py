"""What a decrypted message means, and what this program does about it."""

import re

from reactor.core.checks import Check, Health
from reactor.core.errors import UnreadableMessage
from reactor.core.events import (
    AuditDelayed,
    AuditFailed,
    AuditSucceeded,
    AuthorizationGranted,
    AuthorizationRevoked,
    Event,
    OtherEvent,
    TicketPushed,
    parse_event,
)

_SECRET = re.compile(
    r"(<(ComponentVerifyTicket|AuthorizationCode|PreAuthCode)>\s*(?:<!\[CDATA\[)?)(.*?)((?:\]\]>)?\s*</\2>)",
    re.DOTALL,
)
_CODE_IN_TEXT = re.compile(r"(QUERY_AUTH_CODE:)[^\]<\s]+")
_PATH = re.compile(r"/wechat/(component|authorizers/(?P<appid>[^/?]*))/?$")
_APPID = re.compile(r"wx[0-9a-f]{16}")


def masked(message: str) -> str:
    """The message without tickets and codes."""
    return _CODE_IN_TEXT.sub(r"\1•••", _SECRET.sub(r"\1•••\4", message))


def meaning(message: bytes, path: str | None, component_appid: str) -> list[Check]:
    """The event, what would be done about it, and whether it came to the right path."""
    try:
        event = parse_event(message)
    except UnreadableMessage as error:
        text = "the message inside cannot be read: {problem}"
        remedy = "acknowledged and kept as unreadable; WeChat would send the same again"
        return [Check("event", Health.WARN, text, remedy, {"problem": str(error)})]
    name = event.kind if event.kind != "other" else event.name
    told = [Check("event", Health.OK, "{event}: {does}", values={"event": name, "does": _DOES[type(event)]})]
    return [*told, *([] if path is None else [_path(event, path, component_appid)])]


_DOES: dict[type[Event], str] = {
    TicketPushed: "the ticket is kept; whoever waits for one goes on",
    AuthorizationGranted: "the code is kept, and the worker exchanges it at once",
    AuthorizationRevoked: "the authorization ends, and what waits for release is cancelled",
    AuditSucceeded: "a release is opened as the policy says; the worker looks, releases, checks",
    AuditFailed: "the rejection is recorded with its reason",
    AuditDelayed: "the delay is recorded with its reason",
    OtherEvent: "acknowledged and counted; nothing else is done",
}


def _path(event: Event, path: str, component_appid: str) -> Check:
    found = _PATH.search(path)
    if not found:
        remedy = "the console's URLs are /wechat/component and /wechat/authorizers/$APPID$"
        return Check("path", Health.BAD, "{path} is no callback of this program", remedy, {"path": path})
    appid = found["appid"]
    if appid is not None and not _APPID.fullmatch(appid):
        remedy = "write $APPID$ in 消息与事件接收URL; WeChat puts the mini program's AppID there"
        return Check("path", Health.BAD, "{path} names no mini program: 404", remedy, {"path": path})
    if appid == component_appid:
        text = "{path} names the component, where a mini program's AppID should be"
        return Check("path", Health.WARN, text, "write $APPID$ in 消息与事件接收URL", {"path": path})
    audit = isinstance(event, AuditSucceeded | AuditFailed | AuditDelayed)
    if audit and appid is None:
        text = "on the component's route: it belongs to the mini program whose original id it names"
        return Check("path", Health.OK, text)
    return Check("path", Health.OK, "{path}", values={"path": path})

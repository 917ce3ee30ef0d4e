"""The call that sends a customer-service message, `/cgi-bin/message/custom/send`: fields in, answer out."""

from typing import Any

from reactor.simulator.platform import Platform
from reactor.simulator.records import Authorizer, Message
from reactor.simulator.refusals import RefusalError

# 消息管理 of an official account, 客服消息管理 of a mini program.
MESSAGE_PERMISSIONS = {1, 19}


def send(platform: Platform, authorizer: Authorizer, fields: dict[str, Any]) -> dict[str, Any]:
    """Send one text to somebody who wrote to the account.

    https://developers.weixin.qq.com/doc/oplatform/openApi/miniprogram-customer-service/api_sendcustommessage
    """
    if not MESSAGE_PERMISSIONS & set(authorizer.func_ids):
        raise RefusalError(48001)
    text = fields.get("text")
    content = text.get("content") if isinstance(text, dict) else None
    touser = fields.get("touser")
    if not isinstance(touser, str) or not touser:
        raise RefusalError(40003)
    if fields.get("msgtype") != "text" or not isinstance(content, str) or not content:
        raise RefusalError(40008)
    platform.messages.append(Message(authorizer.appid, touser, content, int(platform.clock())))
    return {}


MESSAGE_CALLS = {"/cgi-bin/message/custom/send": send}

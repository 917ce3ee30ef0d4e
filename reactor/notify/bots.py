"""The bots of WeCom, Feishu, DingTalk and Slack: plain text, which no vendor reads as markup.

The first three answer HTTP 200 to everything; whether it arrived is in the body.
Their documents: developer.work.weixin.qq.com/document/path/91770, open.feishu.cn (custom bots),
open.dingtalk.com (custom robots), api.slack.com/messaging/webhooks.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import quote_plus

from reactor.core.channels import DingTalk, Feishu, Slack, WeCom
from reactor.core.notices import Message
from reactor.core.plain import plain
from reactor.notify.outside import Outside
from reactor.notify.undelivered import Undelivered
from reactor.notify.wire import Answer, judge, post

WECOM_BYTES, FEISHU_BYTES, DINGTALK_BYTES, SLACK_BYTES = 2048, 16_000, 16_000, 12_000
# What is over after a while; anything else the bot would answer again.
_WECOM_AGAIN: Mapping[int, float] = {-1: 0.0, 45009: 60.0, 45033: 5.0}
_FEISHU_AGAIN: Mapping[int, float] = {11232: 60.0, 11233: 60.0, 9499: 0.0}
_DINGTALK_AGAIN: Mapping[int, float] = {-1: 0.0, 130101: 600.0, 430101: 60.0, 410100: 600.0}


def _body(data: Mapping[str, object]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def _hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode("ascii")


def _accept(answer: Answer, code: str, text: str, again: Mapping[int, float]) -> None:
    """Undelivered unless the body says 0."""
    judge(answer)
    data = answer.json()
    errcode = data.get(code)
    if errcode == 0:
        return
    if not isinstance(errcode, int):
        raise Undelivered("the answer is not the bot's")
    said = f"the bot answered {errcode} {plain(str(data.get(text, '')), 120)}".rstrip()
    raise Undelivered(said, for_good=errcode not in again, wait=again.get(errcode, 0.0))


def send_wecom(channel: WeCom, message: Message, outside: Outside) -> None:
    """To a WeCom group."""
    body = {"msgtype": "text", "text": {"content": message.shortened(WECOM_BYTES)}}
    target = f"/cgi-bin/webhook/send?key={channel.key}"
    _accept(post(outside, "qyapi.weixin.qq.com", target, _body(body)), "errcode", "errmsg", _WECOM_AGAIN)


def send_feishu(channel: Feishu, message: Message, outside: Outside, now: float) -> None:
    """To a Feishu group; of the signature the time and the secret are the key, and nothing is signed."""
    body: dict[str, object] = {"msg_type": "text", "content": {"text": message.shortened(FEISHU_BYTES)}}
    if channel.secret is not None:
        timestamp = str(int(now))
        body |= {"timestamp": timestamp, "sign": _hmac(f"{timestamp}\n{channel.secret}", "")}
    answer = post(outside, "open.feishu.cn", f"/open-apis/bot/v2/hook/{channel.token}", _body(body))
    if answer.status == 400:  # noqa: PLR2004 - Feishu's way of saying what is wrong in the body
        answer = Answer(200, answer.body)
    _accept(answer, "code", "msg", _FEISHU_AGAIN)


def send_dingtalk(channel: DingTalk, message: Message, outside: Outside, now: float) -> None:
    """To a DingTalk group; time and secret are signed with the secret."""
    body = {"msgtype": "text", "text": {"content": message.shortened(DINGTALK_BYTES)}}
    target = f"/robot/send?access_token={channel.token}"
    if channel.secret is not None:
        timestamp = str(int(now * 1000))
        sign = quote_plus(_hmac(channel.secret, f"{timestamp}\n{channel.secret}"))
        target = f"{target}&timestamp={timestamp}&sign={sign}"
    _accept(post(outside, "oapi.dingtalk.com", target, _body(body)), "errcode", "errmsg", _DINGTALK_AGAIN)


def send_slack(channel: Slack, message: Message, outside: Outside) -> None:
    """To a Slack channel; its three special characters are escaped, and nothing is read as markup."""
    text = message.shortened(SLACK_BYTES)
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(letter, entity)
    body = {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
    judge(post(outside, "hooks.slack.com", f"/services/{channel.path}", _body(body)))

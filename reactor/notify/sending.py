"""One message to one channel, whatever its kind."""

from reactor.core.channels import Apprise, Channel, DingTalk, Feishu, Mail, Slack, Webhook, WeCom
from reactor.core.notices import Message
from reactor.notify.bots import send_dingtalk, send_feishu, send_slack, send_wecom
from reactor.notify.mail import send_mail
from reactor.notify.others import send_by_apprise
from reactor.notify.outside import Outside
from reactor.notify.webhook import send_webhook


def send(channel: Channel, message: Message, outside: Outside, *, now: float, message_id: str) -> None:
    """Send it; Undelivered when it did not arrive. `message_id` stays the same from try to try."""
    match channel:
        case WeCom():
            send_wecom(channel, message, outside)
        case Feishu():
            send_feishu(channel, message, outside, now)
        case DingTalk():
            send_dingtalk(channel, message, outside, now)
        case Slack():
            send_slack(channel, message, outside)
        case Mail():
            send_mail(channel, message, outside, message_id)
        case Webhook():
            send_webhook(channel, message, outside, now, message_id)
        case Apprise():
            send_by_apprise(channel, message)

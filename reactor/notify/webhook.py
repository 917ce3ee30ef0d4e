"""Anybody's URL, signed as Standard Webhooks 1.0.0 says (standardwebhooks.com): id, time and body."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from reactor.core.channels import Webhook
from reactor.core.notices import Message
from reactor.notify.guard import refuse_inner
from reactor.notify.outside import Outside
from reactor.notify.wire import judge, post

MOST_ITEMS = 50  # the specification asks for bodies below 20 kB


def send_webhook(channel: Webhook, message: Message, outside: Outside, now: float, webhook_id: str) -> None:
    """Post it; `webhook_id` stays the same from try to try, so that a receiver can drop repetitions."""
    body = payload(message)
    timestamp = str(int(now))
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_sign(channel.secret, webhook_id, timestamp, body)}",
    }
    judge(post(outside, channel.host, channel.target, body, headers=headers, check=refuse_inner))


def payload(message: Message) -> bytes:
    """`type`, `timestamp` and `data`, as the specification recommends."""
    at = datetime.fromtimestamp(message.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    data = {
        "text": "\n".join(message.lines),
        "link": message.link,
        "count": message.count,
        "items": list(message.items[:MOST_ITEMS]),
    }
    return json.dumps({"type": message.type, "timestamp": at, "data": data}, ensure_ascii=False).encode()


def _sign(secret: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")

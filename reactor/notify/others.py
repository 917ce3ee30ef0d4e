"""Everything else, by the Apprise library, an extra: `pip install wechat-release-reactor[apprise]`."""

import importlib
import logging

from reactor.core.channels import Apprise
from reactor.core.notices import Message
from reactor.notify.undelivered import Undelivered

MOST_BYTES = 4000


def send_by_apprise(channel: Apprise, message: Message) -> None:
    """Hand it to Apprise; it says whether it arrived, and in no words why not."""
    try:
        apprise = importlib.import_module("apprise")
    except ImportError:
        raise Undelivered.refused(
            "Apprise is not installed; install wechat-release-reactor[apprise]"
        ) from None
    logging.getLogger("apprise").disabled = True  # its lines hold URLs and answers
    sender = apprise.Apprise()
    body, as_text = message.shortened(MOST_BYTES), apprise.NotifyFormat.TEXT
    try:
        known = sender.add(channel.url)
        delivered = known and sender.notify(body=body, title="", body_format=as_text)
    except Exception:  # noqa: BLE001 - a plugin of many, and its words may hold the URL
        known, delivered = True, False
    if not known:
        raise Undelivered.refused("Apprise does not know this kind of URL, or not in this form")
    if not delivered:
        raise Undelivered("Apprise did not deliver it")

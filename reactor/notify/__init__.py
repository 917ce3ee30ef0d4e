"""The ways to people: bots, mail, signed webhooks; none of them shows a secret in what it raises."""

from reactor.notify.outside import Outside
from reactor.notify.sending import send
from reactor.notify.undelivered import Undelivered

__all__ = ["Outside", "Undelivered", "send"]

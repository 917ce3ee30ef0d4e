"""What can be reached: a URL's first words, without secrets, and what WeChat's own servers reach of us."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from reactor.wechat.api import WeChatClient
from reactor.wechat.client import Ask, OddAnswerError
from reactor.wechat.connection import NoConnectionError, open_session, unlogged

MOST_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Reached:
    """How a URL answered: `status` None when it did not, and then `problem` says why."""

    status: int | None
    date: str | None = None
    body: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Pinged:
    """How many of our addresses WeChat's servers pinged, and how many did not answer."""

    addresses: int
    lost: int


def reach(
    method: str, url: str, *, timeout: tuple[float, float], proxies: Mapping[str, str] | None = None
) -> Reached:
    """Ask one URL, follow nothing, send nothing."""
    with open_session(1) as session, unlogged():
        try:
            with session.request(
                method, url, timeout=timeout, allow_redirects=False, stream=True, proxies=dict(proxies or {})
            ) as answer:
                body = answer.raw.read(MOST_BYTES, decode_content=True)
                return Reached(answer.status_code, answer.headers.get("Date"), body)
        except NoConnectionError as error:
            return Reached(None, problem=str(error))
        except (requests.RequestException, HTTPError, OSError) as error:  # the body is read by urllib3 itself
            return Reached(None, problem=type(error).__name__)


def callback_check(wechat: WeChatClient, component_token: str) -> Pinged:
    """Have WeChat's servers look up and ping the host of the callback URL."""
    ask = Ask(
        call="callback/check",
        path="/cgi-bin/callback/check",
        query={"access_token": component_token},
        payload={"action": "all", "check_operator": "DEFAULT"},
        secrets=(component_token,),
    )
    return wechat.transport.ask(ask, _pinged)


def _pinged(fields: dict[str, Any]) -> Pinged:
    pings = fields.get("ping")
    if not isinstance(pings, list):
        raise OddAnswerError("no ping")
    losses = [str(ping.get("package_loss", "")) for ping in pings if isinstance(ping, dict)]
    return Pinged(len(losses), sum(loss.startswith("100") for loss in losses))

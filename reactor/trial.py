"""The doctor's checks that call: WeChat as the worker does, the public URL as WeChat does."""

import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from reactor.core import diagnosis, reachability
from reactor.core.checks import Check
from reactor.core.decisions import words
from reactor.core.errcodes import lookup
from reactor.core.errors import (
    Answered,
    NoTicket,
    NotSent,
    StoreUnavailable,
    TokenError,
    WeChatError,
)
from reactor.settings import Settings
from reactor.tools import Tools
from reactor.wechat.reach import Reached, callback_check, reach

NOT_WHITELISTED = frozenset({61004, 40164, 45035})
_CALLING = ("component_token", "egress_ip", "callback_check")


TRIALS = 3


def try_out(
    settings: Settings, tools: Tools | None, *, timeout: tuple[float, float]
) -> Iterator[list[Check]]:
    """Every check that calls somebody, as each of TRIALS ends.

    Without `tools`, as without a database, those that need no token.
    """
    yield _component(settings, tools)
    yield [_clock(settings, timeout)]
    yield [_callbacks(settings.public_url, timeout)]


def _component(settings: Settings, tools: Tools | None) -> list[Check]:
    """One call with the component's token shows the token, the way out and the whitelist."""
    if tools is None:
        return [diagnosis.unseen(name) for name in _CALLING]
    wechat, tokens = tools.line(lambda _: None)
    try:
        tokens.with_component(lambda token: wechat.authorizer_list(token, 0, 1))
    except Answered as refusal:
        return _refused(refusal)
    except (TokenError, WeChatError, StoreUnavailable) as error:
        return [_failed(error, settings), *(reachability.untried(name) for name in _CALLING[1:])]
    return [reachability.working_token(), reachability.whitelisted(), _callback_check(tools)]


def _refused(refusal: Answered) -> list[Check]:
    untried = reachability.untried("callback_check")
    if refusal.errcode in NOT_WHITELISTED:
        address = reachability.not_whitelisted(refusal.errcode, refusal.errmsg)
        return [reachability.untried("component_token"), address, untried]
    answered = reachability.no_token(words(refusal), lookup(refusal.call, refusal.errcode).source)
    return [answered, reachability.whitelisted(), untried]


def _failed(error: TokenError | WeChatError | StoreUnavailable, settings: Settings) -> Check:
    if isinstance(error, NotSent):
        return reachability.way_to_wechat(str(error), through_proxy=settings.wechat_proxy_url is not None)
    return reachability.no_token(str(error), certain=isinstance(error, NoTicket))


def _callback_check(tools: Tools) -> Check:
    wechat, tokens = tools.line(lambda _: None)
    try:
        pinged = tokens.with_component(lambda token: callback_check(wechat, token))
    except (TokenError, WeChatError, StoreUnavailable) as error:
        return reachability.no_callback_check(str(error))
    return reachability.callback_check(pinged.addresses, pinged.lost)


def _clock(settings: Settings, timeout: tuple[float, float], now: Callable[[], float] = time.time) -> Check:
    """This machine's clock, against the middle of the time that WeChat's answer took."""
    proxies = {"http": settings.wechat_proxy_url, "https": settings.wechat_proxy_url}
    through = {scheme: url for scheme, url in proxies.items() if url}
    before = now()
    answer = reach("GET", f"{settings.wechat_api_url}/", timeout=timeout, proxies=through)
    after = now()
    try:
        theirs = parsedate_to_datetime(answer.date or "").timestamp()
    except ValueError:
        return reachability.no_date(answer.problem or "no Date")
    return reachability.clock((before + after) / 2 - theirs - 0.5)  # Date is cut to whole seconds


def _callbacks(url: str | None, timeout: tuple[float, float]) -> Check:
    if url is None:
        return reachability.no_public_url()
    alive, push = reach("GET", f"{url}/healthz", timeout=timeout), Reached(None)
    if alive.status is not None:
        push = reach("POST", f"{url}/wechat/component", timeout=timeout)
    problem = alive.problem or push.problem
    return reachability.callbacks(url, health_status=alive.status, push_status=push.status, problem=problem)

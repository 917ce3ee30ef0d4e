"""What the doctor makes of calls: to WeChat as the worker calls it, to the public URL as WeChat does."""

import re

from reactor.core.checks import Check, Health

WARN_SECONDS, BAD_SECONDS = 30.0, 300.0
_OK, _FORBIDDEN = 200, 403
_NOT_US = "something else answers there, or changes what passes; see that proxies pass /wechat/ on as it is"
_ADD_UNKNOWN = (
    "add the address that this machine's calls come from to 白名单IP地址列表 in the console; where addresses "
    "change, set WECHAT_PROXY_URL to a proxy with a fixed one"
)
_ADD = (
    "add {address} to 白名单IP地址列表 in the console (第三方平台 › 开发配置); where addresses change, set "
    "WECHAT_PROXY_URL to a proxy with a fixed one"
)
_V4, _V6 = r"\d{1,3}(?:\.\d{1,3}){3}", r"[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}"
_ADDRESS = re.compile(rf"(?<![\w.:])({_V4}|{_V6})(?![\w.:])")
_MAPPED = "::ffff:"


def way_to_wechat(problem: str, *, through_proxy: bool) -> Check:
    """No call gets out at all."""
    remedy = "open the way to api.weixin.qq.com:443 for this machine"
    if through_proxy:
        remedy = "check WECHAT_PROXY_URL and that the proxy lets api.weixin.qq.com:443 pass"
    return Check("component_token", Health.BAD, "{problem}", remedy, {"problem": problem})


def working_token() -> Check:
    """WeChat took the component's token."""
    return Check("component_token", Health.OK, "WeChat takes it")


def no_token(problem: str, remedy: str = "", *, certain: bool = True) -> Check:
    """No token is to be had, or WeChat does not take it."""
    health = Health.BAD if certain else Health.WARN
    return Check("component_token", health, "{problem}", remedy, {"problem": problem})


def untried(name: str) -> Check:
    """What no call could show."""
    return Check(name, Health.UNKNOWN, "cannot be seen before a call to WeChat gets through")


def whitelisted() -> Check:
    """WeChat let this machine's calls in."""
    return Check("egress_ip", Health.OK, "WeChat lets calls from this address in")


def not_whitelisted(errcode: int, errmsg: str) -> Check:
    """WeChat does not know the address; its text mostly carries it."""
    address = address_in(errmsg)
    if address is None:
        text = "the address of this machine is not whitelisted ({errcode})"
        return Check("egress_ip", Health.BAD, text, _ADD_UNKNOWN, {"errcode": errcode})
    values: dict[str, object] = {"address": address, "errcode": errcode}
    return Check("egress_ip", Health.BAD, "{address} is not whitelisted ({errcode})", _ADD, values)


def address_in(errmsg: str) -> str | None:
    """The caller's address that WeChat's text about a whitelist names, if it does."""
    found = _ADDRESS.search(errmsg.replace(_MAPPED, " "))
    return found[1] if found else None


def clock(skew: float) -> Check:
    """By how many seconds this machine is ahead of WeChat."""
    values: dict[str, object] = {"seconds": abs(round(skew))}
    text = "{seconds} s ahead of WeChat" if skew > 0 else "{seconds} s behind WeChat"
    if abs(skew) < WARN_SECONDS:
        return Check("clock", Health.OK, text, values=values)
    health = Health.BAD if abs(skew) >= BAD_SECONDS else Health.WARN
    remedy = "set this machine's clock by NTP; with PostgreSQL the database server's counts"
    return Check("clock", health, text, remedy, values)


def no_date(problem: str) -> Check:
    """WeChat's time was not to be had."""
    return Check(
        "clock", Health.UNKNOWN, "WeChat's time is not to be had ({problem})", "", {"problem": problem}
    )


def no_public_url() -> Check:
    """Nobody said where this is reached."""
    remedy = "set REACTOR_PUBLIC_URL to the https:// address that WeChat calls"
    return Check("callbacks", Health.UNKNOWN, "REACTOR_PUBLIC_URL is not set", remedy)


def callbacks(url: str, *, health_status: int | None, push_status: int | None, problem: str) -> Check:
    """How the public URL answers: /healthz with 200, an unsigned push with an empty 403."""
    values: dict[str, object] = {
        "url": url,
        "problem": problem,
        "status": push_status,
        "healthz": health_status,
    }
    if health_status is None or push_status is None:
        remedy = (
            "see that the web process runs, and that its port, its certificate and the DNS entry are right"
        )
        return Check("callbacks", Health.BAD, "{url} does not answer ({problem})", remedy, values)
    if health_status != _OK:
        text = "{url}/healthz answers {healthz}, where 200 is due"
        return Check("callbacks", Health.BAD, text, _NOT_US, values)
    if push_status != _FORBIDDEN:
        text = "an unsigned push to {url} is answered {status}, where 403 is due"
        return Check("callbacks", Health.BAD, text, _NOT_US, values)
    return Check("callbacks", Health.OK, "{url} answers, and refuses an unsigned push", "", values)


def callback_check(addresses: int, lost: int) -> Check:
    """What WeChat's own servers reach of us."""
    values: dict[str, object] = {"addresses": addresses, "lost": lost}
    if lost and lost == addresses:
        text = "no ping of WeChat's servers is answered by {lost} of {addresses} addresses"
        remedy = "no harm where a host drops pings on purpose; else see the firewall before the callback URL"
        return Check("callback_check", Health.WARN, text, remedy, values)
    return Check("callback_check", Health.OK, "WeChat's servers reach {addresses} addresses", "", values)


def no_callback_check(problem: str) -> Check:
    """WeChat does not make this check for this component."""
    text = "WeChat does not tell ({problem})"
    return Check("callback_check", Health.UNKNOWN, text, "", {"problem": problem})

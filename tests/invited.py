"""A merchant with an invitation, for the tests of the way in."""

import html
import re
from urllib.parse import parse_qs, urlsplit

from known import COMPONENT, SHOP, SHOP_NAME

from reactor.invitations import Invitations

PUBLIC = "https://shop.example"


def invite(house, **more):
    """A new invitation, with its pre_auth_code on the way."""
    return invitations(house).want(**more)


def invitations(house):
    return Invitations(
        house.store, COMPONENT, house.settings.public_url, wake=house.worker.wake, clock=house.clock
    )


def path(invited):
    return urlsplit(invited.url).path


def get(house, where, lang="en", **more):
    headers = {"Accept-Language": lang} | more.pop("headers", {})
    return house.app.test_client().get(where, headers=headers, **more)


def show(house, invited, lang="en"):
    """The page as a merchant reads it, without marks."""
    return read(get(house, path(invited), lang))


def read(answer):
    text = re.sub(r"<(style|title).*?</\1>|<[^>]+>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


def links_on(answer):
    """Both links of a page, taken apart."""
    found = re.findall(r'<a class="way" id="(\w+)" href="([^"]+)"', answer.get_data(as_text=True))
    return {name: parse_qs(urlsplit(html.unescape(url)).query) for name, url in found}


def authorize_at_wechat(house, invited, appid=SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", **more):
    """What the merchant does at WeChat's: the address that the browser is sent back to, with the code."""
    code = house.platform.authorize(appid, user_name=user_name, nick_name=nick_name, **more)
    return code, f"{path(invited)}/back?auth_code={code}&expires_in=600"

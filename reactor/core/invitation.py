"""The links by which a merchant authorizes the component, and how a secret in an address is known again.

https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Authorization_Process_Technical_Description.html
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

_PC = "https://mp.weixin.qq.com/cgi-bin/componentloginpage"
_MOBILE = "https://open.weixin.qq.com/wxaopen/safe/bindcomponent"

# Which accounts a merchant may choose from, by the names of the command line: WeChat's auth_type.
AUTH_TYPES: Mapping[str, int] = {"official-account": 1, "mini-program": 2, "both": 3}
MINI_PROGRAM = AUTH_TYPES["mini-program"]


@dataclass(frozen=True, slots=True)
class Links:
    """One pre_auth_code in both forms: `pc` shows a QR code to scan, `mobile` opens inside WeChat."""

    pc: str = field(repr=False)
    mobile: str = field(repr=False)


def links(component_appid: str, pre_auth_code: str, redirect_uri: str, auth_type: int) -> Links:
    """Both forms; WeChat opens them only from a page of the domain registered for it."""
    named = {
        "component_appid": component_appid,
        "pre_auth_code": pre_auth_code,
        "redirect_uri": redirect_uri,
        "auth_type": auth_type,
    }
    mobile = urlencode({"action": "bindcomponent", "no_scan": 1, **named})
    return Links(f"{_PC}?{urlencode(named)}", f"{_MOBILE}?{mobile}#wechat_redirect")


def digest_of(secret: str) -> str:
    """What is kept of a secret that only has to be known again: 64 hex digits, of which none leads back."""
    return hashlib.sha256(secret.encode()).hexdigest()

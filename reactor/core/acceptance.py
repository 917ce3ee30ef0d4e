"""The test that a component passes before it may serve everybody: what the examiner asks, and the answers.

Only WeChat's own test accounts are answered; a merchant's customer who writes the same gets nothing.
https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reactor.core.errors import UnreadableMessage
from reactor.core.xmlgate import screen

# authorizer_appid → user_name: an official account and a mini program of each of the five groups.
ACCOUNTS: Mapping[str, str] = {
    "wx570bc396a51b8ff8": "gh_3c884a361561",
    "wxd101a85aa106f53e": "gh_8dad206e9538",
    "wx9252c5e0bb1836fc": "gh_c0f28a78b318",
    "wxc39235c15087f6f3": "gh_905ae9d01059",
    "wx8e1097c5bc82cde9": "gh_3f222ed8d140",
    "wx7720d01d4b2a4500": "gh_393666f1fdf4",
    "wx14550af28c71a144": "gh_26128078e9ab",
    "wx05d483572dcd5d8b": "gh_39abb5d4e1b7",
    "wxa35b9c23cfe664eb": "gh_2b3713f184a6",
    "wx5910277cae6fd970": "gh_7818dcb60240",
}
_ECHO = "TESTCOMPONENT_MSG_TYPE_TEXT"
_CODE = re.compile(r"QUERY_AUTH_CODE:([!-~]{1,512})")


@dataclass(frozen=True, slots=True)
class Echo:
    """The text wants its answer at once, in the response to the push."""

    user_name: str
    openid: str

    def reply(self, now: int) -> bytes:
        """The passive reply, to be sealed."""
        return (
            f"<xml><ToUserName><![CDATA[{self.openid}]]></ToUserName>"
            f"<FromUserName><![CDATA[{self.user_name}]]></FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{_ECHO}_callback]]></Content></xml>"
        ).encode()


@dataclass(frozen=True, slots=True)
class CodeGiven:
    """The code is to be exchanged and told to `openid`, in a customer-service message of the account's."""

    authorizer_appid: str
    openid: str
    code: str = field(repr=False)

    @property
    def content(self) -> str:
        """What the message must say."""
        return f"{self.code}_from_api"


def question(message: bytes, authorizer_appid: str | None) -> Echo | CodeGiven | None:
    """What the examiner asks with this decrypted message, if it is the examiner's."""
    user_name = ACCOUNTS.get(authorizer_appid or "")
    if user_name is None or authorizer_appid is None:
        return None
    try:
        fields = {name: text.strip() for name, text in screen(message).leaves.items()}
    except UnreadableMessage:
        return None
    openid, content = fields.get("FromUserName", ""), fields.get("Content", "")
    if fields.get("MsgType") != "text" or fields.get("ToUserName") != user_name:
        return None
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", openid):
        return None  # it goes into the answer as it is
    if content == _ECHO:
        return Echo(user_name, openid)
    given = _CODE.fullmatch(content)
    return CodeGiven(authorizer_appid, openid, given[1]) if given else None

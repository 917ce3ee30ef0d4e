"""A made-up component: the values that the console would show, the same for both sides."""

import string
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Self

from reactor.core.crypto import decode_aes_key
from reactor.simulator.platform import Platform
from reactor.simulator.pusher import Pusher


@dataclass(frozen=True, slots=True)
class Component:
    """What a platform, its pusher and a reactor must agree on."""

    appid: str
    appsecret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)

    @classmethod
    def made_up(cls, random: Random | None = None) -> Self:
        """Other values each time."""
        chance = random or SystemRandom()
        return cls(
            f"wx{chance.getrandbits(64):016x}", letters(chance, 32), letters(chance, 24), letters(chance, 43)
        )

    def variables(self) -> dict[str, str]:
        """The same for a reactor's environment."""
        return {
            "WECHAT_COMPONENT_APPID": self.appid,
            "WECHAT_COMPONENT_APPSECRET": self.appsecret,
            "WECHAT_MESSAGE_TOKEN": self.token,
            "WECHAT_ENCODING_AES_KEY": self.aes_key,
        }

    def platform(self) -> Platform:
        """A small WeChat for this component."""
        return Platform(component_appid=self.appid, component_appsecret=self.appsecret)

    def pusher(self, url: str) -> Pusher:
        """WeChat's side of the callbacks of the reactor at `url`."""
        return Pusher(url, component_appid=self.appid, token=self.token, aes_key=decode_aes_key(self.aes_key))


def letters(chance: Random, count: int) -> str:
    """Letters and digits."""
    return "".join(chance.choices(string.ascii_letters + string.digits, k=count))

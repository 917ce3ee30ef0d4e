"""What the worker's turns are given to work with."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reactor.core.decisions import Turns
from reactor.store.database import Store
from reactor.wechat import WeChatClient

LEASE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside world of a turn; `chance` gives 0..1, `scale` multiplies every wait."""

    store: Store
    wechat: WeChatClient
    component_appid: str
    scale: float = 1.0
    clock: Callable[[], float] = field(default=time.time)
    sleep: Callable[[float], None] = field(default=time.sleep)
    chance: Callable[[], float] = field(default=random.random)

    def turns(self, taken: int, since: float) -> Turns:
        """The circumstances in which an error is weighed."""
        now = self.clock()
        return Turns(taken=taken, waited=now - since, now=now, scale=self.scale, chance=self.chance())

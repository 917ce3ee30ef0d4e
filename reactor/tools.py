"""What the worker's turns are given to work with."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reactor.core.decisions import Turns
from reactor.core.policy import Policy
from reactor.store.database import Store
from reactor.tokens import Tokens
from reactor.wechat import CallRecord, WeChatClient


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside world of a turn; `chance` gives 0..1, `scale` multiplies every wait.

    The sweep asks after audits under way every `sweep_seconds`, everybody else every `sweep_all_seconds`.
    """

    store: Store
    wechat: WeChatClient
    component_appid: str
    scale: float = 1.0
    sweep_seconds: float = 600.0
    sweep_all_seconds: float = 21600.0
    policy: Callable[[], Policy] = Policy
    policy_problem: Callable[[], str | None] = lambda: None  # why a newer file is not followed
    clock: Callable[[], float] = field(default=time.time)
    sleep: Callable[[float], None] = field(default=time.sleep)
    chance: Callable[[], float] = field(default=random.random)
    tune: Callable[[], None] = field(default=lambda: None)  # keeps the clock right

    def line(self, sink: Callable[[CallRecord], None]) -> tuple[WeChatClient, Tokens]:
        """WeChat, and the tokens to call it with, for one turn: every finished call is told to `sink`."""
        wechat = self.wechat.observing(sink)
        return wechat, Tokens(
            self.store,
            wechat,
            self.component_appid,
            scale=self.scale,
            clock=self.clock,
            sleep=self.sleep,
        )

    def turns(self, taken: int, since: float) -> Turns:
        """The circumstances in which an error is weighed."""
        now = self.clock()
        return Turns(taken=taken, waited=now - since, now=now, scale=self.scale, chance=self.chance())

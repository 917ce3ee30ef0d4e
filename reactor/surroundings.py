"""What a process lives among: time, chance, patience, and the way out for messages."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reactor.notify import Outside
from reactor.store.clock import SharedClock
from reactor.store.database import Store


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time, chance, patience and a way out, for whoever wants others than usual; timeouts in seconds.

    `tune` keeps the clock right, and is called at every heartbeat.
    """

    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    wechat_timeout: tuple[float, float] = (3.05, 10.0)
    tune: Callable[[], None] = lambda: None
    outside: Outside = field(default_factory=Outside)


def surroundings_of(store: Store) -> Surroundings:
    """The usual: a file is of this machine, and so is its clock; a server's is everybody's."""
    if store.is_sqlite:
        return Surroundings()
    clock = SharedClock(store)
    return Surroundings(clock=clock, tune=clock.tune)

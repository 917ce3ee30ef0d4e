"""The post: what was noted becomes messages, one a channel, and each is sent until it arrives or is given up.

Nothing here is waited for by a release. A message is a row before it leaves, and marked only after it
arrived: whoever dies in between leaves it to be sent again, under the same id.
"""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from reactor.core.channels import Channel
from reactor.core.notices import TRIES, fold, of_json, to_json, wait_before_next_try
from reactor.notify import Outside, Undelivered, send
from reactor.store import messages, notices, pace
from reactor.store.database import Store
from reactor.store.messages import Sending
from reactor.surroundings import Surroundings
from reactor.telling import Teller

log = logging.getLogger(__name__)

FOLD_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 5400.0  # a time farther off than that was written by a clock that was ahead
_GONE = "its far end said that it is gone; remove it from REACTOR_NOTIFY, or mend it and restart"
_NO_CHANNEL = "its channel is not among those of REACTOR_NOTIFY any more"


class Folding:
    """Makes messages of what was noted; a wave of one kind becomes one."""

    def __init__(
        self, store: Store, channels: Sequence[str], teller: Teller, *, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._channels = channels
        self._teller = teller
        self._clock = clock
        self._began = False

    def step(self) -> bool:
        """Fold what may be told now; False when there is nothing of it."""
        if not self._began:
            self._drop_strangers()
            self._began = True
        now = self._clock()
        with self._store.read() as connection:
            if not notices.any_pending(connection):
                return False
            if not pace.is_free(connection, "fold", now=now, gap=FOLD_SECONDS):
                return False
        return self._store.transact(lambda connection: self._fold(connection, now))

    def free_at(self) -> float:
        """When to look again: at the next poll."""
        return self._clock() + FOLD_SECONDS

    def _drop_strangers(self) -> None:
        """Give up what waits for channels that are configured no more."""
        with self._store.write() as connection:
            dropped = messages.give_up_strangers(connection, self._channels, _NO_CHANNEL)
        if dropped:
            log.warning("messages=%s given up reason=%s", dropped, _NO_CHANNEL)

    def _fold(self, connection: sa.Connection, now: float) -> bool:
        # Taken first: of several processes one folds, so that a wave is counted once.
        if not pace.take(connection, "fold", now=now, gap=FOLD_SECONDS):
            return False
        pending = notices.pending(connection)
        folded = fold(pending, notices.told_lately(connection, pending, now), now)
        bodies = [to_json(self._teller.tell(group)) for group in folded.groups]
        messages.write(connection, bodies, self._channels, now=now)
        told = [notice.id for group in folded.groups for notice in group]
        notices.settle(connection, told, [notice.id for notice in folded.dropped], now=now)
        if bodies:
            log.info("messages=%s channels=%s notices=%s", len(bodies), len(self._channels), len(told))
        return bool(told or folded.dropped)


class Carrier:
    """Carries the messages of one channel, so that a slow one keeps no other waiting."""

    def __init__(self, store: Store, channel: Channel, around: Surroundings, *, scale: float) -> None:
        self._store = store
        self._channel = channel
        self._around = around
        self._clock = around.clock
        self._scale = scale
        self._next_at: float | None = None
        self._gone = False

    def step(self) -> bool:
        """Send one message that is due; False when none is."""
        now = self._clock()
        latest = now + max(messages.LEASE_SECONDS, LONGEST_WAIT_SECONDS * max(1.0, self._scale))
        with self._store.read() as connection:
            self._next_at = messages.next_due(connection, self._channel.name)
        if self._next_at is None or now < self._next_at <= latest:
            return False
        with self._store.write() as connection:
            sending = messages.claim(connection, self._channel.name, now=now, latest=latest)
        if sending is not None:
            self._carry(sending)
        return sending is not None

    def free_at(self) -> float:
        """When the next message is due, as far as is known."""
        return math.inf if self._next_at is None else self._next_at

    def _carry(self, sending: Sending) -> None:
        if self._gone or sending.turns > TRIES:
            why = _GONE if self._gone else "every try ended without a word; see the log"
            self._note_failure(sending, Undelivered.refused(why))
            return
        try:
            message, message_id = of_json(sending.body), f"msg_{sending.created_at:.0f}_{sending.id}"
            send(self._channel, message, self._around.outside, now=self._clock(), message_id=message_id)
        except Undelivered as error:
            self._gone = error.gone
            self._note_failure(sending, error)
            return
        with self._store.write() as connection:
            messages.sent(connection, sending, now=self._clock())
        log.info("message=%s channel=%s sent, try %s", sending.id, sending.channel, sending.turns)

    def _note_failure(self, sending: Sending, error: Undelivered) -> None:
        wait = None
        if not error.for_good:
            wait = wait_before_next_try(
                sending.turns, scale=self._scale, chance=self._around.chance(), least=error.wait
            )
        due_at = None if wait is None else self._clock() + wait
        with self._store.write() as connection:
            messages.failed(connection, sending, str(error), due_at=due_at)
        outcome = "given up" if wait is None else f"tried again in {wait:.0f} s"
        log.warning("message=%s channel=%s %s reason=%s", sending.id, sending.channel, outcome, error)


class Post:
    """All of it; `duties` may each have a thread of their own."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        teller: Teller,
        around: Surroundings,
        *,
        scale: float = 1.0,
    ) -> None:
        self.duties: Sequence[Folding | Carrier] = ()
        if channels:
            names = [channel.name for channel in channels]
            carriers = [Carrier(store, channel, around, scale=scale) for channel in channels]
            self.duties = (Folding(store, names, teller, clock=around.clock), *carriers)

    def run_due(self) -> int:
        """Do all that is due now; says how many steps that took."""
        return sum(1 for duty in self.duties for _ in iter(duty.step, False))


def try_channels(
    channels: Sequence[Channel],
    teller: Teller,
    outside: Outside,
    clock: Callable[[], float],
    *,
    done: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Send a test message to each at once: `channel`, whether it was `delivered`, and the `reason` if not.

    `done` is told of each.
    """
    results: list[dict[str, Any]] = []
    for channel in channels:
        now, reason = clock(), None
        try:
            send(channel, teller.test(now), outside, now=now, message_id=f"msg_test_{now:.0f}")
        except Undelivered as error:
            reason = str(error)
        results.append({"channel": channel.name, "delivered": reason is None, "reason": reason})
        done(1)
    return results

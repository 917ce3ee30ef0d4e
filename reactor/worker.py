"""The worker: claims what is due, one turn at a time on several threads, and keeps what it works on alive.

Woken at once by an intake in the same process, polling otherwise. A step that raises is put back and the
thread goes on; a row that raises every time waits longer and longer and ends before a person.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa

from reactor.chaining import Chaining
from reactor.core.errors import StoreUnavailable
from reactor.post import Carrier, Folding, Post
from reactor.pulse import OneMachine, note_pulse
from reactor.steps import Steps
from reactor.store import authorizers, claims, component, errands, presence
from reactor.store.presence import LEASE_SECONDS
from reactor.sweep import Sweep
from reactor.tide import Tide
from reactor.tools import Tools
from reactor.upkeep import Upkeep

log = logging.getLogger(__name__)

THREADS = 4
ASKERS = 4  # at 0.4 s an answer they ask ten a second, which is the pace of the sweep by default
POLL_SECONDS = 1.0
HELPERS_POLL_SECONDS = 5.0
SHORTEST_POLL_SECONDS = 0.05
HEARTBEAT_SECONDS = 4.0
SET_BACK_SECONDS = 30.0
_AFTER_A_FAULT_SECONDS = 1.0


class Worker:
    """Threads that take turns; `step()` is one of them, for whoever wants no threads."""

    def __init__(self, tools: Tools, *, threads: int = THREADS, post: Post | None = None) -> None:
        self._tools = tools
        self.post = post
        self._store = tools.store
        self._name = uuid.uuid4().hex
        self._steps = Steps(tools, self._name)
        self._state = threading.Condition()
        self._signals = 0
        self._stopping = False
        self._machine = OneMachine()
        self._beaten_at: float | None = None
        self.upkeep = Upkeep(tools)
        self.chaining = Chaining(tools)
        self.tide = Tide(tools)
        loops = [(f"worker-{number}", self._work) for number in range(threads)]
        duties: dict[str, Upkeep | Chaining | Tide] = {
            "upkeep": self.upkeep,
            "chaining": self.chaining,
            "tide": self.tide,
        }
        loops += [("heartbeat", self._beat)]
        loops += [(name, partial(self._keep_at, duty, POLL_SECONDS)) for name, duty in duties.items()]
        # Apart from the turns: however slowly WeChat answers the sweep, no release waits for it.
        helpers = [Sweep(tools) for _ in range(ASKERS - 1)]
        loops += [
            (f"sweep-{number}", partial(self._keep_at, helper, HELPERS_POLL_SECONDS))
            for number, helper in enumerate(helpers)
        ]
        loops += [
            (f"post-{number}", partial(self._keep_at, duty, POLL_SECONDS))
            for number, duty in enumerate(post.duties if post else ())
        ]
        if not self._store.is_sqlite:
            loops.append(("bell", self._listen))
        self._threads = [
            threading.Thread(target=self._supervise, args=(loop,), name=name, daemon=True)
            for name, loop in loops
        ]

    # -- life --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; call it after the process has forked."""
        for thread in self._threads:
            thread.start()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; SettingsError once another machine uses the same SQLite file."""
        self.start()
        while not stop.wait(POLL_SECONDS):
            self._machine.refuse()

    def wake(self) -> None:
        """Look for work now."""
        with self._state:
            self._signals += 1
            self._state.notify_all()

    def stop(self, timeout: float = 3.0) -> None:
        """Finish the turns at hand and end; what does not end in time is handed back to the others."""
        if self._stopping:
            return
        with self._state:
            self._stopping = True
            self._state.notify_all()
        end = time.monotonic() + timeout
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, end - time.monotonic()))
        try:
            with self._store.write() as connection:
                presence.leave(connection, self._name)
                if unfinished := self._steps.holders:
                    now = self._tools.clock()
                    authorizers.hand_back_codes(connection, holders=unfinished, now=now)
                    errands.renew(connection, holders=unfinished, lease_until=now)
                    claims.hand_back(connection, holders=unfinished, now=now)
        except StoreUnavailable as error:
            log.warning("worker=%s left unsaid: %s", self._name, error)

    def _supervise(self, loop: Callable[[], None]) -> None:
        while not self._stopping:
            try:
                loop()
            except StoreUnavailable as error:
                log.warning("worker waits for the store: %s", error)
                self._idle(_AFTER_A_FAULT_SECONDS, self._signals)
            except Exception:
                log.exception(
                    "worker goes on after an internal error; nothing is lost, the work is tried again"
                )
                self._idle(_AFTER_A_FAULT_SECONDS, self._signals)

    def _work(self) -> None:
        while not self._stopping:
            signals = self._signals
            if not self.step():
                self._idle(self._pause(), signals)

    def _beat(self) -> None:
        while not self._stopping:
            self.beat()
            self._rest(HEARTBEAT_SECONDS)

    def _keep_at(self, duty: Upkeep | Chaining | Tide | Sweep | Folding | Carrier, longest: float) -> None:
        while not self._stopping:
            if not duty.step():
                wait = duty.free_at() - self._tools.clock()
                self._rest(min(longest, max(SHORTEST_POLL_SECONDS, wait)))

    def _listen(self) -> None:
        self._store.listen(self.wake, lambda: self._stopping)

    def _rest(self, seconds: float) -> None:
        with self._state:
            self._state.wait_for(lambda: self._stopping, seconds)

    def beat(self) -> None:
        """Say that this worker lives, and renew the leases of the turns at hand."""
        self._tools.tune()
        now = self._tools.clock()
        if self._was_set_back(now):
            self._forget_times(now)
        with self._store.write() as connection:
            self._renew(connection)
            presence.beat(connection, self._name, now)
            note_pulse(connection, self._tools.component_appid, "worker", now, machine=self._machine)
        self._beaten_at = now

    def _renew(self, connection: sa.Connection) -> None:
        until = self._tools.clock() + LEASE_SECONDS
        if holders := self._steps.holders:
            authorizers.renew_codes(connection, holders=holders, lease_until=until)
            errands.renew(connection, holders=holders, lease_until=until)
            claims.renew_leases(connection, holders=holders, lease_until=until)

    def _was_set_back(self, now: float) -> bool:
        """By what this process saw last; at its first beat, by what the store has of the one before it."""
        last = self._beaten_at
        if last is None:
            with self._store.read() as connection:
                last = presence.last_pulse(connection, "worker")
        return last is not None and now < last - SET_BACK_SECONDS

    def _forget_times(self, now: float) -> None:
        """The clock was set back: nothing may wait for, or be held until, a time that is not to come.

        In small pieces, and before the pulse is noted: who dies of it leaves the rest to the next.
        """
        log.warning("the clock was set back; what waits is looked at again now, nothing is lost")
        with self._store.write() as connection:
            authorizers.forget_times(connection, now=now, longest=LEASE_SECONDS)
            errands.forget_times(connection, now=now, longest=LEASE_SECONDS)
            claims.forget_leases(connection, now=now, longest=LEASE_SECONDS)
            presence.forget_times(connection, now=now, longest=LEASE_SECONDS)
            component.probe_now(connection, self._tools.component_appid, now)
            component.ask_all(connection, self._tools.component_appid, since=now)
        after: int | None = 0
        while after is not None:
            with self._store.write() as connection:
                after = claims.forget_waits(connection, now=now, after=after)
            with self._store.write() as connection:
                self._renew(connection)

    def _idle(self, seconds: float, signals: int) -> None:
        with self._state:
            self._state.wait_for(lambda: self._stopping or self._signals != signals, seconds)

    def _pause(self) -> float:
        next_at = self._steps.look_out().next_at
        if next_at is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(SHORTEST_POLL_SECONDS, next_at - self._tools.clock()))

    # -- one step ----------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Claim one piece of work and do it; False when nothing is due."""
        return self._steps.step()

    def run_until_idle(self, most: int = 10_000) -> int:
        """Take turns until nothing may begin now; says how many."""
        for taken in range(most):
            if not self.step():
                return taken
        return most

    def run_all_due(self, most: int = 10_000) -> int:
        """The same, but wait where the pace alone is in the way; then seal the record and tell people."""
        while self.tide.step():
            pass
        taken = self.run_until_idle(most)
        while taken < most and (outlook := self._steps.look_out()).paced:
            self._tools.sleep(max(SHORTEST_POLL_SECONDS, (outlook.next_at or 0.0) - self._tools.clock()))
            taken += self.run_until_idle(most - taken)
        self.chaining.seal_all()
        if self.post is not None:
            self.post.run_due()
        return taken

"""The worker: claims what is due, one turn at a time on several threads, and keeps what it works on alive.

Woken at once by an intake in the same process, polling otherwise. A step that raises is put back and the
thread goes on; a row that raises every time waits longer and longer and ends before a person.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from reactor.authorization import Exchange
from reactor.core.decisions import Decision, again, probe_wait, weigh
from reactor.core.errors import ReactorError, StoreUnavailable, TokenError, WeChatError
from reactor.ledger import LostClaim, note_system
from reactor.store import authorizers, calls, claims, component, presence
from reactor.store.authorizers import Authorizer
from reactor.store.database import Conflict
from reactor.store.releases import Release
from reactor.tokens import Tokens
from reactor.tools import LEASE_SECONDS, Tools
from reactor.turn import Turn
from reactor.wechat import CallRecord

log = logging.getLogger(__name__)

THREADS = 4
POLL_SECONDS = 1.0
SHORTEST_POLL_SECONDS = 0.05
HEARTBEAT_SECONDS = 4.0
_AFTER_A_FAULT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What the store shows before a claim: whether there may be work, and when to look again."""

    next_at: float | None
    due: bool
    blocked: bool
    lapsed: bool
    may_exchange: bool
    may_release: bool


class Worker:
    """Threads that take turns; `step()` is one of them, for whoever wants no threads."""

    def __init__(self, tools: Tools, *, threads: int = THREADS) -> None:
        self._tools = tools
        self._store = tools.store
        self._name = uuid.uuid4().hex
        self._turns = 0
        self._active: set[str] = set()
        self._state = threading.Condition()
        self._signals = 0
        self._stopping = False
        loops = [(f"worker-{number}", self._work) for number in range(threads)]
        self._threads = [
            threading.Thread(target=self._supervise, args=(loop,), name=name, daemon=True)
            for name, loop in [*loops, ("heartbeat", self._beat)]
        ]

    # -- life --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; call it after the process has forked."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look for work now."""
        with self._state:
            self._signals += 1
            self._state.notify_all()

    def stop(self, timeout: float = 5.0) -> None:
        """Finish the turns at hand and end; what does not end in time is taken over when its lease lapses."""
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
            with self._state:
                self._state.wait_for(lambda: self._stopping, HEARTBEAT_SECONDS)

    def beat(self) -> None:
        """Say that this worker lives, and renew the leases of the turns at hand."""
        now = self._tools.clock()
        with self._state:
            holders = list(self._active)
        with self._store.write() as connection:
            presence.beat(connection, self._name, now)
            if holders:
                authorizers.renew_codes(connection, holders=holders, lease_until=now + LEASE_SECONDS)
                claims.renew_leases(connection, holders=holders, lease_until=now + LEASE_SECONDS)

    def _idle(self, seconds: float, signals: int) -> None:
        with self._state:
            self._state.wait_for(lambda: self._stopping or self._signals != signals, seconds)

    def _pause(self) -> float:
        next_at = self._look_out().next_at
        if next_at is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(SHORTEST_POLL_SECONDS, next_at - self._tools.clock()))

    # -- one step ----------------------------------------------------------------------------------------

    def run_until_idle(self, most: int = 10_000) -> int:
        """Take turns until nothing is due; says how many."""
        for taken in range(most):
            if not self.step():
                return taken
        return most

    def step(self) -> bool:
        """Claim one piece of work and do it; False when nothing is due."""
        outlook = self._look_out()
        if outlook.lapsed:
            return self._put_back_lapsed()
        if not outlook.due or (outlook.blocked and not self._take_probe()):
            return False
        if outlook.may_exchange or outlook.may_release:
            return (outlook.may_exchange and self._exchange_one()) or (
                outlook.may_release and self._release_one()
            )
        return self._probe()

    def _look_out(self) -> _Outlook:
        now = self._tools.clock()
        with self._store.read() as connection:
            row = component.get(connection, self._tools.component_appid)
            code = authorizers.next_code_due(connection)
            times = [claims.next_due(connection), lapse := claims.next_lapse(connection)]
        stopped = row.paused or row.blocked_by is not None
        due = min((at for at in times if at is not None and not row.paused), default=None)
        next_at = min((at for at in (code, due) if at is not None), default=None)
        blocked = row.blocked_by is not None
        if blocked:
            next_at = row.next_probe_at or 0.0
        return _Outlook(
            next_at=next_at,
            due=next_at is not None and next_at <= now,
            blocked=blocked,
            lapsed=stopped and lapse is not None and lapse < now,
            may_exchange=code is not None and code <= now,
            may_release=due is not None and due <= now,
        )

    def _put_back_lapsed(self) -> bool:
        """While releases are stopped, what a dead worker left is shown as waiting, not as under way."""
        with self._store.write() as connection:
            release = claims.put_back_lapsed(connection, now=self._tools.clock())
        if release is not None:
            log.warning("release=%s put back: its worker fell silent", release.id)
        return release is not None

    def _take_probe(self) -> bool:
        now = self._tools.clock()
        with self._store.write() as connection:
            return component.take_probe(
                connection,
                self._tools.component_appid,
                now=now,
                next_probe_at=now + probe_wait(self._tools.scale),
            )

    def _probe(self) -> bool:
        """While calls are stopped and no work is due, a harmless call asks whether they may flow again."""
        tools = self._tools
        records: list[CallRecord] = []
        wechat = tools.wechat.observing(records.append)
        tokens = Tokens(self._store, wechat, tools.component_appid, clock=tools.clock, sleep=tools.sleep)
        decision = None
        try:
            tokens.with_component(lambda token: wechat.authorizer_list(token, 0, 1))
        except (TokenError, WeChatError) as error:
            decision = weigh(error, tools.turns(1, tools.clock()))
        self._store.transact(lambda connection: self._end_probe(connection, decision, records))
        log.info("probe=%s", "answered" if decision is None else decision.reason)
        return decision is None

    def _end_probe(
        self, connection: sa.Connection, decision: Decision | None, records: list[CallRecord]
    ) -> None:
        appid, now = self._tools.component_appid, self._tools.clock()
        note_system(connection, appid, decision, records, now=now)
        for record in records:
            calls.add(connection, release_id=None, **asdict(record))

    def _release_one(self) -> bool:
        now, holder = self._tools.clock(), self._enter()
        try:
            with self._store.write() as connection:
                release = claims.claim_due(
                    connection, holder=holder, now=now, lease_until=now + LEASE_SECONDS
                )
            if release is None:
                return False
            self._take_turn(release)
        except Conflict:
            return False  # another worker put a release of this authorizer in flight at the same moment
        finally:
            self._leave(holder)
        return True

    def _take_turn(self, release: Release) -> None:
        turn = Turn(release, self._tools)
        try:
            turn.run()
        except LostClaim as error:
            log.warning("release=%s: %s", release.id, error)
        except StoreUnavailable:
            raise  # nothing can be recorded now; the lease lapses and the next turn looks first
        except Exception as error:
            log.exception("release=%s: an internal error; nothing is lost, it is tried again", release.id)
            turn.put_back(_told(error))

    def _exchange_one(self) -> bool:
        now, holder = self._tools.clock(), self._enter()
        try:
            with self._store.write() as connection:
                authorizer = authorizers.claim_code(
                    connection, holder=holder, now=now, lease_until=now + LEASE_SECONDS
                )
            if authorizer is not None:
                self._exchange(authorizer)
            return authorizer is not None
        finally:
            self._leave(holder)

    def _exchange(self, authorizer: Authorizer) -> None:
        exchange = Exchange(authorizer, self._tools)
        try:
            exchange.run()
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception(
                "authorizer=%s: an internal error; its code is tried again", authorizer.authorizer_appid
            )
            turns = self._tools.turns(authorizer.code_turns, self._tools.clock())
            exchange.put_back(again(_told(error), turns))

    def _enter(self) -> str:
        with self._state:
            self._turns += 1
            holder = f"{self._name}:{self._turns}"
            self._active.add(holder)
        return holder

    def _leave(self, holder: str) -> None:
        with self._state:
            self._active.discard(holder)


def _told(error: Exception) -> str:
    """What the record says of an error that no turn expects; our own speak for themselves."""
    return (
        str(error)
        if isinstance(error, ReactorError)
        else f"an internal error ({type(error).__name__}); see the log"
    )

"""One step of the work: what is due is claimed, done and recorded; one step never spoils another."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from reactor import breaker
from reactor.authorization import Exchange
from reactor.core.decisions import Decision, WaitsFor, again, probe_wait, weigh
from reactor.core.errors import ReactorError, StoreUnavailable, TokenError, WeChatError
from reactor.errands import Doing, claim
from reactor.ledger import LostClaim
from reactor.logs import about
from reactor.store import asking, authorizers, calls, claims, component, moments
from reactor.store.authorizers import Authorizer
from reactor.store.database import Conflict
from reactor.store.presence import LEASE_SECONDS
from reactor.store.releases import Release
from reactor.tools import Tools
from reactor.turn import Turn
from reactor.wechat import CallRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the store shows before a claim: whether there may be work, and when to look again."""

    next_at: float | None
    due: bool
    blocked: bool
    lapsed: bool
    may_exchange: bool
    may_run_errand: bool
    may_release: bool
    paced: bool  # something is due, and the pace alone is in the way


class Steps:
    """Takes the steps of one worker, from any of its threads; `holders` are the claims under way."""

    def __init__(self, tools: Tools, name: str) -> None:
        self._tools = tools
        self._store = tools.store
        self._name = name
        self._lock = threading.Lock()
        self._taken = 0
        self._active: set[str] = set()

    @property
    def holders(self) -> list[str]:
        """By which names the store knows what is under way here."""
        with self._lock:
            return list(self._active)

    def step(self) -> bool:
        """Claim one piece of work and do it; False when nothing is due."""
        outlook = self.look_out()
        if outlook.lapsed:
            return self._put_back_lapsed()
        if not outlook.due or (outlook.blocked and not self._take_probe()):
            return False
        if outlook.may_exchange or outlook.may_run_errand or outlook.may_release:
            return self._do_what_may_begin(outlook)
        return self._probe()

    def _do_what_may_begin(self, outlook: Outlook) -> bool:
        """Errands and releases take turns at being first: many of the ones do not keep the others waiting."""
        kinds: list[tuple[bool, Callable[[], bool]]] = [
            (outlook.may_run_errand, self._run_errand),
            (outlook.may_release, partial(self._release_one, probing=outlook.blocked)),
        ]
        with self._lock:
            if self._taken % 2:
                kinds.reverse()
        kinds.insert(0, (outlook.may_exchange, self._exchange_one))
        return any(may_begin and begin() for may_begin, begin in kinds)

    def look_out(self) -> Outlook:
        """What the store shows before a claim."""
        now = self._tools.clock()
        with self._store.read() as connection:
            row = component.get(connection, self._tools.component_appid)
            seen = moments.look(connection, self._tools.policy().pace, now=now)
        stopped = row.paused or row.blocked_by is not None
        # While full, only what a dead worker left may begin.
        times = (seen.lapse,) if seen.full else (seen.release, seen.lapse)
        due = min((max(at, seen.pace) for at in times if at is not None and not row.paused), default=None)
        next_at = min((at for at in (seen.code, seen.errand, due) if at is not None), default=None)
        ahead = seen.release is not None and seen.release <= now < seen.pace
        blocked = row.blocked_by is not None
        if blocked:
            next_at = row.next_probe_at or 0.0
        return Outlook(
            next_at=next_at,
            due=next_at is not None and next_at <= now,
            blocked=blocked,
            lapsed=stopped and seen.lapse is not None and seen.lapse < now,
            may_exchange=seen.code is not None and seen.code <= now,
            may_run_errand=seen.errand is not None and seen.errand <= now,
            may_release=due is not None and due <= now,
            paced=not stopped and not seen.full and ahead,
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
        wechat, tokens = tools.line(records.append)
        decision = None
        try:
            if other := self._longest_unasked():
                tokens.with_authorizer(other, lambda token: wechat.latest_audit(token, other))
            else:
                tokens.with_component(lambda token: wechat.authorizer_list(token, 0, 1))
        except (TokenError, WeChatError) as error:
            decision = weigh(error, tools.turns(1, tools.clock()))
        self._store.transact(lambda connection: self._end_probe(connection, decision, records))
        log.info("probe=%s", "answered" if decision is None else decision.reason)
        return decision is None

    def _longest_unasked(self) -> str | None:
        """In an outage, one after the other, and first who had no part in it: a healthy one tells."""
        with self._store.write() as connection:
            row = component.get(connection, self._tools.component_appid)
            if row.blocked_by != WaitsFor.OUTAGE:
                return None
            strikers = (row.strikers or "").split(",")
            return asking.take_oldest(connection, now=self._tools.clock(), but=strikers)

    def _end_probe(
        self, connection: sa.Connection, decision: Decision | None, records: list[CallRecord]
    ) -> None:
        breaker.note(connection, self._tools, breaker.PROBE, decision, records)
        calls.add(connection, records)

    def _release_one(self, *, probing: bool) -> bool:
        now, holder = self._tools.clock(), self._enter()
        try:
            with self._store.write() as connection:
                release = claims.claim_due(
                    connection,
                    holder=holder,
                    now=now,
                    lease_until=now + LEASE_SECONDS,
                    speed=self._tools.policy().pace,
                    probing=probing,
                )
            if release is None:
                return False
            with about(release=release.id, authorizer=release.authorizer_appid):
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

    def _run_errand(self) -> bool:
        holder = self._enter()
        try:
            doing = claim(self._tools, holder)
            if doing is not None:
                with about(errand=doing.kind):
                    self._do(doing)
            return doing is not None
        finally:
            self._leave(holder)

    def _do(self, doing: Doing) -> None:
        try:
            doing.run()
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("errand=%s: an internal error; it is tried again", doing.kind)
            doing.stumble(_told(error))

    def _enter(self) -> str:
        with self._lock:
            self._taken += 1
            holder = f"{self._name}:{self._taken}"
            self._active.add(holder)
        return holder

    def _leave(self, holder: str) -> None:
        with self._lock:
            self._active.discard(holder)


def _told(error: Exception) -> str:
    """What the record says of an error that no turn expects; our own speak for themselves."""
    return (
        str(error)
        if isinstance(error, ReactorError)
        else f"an internal error ({type(error).__name__}); see the log"
    )

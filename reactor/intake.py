"""Accept an event: dedupe, record, open a release; one transaction, and nothing but the store is asked."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from reactor.core.decisions import WaitsFor
from reactor.core.errors import StoreUnavailable
from reactor.core.events import (
    AuditDelayed,
    AuditFailed,
    AuditSucceeded,
    AuthorizationGranted,
    AuthorizationRevoked,
    Event,
    KnownEvent,
    OtherEvent,
    TicketPushed,
    identity,
    unreadable_identity,
)
from reactor.core.lifecycle import AuditStatus, Happening, State
from reactor.core.policy import Mode, Policy
from reactor.store import authorizers, component, events, releases
from reactor.store.authorizers import Authorizer
from reactor.store.database import Store
from reactor.store.releases import Release

STALE_SECONDS = 300
FLUSH_SECONDS = 10.0
WAITING = (State.HELD, State.PENDING, State.FAILED)
ACCEPTED, MISDIRECTED, UNREADABLE = "accepted", "misdirected", "unreadable"
_AUDIT_STATUS = {
    AuditSucceeded: AuditStatus.APPROVED,
    AuditFailed: AuditStatus.REJECTED,
    AuditDelayed: AuditStatus.DELAYED,
}
Audited = AuditSucceeded | AuditFailed | AuditDelayed


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an event came: the appid of its path (None on the component's), when, and whether late."""

    authorizer_appid: str | None
    at: float
    stale: bool


class Intake:
    """The only writer of events; `wake` is told after a commit that left work."""

    def __init__(
        self,
        store: Store,
        component_appid: str,
        policy: Callable[[], Policy],
        *,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._component_appid = component_appid
        self._policy = policy
        self._wake = wake
        self._clock = clock
        self._tally: Counter[str] = Counter()
        self._tally_lock = threading.Lock()
        self._flushed_at = clock()

    def accept(self, event: Event, *, authorizer_appid: str | None, timestamp: int) -> None:
        """Commit what the event asks for; StoreUnavailable when that cannot be done, and nothing is kept."""
        if isinstance(event, OtherEvent):
            self._count(event.name)
            return
        now = self._clock()
        arrival = Arrival(authorizer_appid, now, stale=now - timestamp > STALE_SECONDS)
        if self._store.write_together(lambda connection: self._accept(connection, event, arrival)):
            self._wake()

    def _accept(self, connection: sa.Connection, event: KnownEvent, arrival: Arrival) -> bool:
        """Carry out one event inside a transaction; says whether it left work to do now."""
        if isinstance(event, TicketPushed):
            return self._accept_ticket(connection, event, arrival.at)
        if isinstance(event, AuthorizationGranted | AuthorizationRevoked):
            return self._accept_authorization(connection, event, arrival)
        return self._accept_audit(connection, event, arrival)

    def accept_unreadable(
        self, message: bytes, why: str, *, authorizer_appid: str | None, timestamp: int
    ) -> None:
        """Keep a note of a verified push that nobody can read."""
        now = self._clock()
        with self._store.write() as connection:
            events.record(
                connection,
                identity=unreadable_identity(message, authorizer_appid),
                received_at=now,
                kind=UNREADABLE,
                authorizer_appid=authorizer_appid,
                verdict=UNREADABLE,
                reason=why,
                stale=now - timestamp > STALE_SECONDS,
            )

    # -- tickets -----------------------------------------------------------------------------------------

    def _accept_ticket(self, connection: sa.Connection, event: TicketPushed, now: float) -> bool:
        known = component.get(connection, self._component_appid)
        if known.ticket_created_at is not None and known.ticket_created_at > event.created_at:
            return False
        authorizers.make_codes_due(connection, now=now)
        releases.make_due(connection, now=now, waits_for=[WaitsFor.TICKET])
        sealed = self._store.vault.seal(event.ticket)
        component.keep_ticket(
            connection, self._component_appid, sealed, created_at=event.created_at, received_at=now
        )
        if known.blocked_by == WaitsFor.TICKET:
            component.unblock(connection, self._component_appid)
        return True

    # -- authorizations ----------------------------------------------------------------------------------

    def _accept_authorization(
        self, connection: sa.Connection, event: AuthorizationGranted | AuthorizationRevoked, arrival: Arrival
    ) -> bool:
        appid = event.authorizer_appid
        if self._record(connection, event, arrival, appid) is None:
            return False
        if isinstance(event, AuthorizationGranted):
            sealed = self._store.vault.seal(event.authorization_code)
            return authorizers.keep_code(
                connection, appid, sealed=sealed, at=event.created_at, now=arrival.at
            )
        if not authorizers.revoke(connection, appid, at=event.created_at):
            return False
        waiting = releases.in_states(connection, appid, WAITING)
        reason = "the merchant took the authorization back"
        releases.end_waiting(
            connection, waiting, Happening.UNAUTHORIZED, at=arrival.at, actor=releases.INTAKE, reason=reason
        )
        return False

    # -- audits ------------------------------------------------------------------------------------------

    def _accept_audit(self, connection: sa.Connection, event: Audited, arrival: Arrival) -> bool:
        authorizer = self._addressee(connection, event, arrival)
        appid = authorizer.authorizer_appid if authorizer else arrival.authorizer_appid
        astray = _astray(event, authorizer, appid)
        event_id = self._record(connection, event, arrival, appid, astray=astray)
        if event_id is None or astray or appid is None:
            return False
        if authorizer:
            authorizers.update(connection, appid, audit_status=_AUDIT_STATUS[type(event)])
        # Locked: one whose turn is ending this moment is seen as it ends.
        waiting = releases.in_states(connection, appid, (*WAITING, State.RELEASING), lock=True)
        if waiting:
            # An audit has ended: whoever waited beside it may look again.
            beside = [WaitsFor.NEWER_AUDIT]
            releases.make_due(connection, now=arrival.at, waits_for=beside, authorizer_appid=appid)
        if not isinstance(event, AuditSucceeded):
            return bool(waiting)
        release_id = self._open(connection, event, arrival, appid, event_id, known=authorizer is not None)
        _supersede(connection, waiting, release_id, event, arrival.at)
        return True

    def _addressee(self, connection: sa.Connection, event: Audited, arrival: Arrival) -> Authorizer | None:
        if arrival.authorizer_appid is None:
            return authorizers.by_user_name(connection, event.to_user_name)
        return authorizers.get(connection, arrival.authorizer_appid)

    def _open(  # noqa: PLR0913 - an approval and its circumstances
        self,
        connection: sa.Connection,
        event: AuditSucceeded,
        arrival: Arrival,
        appid: str,
        event_id: int,
        *,
        known: bool,
    ) -> int:
        rule = self._policy().rule_for(appid)
        held = rule.mode is Mode.HOLD
        reason = _opening_reason(held=held, known=known, delay_seconds=rule.delay_seconds)
        return releases.open_release(
            connection,
            happening="opened",
            actor=releases.INTAKE,
            detail=reason,
            at=arrival.at,
            authorizer_appid=appid,
            to_user_name=event.to_user_name,
            event_id=event_id,
            state=State.HELD if held else State.PENDING,
            mode=rule.mode,
            approved_at=event.succeeded_at,
            due_at=None if held else arrival.at + rule.delay_seconds,
            waits_for=WaitsFor.DELAY if rule.delay_seconds and not held else None,
            reason=reason,
        )

    # -- shared ------------------------------------------------------------------------------------------

    def _record(
        self,
        connection: sa.Connection,
        event: AuthorizationGranted | AuthorizationRevoked | Audited,
        arrival: Arrival,
        appid: str | None,
        *,
        astray: str | None = None,
    ) -> int | None:
        return events.record(
            connection,
            identity=identity(event, appid),
            received_at=arrival.at,
            created_at=event.created_at,
            kind=event.kind,
            authorizer_appid=appid,
            to_user_name=getattr(event, "to_user_name", None),
            verdict=MISDIRECTED if astray else ACCEPTED,
            reason=astray or getattr(event, "reason", None),
            stale=arrival.stale,
        )

    def _count(self, name: str) -> None:
        with self._tally_lock:
            self._tally[name[:64]] += 1
            if self._clock() - self._flushed_at < FLUSH_SECONDS:
                return
            self._flushed_at = self._clock()
        self.flush()

    def flush(self) -> None:
        """Write down what was counted since the last time; it is kept when that cannot be done."""
        with self._tally_lock:
            counts, self._tally = self._tally, Counter()
        if not counts:
            return
        try:
            with self._store.write() as connection:
                events.tally(connection, counts)
        except StoreUnavailable:
            with self._tally_lock:  # the pushes asked for nothing, so they are acknowledged all the same
                self._tally.update(counts)


def _astray(event: Audited, authorizer: Authorizer | None, appid: str | None) -> str | None:
    """Why the event is not this authorizer's, if it is not: the signature does not cover the path."""
    if appid is None:
        return f"no authorizer with the user_name {event.to_user_name} is known; nothing was released"
    if authorizer and authorizer.user_name and authorizer.user_name != event.to_user_name:
        return (
            f"it speaks of {event.to_user_name}, but {appid} is {authorizer.user_name}; nothing was released"
        )
    return None


def _supersede(
    connection: sa.Connection, waiting: list[Release], release_id: int, event: AuditSucceeded, now: float
) -> None:
    """The younger approval stays; two of one second are of one audit: the second is settled by looking.

    Only among those that speak of the same mini program: a push gone astray must not displace a genuine one.
    """
    waiting = [release for release in waiting if release.to_user_name == event.to_user_name]
    younger = [r for r in waiting if r.approved_at > event.succeeded_at and r.state is not State.FAILED]
    losing = [r for r in waiting if r.approved_at < event.succeeded_at]
    winner = release_id
    if younger:
        opened = releases.get(connection, release_id)
        assert opened is not None
        losing, winner = [opened], younger[-1].id
    reason = f"release {winner}, of a newer approval, takes its place"
    releases.end_waiting(
        connection, losing, Happening.SUPERSEDED, at=now, actor=releases.INTAKE, reason=reason
    )


def _opening_reason(*, held: bool, known: bool, delay_seconds: float) -> str | None:
    if held:
        return "the policy holds it until a person approves"
    if not known:
        return "the authorizer is not known yet; this goes on once it is"
    return f"the policy waits {delay_seconds:g} s after the approval" if delay_seconds else None

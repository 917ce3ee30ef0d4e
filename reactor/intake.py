"""Accept an event: dedupe, record, open a release; one transaction, and nothing but the store is asked."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import sqlalchemy as sa

from reactor.audits import ACCEPTED, Audited, AuditPush, accept_audits
from reactor.core.acceptance import CodeGiven
from reactor.core.decisions import WaitsFor
from reactor.core.events import (
    AuthorizationGranted,
    AuthorizationRevoked,
    Event,
    OtherEvent,
    TicketPushed,
    identity,
    unreadable_identity,
)
from reactor.core.invitation import digest_of
from reactor.core.lifecycle import Happening
from reactor.core.masks import mask_event, mask_unreadable
from reactor.core.policy import Policy
from reactor.openings import WAITING
from reactor.store import authorizers, bell, component, errands, events, numbers, releases
from reactor.store.database import Store
from reactor.tally import Tally

log = logging.getLogger(__name__)

STALE_SECONDS = 300
UNREADABLE = "unreadable"
Authorization = AuthorizationGranted | AuthorizationRevoked


class Intake:
    """The only writer of events; `wake` is told after a commit that left work."""

    def __init__(  # noqa: PLR0913 - what an event touches, by name
        self,
        store: Store,
        component_appid: str,
        policy: Callable[[], Policy],
        *,
        wake: Callable[[], None],
        tally: Tally,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._component_appid = component_appid
        self._policy = policy
        self._wake = wake
        self._clock = clock
        self._audits = store.together(self._accept_audits)
        self._tally = tally

    def accept(
        self, event: Event, *, authorizer_appid: str | None, timestamp: int, message: bytes = b""
    ) -> None:
        """Commit what the event asks for; StoreUnavailable when that cannot be done, and nothing is kept.

        `message` is the text that the event was read from; it is kept without its secrets.
        """
        if isinstance(event, OtherEvent):
            self._tally.pushed(event.name)
            return
        now = self._clock()
        stale = now - timestamp > STALE_SECONDS
        if isinstance(event, Audited):
            push = AuditPush(event, authorizer_appid, now, stale, mask_event(message))
            left_work = self._audits.do(push)
        else:
            # Alone, because it touches the rows of many: beside audits it would take locks out of order.
            left_work = self._store.transact(
                lambda connection: self._accept_other(connection, event, message, at=now, stale=stale)
            )
        self._tally.pushed(event.kind)
        about = getattr(event, "authorizer_appid", authorizer_appid)
        log.info("event=%s authorizer=%s left_work=%s", event.kind, about, left_work)
        if left_work:
            self._wake()

    def _accept_audits(self, connection: sa.Connection, pushes: Sequence[AuditPush]) -> Sequence[bool]:
        told = accept_audits(connection, pushes, self._policy)
        if any(told):
            bell.ring(connection)
        return told

    def _accept_other(
        self,
        connection: sa.Connection,
        event: TicketPushed | Authorization,
        message: bytes,
        *,
        at: float,
        stale: bool,
    ) -> bool:
        if isinstance(event, TicketPushed):
            left_work = self._accept_ticket(connection, event, at)
        else:
            left_work = self._accept_authorization(connection, event, message, at=at, stale=stale)
        if left_work:
            bell.ring(connection)
        return left_work

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
                message=mask_unreadable(message),
            )
        self._tally.pushed(UNREADABLE)

    def answer_examiner(self, given: CodeGiven) -> None:
        """Have the worker answer WeChat's examiner, once this is committed."""
        sealed = self._store.vault.seal(json.dumps(asdict(given)))
        subject, now = digest_of(given.code), self._clock()
        with self._store.write() as connection:
            errands.want(connection, errands.EXAM, subject, now=now, payload_sealed=sealed)
        log.info("exam=code_given authorizer=%s", given.authorizer_appid)
        self._wake()

    # -- tickets -----------------------------------------------------------------------------------------

    def _accept_ticket(self, connection: sa.Connection, event: TicketPushed, now: float) -> bool:
        known = component.get(connection, self._component_appid)
        if known.ticket_created_at is not None and known.ticket_created_at > event.created_at:
            return False
        authorizers.make_codes_due(connection, now=now)
        errands.make_due(connection, now=now)
        releases.make_due(connection, now=now, waits_for=[WaitsFor.TICKET])
        sealed = self._store.vault.seal(event.ticket)
        component.keep_ticket(
            connection, self._component_appid, sealed, created_at=event.created_at, received_at=now
        )
        numbers.note_ticket(connection, now)
        if known.blocked_by == WaitsFor.TICKET:
            component.unblock(connection, self._component_appid)
        return True

    # -- authorizations ----------------------------------------------------------------------------------

    def _accept_authorization(
        self, connection: sa.Connection, event: Authorization, message: bytes, *, at: float, stale: bool
    ) -> bool:
        appid = event.authorizer_appid
        fresh = events.record(
            connection,
            identity=identity(event, appid),
            received_at=at,
            created_at=event.created_at,
            kind=event.kind,
            authorizer_appid=appid,
            verdict=ACCEPTED,
            stale=stale,
            message=mask_event(message),
        )
        if fresh is None:
            return False
        if isinstance(event, AuthorizationGranted):
            sealed = self._store.vault.seal(event.authorization_code)
            digest = digest_of(event.authorization_code)
            return authorizers.keep_code(
                connection, appid, sealed=sealed, digest=digest, at=event.created_at, now=at
            )
        if not authorizers.revoke(connection, appid, at=event.created_at):
            return False
        waiting = releases.in_states(connection, [appid], WAITING)
        reason = "the merchant took the authorization back"
        releases.end_waiting(
            connection, waiting, Happening.UNAUTHORIZED, at=at, actor=releases.INTAKE, reason=reason
        )
        return False

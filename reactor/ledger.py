"""What one turn writes down: its calls, what it learned, and the one transaction that ends it."""

import dataclasses
from collections.abc import Mapping

import sqlalchemy as sa

from reactor import breaker
from reactor.core.decisions import Decision, WaitsFor, words
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, ReactorError
from reactor.core.lifecycle import Audit, Happening, State, is_younger
from reactor.permission import Permission
from reactor.rollback import barred
from reactor.store import authorizers, calls, claims, component, events, notices, releases
from reactor.store.releases import Release
from reactor.tide import judge
from reactor.tools import Tools
from reactor.wechat import CallRecord

_ENDED_BY_AN_EVENT = frozenset(
    {
        *(WaitsFor.TICKET, WaitsFor.AUTHORIZER, WaitsFor.NEWER_AUDIT),
        *(WaitsFor.PAUSE, WaitsFor.RING, WaitsFor.DELAY),
    }
)
_BY_POLICY = frozenset({WaitsFor.DELAY, WaitsFor.RING})


class LostClaim(ReactorError):
    """Another worker took the release over; this turn has nothing more to say."""


class Forbidden(ReactorError):
    """What was about to be called may not be called any more; `decision` says what becomes of the turn."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.decision = decision


class Ledger:
    """The record of one turn. `seen` is about the authorizer, `refusal` the last no of WeChat.

    `may` is asked for the last time in the transaction that writes an attempt down.
    """

    def __init__(self, release: Release, tools: Tools) -> None:
        self.seen: dict[str, object] = {}
        self.refusal: Answered | None = None
        self.may = Permission(release, tools)
        self._release = release
        self._tools = tools
        self._store = tools.store
        self._clock = tools.clock
        self._learned: dict[str, object] = {}
        self._records: list[CallRecord] = []
        self._audit: Audit | None = None
        self._unwritten: list[tuple[int | None, CallRecord]] = []
        self._intent: tuple[str, int] | None = None
        self._accepted = False

    def observe(self, record: CallRecord) -> None:
        """Take note of a finished call."""
        intent = None
        if self._intent is not None and record.call == self._intent[0]:
            intent, self._intent = self._intent[1], None
            self._accepted = record.outcome == "answered" and not record.errcode
        self._records.append(record)
        self._unwritten.append((intent, record))

    def learn(self, audit: Audit) -> None:
        """Keep what the audit says, if it is the one that the approval is about."""
        self.seen["audit_status"] = audit.status
        self._audit = audit
        if not is_younger(audit, int(self._release.approved_at)):
            told = {
                "audit_id": audit.audit_id,
                "user_version": audit.user_version or None,
                "user_desc": audit.user_desc or None,
                "submitted_at": audit.submitted_at,
            }
            self._learned = {name: value for name, value in told.items() if value is not None}
            self.may.learn(audit)

    def note(self, **values: object) -> None:
        """Keep what else a look showed of the release."""
        self._learned |= values

    def intend(self, call: str, *, lease_seconds: float, **values: object) -> None:
        """Write an attempt down before it leaves, with what it asks for.

        Raises LostClaim when it is no longer ours to make, Forbidden when it may not be made any more: a
        pause that was committed before this, or a policy that has become stricter, holds from here on.
        """
        stopped = self._store.transact(
            lambda connection: self._write_down(connection, call, lease_seconds, values)
        )
        self._unwritten = []
        if stopped is not None:
            raise stopped

    def _write_down(
        self, connection: sa.Connection, call: str, lease_seconds: float, values: Mapping[str, object]
    ) -> LostClaim | Forbidden | None:
        now, release = self._clock(), self._release
        authorizers.get(connection, release.authorizer_appid, lock=True)  # first, as everywhere
        mine = claims.still_mine(connection, release, lease_until=now + lease_seconds)
        self._write_calls(connection)
        if not mine:
            return LostClaim(f"release {release.id} was taken over by another worker")
        if stopped := self._barred(connection) or self.may.call(connection):
            return Forbidden(stopped)
        if self._learned or values:
            releases.learn(connection, release, **self._learned, **values)
        intent = calls.intend(
            connection,
            release_id=release.id,
            authorizer_appid=release.authorizer_appid,
            call=call,
            at=now,
        )
        self._intent = (call, intent)
        return None

    def _barred(self, connection: sa.Connection) -> Decision | None:
        """Why a rollback of this mini program stands against any call for this release, if one does."""
        if self._audit is None:
            return None
        return barred(connection, self._release, self._audit, self._tools.scale)

    def record(self, decision: Decision) -> Decision | None:
        """Commit the turn, all of it or nothing; None when another worker has the release now."""
        ended = self._store.transact(lambda connection: self._end(connection, decision))
        self._unwritten = []
        version = self._learned.get("user_version", self._release.user_version)
        if ended is not None and ended.happening is Happening.GAVE_UP and version:
            judge(self._tools, str(version))  # before anybody else of its wave begins
        return ended

    def _end(self, connection: sa.Connection, decision: Decision) -> Decision | None:
        now = self._clock()
        authorizers.get(connection, self._release.authorizer_appid, lock=True)  # first, as everywhere
        decision = breaker.spared(connection, self._tools, decision)
        decision = self._overruled(connection, decision)
        self._write_calls(connection)
        kept = releases.change(
            connection,
            self._release,
            decision.happening,
            at=now,
            actor=releases.WORKER,
            detail=decision.reason,
            **self._values(decision, now),
        )
        if kept:
            if decision.waits_for in _BY_POLICY and self.may.digest:
                component.doubt_policy(connection, self.may.digest)
            self._note_authorizer(connection, decision, now)
            if decision.happening is Happening.MISDIRECTED and self._release.event_id is not None:
                events.misdirect(connection, self._release.event_id, decision.reason)
        breaker.note(connection, self._tools, self._release.authorizer_appid, decision, self._records)
        return decision if kept else None

    def _note_authorizer(self, connection: sa.Connection, decision: Decision, now: float) -> None:
        self._note_lost_authorization(connection, now)
        version = self._learned.get("user_version", self._release.user_version)
        if decision.happening is Happening.SEEN_LIVE and version:
            self.seen.setdefault("live_version", version)  # WeChat sometimes shows a release without a name
        if self.seen:
            authorizers.update(connection, self._release.authorizer_appid, **self.seen)

    def _note_lost_authorization(self, connection: sa.Connection, now: float) -> None:
        """Only the merchant can mend this, so the authorizer shows it; a younger event has its own say."""
        if (
            not self.refusal
            or lookup(self.refusal.call, self.refusal.errcode).verdict is not Verdict.REAUTHORIZE
        ):
            return
        row = authorizers.get(connection, self._release.authorizer_appid)
        if row and row.state == authorizers.AUTHORIZED:
            self.seen["state"] = authorizers.NEEDS_REAUTHORIZATION
            self.seen["reason"] = reason = words(self.refusal)
            notices.add_reauthorize(connection, self._release.authorizer_appid, reason, at=now)

    def _overruled(self, connection: sa.Connection, decision: Decision) -> Decision:
        """What arrived during the turn comes first, unless the version is live already."""
        if decision.happening in (Happening.SEEN_LIVE, Happening.MISDIRECTED):
            return decision
        appid, approved_at = self._release.authorizer_appid, self._release.approved_at
        row = authorizers.get(connection, appid)
        if row and row.state == authorizers.UNAUTHORIZED and (row.authorization_at or 0.0) >= approved_at:
            return Decision(Happening.UNAUTHORIZED, "the merchant took the authorization back")
        for other in releases.in_states(connection, [appid], (State.PENDING, State.HELD)):
            if other.approved_at > approved_at and other.to_user_name == self._release.to_user_name:
                reason = f"release {other.id}, of a newer approval, takes its place"
                return Decision(Happening.SUPERSEDED, reason)
        current = releases.get(connection, self._release.id, lock=True)
        if current and current.woken and decision.waits_for in _ENDED_BY_AN_EVENT:
            return dataclasses.replace(decision, wait_seconds=0.0, until=None, waits_for=WaitsFor.BACKOFF)
        return decision

    def _values(self, decision: Decision, now: float) -> dict[str, object]:
        values: dict[str, object] = {**self._learned, **self.may.ruled, "reason": decision.reason}
        values |= {"due_at": decision.due_at(now), "waits_for": decision.waits_for}
        if self.refusal:
            values |= {
                "errcode": self.refusal.errcode,
                "errmsg": self.refusal.errmsg,
                "rid": self.refusal.rid,
            }
        elif self._accepted:
            values |= {"errcode": 0, "errmsg": "ok", "rid": None}
        if decision.happening is Happening.SEEN_LIVE:
            values |= {"released_at": now, **self.may.of_live()}
        if not decision.counted:
            values["attempts"] = self._release.attempts - 1
        return values

    def _write_calls(self, connection: sa.Connection) -> None:
        for intent, record in self._unwritten:
            if intent is not None:
                calls.finish(connection, intent, record)
            else:
                calls.add(connection, [record], release_id=self._release.id)

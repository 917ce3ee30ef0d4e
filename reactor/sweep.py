"""Approvals whose push never came: WeChat sends it about four times within 20 seconds, and never again.

So every authorizer is asked after its latest audit: soon after a gap in service, often while an audit is
under way, and otherwise in turn, evenly spread over the whole interval, never faster than the pace allows.
"""

import logging
import math
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from reactor import breaker
from reactor.core.decisions import Decision, weigh
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, TokenError, WeChatError
from reactor.core.lifecycle import Audit, AuditStatus, LiveVersion, State, doubt, was_released
from reactor.core.notices import Kind
from reactor.openings import WAITING, Approval, open_approvals
from reactor.store import asking, authorizers, bell, calls, component, notices, releases
from reactor.store.authorizers import Authorizer
from reactor.tools import Tools
from reactor.wechat import CallRecord

log = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 60.0
COUNT_SECONDS = 60.0
_MAY_BE_ASKED = frozenset({authorizers.AUTHORIZED, authorizers.NEEDS_REAUTHORIZATION})
# Whoever seemed lost and gets an answer is not.
_ANSWERED: Mapping[str, object] = {"state": authorizers.AUTHORIZED, "reason": None, "ask_again_at": None}
_NEVER_SUBMITTED = frozenset({85012, 85058, 86001})


class Sweep:
    """One authorizer after the other; what is found opens the same release as a push would."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._store = tools.store
        self._order = list(asking.Kind)
        self._look_again_at = 0.0
        self._crowd = 1
        self._counted_at: float | None = None

    def step(self) -> bool:
        """Ask the next one; False when it is nobody's turn, or calls are stopped."""
        now = self._tools.clock()
        found = self._find(now)
        if found is None or not self._claim(found, now):
            return False
        # Who was served stands last, so that no kind keeps the others waiting, however many it has.
        self._order.remove(found.kind)
        self._order.append(found.kind)
        Ask(found.authorizer, self._tools).run()
        return True

    def free_at(self) -> float:
        """When to look for the next one; infinite where only time or a push can bring somebody."""
        return self._look_again_at

    def _find(self, now: float) -> asking.Found | None:
        with self._store.read() as connection:
            row = component.get(connection, self._tools.component_appid)
            if row.blocked_by is not None or row.ticket_sealed is None:
                self._look_again_at = math.inf
                return None
            plan, crowd = self._plan(), self._count(connection, now)
            since = asking.soon(row.ask_all_since, now)
            found = asking.next_one(
                connection, plan, now=now, ask_all_since=since, crowd=crowd, order=self._order
            )
            self._look_again_at = now
            if found is None:
                self._look_again_at = asking.look_again_at(connection, plan, now=now, crowd=crowd)
        return found

    def _claim(self, found: asking.Found, now: float) -> bool:
        retry_at = now + ASK_AGAIN_SECONDS * self._tools.scale
        with self._store.write() as connection:
            claimed = asking.claim(
                connection, self._plan(), found, now=now, crowd=self._crowd, retry_at=retry_at
            )
            if not claimed:
                connection.rollback()
        return claimed

    def _count(self, connection: sa.Connection, now: float) -> int:
        """How many there are to ask, as of lately."""
        if self._counted_at is None or not 0 <= now - self._counted_at < COUNT_SECONDS:
            self._crowd = asking.count(connection)
            self._counted_at = now
        return self._crowd

    def _plan(self) -> asking.Plan:
        tools = self._tools
        return asking.Plan.of(
            tools.sweep_seconds, tools.sweep_all_seconds, tools.policy().pace.releases_per_second
        )


class Ask:
    """One authorizer that is asked, and what comes of it."""

    def __init__(self, authorizer: Authorizer, tools: Tools) -> None:
        self._authorizer = authorizer
        self._appid = authorizer.authorizer_appid
        self._tools = tools
        self._store = tools.store
        self._began = tools.clock()
        self._records: list[CallRecord] = []
        self._wechat, self._tokens = tools.line(self._records.append)

    def run(self) -> None:
        """Look, and record what was found; an approval that nobody pushed is opened."""
        try:
            audit = self._tokens.with_authorizer(
                self._appid, lambda token: self._wechat.latest_audit(token, self._appid)
            )
            missed, doubtful = self._is_missed(audit)
        except (TokenError, WeChatError) as error:
            self._failed(error)
        else:
            self._store.transact(lambda connection: self._found(connection, audit, doubtful, missed=missed))

    # -- looking -----------------------------------------------------------------------------------------

    def _is_missed(self, audit: Audit) -> tuple[bool, str | None]:
        """Whether an approved version is neither live nor known here, and why a person should decide."""
        if audit.status != AuditStatus.APPROVED or self._is_settled(audit):
            return False, None
        with self._store.read() as connection:
            if self._has_release(connection, audit):
                return False, None
        live: LiveVersion | None = self._tokens.with_authorizer(
            self._appid, lambda token: self._wechat.version_info(token, self._appid)
        )
        return not was_released(audit, live), doubt(audit, live, self._tools.clock())

    def _is_settled(self, audit: Audit) -> bool:
        return audit.audit_id is not None and audit.audit_id == self._authorizer.settled_audit_id

    def _has_release(self, connection: sa.Connection, audit: Audit) -> bool:
        return releases.of_audit(
            connection,
            self._appid,
            user_name=self._authorizer.user_name,
            audit_id=audit.audit_id,
            submitted_at=audit.submitted_at or 0.0,
        )

    # -- recording ---------------------------------------------------------------------------------------

    def _found(
        self,
        connection: sa.Connection,
        audit: Audit,
        doubtful: str | None,
        *,
        missed: bool,
    ) -> None:
        # Locked as a push locks it: of the two that find one approval, the second sees the first.
        now = self._tools.clock()
        known = authorizers.lock_all(connection, [self._appid]).get(self._appid)
        if known is None or known.state not in _MAY_BE_ASKED:
            return
        if missed and releases.opened_between(connection, self._appid, self._began, now):
            return  # what was seen may be over by now; ask_again_at stands
        values: dict[str, object] = {"audit_status": audit.status, **_ANSWERED}
        if audit.status == AuditStatus.APPROVED:
            values["settled_audit_id"] = audit.audit_id
        release_id = None
        if missed and not self._has_release(connection, audit):
            release_id = self._open(connection, audit, now, doubtful)
            swept_from = float(audit.submitted_at or now)
            values |= {"swept_release_id": release_id, "swept_from": swept_from, "swept_until": now}
        authorizers.update(connection, self._appid, **values)
        if audit.status == AuditStatus.REJECTED and known.audit_status not in (None, AuditStatus.REJECTED):
            appid, reason = self._appid, audit.reason
            notices.add(connection, Kind.REJECTED, at=now, authorizer_appid=appid, detail=reason)
        if release_id is not None:
            self._write_calls(connection, self._records, release_id)
            bell.ring(connection)
            log.info("release=%s authorizer=%s happening=found by the sweep", release_id, self._appid)
        breaker.note(connection, self._tools, self._appid, None, self._records)

    def _open(self, connection: sa.Connection, audit: Audit, now: float, doubtful: str | None) -> int:
        # Our clock may be behind WeChat's; nothing is approved before it was submitted.
        approved_at = max(now, float(audit.submitted_at or now))
        user_name = self._authorizer.user_name
        nick_name = self._authorizer.nick_name
        approval = Approval(
            self._appid, user_name, approved_at, now, audit=audit, doubt=doubtful, nick_name=nick_name
        )
        states = (*WAITING, State.RELEASING)
        waiting = {self._appid: releases.in_states(connection, [self._appid], states, lock=True)}
        return open_approvals(connection, [approval], waiting, self._tools.policy)[0]

    def _failed(self, error: TokenError | WeChatError) -> None:
        if isinstance(error, Answered) and error.errcode in _NEVER_SUBMITTED:
            self._store.transact(self._nothing_submitted)
            return
        decision = weigh(error, self._tools.turns(1, self._tools.clock()))
        log.warning("authorizer=%s sweep=failed reason=%s", self._appid, decision.reason)
        self._store.transact(lambda connection: self._record_failure(connection, error, decision))

    def _record_failure(
        self, connection: sa.Connection, error: TokenError | WeChatError, decision: Decision
    ) -> None:
        now = self._tools.clock()
        known = authorizers.lock_all(connection, [self._appid]).get(self._appid)
        if known is not None and known.state == authorizers.AUTHORIZED and _is_lost(error):
            notices.add_reauthorize(connection, self._appid, decision.reason, at=now)
            authorizers.update(
                connection,
                self._appid,
                state=authorizers.NEEDS_REAUTHORIZATION,
                reason=decision.reason,
            )
        else:
            again = decision.systemic or decision.transient or not decision.counted
            wait = max(ASK_AGAIN_SECONDS * self._tools.scale, decision.wait_seconds)
            asking.ask_again(connection, self._appid, at=now + wait if again else None)
        self._write_calls(connection, [r for r in self._records if r.outcome != "answered" or r.errcode])
        breaker.note(connection, self._tools, self._appid, decision, self._records)

    def _nothing_submitted(self, connection: sa.Connection) -> None:
        known = authorizers.lock_all(connection, [self._appid]).get(self._appid)
        if known is not None and known.state in _MAY_BE_ASKED:
            authorizers.update(connection, self._appid, **_ANSWERED)
        breaker.note(connection, self._tools, self._appid, None, self._records)

    def _write_calls(
        self, connection: sa.Connection, records: Sequence[CallRecord], release_id: int | None = None
    ) -> None:
        """Only what failed or led to something: a look that shows nothing new is not worth a row."""
        calls.add(connection, records, release_id=release_id)


def _is_lost(error: TokenError | WeChatError) -> bool:
    """Whether only the merchant can help."""
    return isinstance(error, Answered) and lookup(error.call, error.errcode).verdict is Verdict.REAUTHORIZE

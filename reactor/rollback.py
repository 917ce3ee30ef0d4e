"""One rollback that a person asked for: look, call once, look again.

`revertcoderelease` is a GET that acts, and whether it did is known only by looking. It is called at most
once for one wish of a person: after a lost answer, or a death, it is only looked at.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from reactor.core.decisions import BUSY_SECONDS, Decision, Turns, WaitsFor, again, wait_for, words
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, OutcomeUnknown, ReactorError
from reactor.core.lifecycle import Audit, AuditStatus, Happening, LiveVersion, State, is_younger
from reactor.core.notices import Kind
from reactor.core.staging import PAUSED, RUNNING, SKEW_SECONDS
from reactor.store import authorizers, calls, errands, notices, releases, rollbacks
from reactor.store.errands import Errand
from reactor.store.presence import LEASE_SECONDS
from reactor.store.releases import Release
from reactor.tools import Tools
from reactor.wechat import CallRecord

T = TypeVar("T")
Keep = Callable[[sa.Connection], None]

_NOT_SETTLED = frozenset({Verdict.RETRY, Verdict.LOOK, Verdict.UNKNOWN})
UNDER_WAY = "a rollback of this mini program is under way; this goes on after it"
NOT_AGAIN = "this version was rolled back; it is not released again from here"
_BESIDE = "a release of this mini program is under way; the rollback waits for it"


class StoppedError(ReactorError):
    """The call was not made after all; without a decision it is somebody else's now."""

    def __init__(self, decision: Decision | None) -> None:
        super().__init__(decision.reason if decision else "taken over by another worker")
        self.decision = decision


@dataclass(frozen=True, slots=True)
class Wish:
    """Which release is to be rolled back, and who says so."""

    release_id: int
    actor: str


class Rollback:
    """One turn of it; every finished call is added to `records`."""

    def __init__(self, errand: Errand, wish: Wish, tools: Tools, records: list[CallRecord]) -> None:
        self._errand = errand
        self._wish = wish
        self._tools = tools
        self._store = tools.store
        self._records = records
        self._unwritten: list[tuple[int | None, CallRecord]] = []
        self._intent: int | None = None
        self.undone: str | None = None  # the version that it took back
        self._wechat, self._tokens = tools.line(self._observe)

    def run(self, turns: Turns) -> Decision | Keep | None:
        """What is to be kept when it is done, or why it is not; None when it is somebody else's now."""
        release, sent = self._begin()
        if release is None or release.state is not State.RELEASED:
            return lambda _: None
        live = self._look_live(release)
        if sent:
            return self._settle(release, live, "it was called before", turns)
        if refusal := self._refusal(release, live):
            return Decision(Happening.GAVE_UP, refusal)
        return self._call(release, turns)

    def _begin(self) -> tuple[Release | None, bool]:
        with self._store.write() as connection:
            release = releases.get(connection, self._wish.release_id)
            calls.doubt(connection, self._wish.release_id, call=rollbacks.CALL)
            since = self._errand.created_at
            return release, rollbacks.was_sent(connection, self._wish.release_id, since=since)

    def _refusal(self, release: Release, live: LiveVersion | None) -> str | None:
        """Why nothing is to be called: what WeChat would take back is not this version, or not for sure."""
        if live is None or not live.version:
            return "WeChat does not say which version is live; nothing was rolled back"
        if live.version != release.user_version:
            return f"WeChat shows version {live.version} live, and not this one; nothing was rolled back"
        plan = self._with_token(release, self._wechat.gray_plan)
        if plan is not None and plan.status in (RUNNING, PAUSED):
            return (
                f"a gray release is under way ({plan.percentage} %); nothing was rolled back: "
                "end the gray release, then ask again"
            )
        return None

    def _call(self, release: Release, turns: Turns) -> Decision | Keep | None:
        told = "WeChat accepted the rollback"
        try:
            self._with_token(release, self._revert)
        except StoppedError as stopped:
            return stopped.decision
        except OutcomeUnknown as lost:
            told = str(lost)
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict not in _NOT_SETTLED:
                raise
            told = words(refusal)
        return self._settle(release, self._look_live(release), told, turns)

    def _settle(
        self, release: Release, live: LiveVersion | None, told: str, turns: Turns
    ) -> Decision | Keep | None:
        """What became of the call shows in what is live."""
        if live is not None and live.version and live.version != release.user_version:
            version = live.version
            return lambda connection: self._done(connection, version)
        return again(
            f"{told}; WeChat still shows version {release.user_version} live; nothing is called a second "
            "time unless a person asks again",
            turns,
        )

    def _revert(self, access_token: str, authorizer_appid: str) -> None:
        self._intent = self._store.transact(partial(self._intend, authorizer_appid=authorizer_appid))
        self._unwritten = []
        self._wechat.revert_release(access_token, authorizer_appid)

    def _intend(self, connection: sa.Connection, authorizer_appid: str) -> int:
        """Write it down before it leaves; whoever releases for this mini program asks under the same lock."""
        now = self._tools.clock()
        authorizers.get(connection, authorizer_appid, lock=True)  # first, as everywhere
        if not errands.still_mine(connection, self._errand, lease_until=now + LEASE_SECONDS):
            raise StoppedError(None)
        release = releases.get(connection, self._wish.release_id, lock=True)
        if release is None or release.state is not State.RELEASED:
            raise StoppedError(None)
        if rollbacks.is_calling(connection, authorizer_appid):
            seconds = max(1.0, BUSY_SECONDS * self._tools.scale)
            raise StoppedError(wait_for(WaitsFor.BACKOFF, seconds, _BESIDE))
        self.write_calls(connection)
        return calls.intend(
            connection,
            release_id=release.id,
            authorizer_appid=authorizer_appid,
            call=rollbacks.CALL,
            at=now,
        )

    def _done(self, connection: sa.Connection, version: str) -> None:
        now = self._tools.clock()
        appid = self._errand.subject
        authorizers.get(connection, appid, lock=True)
        release = releases.get(connection, self._wish.release_id, lock=True)
        authorizers.update(connection, appid, live_version=version)
        if release is None or release.state is not State.RELEASED:
            return
        reason = f"rolled back by {self._wish.actor}; version {version} is live again"
        values = {"reason": reason, "due_at": None, "waits_for": None}
        actor = self._wish.actor
        releases.change(
            connection, release, Happening.ROLLED_BACK, at=now, actor=actor, detail=reason, **values
        )
        self._tell(connection, Kind.ROLLED_BACK, reason)
        self.undone = release.user_version

    def fail(self, connection: sa.Connection, reason: str) -> None:
        """It came to nothing: the release stays as it is, and says why."""
        release = releases.get(connection, self._wish.release_id)
        if release is None or release.state is not State.RELEASED:
            return
        releases.learn(connection, release, reason=f"the rollback failed: {reason}")
        self._tell(connection, Kind.ROLLBACK_FAILED, reason)

    def _tell(self, connection: sa.Connection, kind: Kind, reason: str) -> None:
        notices.add(
            connection,
            kind,
            at=self._tools.clock(),
            release_id=self._wish.release_id,
            authorizer_appid=self._errand.subject,
            detail=reason,
        )

    # -- the calls ---------------------------------------------------------------------------------------

    def write_calls(self, connection: sa.Connection) -> None:
        """Record with the release what was called; what was written down before is completed."""
        for intent, record in self._unwritten:
            if intent is not None:
                calls.finish(connection, intent, record)
            else:
                calls.add(connection, [record], release_id=self._wish.release_id)

    def _observe(self, record: CallRecord) -> None:
        """Take note of a finished call."""
        intent = None
        if record.call == rollbacks.CALL:
            intent, self._intent = self._intent, None
        self._records.append(record)
        self._unwritten.append((intent, record))

    def _look_live(self, release: Release) -> LiveVersion | None:
        return self._with_token(release, self._wechat.version_info)

    def _with_token(self, release: Release, call: Callable[[str, str], T]) -> T:
        appid = release.authorizer_appid
        return self._tokens.with_authorizer(appid, lambda token: call(token, appid))


def wish_of(payload: str) -> Wish:
    """What the errand carries."""
    return Wish(**json.loads(payload))


def seen(
    connection: sa.Connection, release: Release, live: LiveVersion, scale: float
) -> LiveVersion | Decision:
    """What WeChat shows live, told apart from what a rollback brought back: its time is not a release's."""
    appid = release.authorizer_appid
    if rollbacks.is_under_way(connection, appid):
        return _after_it(scale)
    back_at = rollbacks.last_at(connection, appid)
    if back_at is None or (live.released_at or 0.0) > back_at + SKEW_SECONDS:
        return live
    return replace(live, released_at=None)


def _after_it(scale: float) -> Decision:
    return wait_for(WaitsFor.BACKOFF, max(1.0, BUSY_SECONDS * scale), UNDER_WAY)


def barred(connection: sa.Connection, release: Release, audit: Audit, scale: float) -> Decision | None:
    """Why nothing may be called for the release beside a rollback, or after one of what would go live.

    `release` takes no version: what it would publish is the latest approved one.
    """
    appid = release.authorizer_appid
    if rollbacks.is_under_way(connection, appid):
        return _after_it(scale)
    younger = is_younger(audit, int(release.approved_at))
    latest = audit.audit_id if audit.status == AuditStatus.APPROVED or not younger else None
    since = release.approved_at if younger or audit.audit_id is None else None
    if rollbacks.was_rolled_back(connection, appid, audit_id=latest, approved_since=since):
        return Decision(Happening.LEFT_ALONE, NOT_AGAIN)
    return None

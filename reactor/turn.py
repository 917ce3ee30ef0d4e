"""One turn of one release: look, act, check, record.

Whatever the last turn left behind, this one begins with a look; so a turn may be repeated after any answer,
after none, and after its process died on any line.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from reactor.authorization import adopt
from reactor.core.decisions import (
    NEWER_AUDIT_SECONDS,
    Decision,
    Turns,
    WaitsFor,
    again,
    wait_for,
    weigh,
    words,
)
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, NotAuthorizedYet, TokenError, WeChatError
from reactor.core.lifecycle import (
    Approval,
    Audit,
    AuditStatus,
    Finding,
    Happening,
    LiveVersion,
    approved_version,
    is_live,
    is_younger,
)
from reactor.ledger import Forbidden, Ledger
from reactor.rollback import seen
from reactor.staged import Staged
from reactor.store import authorizers
from reactor.store.presence import LEASE_SECONDS
from reactor.store.releases import Release
from reactor.tools import Tools

log = logging.getLogger(__name__)
T = TypeVar("T")

# WeChat's words for "not now": beside a newer audit they mean that this release has to wait for it.
_REFUSED_BESIDE_AUDIT = frozenset({85019, 85020, 85021})

# Findings after which nothing is called.
_ENDS = {
    Finding.LIVE: Happening.SEEN_LIVE,
    Finding.CONTRADICTED: Happening.GAVE_UP,
    Finding.GRAY: Happening.GRAY_FOUND,
}


class Turn:
    """One claimed release and the calls made for it."""

    def __init__(self, release: Release, tools: Tools) -> None:
        self.release = release
        self._tools = tools
        self._store = tools.store
        self._ledger = Ledger(release, tools)
        self._may = self._ledger.may
        self._wechat, self._tokens = tools.line(self._ledger.observe)
        self._staged = Staged(release, self._ledger, self._wechat, self._tokens, tools.clock)

    def run(self) -> None:
        """Take the turn and record what came of it; LostClaim when another worker took the release over."""
        try:
            decision = self._advance()
        except Forbidden as stopped:
            decision = stopped.decision
        except (TokenError, WeChatError) as error:
            if isinstance(error, Answered):
                self._ledger.refusal = error
            decision = weigh(error, self._turns())
        kept = self._ledger.record(decision)
        log.info(
            "release=%s authorizer=%s happening=%s kept=%s errcode=%s rid=%s reason=%s",
            self.release.id,
            self.release.authorizer_appid,
            decision.happening,
            kept.happening if kept else "by another worker",
            *((refusal.errcode, refusal.rid) if (refusal := self._ledger.refusal) else (None, None)),
            decision.reason,
        )

    def put_back(self, reason: str) -> None:
        """End a turn that raised: what it called is recorded, and another turn comes."""
        self._ledger.record(self._again(reason))

    # -- look, act, check --------------------------------------------------------------------------------

    def _advance(self) -> Decision:
        return self._may.begin() or self._look_and_act()

    def _look_and_act(self) -> Decision:
        astray = self._find_addressee()
        if astray:
            return Decision(Happening.MISDIRECTED, astray)
        audit = self._with_token(self._wechat.latest_audit)
        live = self._look_live(audit)
        self._ledger.learn(audit)
        judgement = self._staged.judge(self._approval(), audit, live)
        if judgement.finding in _ENDS:
            return Decision(_ENDS[judgement.finding], judgement.reason)
        if judgement.finding is Finding.NEWER_UNDER_AUDIT:
            return self._wait_for_newer_audit(judgement.reason)
        return self._may.act() or self._widen(live) or self._act(audit)

    def _widen(self, live: LiveVersion | None) -> Decision | None:
        """Take the next step of a gray release, where the policy asks for one."""
        steps = self._may.ruling.gray if self._may.ruling else ()
        return self._staged.advance(steps, has_live=live is not None, turns=self._turns())

    def _find_addressee(self) -> str | None:
        """Know the authorizer before anything is done in its name; the words when the push was not for it."""
        appid, meant = self.release.authorizer_appid, self.release.to_user_name
        with self._store.read() as connection:
            known = authorizers.get(connection, appid)
        if known and known.state == authorizers.CODE_WAITING and known.refresh_token_sealed is None:
            raise NotAuthorizedYet("its authorization code is not exchanged yet; this goes on once it is")
        if known is None or known.user_name is None or known.state == authorizers.UNAUTHORIZED:
            known = adopt(self._store, self._tokens, self._wechat, appid)
        if meant and known.user_name and known.user_name != meant:
            return f"the push speaks of {meant}, but {appid} is {known.user_name}; nothing was released"
        return None

    def _act(self, audit: Audit) -> Decision:
        try:
            self._with_token(self._release)
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict is not Verdict.LOOK:
                raise
            return self._after_refusal(refusal, audit)
        live = self._look_live(audit)
        if self._is_live(audit, live):
            return Decision(Happening.SEEN_LIVE, f"released; {_shown(live)}")
        return self._again("WeChat accepted the release but does not show it yet")

    def _release(self, access_token: str, authorizer_appid: str) -> None:
        """Write the attempt down, then call: who finds the row later knows that it may have happened."""
        self._ledger.intend("release", lease_seconds=LEASE_SECONDS)
        self._wechat.release(access_token, authorizer_appid)

    def _after_refusal(self, refusal: Answered, audit: Audit) -> Decision:
        """Settle 85052, 85019 and 85020 by looking: they say neither that it is live nor that it is not."""
        self._ledger.refusal = refusal
        live = self._look_live(audit)
        if self._is_live(audit, live):
            return Decision(Happening.SEEN_LIVE, f"found live after {refusal.errcode}; {_shown(live)}")
        in_progress = audit.status in (AuditStatus.UNDER_AUDIT, AuditStatus.DELAYED)
        beside = in_progress and is_younger(audit, int(self.release.approved_at))
        if beside and refusal.errcode in _REFUSED_BESIDE_AUDIT:
            return self._wait_for_newer_audit(
                f"a newer version ({audit.user_version}) is under audit and WeChat will not release "
                f"beside it ({refusal.errcode}); this goes on when that audit ends"
            )
        return self._again(words(refusal))

    def _look_live(self, audit: Audit) -> LiveVersion | None:
        live = self._with_token(self._wechat.version_info)
        if live is None:
            return None
        if live.version:
            self._ledger.seen["live_version"] = live.version
        meant = approved_version(self._approval(), audit)
        if (meant and live.version == meant) or (live.released_at or 0) < int(self.release.approved_at):
            return live
        with self._store.read() as connection:
            shown = seen(connection, self.release, live, self._tools.scale)
        if isinstance(shown, Decision):
            raise Forbidden(shown)
        return shown

    def _with_token(self, call: Callable[[str, str], T]) -> T:
        appid = self.release.authorizer_appid
        return self._tokens.with_authorizer(appid, lambda token: call(token, appid))

    # -- deciding ----------------------------------------------------------------------------------------

    def _turns(self) -> Turns:
        return self._tools.turns(self.release.attempts, self.release.created_at)

    def _again(self, reason: str) -> Decision:
        return again(reason, self._turns())

    def _wait_for_newer_audit(self, reason: str) -> Decision:
        return wait_for(WaitsFor.NEWER_AUDIT, NEWER_AUDIT_SECONDS * self._tools.scale, reason)

    def _approval(self) -> Approval:
        refused = self.release.waits_for == WaitsFor.NEWER_AUDIT
        return Approval(int(self.release.approved_at), self.release.user_version, refused)

    def _is_live(self, audit: Audit, live: LiveVersion | None) -> bool:
        approval = self._approval()
        return is_live(approval, approved_version(approval, audit), live)


def _shown(live: LiveVersion | None) -> str:
    return f"WeChat shows version {live.version} live" if live and live.version else "WeChat shows it live"

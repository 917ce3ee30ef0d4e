"""The gray release of one release: its next step is taken in a turn, and looked at afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from reactor.core.decisions import Decision, Turns, WaitsFor, again, wait_for, words
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered
from reactor.core.lifecycle import (
    Approval,
    Audit,
    Finding,
    GrayPlan,
    Happening,
    Judgement,
    LiveVersion,
    judge,
)
from reactor.core.policy import GrayStep
from reactor.core.staging import Asked, Move, Step, is_ours, next_step, rest
from reactor.ledger import Ledger
from reactor.store.presence import LEASE_SECONDS
from reactor.store.releases import Release
from reactor.tokens import Tokens
from reactor.wechat import WeChatClient

T = TypeVar("T")
_NO_LIVE_VERSION = 85079


class Staged:
    """One turn's dealings with the gray release."""

    def __init__(
        self,
        release: Release,
        ledger: Ledger,
        wechat: WeChatClient,
        tokens: Tokens,
        clock: Callable[[], float],
    ) -> None:
        self._release = release
        self._ledger = ledger
        self._wechat = wechat
        self._tokens = tokens
        self._clock = clock
        self._plan: GrayPlan | None = None
        self._asked = _asked(release)

    def judge(self, approval: Approval, audit: Audit, live: LiveVersion | None) -> Judgement:
        """What the look means, the plan looked at where it matters.

        While a gray release of ours runs, what WeChat shows live is what a few of the users get.
        """
        judgement = judge(approval, audit, live)
        releasable = judgement.finding is Finding.RELEASABLE and live is not None
        if not releasable and self._asked is None:
            return judgement
        self._plan = self._look()
        if is_ours(self._asked, self._plan):
            return judge(approval, audit, None)
        return judge(approval, audit, live, self._plan)

    def advance(self, steps: Sequence[GrayStep], *, has_live: bool, turns: Turns) -> Decision | None:
        """Take the next step; None when the version is to go to all users now."""
        if not steps and self._asked is None:
            return None
        step = next_step(
            steps,
            asked=self._asked,
            plan=self._plan,
            has_live=has_live,
            now=self._clock(),
            hurry=self._is_called_for(),
        )
        match step.move:
            case Move.RELEASE:
                return None
            case Move.HOLD:
                return Decision(Happening.GRAY_FOUND, step.reason)
            case Move.WAIT:
                return self._rest(step)
            case Move.ASK:
                return self._widen(step.percentage, steps, turns)

    def _is_called_for(self) -> bool:
        """Whether a person said that the next step is to come, when the one before was done."""
        return self._asked is not None and self._asked.is_confirmed and self._release.waits_for is None

    def _widen(self, percentage: int, steps: Sequence[GrayStep], turns: Turns) -> Decision | None:
        reason = "WeChat accepted the gray release but does not show it yet"
        try:
            self._with_token(partial(self._call, percentage))
        except Answered as refusal:
            if refusal.errcode == _NO_LIVE_VERSION:
                return None  # no user has an older version to go on with
            if lookup(refusal.call, refusal.errcode).verdict is not Verdict.LOOK:
                raise
            self._ledger.refusal = refusal
            reason = words(refusal)
        return self._check(steps, reason, turns)

    def _check(self, steps: Sequence[GrayStep], reason: str, turns: Turns) -> Decision:
        """What became of it shows in the plan, whatever the answer was."""
        asked, plan = self._asked, self._look()
        assert asked is not None
        self._plan = plan
        if plan is not None and is_ours(asked, plan) and plan.percentage == asked.percentage:
            return self._rest(rest(steps, asked.at, plan.percentage))
        step = next_step(steps, asked=asked, plan=plan, has_live=True, now=self._clock())
        if step.move is Move.HOLD and plan is not None and not is_ours(asked, plan):
            return Decision(Happening.GRAY_FOUND, step.reason)
        return again(reason, turns)

    def _call(self, percentage: int, access_token: str, authorizer_appid: str) -> None:
        """Write down what is asked for, then call: who finds the row later looks at the plan."""
        now = self._clock()
        self._ledger.intend(
            "grayrelease",
            lease_seconds=LEASE_SECONDS,
            gray_percentage=percentage,
            gray_asked_at=now,
        )
        before = self._asked or Asked(percentage, now)
        self._asked = replace(before, percentage=percentage, at=now)
        self._wechat.gray_release(access_token, authorizer_appid, percentage)

    def _rest(self, step: Step) -> Decision:
        assert self._plan is not None
        self._ledger.note(gray_shown=self._plan.percentage, gray_plan_at=self._plan.created_at)
        return wait_for(WaitsFor.GRAY, max(0.0, step.until - self._clock()), step.reason)

    def _look(self) -> GrayPlan | None:
        return self._with_token(self._wechat.gray_plan)

    def _with_token(self, call: Callable[[str, str], T]) -> T:
        appid = self._release.authorizer_appid
        return self._tokens.with_authorizer(appid, lambda token: call(token, appid))


def _asked(release: Release) -> Asked | None:
    if release.gray_percentage is None or release.gray_asked_at is None:
        return None
    return Asked(release.gray_percentage, release.gray_asked_at, release.gray_shown, release.gray_plan_at)

"""A gray release, step by step: what our record, WeChat's plan and the time say is to be done next. Pure.

A plan is told apart by WeChat's time of it: one that is not ours is never touched. What was asked for is
written down before the call leaves, so a plan that shows it tells that the call happened, whoever died.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from reactor.core.lifecycle import GrayPlan
from reactor.core.policy import GrayStep

INITIAL, RUNNING, PAUSED = 0, 1, 2
ALL_USERS = 100
SKEW_SECONDS = 300.0  # by so much WeChat's clock may be behind ours


@dataclass(frozen=True, slots=True)
class Asked:
    """What we asked for last, and when; what WeChat's plan showed of it, and WeChat's time of that plan."""

    percentage: int
    at: float
    shown: int | None = None
    plan_at: float | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether WeChat's plan showed what was asked for last."""
        return self.shown == self.percentage


class Move(StrEnum):
    """What is to be done next."""

    ASK = "ask"  # call grayrelease with the percentage
    WAIT = "wait"
    RELEASE = "release"  # call release: to all users
    HOLD = "hold"  # a person must say


@dataclass(frozen=True, slots=True)
class Step:
    """The next move; `until` in Unix seconds for WAIT, `percentage` for ASK, else what users get now."""

    move: Move
    reason: str = ""
    percentage: int = 0
    until: float = 0.0


def is_ours(asked: Asked | None, plan: GrayPlan | None) -> bool:
    """Whether the plan is under way and is the one that we began."""
    if asked is None or plan is None or plan.created_at is None or plan.percentage >= ALL_USERS:
        return False
    if plan.status not in (INITIAL, RUNNING, PAUSED) or not plan.percentage:
        return False
    if asked.plan_at is not None and plan.created_at == asked.plan_at:
        return True
    # Nothing shows our last call yet: a plan of just that share, begun since, is what came of it.
    younger = plan.created_at >= asked.at - SKEW_SECONDS
    return not asked.is_confirmed and younger and plan.percentage == asked.percentage


def next_step(  # noqa: PLR0913 - all by name but the first
    steps: Sequence[GrayStep],
    *,
    asked: Asked | None,
    plan: GrayPlan | None,
    has_live: bool,
    now: float,
    hurry: bool = False,
) -> Step:
    """What is to be done now; `hurry`: a person just said that the next step is to come.

    `steps` without any: to all users at once, if nothing of ours speaks against it.
    """
    if asked is None:
        return _begin(steps, plan, has_live=has_live)
    if plan is not None and is_ours(asked, plan):
        return _go_on(steps, asked, plan, now, hurry=hurry)
    if plan is not None and plan.status in (RUNNING, PAUSED):
        return Step(Move.HOLD, _foreign(plan), plan.percentage)
    if asked.shown is None or hurry:
        # It never began, or a person who saw that it is gone says that it goes on.
        return _after(steps, asked.shown or 0)
    return Step(
        Move.HOLD,
        f"the gray release ({asked.shown} %) is not under way any more and was not ended from here; look at "
        "WeChat, then approve to go on, or cancel",
        asked.shown,
    )


def _begin(steps: Sequence[GrayStep], plan: GrayPlan | None, *, has_live: bool) -> Step:
    if plan is not None and plan.status in (RUNNING, PAUSED):
        return Step(Move.HOLD, _foreign(plan), plan.percentage)
    if not has_live:
        return Step(Move.RELEASE)  # there is nobody yet who could go on with an older version
    return _after(steps, 0)


def _go_on(steps: Sequence[GrayStep], asked: Asked, plan: GrayPlan, now: float, *, hurry: bool) -> Step:
    if plan.status == PAUSED:
        return Step(
            Move.HOLD,
            f"the gray release ({plan.percentage} %) was paused at WeChat; let it run again there, then "
            "approve",
            plan.percentage,
        )
    if plan.percentage < asked.percentage and not asked.is_confirmed:
        return Step(Move.ASK, percentage=asked.percentage)  # the last call never arrived
    if plan.percentage != asked.percentage and not hurry:
        return Step(
            Move.HOLD,
            f"the gray release is at {plan.percentage} %, but {asked.percentage} % was asked for from here; "
            "somebody else changed it: approve to go on from there, or cancel",
            plan.percentage,
        )
    resting = rest(steps, asked.at, plan.percentage)
    return _after(steps, plan.percentage) if hurry or now >= resting.until else resting


def rest(steps: Sequence[GrayStep], asked_at: float, percentage: int) -> Step:
    """What comes of a step that WeChat shows: users get it for a while, and then more of them."""
    until = asked_at + _pause_after(steps, percentage)
    return Step(Move.WAIT, _waiting(percentage, _after(steps, percentage), until), percentage, until)


def _after(steps: Sequence[GrayStep], percentage: int) -> Step:
    """The first step that reaches more users, or all of them."""
    more = [step.percentage for step in steps if percentage < step.percentage < ALL_USERS]
    return Step(Move.ASK, percentage=min(more)) if more else Step(Move.RELEASE)


def _pause_after(steps: Sequence[GrayStep], percentage: int) -> float:
    """How long the step that has been reached is to last."""
    reached = [step for step in steps if step.percentage <= percentage]
    return max(reached, key=lambda step: step.percentage).wait_seconds if reached else 0.0


def _waiting(percentage: int, following: Step, until: float) -> str:
    if following.move is Move.RELEASE:
        return f"gray release at {percentage} %, all users at {_clock(until)}"
    return f"gray release at {percentage} %, the next step ({following.percentage} %) at {_clock(until)}"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def _foreign(plan: GrayPlan) -> str:
    return (
        f"a gray release is under way ({plan.percentage} %); somebody chose to go slowly, so the full "
        "release waits for a person: end the gray release, then approve"
    )

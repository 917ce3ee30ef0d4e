"""What the policy means for one approval at one moment, and why: the one place where it is decided.

Whoever opens a release, whoever is about to call WeChat, and whoever asks what would happen, all ask here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reactor.core.policy.calendar import Bar, opening
from reactor.core.policy.rules import GRAY_STEPS, GrayStep, Mode, Policy, Subject, Terms, VersionRule, Who


class Action(StrEnum):
    """What is to be done, what decides first standing first."""

    OFF = "off"
    HOLD = "hold"
    WAIT = "wait"
    OBSERVE = "observe"
    GO = "go"


@dataclass(frozen=True, slots=True)
class Case:
    """One approval: since when it is known (Unix seconds), and the version as far as anybody looked.

    `approved_by` is the person who said yes to it, if one did; `hurried`: one would not wait for its delay.
    """

    subject: Subject
    since: float
    user_version: str | None = None
    user_desc: str | None = None
    approved_by: str | None = None
    paused: bool = False
    hurried: bool = False


@dataclass(frozen=True, slots=True)
class Because:
    """One thing that was weighed: the rule, what it says here, and whether it is what decided."""

    rule: str
    says: str
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """The outcome, with the rule that made it; `until` (Unix seconds) is when a wait is decided anew.

    A wait without `until` ends only by an operator's hand. `gray`: the steps that it goes in once it goes.
    """

    action: Action
    mode: Mode
    rule: str
    reason: str
    until: float | None = None
    gray: tuple[GrayStep, ...] = ()
    because: tuple[Because, ...] = ()


@dataclass(frozen=True, slots=True)
class _Voice:
    """What one rule wants, in its own words."""

    action: Action
    rule: str
    says: str


@dataclass(frozen=True, slots=True)
class _Said:
    """A mode, where it stands, and the reason that stands beside it."""

    mode: Mode
    rule: str
    reason: str | None = None


PAUSE = "pause"


def decide(policy: Policy, case: Case, now: float) -> Ruling:
    """What becomes of the approval if its turn is now; the same for the same arguments, always."""
    memberships = policy.memberships(case.subject)
    levels = policy.levels(memberships)
    modes = _modes(levels, policy.versions, case)
    said = max(modes, key=lambda one: one.mode.strictness)
    bars = _bars(policy, memberships, levels, case)
    closed = [bar for bar in bars if bar.next(now) > now]
    voices = [_of_mode(said, case)]
    if case.paused:
        voices.append(_Voice(Action.WAIT, PAUSE, "paused by an operator; resume lets it go on"))
    voices += [_Voice(Action.WAIT, bar.rule, bar.says) for bar in closed]
    deciding = min(voices, key=lambda voice: _ORDER[voice.action])
    waits = deciding.action is Action.WAIT and not case.paused
    because = [Because(one.rule, one.says, one is deciding) for one in voices]
    return Ruling(
        action=deciding.action,
        mode=said.mode,
        rule=deciding.rule,
        reason=deciding.says,
        until=opening(bars, now) if waits else None,
        gray=_gray(levels) if _goes_gray(modes, said) else (),
        because=(*because, *_overruled(levels, modes, said)),
    )


_ORDER = {action: number for number, action in enumerate(Action)}


# -- the mode --------------------------------------------------------------------------------------------


def _modes(levels: Sequence[Sequence[Terms]], versions: Sequence[VersionRule], case: Case) -> list[_Said]:
    """What counts: `off` of any rule that names it, or else the most specific; and the version's rules."""
    named = [terms for level in levels[:-1] for terms in level]
    denied = [terms for terms in named if terms.mode is Mode.OFF]
    chosen = denied or next((found for level in levels if (found := _with_mode(level))), [])
    voices = [_Said(terms.mode or Mode.AUTO, terms.place, terms.reason) for terms in chosen]
    if not voices:
        voices.append(_Said(Mode.AUTO, levels[-1][0].place))
    fitting = (rule for rule in versions if rule.fits(case.user_version, case.user_desc))
    return [*voices, *(_Said(rule.mode, rule.place, rule.reason) for rule in fitting)]


def _goes_gray(modes: Sequence[_Said], said: _Said) -> bool:
    """A person who approves what is held does not approve it for all users at once."""
    return said.mode in (Mode.GRAY, Mode.HOLD) and any(one.mode is Mode.GRAY for one in modes)


def _overruled(levels: Sequence[Sequence[Terms]], modes: Sequence[_Said], said: _Said) -> Iterator[Because]:
    """The rules that name a mode and did not get their way, for people who wonder why."""
    named = [_Said(terms.mode, terms.place) for level in levels for terms in level if terms.mode]
    weaker = {one.rule: one.mode for one in (*modes, *named) if one.rule != said.rule}
    return (Because(rule, f"mode {mode} is overruled by {said.rule}") for rule, mode in weaker.items())


def _with_mode(level: Sequence[Terms]) -> list[Terms]:
    return [terms for terms in level if terms.mode is not None]


_WORDS = {
    Mode.AUTO: (Action.GO, "released by itself"),
    Mode.GRAY: (Action.GO, "released by itself, step by step to more of its users"),
    Mode.HOLD: (Action.HOLD, "the policy holds it until a person approves"),
    Mode.OBSERVE: (Action.OBSERVE, "the policy only observes: nothing is done"),
    Mode.OFF: (Action.OFF, "the policy leaves it alone: nothing is done"),
}


def _of_mode(said: _Said, case: Case) -> _Voice:
    action, words = _WORDS[said.mode]
    if action is Action.HOLD and case.approved_by is not None:
        return _Voice(Action.GO, said.rule, f"approved by a person ({case.approved_by})")
    return _Voice(action, said.rule, f"{words} ({said.reason})" if said.reason else words)


def _gray(levels: Sequence[Sequence[Terms]]) -> tuple[GrayStep, ...]:
    """The steps of the most specific that names any; of several equally specific ones the slowest."""
    for level in levels:
        if found := [terms.gray for terms in level if terms.gray is not None]:
            return max(found, key=lambda steps: sum(step.wait_seconds for step in steps))
    return GRAY_STEPS


# -- the time --------------------------------------------------------------------------------------------


def _bars(policy: Policy, memberships: Who, levels: Sequence[Sequence[Terms]], case: Case) -> tuple[Bar, ...]:
    """What may stand in the way for a time, the gravest first."""
    bars = [
        Bar.of_freeze(freeze, f"frozen until {freeze.ends}: {freeze.reason}")
        for freeze in policy.freezes
        if freeze.concerns(memberships)
    ]
    for level in levels:
        if found := [terms for terms in level if terms.windows is not None]:
            bars += [Bar.of_windows(terms.place, terms.windows or ()) for terms in found]
            break
    if case.approved_by is None and not case.hurried and (delay := _delay(levels)):
        seconds, terms = delay
        says = f"the policy waits {seconds:g} s after the approval"
        bars.append(Bar.of_moment(terms.place, case.since + seconds, says))
    return tuple(bars)


def _delay(levels: Sequence[Sequence[Terms]]) -> tuple[float, Terms] | None:
    for level in levels:
        if found := [(terms.delay_seconds, terms) for terms in level if terms.delay_seconds is not None]:
            seconds, terms = max(found, key=lambda one: one[0])
            return (seconds, terms) if seconds else None
    return None

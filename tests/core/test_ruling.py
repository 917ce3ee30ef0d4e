"""What is decided for any policy and any case: deny wins, nothing goes that is to be held back."""

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.policy import (
    Action,
    Case,
    Freeze,
    Mode,
    Policy,
    Subject,
    Terms,
    VersionRule,
    decide,
    parse_policy,
)
from reactor.core.policy.calendar import HORIZON_SECONDS, is_open
from reactor.core.policy.clauses import window
from reactor.core.policy.rules import Pattern, is_like

SHOP, OTHER = "wx0123456789abcdef", "wxfedcba9876543210"
NOW = 1_790_000_000.0
KINDS = ("lists", "tags", "patterns")
modes = st.none() | st.sampled_from(Mode)
WINDOWS = [window("Mon-Fri 09:00-18:00", UTC), window("Sun 22:00-02:00", UTC)]


def terms(name):
    return st.builds(
        Terms,
        name=st.just(name),
        line=st.just(len(name)),
        mode=modes,
        delay_seconds=st.none() | st.integers(0, 7200).map(float),
        windows=st.none() | st.lists(st.sampled_from(WINDOWS), min_size=1).map(tuple),
    )


@st.composite
def policies(draw):
    groups = {kind: {name: draw(terms(f"{kind}.{name}")) for name in ("a", "b")} for kind in KINDS}
    several = st.frozensets(st.sampled_from(["a", "b"]))
    lists = draw(several)
    starts = st.integers(-7200, 7200).map(lambda by: NOW + by)
    freezes = st.builds(
        lambda since, lasting, only: Freeze(since, since + lasting, "?", only),
        starts,
        st.integers(1, 9000),
        st.sampled_from([frozenset(), frozenset({SHOP}), frozenset({"lists.a"}), frozenset({OTHER})]),
    )
    rules = st.builds(VersionRule, st.sampled_from(list(Mode)[1:]), st.sampled_from(["1*", "2*"]))
    return Policy(
        draw(terms("default")),
        draw(st.just({}) | st.fixed_dictionaries({SHOP: terms(f"authorizers.{SHOP}")})),
        **groups,
        members={name: frozenset({SHOP} if name in lists else {OTHER}) for name in ("a", "b")},
        tagged={SHOP: draw(several)},
        fits=(Pattern("a", nick_name="Deer*"), Pattern("b", nick_name="*Café")),
        versions=tuple(draw(st.lists(rules, max_size=2))),
        freezes=tuple(draw(st.lists(freezes, max_size=2))),
    )


cases = st.builds(
    Case,
    st.builds(Subject, st.just(SHOP), st.none(), st.sampled_from([None, "Deer Diner", "Deer Café"])),
    since=st.integers(-7200, 0).map(lambda by: NOW + by),
    user_version=st.sampled_from([None, "1.0", "2.0"]),
    approved_by=st.none() | st.just("ops"),
    paused=st.booleans(),
    hurried=st.booleans(),
)
rulings = given(policies(), cases)


def voices(policy, case):
    """All that is said of the case, level by level, told apart anew from the policy."""
    subject = case.subject
    own = [policy.authorizers[SHOP]] if SHOP in policy.authorizers else []
    lists = [policy.lists[name] for name in "ab" if SHOP in policy.members[name]]
    tags = [policy.tags[name] for name in "ab" if name in policy.tagged[SHOP]]
    nick = subject.nick_name or ""
    fits = [name for name, fit in (("a", nick.startswith("Deer")), ("b", nick.endswith("Café"))) if fit]
    return [own, lists, tags, [policy.patterns[name] for name in fits], [policy.default]]


def versions(policy, case):
    return [
        rule.mode for rule in policy.versions if (case.user_version or "").startswith(rule.user_version[0])
    ]


@settings(max_examples=300)
@rulings
def test_the_strictest_of_the_most_specific_counts_and_off_beats_everything(policy, case):
    levels = voices(policy, case)
    said = [[one.mode for one in level if one.mode] for level in levels]
    denied = any(Mode.OFF in level for level in said[:-1])
    chosen = [Mode.OFF] if denied else next((level for level in said if level), [Mode.AUTO])
    expected = max([*chosen, *versions(policy, case)], key=lambda mode: mode.strictness)
    assert decide(policy, case, NOW).mode is expected


@settings(max_examples=300)
@rulings
def test_nothing_goes_that_is_to_be_held_back(policy, case):
    ruling = decide(policy, case, NOW)
    memberships = policy.memberships(case.subject)
    frozen = any(one.since <= NOW < one.until and one.concerns(memberships) for one in policy.freezes)
    windows = next(
        (w for level in voices(policy, case) if (w := [o.windows for o in level if o.windows])), []
    )
    outside = any(not is_open(several, NOW) for several in windows)
    delays = next(
        (
            d
            for lv in voices(policy, case)
            if (d := [o.delay_seconds for o in lv if o.delay_seconds is not None])
        ),
        [0.0],
    )
    early = case.approved_by is None and not case.hurried and case.since + max(delays) > NOW
    held = ruling.mode is Mode.HOLD and case.approved_by is None
    barred = ruling.mode in (Mode.OFF, Mode.OBSERVE)
    free = not (frozen or outside or early or case.paused or held or barred)
    assert (ruling.action is Action.GO) == free


@rulings
def test_exactly_one_reason_decides_and_it_is_the_rulings(policy, case):
    ruling = decide(policy, case, NOW)
    (decided,) = [one for one in ruling.because if one.decided]
    assert (decided.rule, decided.says) == (ruling.rule, ruling.reason)


@rulings
def test_the_same_question_has_the_same_answer(policy, case):
    assert decide(policy, case, NOW) == decide(policy, case, NOW)


@rulings
def test_what_waits_may_go_when_its_wait_is_over(policy, case):
    ruling = decide(policy, case, NOW)
    if ruling.until is None:
        assert ruling.action is not Action.WAIT or case.paused
        return
    assert ruling.until > NOW
    never = ruling.until == NOW + HORIZON_SECONDS  # windows that have no moment in common
    assert (decide(policy, case, ruling.until).action in (Action.GO, Action.OBSERVE)) != never


@rulings
def test_knowing_the_version_never_makes_it_more_willing(policy, case):
    unknown = replace(case, user_version=None)
    before, after = decide(policy, unknown, NOW), decide(policy, case, NOW)
    assert after.mode.strictness >= before.mode.strictness


def test_who_approves_what_is_held_does_not_approve_it_for_all_users_at_once():
    policy = Policy(Terms(mode=Mode.HOLD), versions=(VersionRule(Mode.GRAY, "1*"),))
    ruling = decide(policy, Case(Subject(SHOP), NOW, "1.0", approved_by="ops"), NOW)
    assert ruling.action is Action.GO
    assert [step.percentage for step in ruling.gray] == [5, 20, 50]


def test_an_overruled_mode_is_named_with_what_overruled_it():
    policy = parse_policy(f'[default]\nmode = "off"\n[authorizers.{SHOP}]\nmode = "auto"\n')
    because = decide(policy, Case(Subject(SHOP), NOW), NOW).because
    assert [(one.rule, one.says) for one in because] == [
        (f"[authorizers.{SHOP}], line 3", "released by itself"),
        ("[default], line 1", f"mode off is overruled by [authorizers.{SHOP}], line 3"),
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("[hold]*", "[HOLD] please", True),
        ("[hold]*", "h", False),
        ("*hold*", "a\nhold\nb", True),
        ("v?.?", "v1.2", True),
        ("v?.?", "v1.23", False),
        ("*a*b", "aXbXb", True),
        ("a**b", "ab", True),
        ("", "", True),
        ("*", "", True),
        ("*小鹿*", "我的小鹿点餐", True),
    ],
)
def test_a_pattern_is_like_a_text(pattern, text, fits):
    assert is_like(pattern, text) is fits


def test_a_hostile_description_costs_no_time():
    assert not is_like("*a*a*a*a*a*a*a*a*b", "a" * 20_000)

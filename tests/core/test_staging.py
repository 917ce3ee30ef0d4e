"""A gray release step by step, as a pure answer to what our record and WeChat's plan say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.lifecycle import GrayPlan
from reactor.core.policy import GrayStep
from reactor.core.staging import Asked, Move, is_ours, next_step

STEPS = (GrayStep(5, 600.0), GrayStep(20, 1800.0), GrayStep(50, 3600.0))
AT = 1_790_000_000
FOREIGN = GrayPlan(1, 20, AT - 86400)


def asked(percentage=20, *, at=AT, shown="same", plan_at=AT):
    return Asked(percentage, at, percentage if shown == "same" else shown, plan_at)


def plan(percentage=20, status=1, created_at=AT):
    return GrayPlan(status, percentage, created_at)


def step(now=AT, *, asked=None, plan=None, has_live=True, steps=STEPS, hurry=False):
    found = next_step(steps, asked=asked, plan=plan, has_live=has_live, now=now, hurry=hurry)
    return found.move, found.percentage


def test_it_begins_with_the_first_step():
    assert step() == (Move.ASK, 5)


def test_an_app_without_an_online_version_goes_straight_to_release():
    assert step(has_live=False)[0] is Move.RELEASE


@pytest.mark.parametrize("status", [1, 2])
@pytest.mark.parametrize("has_live", [True, False])
def test_a_plan_started_by_somebody_else_is_never_touched(status, has_live):
    theirs = plan(status=status)
    assert step(plan=theirs, has_live=has_live)[0] is Move.HOLD
    assert step(plan=theirs, has_live=has_live, hurry=True)[0] is Move.HOLD


@pytest.mark.parametrize("over", [plan(100, 3), plan(20, 4), plan(0, 0, None), None])
def test_a_plan_that_is_over_does_not_keep_ours_from_beginning(over):
    assert step(plan=over) == (Move.ASK, 5)


def test_between_two_steps_it_waits_as_long_as_the_step_says():
    ours, shown = asked(), plan()
    found = next_step(STEPS, asked=ours, plan=shown, has_live=True, now=AT + 1799)
    assert (found.move, found.until) == (Move.WAIT, AT + 1800)
    assert found.reason == "gray release at 20 %, the next step (50 %) at 2026-09-21T14:43Z"
    assert step(AT + 1800, asked=ours, plan=shown) == (Move.ASK, 50)


def test_after_the_last_step_all_users_get_it():
    ours, shown = asked(50), plan(50)
    found = next_step(STEPS, asked=ours, plan=shown, has_live=True, now=AT)
    assert found.reason.startswith("gray release at 50 %, all users at ")
    assert step(AT + 3600, asked=ours, plan=shown)[0] is Move.RELEASE


def test_a_person_who_says_so_brings_the_next_step_at_once():
    assert step(asked=asked(), plan=plan(), hurry=True) == (Move.ASK, 50)


def test_a_call_that_never_arrived_is_made_again():
    assert step(asked=asked(5, shown=None, plan_at=None)) == (Move.ASK, 5)
    assert step(asked=asked(20, shown=5), plan=plan(5)) == (Move.ASK, 20)


def test_a_call_whose_answer_was_lost_is_known_by_the_plan():
    assert step(asked=asked(5, shown=None, plan_at=None), plan=plan(5, created_at=AT + 1))[0] is Move.WAIT
    assert step(asked=asked(20, shown=5, plan_at=AT - 900), plan=plan(20, created_at=AT + 1))[0] is Move.WAIT


def test_a_plan_of_another_share_or_an_older_one_is_not_taken_for_what_a_lost_answer_began():
    lost = asked(5, shown=None, plan_at=None)
    assert step(asked=lost, plan=plan(20, created_at=AT + 1))[0] is Move.HOLD
    assert step(asked=lost, plan=plan(5, created_at=AT - 301))[0] is Move.HOLD
    assert step(asked=lost, plan=plan(5, created_at=None))[0] is Move.HOLD


def test_another_plan_in_the_place_of_ours_is_not_touched_even_when_a_person_approves():
    theirs = plan(20, created_at=AT + 50)
    assert step(asked=asked(), plan=theirs)[0] is Move.HOLD
    assert step(asked=asked(), plan=theirs, hurry=True)[0] is Move.HOLD


def test_a_plan_paused_at_wechat_waits_for_a_person():
    for hurry in (False, True):
        found = next_step(
            STEPS, asked=asked(), plan=plan(status=2), has_live=True, now=AT + 9999, hurry=hurry
        )
        assert found.move is Move.HOLD
        assert "paused at WeChat" in found.reason


@pytest.mark.parametrize("gone", [None, plan(20, 4), plan(100, 3), plan(0, 0)])
def test_a_plan_that_vanished_waits_for_a_person_who_may_let_it_go_on(gone):
    found = next_step(STEPS, asked=asked(), plan=gone, has_live=True, now=AT + 9999)
    assert found.move is Move.HOLD
    assert "not under way any more" in found.reason
    assert step(AT + 9999, asked=asked(), plan=gone, hurry=True) == (Move.ASK, 50)


def test_a_share_that_somebody_else_changed_waits_for_a_person_and_goes_on_from_there():
    wider = plan(60)
    assert step(AT + 9999, asked=asked(), plan=wider)[0] is Move.HOLD
    assert step(AT + 9999, asked=asked(), plan=wider, hurry=True)[0] is Move.RELEASE
    assert step(AT + 9999, asked=asked(), plan=plan(30), hurry=True) == (Move.ASK, 50)


def test_steps_that_the_policy_takes_away_let_all_users_have_it():
    assert step(AT, asked=asked(), plan=plan(), steps=())[0] is Move.RELEASE


SHARES = st.integers(1, 99)
PLANS = st.one_of(
    st.none(),
    st.builds(
        GrayPlan,
        st.integers(0, 4),
        st.integers(0, 100),
        st.one_of(st.none(), st.integers(AT - 999, AT + 999)),
    ),
)
RECORDS = st.one_of(
    st.none(),
    st.builds(
        Asked,
        SHARES,
        st.integers(AT - 999, AT + 999).map(float),
        st.one_of(st.none(), SHARES),
        st.one_of(st.none(), st.integers(AT - 999, AT + 999).map(float)),
    ),
)
LADDERS = st.lists(st.builds(GrayStep, SHARES, st.floats(0, 9999)), max_size=4)


@given(st.tuples(LADDERS, RECORDS, PLANS), st.booleans(), st.booleans(), st.floats(AT, AT + 9999))
def test_whatever_the_record_and_the_plan_say_no_plan_of_somebody_else_is_touched(said, has_live, hurry, now):
    steps, record, shown = said
    found = next_step(steps, asked=record, plan=shown, has_live=has_live, now=now, hurry=hurry)
    if shown is not None and shown.status in (1, 2) and not is_ours(record, shown):
        assert found.move is Move.HOLD
    if found.move is Move.ASK:
        assert 1 <= found.percentage < 100
        if is_ours(record, shown):
            assert found.percentage > shown.percentage

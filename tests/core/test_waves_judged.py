"""How one version goes through the rings, from counts alone: who belongs where, what opens, what stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.errors import IllegalTransition
from reactor.core.policy import Ring, Waves
from reactor.core.policy.waves import (
    Standing,
    Tally,
    WaveState,
    carried_over,
    judged,
    moved,
    renumbered,
    ring_of,
    unforgiven,
)

NOW = 1_790_000_000.0
CANARY, EARLY = Ring("canary", frozenset({"wxa", "lists.vip"}), healthy_seconds=600), Ring("early", first=20)
WAVES = Waves((CANARY, EARLY), max_failures=10)
LIVE = Tally(live=2, last_live_at=NOW - 601)

counts = st.integers(0, 5)
tallies = st.builds(
    Tally,
    live=counts,
    waiting=counts,
    failed=counts,
    ended=counts,
    last_live_at=st.floats(NOW - 5000, NOW),
)
rings = st.builds(
    Ring,
    name=st.uuids().map(str),
    members=st.frozensets(st.sampled_from(["wxa", "wxb", "lists.vip"])),
    first=st.integers(0, 3),
    healthy_seconds=st.sampled_from([0.0, 600.0, 1800.0]),
    max_failures=st.integers(0, 3),
)
many = st.builds(Waves, st.lists(rings, max_size=4).map(tuple), st.integers(0, 5))
standings = st.builds(Standing, st.sampled_from(WaveState), st.integers(0, 4), st.integers(0, 8))
by_ring = st.dictionaries(st.integers(0, 4), tallies)


def in_no_ring(_):
    return 0


# -- who belongs where -----------------------------------------------------------------------------------


def test_a_named_one_belongs_to_its_ring_however_many_came_before():
    assert ring_of(WAVES, frozenset({"wxa"}), lambda _: 1000) == 0
    assert ring_of(WAVES, frozenset({"wxz", "lists.vip"}), lambda _: 1000) == 0


@pytest.mark.parametrize(("taken", "ring"), [(0, 1), (19, 1), (20, 2), (21, 2)])
def test_the_first_that_come_fill_a_ring_and_whoever_comes_later_is_of_the_rest(taken, ring):
    assert ring_of(WAVES, frozenset({"wxz"}), lambda _: taken) == ring


@pytest.mark.parametrize(
    ("memberships", "before", "ring"),
    [
        ("wxz", 1, 1),  # it keeps the place that it has
        ("wxz", 2, 2),  # and is not drawn into a ring that has a place by now
        ("wxa", 2, 0),  # but whoever is named since goes first
        ("wxz", 0, 1),  # and whoever is named no more does not
        ("wxz", 7, 1),  # there is no such ring any more
    ],
)
def test_one_that_has_a_place_keeps_it_unless_the_policy_names_it_elsewhere(memberships, before, ring):
    assert ring_of(WAVES, frozenset({memberships}), in_no_ring, before=before) == ring


@given(many, st.sampled_from(["wxa", "wxb", "wxz"]), st.none() | st.integers(0, 6))
def test_everybody_belongs_to_some_stage(waves, appid, before):
    ring = ring_of(waves, frozenset({appid}), in_no_ring, before=before)
    assert 0 <= ring <= waves.last
    assert ring_of(waves, frozenset({appid}), in_no_ring, before=ring) == ring


# -- what opens ------------------------------------------------------------------------------------------


def judge(*found, standing=None, waves=WAVES, now=NOW):
    return judged(waves, standing or Standing(), dict(enumerate(found)), now)


@pytest.mark.parametrize(
    "tally",
    [
        Tally(),
        Tally(waiting=1),
        Tally(live=2, waiting=1, last_live_at=NOW - 5000),
        Tally(live=2, last_live_at=NOW - 599),
        Tally(ended=3),
    ],
)
def test_the_next_ring_stays_closed_until_this_one_is_live_settled_and_healthy(tally):
    assert judge(tally, Tally(), Tally(waiting=5)) == Standing()


def test_the_next_ring_opens_when_this_one_was_live_long_enough():
    assert judge(LIVE, Tally(waiting=5)) == Standing(ring=1)
    assert judge(LIVE, Tally(waiting=5), now=NOW - 2) == Standing()


def test_a_wave_of_which_nothing_waits_is_done_once_its_ring_was_watched():
    assert judge(Tally(live=1, last_live_at=NOW - 10)).state is WaveState.OPEN
    assert judge(LIVE).state is WaveState.DONE
    assert judge(LIVE, Tally(live=3, last_live_at=NOW - 5000), Tally(live=9), standing=Standing(ring=2)) == (
        Standing(WaveState.DONE, 2)
    )


@given(many, standings, by_ring, st.floats(NOW - 10_000, NOW + 10_000))
def test_a_ring_is_open_only_if_every_ring_before_it_was_or_it_is_live_settled_and_healthy(
    waves, standing, found, now
):
    after = judged(waves, standing, found, now)
    for number in range(standing.ring, after.ring):
        tally = found[number]
        assert tally.live
        assert not tally.waiting
        assert now >= tally.last_live_at + waves.rings[number].healthy_seconds
    assert after.ring >= min(standing.ring, waves.last)


# -- what stops ------------------------------------------------------------------------------------------


def test_one_failure_more_than_the_ring_may_have_stops_the_wave_and_says_so():
    after = judge(Tally(live=2, failed=1, waiting=1, last_live_at=NOW))
    assert after == Standing(WaveState.STOPPED, reason="1 of ring canary failed, and at most 0 may")


def test_the_rest_has_a_quota_of_its_own():
    rest = Standing(ring=2)
    assert judge(LIVE, LIVE, Tally(waiting=1, failed=10), standing=rest).state is WaveState.OPEN
    assert judge(LIVE, LIVE, Tally(waiting=1, failed=11), standing=rest).reason == (
        "11 of the rest failed, and at most 10 may"
    )


def test_a_ring_that_was_gone_through_stops_the_wave_when_it_fails_later():
    after = judge(
        Tally(live=1, failed=1, last_live_at=NOW - 9000), Tally(waiting=3), standing=Standing(ring=1)
    )
    assert after.state is WaveState.STOPPED


def test_a_ring_of_which_nothing_came_live_asks_a_person_even_within_its_quota():
    patient = Waves((Ring("canary", first=2, max_failures=5),))
    after = judge(Tally(failed=2), Tally(waiting=4), waves=patient)
    assert after.reason == "nothing of ring canary is live, and 2 of it failed"
    assert judge(Tally(failed=1, waiting=1), Tally(waiting=4), waves=patient).state is WaveState.OPEN


@given(many, standings, by_ring, st.floats(NOW - 10_000, NOW + 10_000))
def test_nothing_opens_while_a_ring_has_more_unforgiven_failures_than_it_may(waves, standing, found, now):
    after = judged(waves, standing, found, now)
    for number, failed in unforgiven(found, standing.forgiven).items():
        most = waves.rings[number].max_failures if number < waves.last else waves.max_failures
        if failed > most:
            assert after.state in (WaveState.STOPPED, WaveState.CANCELLED)
            assert after.ring == standing.ring


@given(many, standings, by_ring, st.floats(NOW - 10_000, NOW + 10_000))
def test_what_is_stopped_or_ended_stays_so_whatever_the_counts_say(waves, standing, found, now):
    if standing.state in (WaveState.STOPPED, WaveState.CANCELLED):
        assert judged(waves, standing, found, now) == standing


@given(by_ring, st.integers(0, 30))
def test_forgiving_takes_away_so_many_failures_and_no_more(found, forgiven):
    failed = sum(tally.failed for tally in found.values())
    assert sum(unforgiven(found, forgiven).values()) == max(0, failed - forgiven)


# -- a person's hand -------------------------------------------------------------------------------------


@given(many, st.integers(0, 4), by_ring, st.floats(NOW - 10_000, NOW + 10_000))
def test_a_wave_that_a_person_let_go_on_does_not_stop_again_for_the_same_failures(waves, ring, found, now):
    stopped = Standing(WaveState.STOPPED, min(ring, waves.last), reason="it failed")
    after = moved(stopped, "go", found, waves.last, actor="ops")
    assert judged(waves, after, found, now).state in (WaveState.OPEN, WaveState.DONE)


def test_going_on_opens_the_next_ring_where_this_one_has_nothing_left_to_show():
    stopped = Standing(WaveState.STOPPED)
    assert moved(stopped, "go", {0: Tally(failed=2)}, 2, actor="ops") == Standing(ring=1, forgiven=2)
    assert moved(stopped, "go", {0: Tally(failed=2, waiting=1)}, 2, actor="ops") == Standing(forgiven=2)


def test_going_on_opens_the_next_ring_of_a_wave_that_goes_and_refuses_where_all_is_open():
    assert moved(Standing(ring=1), "go", {}, 2, actor="ops") == Standing(ring=2)
    with pytest.raises(IllegalTransition, match="open already"):
        moved(Standing(ring=2), "go", {}, 2, actor="ops")


def test_stopping_and_ending_say_by_whom_and_an_ended_wave_stays_ended():
    assert moved(Standing(ring=1), "stop", {}, 2, actor="ops").reason == "stopped by ops"
    stopped = Standing(WaveState.STOPPED, reason="1 of ring canary failed, and at most 0 may")
    assert moved(stopped, "stop", {}, 2, actor="ops") == stopped
    ended = moved(stopped, "cancel", {}, 2, actor="api")
    assert (ended.state, ended.reason) == (WaveState.CANCELLED, "ended by api")
    for verb in ("go", "stop", "cancel"):
        with pytest.raises(IllegalTransition, match="nothing was changed"):
            moved(ended, verb, {}, 2, actor="ops")


# -- rings that are edited while a wave runs -------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "ring", "now_open"),
    [
        (("canary", "early"), 1, 1),
        (("canary",), 1, 1),  # a ring came in before the rest, which had been open: it goes first
        (("early", "canary"), 1, 0),  # another order: the one that was not gone through goes first
        (("old", "canary", "early"), 1, 0),
        (("old",), 1, 0),
        ((), 0, 0),
    ],
)
def test_a_wave_goes_on_at_the_first_ring_that_it_was_not_through(names, ring, now_open):
    assert carried_over(names, WAVES, ring) == now_open


def test_releases_keep_their_ring_by_its_name_and_what_has_none_any_more_is_of_the_rest():
    assert renumbered(("early", "old", "canary"), WAVES) == {0: 1, 1: 2, 2: 0, 3: 2}


@given(many, many, st.integers(0, 4))
def test_no_edit_opens_a_ring_that_was_closed(before, after, ring):
    names = tuple(one.name for one in before.rings)
    opened = carried_over(names, after, min(ring, before.last))
    for one in after.rings[:opened]:
        assert one.name in names[:ring]

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.decisions import (
    BACKOFF_SECONDS,
    TURNS,
    TURNS_IF_UNKNOWN,
    Decision,
    Turns,
    WaitsFor,
    again,
    backoff,
    probe_wait,
    quota_wait,
    settle,
    wait_for,
    weigh,
    words,
)
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import (
    Answered,
    NeedsReauthorization,
    NotAuthorizedYet,
    NoTicket,
    NotSent,
    OutcomeUnknown,
    TokenBusy,
)
from reactor.core.lifecycle import Happening

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=UTC).timestamp()  # 20:00 in Shanghai
DAY = 86400.0


def turns(taken=1, *, waited=0.0, now=NOON, scale=1.0, chance=0.5):
    return Turns(taken=taken, waited=waited, now=now, scale=scale, chance=chance)


# -- backoff ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "seconds"),
    [(1, 1), (2, 5), (3, 30), (4, 120), (5, 600), (6, 1800), (7, 7200), (8, None), (9, None), (10**9, None)],
)
def test_turns_are_this_far_apart_and_the_eighth_is_the_last(taken, seconds):
    found = backoff(taken, scale=1.0, chance=0.5)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_there_are_eight_turns_in_all():
    assert TURNS == 8
    assert len(BACKOFF_SECONDS) == 7


@pytest.mark.parametrize("taken", [0, -1])
def test_a_turn_that_was_not_counted_waits_like_the_first(taken):
    assert backoff(taken, scale=1.0, chance=0.5) == pytest.approx(1.0)


@pytest.mark.parametrize("taken", range(1, 8))
def test_chance_spreads_a_wait_by_a_fifth_each_way(taken):
    step = BACKOFF_SECONDS[taken - 1]
    assert backoff(taken, scale=1.0, chance=0.0) == pytest.approx(0.8 * step)
    assert backoff(taken, scale=1.0, chance=1.0) == pytest.approx(1.2 * step)


@given(st.integers(1, 7), st.floats(0.001, 10), st.floats(0, 1))
def test_every_wait_is_within_a_fifth_of_its_scaled_step(taken, scale, chance):
    step = BACKOFF_SECONDS[taken - 1] * scale
    assert 0.8 * step * 0.999 <= backoff(taken, scale=scale, chance=chance) <= 1.2 * step * 1.001


@given(st.integers(1, 6), st.floats(0, 1), st.floats(0, 1))
def test_a_later_wait_is_longer_whatever_chance_says(taken, one, other):
    assert backoff(taken, scale=1.0, chance=one) < backoff(taken + 1, scale=1.0, chance=other)


@given(st.integers(-5, 20), st.integers(1, 20))
def test_the_turns_are_used_up_exactly_at_the_limit(taken, limit):
    assert (backoff(taken, scale=1.0, chance=0.5, limit=limit) is None) is (taken >= limit)


def test_a_probe_waits_a_minute_scaled_and_never_less_than_a_second():
    assert probe_wait(1.0) == 60.0
    assert probe_wait(0.5) == 30.0
    assert probe_wait(0.001) == 1.0
    assert probe_wait(10.0) == 600.0


# -- the next midnight in Shanghai -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-09-21T12:00:00+00:00", 4 * 3600),
        ("2026-09-21T15:59:59+00:00", 1),
        ("2026-09-21T15:59:59.750000+00:00", 0.25),
        ("2026-09-21T16:00:00+00:00", 24 * 3600),
        ("2026-09-21T16:00:01+00:00", 24 * 3600 - 1),
        ("2026-12-31T15:59:00+00:00", 60),
        ("2026-12-31T16:00:00+00:00", 24 * 3600),
        ("2028-02-28T16:00:00+00:00", 24 * 3600),
        ("2028-02-29T15:00:00+00:00", 3600),
        ("2026-02-28T23:59:59+08:00", 1),
    ],
)
def test_the_quota_is_back_at_the_next_midnight_in_shanghai(moment, seconds):
    assert quota_wait(datetime.fromisoformat(moment).timestamp()) == pytest.approx(seconds, abs=1e-5)


@given(st.integers(946_684_800, 4_102_444_800))
def test_the_quota_wait_ends_on_a_midnight_at_most_a_day_away(now):
    wait = quota_wait(float(now))
    assert 0 < wait <= DAY
    here = datetime.fromtimestamp(now + wait, UTC) + timedelta(hours=8)
    assert (here.hour, here.minute, here.second) == (0, 0, 0)


# -- another turn, or a person ---------------------------------------------------------------------------


def test_another_turn_is_counted_and_waits_for_nothing_but_time():
    decision = again("busy", turns(2))
    assert decision == Decision(
        Happening.PUT_BACK, "busy", pytest.approx(5.0), WaitsFor.BACKOFF, counted=True
    )
    assert not decision.systemic


def test_after_the_eighth_turn_a_person_must_look():
    decision = again("busy", turns(8))
    assert decision.happening is Happening.GAVE_UP
    assert decision.reason == "busy; gave up after 8 turns, a person must look"


def test_what_waits_for_something_outside_is_not_counted():
    decision = wait_for(WaitsFor.QUOTA, 60.0, "quota")
    assert decision == Decision(Happening.PUT_BACK, "quota", 60.0, WaitsFor.QUOTA, counted=False)


@pytest.mark.parametrize("what", WaitsFor)
def test_only_a_missing_ticket_a_blocked_component_and_an_outage_stand_before_every_release(what):
    systemic = (WaitsFor.SYSTEM, WaitsFor.TICKET, WaitsFor.OUTAGE)
    assert wait_for(what, 1.0, "x").systemic is (what in systemic)


# -- every verdict ---------------------------------------------------------------------------------------

COUNTED = {Verdict.DONE, Verdict.RETRY, Verdict.LOOK, Verdict.RENEW, Verdict.HEAL}
PEOPLE = {Verdict.REAUTHORIZE, Verdict.PERSON, Verdict.BUG, Verdict.CODE_USED}
OUTSIDE = {
    Verdict.TICKET: (WaitsFor.TICKET, 60.0),
    Verdict.BLOCKED: (WaitsFor.SYSTEM, 60.0),
    Verdict.QUOTA: (WaitsFor.QUOTA, 4 * 3600.0),
    Verdict.SLOW: (WaitsFor.QUOTA, 60.0),
}


def test_every_verdict_is_looked_at_here():
    assert COUNTED | PEOPLE | set(OUTSIDE) | {Verdict.UNKNOWN} == set(Verdict)


@pytest.mark.parametrize("verdict", sorted(COUNTED))
def test_what_does_not_settle_gets_eight_turns(verdict):
    waits = [settle(verdict, "why", turns(taken)) for taken in range(1, 9)]
    assert [w.happening for w in waits] == [Happening.PUT_BACK] * 7 + [Happening.GAVE_UP]
    assert all(w.counted for w in waits)
    assert [w.wait_seconds for w in waits[:7]] == pytest.approx(list(BACKOFF_SECONDS))


@pytest.mark.parametrize("taken", [1, 7, 8, 100])
@pytest.mark.parametrize("verdict", sorted(PEOPLE))
def test_what_only_a_person_can_mend_is_not_tried_again(verdict, taken):
    assert settle(verdict, "why", turns(taken)) == Decision(Happening.GAVE_UP, "why")


@pytest.mark.parametrize("taken", [1, 8, 1000])
@pytest.mark.parametrize("verdict", sorted(OUTSIDE))
def test_what_waits_outside_never_uses_the_turns_up(verdict, taken):
    what, seconds = OUTSIDE[verdict]
    assert settle(verdict, "why", turns(taken)) == wait_for(what, seconds, "why")


@pytest.mark.parametrize("verdict", sorted(OUTSIDE))
def test_the_operators_scale_multiplies_every_wait(verdict):
    _, seconds = OUTSIDE[verdict]
    assert settle(verdict, "why", turns(scale=0.25)).wait_seconds == pytest.approx(seconds * 0.25)


def test_an_unknown_errcode_gets_three_turns():
    waits = [settle(Verdict.UNKNOWN, "why", turns(taken)) for taken in (1, 2, 3)]
    assert TURNS_IF_UNKNOWN == 3
    assert [w.happening for w in waits] == [Happening.PUT_BACK, Happening.PUT_BACK, Happening.GAVE_UP]
    assert waits[2].reason == "why; gave up after 3 turns, a person must look"


@given(st.sampled_from(list(Verdict)), st.integers(1, 30), st.floats(0.001, 10), st.floats(0, 1))
def test_every_refusal_ends_in_a_wait_of_some_length_or_before_a_person(verdict, taken, scale, chance):
    decision = settle(verdict, "why", turns(taken, scale=scale, chance=chance))
    assert decision.reason.startswith("why")
    if decision.happening is Happening.PUT_BACK:
        assert decision.wait_seconds > 0
        assert decision.waits_for is not None
    else:
        assert decision.happening is Happening.GAVE_UP
        assert (decision.wait_seconds, decision.waits_for) == (0.0, None)


# -- every kind of error ---------------------------------------------------------------------------------


def test_a_request_that_never_left_is_tried_again():
    decision = weigh(NotSent("release", "no route"), turns(1))
    assert (decision.happening, decision.waits_for) == (Happening.PUT_BACK, WaitsFor.BACKOFF)
    assert decision.counted  # a turn whose look fails counts too
    assert decision.reason.startswith("release: no route")


def test_a_call_whose_answer_was_lost_is_tried_again():
    decision = weigh(OutcomeUnknown("release", "timed out", http_status=502), turns(3))
    assert (decision.happening, decision.wait_seconds) == (Happening.PUT_BACK, pytest.approx(30.0))
    assert decision.reason.startswith("release: timed out")


@pytest.mark.parametrize("error", [NotSent("release", "x"), OutcomeUnknown("release", "x")])
def test_lost_calls_end_before_a_person_after_eight_turns(error):
    assert weigh(error, turns(7)).happening is Happening.PUT_BACK
    assert weigh(error, turns(8)).happening is Happening.GAVE_UP


@pytest.mark.parametrize("taken", [1, 8, 99])
def test_without_a_ticket_everything_waits_for_one(taken):
    decision = weigh(NoTicket("WeChat has pushed no ticket"), turns(taken))
    assert decision == wait_for(WaitsFor.TICKET, 60.0, "WeChat has pushed no ticket")


@pytest.mark.parametrize("taken", [1, 8, 99])
def test_a_token_that_somebody_else_fetches_is_waited_for_shortly(taken):
    decision = weigh(TokenBusy("another process"), turns(taken, scale=2.0))
    assert decision == wait_for(WaitsFor.BACKOFF, 10.0, "another process")


@pytest.mark.parametrize(
    ("waited", "scale", "wait"),
    [
        (0, 1.0, 600),
        (2400, 1.0, 600),
        (DAY / 2, 1.0, 10800),
        (DAY, 1.0, 21600),
        (100 * DAY, 1.0, 21600),
        (0, 0.01, 6),
        (DAY, 0.01, 216),
    ],
)
def test_an_unknown_authorizer_is_waited_for_and_asked_about_ever_less(waited, scale, wait):
    decision = weigh(NotAuthorizedYet("not known"), turns(99, waited=waited, scale=scale))
    assert decision == wait_for(WaitsFor.AUTHORIZER, wait, "not known")


def test_a_lost_authorization_is_a_matter_for_the_merchant():
    assert weigh(NeedsReauthorization("gone"), turns(1)) == Decision(Happening.GAVE_UP, "gone")


@pytest.mark.parametrize(
    ("call", "errcode", "happening", "waits_for"),
    [
        ("release", -1, "put_back", "backoff"),
        ("release", 85019, "put_back", "backoff"),
        ("release", 85020, "put_back", "backoff"),
        ("release", 85052, "put_back", "backoff"),
        ("release", 45009, "put_back", "quota"),
        ("release", 45011, "put_back", "quota"),
        ("release", 61004, "put_back", "system"),
        ("release", 40164, "put_back", "system"),
        ("api_component_token", 61005, "put_back", "ticket"),
        ("api_component_token", 61006, "put_back", "ticket"),
        ("release", 48001, "gave_up", None),
        ("release", 61007, "gave_up", None),
        ("release", 61003, "gave_up", None),
        ("release", 424242, "put_back", "backoff"),
    ],
)
def test_an_answer_is_weighed_by_the_table_of_errcodes(call, errcode, happening, waits_for):
    decision = weigh(Answered(call, errcode, "whatever", rid="r-1"), turns(1))
    assert (decision.happening, decision.waits_for) == (happening, waits_for)
    assert str(errcode) in decision.reason


def test_the_same_code_is_weighed_by_the_call_that_was_answered():
    of_release = weigh(Answered("release", 85019, "no audit"), turns(1))
    of_another = weigh(Answered("submit_audit", 85019, "no audit"), turns(1))
    assert of_release.happening is Happening.PUT_BACK
    assert of_another.happening is Happening.GAVE_UP


def test_an_unlisted_errcode_is_left_to_a_person_after_three_turns():
    refusal = Answered("release", 424242, "surprise")
    assert [weigh(refusal, turns(taken)).happening for taken in (2, 3)] == ["put_back", "gave_up"]


def test_a_refusal_is_told_with_its_code_and_what_to_do():
    told = words(Answered("release", 85052, "already released"))
    assert told == f"release answered 85052: {lookup('release', 85052).en}"

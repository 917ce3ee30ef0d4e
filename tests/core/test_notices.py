from itertools import count

import pytest

from reactor.core.notices import (
    BACKOFF_SECONDS,
    TRIES,
    Kind,
    Message,
    Notice,
    Told,
    fold,
    news_of_ticket,
    of_json,
    to_json,
    wait_before_next_try,
)

NOW = 1000.0
SHOP, CAFE = "wx000000000000000a", "wx000000000000000b"
IDS = count(1)


def notice(kind, at=NOW, **more):
    return Notice(next(IDS), at, kind, **more)


def sizes(folded):
    return [len(group) for group in folded.groups]


# -- waves -----------------------------------------------------------------------------------------------


def test_a_few_are_told_one_by_one_and_at_once():
    assert sizes(fold([notice(Kind.LIVE) for _ in range(5)], Told(), NOW)) == [1] * 5


def test_more_than_five_of_a_kind_wait_and_become_one():
    pending = [notice(Kind.LIVE, NOW - 59.9 + number) for number in range(30)]
    assert sizes(fold(pending, Told(), NOW)) == []
    assert sizes(fold(pending, Told(), NOW + 0.2)) == [30]


def test_what_was_told_within_the_minute_counts():
    one = [notice(Kind.LIVE)]
    assert sizes(fold(one, Told({Kind.LIVE: 4}), NOW)) == [1]
    assert sizes(fold(one, Told({Kind.LIVE: 5}), NOW)) == []
    assert sizes(fold(one, Told({Kind.LIVE: 5}), NOW + 60)) == [1]
    assert sizes(fold(one, Told({Kind.FAILED: 5}), NOW)) == [1]


def test_a_wave_of_one_kind_holds_no_other_back():
    pending = [*[notice(Kind.LIVE) for _ in range(9)], notice(Kind.FAILED)]
    folded = fold(pending, Told(), NOW)
    assert [group[0].kind for group in folded.groups] == [Kind.FAILED]


def test_a_notice_from_a_clock_that_was_ahead_holds_nothing_up():
    pending = [notice(Kind.LIVE, NOW + 86400) for _ in range(9)]
    assert sizes(fold(pending, Told(), NOW)) == [9]


def test_messages_go_in_the_order_of_what_happened():
    pending = [notice(Kind.LIVE), notice(Kind.FAILED), notice(Kind.LIVE)]
    assert [group[0].id for group in fold(pending, Told(), NOW).groups] == [one.id for one in pending]


# -- second messages -------------------------------------------------------------------------------------


def test_one_rejection_found_by_push_and_sweep_is_told_once():
    first, second = (notice(Kind.REJECTED, authorizer_appid=SHOP, detail="why") for _ in range(2))
    folded = fold([first, second], Told(), NOW)
    assert (folded.groups, folded.dropped) == ([[first]], [second])
    assert fold([second], Told(news={first.news: NOW - 599}), NOW).dropped == [second]


@pytest.mark.parametrize(
    "other", [{"authorizer_appid": CAFE, "detail": "why"}, {"authorizer_appid": SHOP, "detail": "else"}]
)
def test_two_rejections_are_two(other):
    pending = [notice(Kind.REJECTED, authorizer_appid=SHOP, detail="why"), notice(Kind.REJECTED, **other)]
    assert sizes(fold(pending, Told(), NOW)) == [1, 1]


def test_the_same_rejection_much_later_is_another():
    again = notice(Kind.REJECTED, authorizer_appid=SHOP, detail="why")
    assert sizes(fold([again], Told(news={again.news: NOW - 601}), NOW)) == [1]


def test_a_lost_authorization_is_told_once_a_day_whatever_the_words():
    first = notice(Kind.NEEDS_REAUTHORIZATION, authorizer_appid=SHOP, detail="one way")
    second = notice(Kind.NEEDS_REAUTHORIZATION, authorizer_appid=SHOP, detail="another way")
    assert fold([first, second], Told(), NOW).dropped == [second]
    assert sizes(fold([second], Told(news={first.news: NOW - 86401}), NOW)) == [1]


def test_calls_that_stop_are_told_at_once_and_their_end_too():
    stop, end = notice(Kind.BLOCKED), notice(Kind.UNBLOCKED)
    assert fold([stop, end], Told(), NOW).groups == [[stop], [end]]


def test_calls_that_stop_again_soon_are_told_only_when_they_stay_so():
    stop = notice(Kind.BLOCKED)
    assert fold([stop], Told(stopped_at=NOW - 599), NOW).groups == []
    assert fold([stop], Told(stopped_at=NOW - 600), NOW).groups == [[stop]]


def test_a_second_stop_that_is_over_before_it_was_told_is_never_told():
    stop, end = notice(Kind.BLOCKED), notice(Kind.UNBLOCKED)
    folded = fold([stop, end], Told(stopped_at=NOW - 10), NOW)
    assert (folded.groups, folded.dropped) == ([], [stop, end])


def test_the_end_of_a_told_stop_is_told_also_when_another_began():
    end, stop = notice(Kind.UNBLOCKED), notice(Kind.BLOCKED)
    assert fold([end, stop], Told(stopped_at=NOW - 10), NOW).groups == [[end]]


# -- the ticket ------------------------------------------------------------------------------------------

HALF_AN_HOUR, TWO_HOURS, ELEVEN_HOURS = 1800, 7200, 39600


@pytest.mark.parametrize(
    ("age", "told_at_age", "news"),
    [
        (HALF_AN_HOUR - 1, None, None),
        (HALF_AN_HOUR, None, Kind.TICKET_OLD),
        (TWO_HOURS - 1, HALF_AN_HOUR, None),
        (TWO_HOURS, HALF_AN_HOUR + 5, Kind.TICKET_OLD),
        (ELEVEN_HOURS - 1, TWO_HOURS + 5, None),
        (ELEVEN_HOURS, TWO_HOURS + 5, Kind.TICKET_OLD),
        (99 * 3600, ELEVEN_HOURS + 5, None),
        (60, -3600, Kind.TICKET_BACK),
        (60, None, None),
    ],
)
def test_an_old_ticket_is_told_at_three_ages_and_when_it_is_back(age, told_at_age, news):
    told_at = None if told_at_age is None else 0.0 + told_at_age
    assert news_of_ticket(0.0, told_at, since=0.0, now=age) == news


def test_where_no_ticket_ever_came_that_is_told_once():
    assert news_of_ticket(None, None, since=0.0, now=1799) is None
    assert news_of_ticket(None, None, since=0.0, now=1800) is Kind.TICKET_OLD
    assert news_of_ticket(None, 1800.0, since=0.0, now=999_999) is None


# -- sending ---------------------------------------------------------------------------------------------


def test_a_message_is_tried_five_times_over_more_than_an_hour():
    waits = [wait_before_next_try(tries, scale=1, chance=0.5) for tries in range(1, TRIES + 1)]
    assert waits == [*BACKOFF_SECONDS, None]
    assert sum(BACKOFF_SECONDS) > 3600


def test_the_wait_is_scaled_and_scattered_but_never_shorter_than_the_far_end_wants():
    assert wait_before_next_try(1, scale=0.01, chance=0.5) == pytest.approx(0.05)
    assert wait_before_next_try(1, scale=1, chance=0) == pytest.approx(4.0)
    assert wait_before_next_try(1, scale=1, chance=1) == pytest.approx(6.0)
    assert wait_before_next_try(1, scale=0.01, chance=0.5, least=600) == 600


def test_a_message_outlives_the_store():
    message = Message("x", 1.5, ("审", "b"), "https://a.example", 2, ({"reason": None},))
    assert of_json(to_json(message)) == message


@pytest.mark.parametrize("most", [60, 61, 62, 63, 64, 200])
def test_a_text_is_cut_between_letters_and_keeps_its_link(most):
    message = Message("x", 0.0, ("审核" * 30,), "https://a.example/ops")
    text = message.shortened(most)
    assert len(text.encode()) <= most
    assert text.endswith("\nhttps://a.example/ops")
    assert "\ufffd" not in text

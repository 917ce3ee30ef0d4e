"""Windows, freezes and delays, held against a walk from minute to minute along the clock on the wall."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.policy import Freeze, Window
from reactor.core.policy.calendar import HORIZON_SECONDS, Bar, is_open, next_open, opening
from reactor.core.policy.clauses import window

DAY, MINUTE = 86400, 60
FARTHEST = 17 * DAY


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


# Zone → moments at which its clocks are changed, and one at which nothing is.
SHIFTS = {
    "Asia/Shanghai": ["1991-04-13T18:00", "1991-09-14T17:00", "2026-10-01T00:00"],
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "Pacific/Apia": ["2011-12-30T10:00", "2012-03-31T14:00", "2012-09-29T14:00"],
}


def shown(zone, moment):
    """Weekday and minute on the wall, by the offset alone."""
    wall = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
    return wall.weekday(), wall.hour * 60 + wall.minute


def lies_in(one, moment):
    """What a window means, said minute by minute: the minutes from its beginning, on each of its days."""
    weekday, minute = shown(one.zone.key, moment)
    length = (one.until - one.since) % 1440 or 1440
    for ago in (0, 1):
        begun = (weekday - ago) % 7
        if begun in one.days and 0 <= minute + ago * 1440 - one.since < length:
            return True
    return False


def walk(stands_in_the_way, now):
    """The first moment, now or a whole minute, at which nothing stands in the way."""
    moment = now
    while stands_in_the_way(moment):
        moment = (moment // MINUTE + 1) * MINUTE
        assert moment < now + FARTHEST
    return moment


minutes = st.one_of(
    st.integers(0, 1439), st.sampled_from([0, 60, 90, 119, 120, 121, 150, 179, 180, 181, 1380, 1439])
)


@st.composite
def windows(draw, zone):
    since = draw(minutes)
    until = draw(minutes.filter(lambda minute: minute != since))
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return Window("a window", days, since, until, ZoneInfo(zone))


def moments(zone):
    """Any second within three days of a shift, most often within two hours."""
    near = st.one_of(st.integers(-7200, 7200), st.integers(-3 * DAY, 3 * DAY))
    return st.builds(lambda shift, by: at(shift) + by, st.sampled_from(SHIFTS[zone]), near)


@pytest.mark.parametrize("zone", SHIFTS)
def test_the_next_opening_is_the_first_minute_inside_a_window(zone):
    @settings(max_examples=60)
    @given(st.lists(windows(zone), min_size=1, max_size=3), moments(zone))
    def holds(several, now):
        found = next_open(several, now)
        assert found == walk(lambda moment: not any(lies_in(one, moment) for one in several), now)
        assert is_open(several, found)

    holds()


@pytest.mark.parametrize("zone", SHIFTS)
def test_releasing_begins_at_the_first_minute_at_which_nothing_stands_in_the_way(zone):
    spans = st.tuples(st.integers(-1440, 1440), st.integers(1, 3000))

    @settings(max_examples=60)
    @given(
        st.lists(windows(zone), min_size=1, max_size=2),
        st.lists(spans, max_size=3),
        st.integers(-600, 3000),
        moments(zone),
    )
    def holds(several, frozen, delay, now):
        whole = now // MINUTE * MINUTE
        freezes = [
            Freeze(whole + since * MINUTE, whole + (since + length) * MINUTE, "?") for since, length in frozen
        ]
        until = whole + delay * MINUTE
        bars = [Bar.of_freeze(freeze, "frozen") for freeze in freezes]
        bars += [Bar.of_windows("here", several), Bar.of_moment("here", until, "waits")]

        def stands_in_the_way(moment):
            outside = not any(lies_in(one, moment) for one in several)
            return outside or moment < until or any(one.since <= moment < one.until for one in freezes)

        assert opening(bars, now) == walk(stands_in_the_way, now)

    holds()


def test_a_window_in_the_hour_that_is_taken_away_opens_a_day_later():
    night = [window("02:15-02:45", ZoneInfo("Europe/Berlin"))]
    assert next_open(night, at("2026-03-29T00:30")) == at("2026-03-30T00:15")


def test_a_window_that_begins_in_the_hour_taken_away_opens_when_the_clock_jumps_into_it():
    night = [window("02:15-04:00", ZoneInfo("Europe/Berlin"))]
    assert next_open(night, at("2026-03-29T00:30")) == at("2026-03-29T01:00")


def test_a_window_in_the_hour_that_comes_twice_opens_twice():
    night = [window("02:15-02:45", ZoneInfo("Europe/Berlin"))]
    assert next_open(night, at("2026-10-25T00:00")) == at("2026-10-25T00:15")
    assert next_open(night, at("2026-10-25T00:45")) == at("2026-10-25T01:15")
    assert next_open(night, at("2026-10-25T01:45")) == at("2026-10-26T01:15")


def test_a_window_past_midnight_belongs_to_the_day_on_which_it_begins():
    friday = [window("Fri 22:00-02:00", ZoneInfo("Asia/Shanghai"))]
    assert not is_open(friday, at("2026-10-01T17:30"))  # Friday, 01:30
    assert is_open(friday, at("2026-10-02T17:30"))  # Saturday, 01:30
    assert not is_open(friday, at("2026-10-02T18:00"))  # Saturday, 02:00


def test_a_weekday_that_a_country_left_out_is_not_waited_for_in_vain():
    friday = [window("Fri 09:00-10:00", ZoneInfo("Pacific/Apia"))]
    assert next_open(friday, at("2011-12-30T09:59")) == at("2012-01-05T19:00")


def test_windows_that_never_meet_are_asked_about_again_much_later():
    zone = ZoneInfo("Asia/Shanghai")
    bars = [Bar.of_windows("a", [window("Mon 09:00-10:00", zone)])]
    bars.append(Bar.of_windows("b", [window("Tue 09:00-10:00", zone)]))
    now = at("2026-10-01T00:00")
    assert opening(bars, now) == now + HORIZON_SECONDS


def test_where_nothing_stands_in_the_way_it_is_now():
    assert opening([], 17.5) == 17.5


@pytest.mark.parametrize(
    ("text", "days", "since", "until"),
    [
        ("Mon-Fri 09:00-18:00", {0, 1, 2, 3, 4}, 540, 1080),
        ("Sat,Sun 10:00-16:00", {5, 6}, 600, 960),
        ("Fri-Mon 00:00-24:00", {4, 5, 6, 0}, 0, 1440),
        ("mon,WED-thu 08:00-09:00", {0, 2, 3}, 480, 540),
        ("22:00-02:00", set(range(7)), 1320, 120),
    ],
)
def test_a_window_is_read_as_people_write_it(text, days, since, until):
    read = window(text, UTC)
    assert (read.days, read.since, read.until) == (days, since, until)

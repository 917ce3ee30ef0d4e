"""The pictures as a browser reads them: honest axes, empty states, words that say the same."""

import re
import time
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa
from house import START

from reactor.core import counting
from reactor.pictures import audits, days, heartbeat, latency, pictures_of
from reactor.pictures.drawing import Drawing, duration
from reactor.store import numbers

SVG = "{http://www.w3.org/2000/svg}"
TEN_MINUTES = 600.0
HOUR = 3600.0


def texts(picture):
    return [one.text for one in ET.fromstring(picture.svg).iter(f"{SVG}text")]


def paths(picture, name):
    found = ET.fromstring(picture.svg).iter(f"{SVG}path")
    return "".join(one.get("d") for one in found if one.get("class") == name)


def boxes(picture, name):
    """(x, y, width, height) of each box of this class."""
    found = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-", paths(picture, name))
    return [tuple(map(float, one)) for one in found]


def some_days(*last):
    """The last of thirty days, each as (released, failed)."""
    quiet = [(0, 0)] * (days.COUNT - len(last))
    names = counting.days_before(START, days.COUNT)
    return [days.Day(day, *one) for day, one in zip(names, [*quiet, *last], strict=True)]


def every_ten_minutes(hours, now=START):
    return [now - TEN_MINUTES * number for number in reversed(range(int(hours * 6)))]


def rich(lang="en"):
    week = {(day, hour): {str(2 * HOUR): 3.0} for day in range(7) for hour in range(24)}
    return [
        latency.draw([1.0 + number / 7 for number in range(100)], lang),
        days.draw(some_days(*[(number, number % 3) for number in range(30)]), lang),
        audits.draw(week, lang),
        heartbeat.draw(every_ten_minutes(36), START, lang),
    ]


def empty(lang="en"):
    return [
        latency.draw([], lang),
        days.draw(some_days(), lang),
        audits.draw({}, lang),
        heartbeat.draw([], START, lang),
    ]


# -- all of them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("made", [rich, empty])
def test_each_says_in_words_what_it_shows(made, lang):
    for picture in made(lang):
        svg = ET.fromstring(picture.svg)
        assert svg.get("role") == "img"
        told = {one.get("id"): one.text for one in svg if one.get("id")}
        assert [told[name] for name in svg.get("aria-labelledby").split()] == [picture.title, picture.summary]
        assert picture.title
        assert picture.summary


def test_each_is_light_and_fits_a_strict_content_policy_and_any_width():
    for picture in rich():
        assert len(picture.svg.encode()) < 6000
        assert not re.search(r"style|<script|\son\w+=|href", picture.svg)
        assert re.search(r'viewBox="0 0 360 \d+"', picture.svg)
        assert ' width="' not in picture.svg


def test_nothing_is_drawn_beside_the_sheet():
    for picture in rich():
        height = float(re.search(r"viewBox=\"0 0 360 (\d+)", picture.svg)[1])
        for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", picture.svg):
            assert 0 <= float(x) <= 360
            assert 0 <= float(y) <= height


def test_no_two_on_a_page_share_an_id():
    ids = re.findall(r' id="([^"]+)"', "".join(picture.svg for picture in rich()))
    assert len(ids) == len(set(ids)) == 8


def test_while_there_is_nothing_each_says_so():
    for picture in empty():
        assert picture.empty
        assert picture.summary.startswith("Nothing yet")
        assert texts(picture) == [picture.summary]
    assert not any(picture.empty for picture in rich())


def test_words_from_anywhere_cannot_break_out():
    drawing = Drawing(10)
    drawing.text(0, 0, '<script>"&')
    picture = drawing.finished("one", "<b>", "</desc>&")
    svg = ET.fromstring(picture.svg)
    assert [one.text for one in svg] == ["<b>", "</desc>&", '<script>"&']


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (6.24, "6.2 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (2400, "40 min"),
        (9600, "2 h 40 min"),
        (7200, "2 h"),
        (90000, "1 d 1 h"),
        (172800, "2 d"),
    ],
)
def test_a_time_is_told_in_two_units_at_most(seconds, told):
    assert duration(seconds, "en") == told


# -- latency ---------------------------------------------------------------------------------------------


def test_the_axis_is_logarithmic_and_reaches_the_slowest():
    picture = latency.draw([1.0, 10.0, 100.0], "en")
    low, middle, high = (float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", paths(picture, "dots")))
    assert low - middle == pytest.approx(middle - high, abs=0.2)
    assert texts(picture)[:4] == ["1 s", "10 s", "1 min", "10 min"]


def test_half_and_nearly_all_have_a_line():
    picture = latency.draw([1.0] * 50 + [10.0] * 45 + [1000.0] * 5, "en")
    assert {"p50 1 s", "p95 10 s"} <= set(texts(picture))
    assert "half were live within 1 s, 95 % within 10 s" in picture.summary


# -- days ------------------------------------------------------------------------------------------------


def test_bars_begin_at_zero_and_what_failed_stands_on_what_went_live():
    picture = days.draw(some_days((4, 0), (2, 2)), "en")
    first, second, _legend = boxes(picture, "good")
    failed, *_ = boxes(picture, "bad")
    assert first[1] + first[3] == second[1] + second[3] == days.BOTTOM
    assert first[3] == pytest.approx(2 * second[3], abs=0.2)
    assert failed[1] + failed[3] == pytest.approx(second[1], abs=0.2)
    assert failed[3] == pytest.approx(second[3], abs=0.2)
    assert texts(picture)[0] == "0"
    assert "6 went live and 2 came before a person" in picture.summary


@pytest.mark.parametrize("most", [1, 2, 3, 7, 19, 100, 999, 25_000])
def test_the_axis_has_a_few_round_lines_and_ends_above_the_highest(most):
    picture = days.draw(some_days((most, 0)), "en")
    lines = [int(one) for one in texts(picture) if one.isdigit()]
    assert lines[0] == 0
    assert lines[-1] >= most
    assert 2 <= len(lines) <= 6


# -- audits ----------------------------------------------------------------------------------------------


def test_the_quickest_hour_of_the_week_is_named_once_it_was_seen_often_enough():
    waits = {(1, 10): {str(HOUR): 3.0}, (4, 18): {str(24 * HOUR): 5.0}, (6, 3): {str(0.5 * HOUR): 2.0}}
    picture = audits.draw(waits, "en")
    assert "Quickest: submitted on Tue after 10:00" in picture.summary
    assert "Half of 10 audits" in picture.summary


def test_an_hour_stands_in_its_place_of_the_week_by_its_colour():
    picture = audits.draw({(1, 10): {str(4 * HOUR): 3.0}}, "en")
    x, y = audits.LEFT + 10 * audits.CELL, audits.TOP + audits.CELL + audits.SIZE / 2
    # Half of them in three hours and a half: beside its place in the legend the only one of its colour.
    assert paths(picture, "level-2").startswith(f"M{x} {y:g}h11")


# -- heartbeat -------------------------------------------------------------------------------------------


def test_a_regular_heart_has_a_stroke_a_push_and_no_gap():
    picture = heartbeat.draw(every_ten_minutes(36), START, "en")
    assert picture.summary == "145 pushes in 24 hours, without a gap."
    assert paths(picture, "beat").count("M") == 145
    assert boxes(picture, "gap") == []


def test_a_gap_shows_from_the_push_before_to_the_push_after_it():
    beats = [at for at in every_ten_minutes(36) if not START - 12 * HOUR < at < START - 6 * HOUR]
    picture = heartbeat.draw(beats, START, "en")
    ((x, _, width, _),) = boxes(picture, "gap")
    assert width == pytest.approx((heartbeat.RIGHT - heartbeat.LEFT) / 4, abs=0.2)
    assert x == pytest.approx(heartbeat.LEFT + (heartbeat.RIGHT - heartbeat.LEFT) / 2, abs=0.2)
    assert "gaps: 1, the longest 6 h" in picture.summary


def test_silence_until_now_is_a_gap_even_when_it_has_lasted_all_day():
    picture = heartbeat.draw([START - 30 * HOUR], START, "en")
    assert picture.summary == "0 pushes in 24 hours; gaps: 1, the longest 1 d."
    assert not picture.empty


def test_before_the_first_push_ever_nobody_speaks_of_a_gap():
    picture = heartbeat.draw(every_ten_minutes(2), START, "en")
    assert picture.summary == "12 pushes in 24 hours, without a gap."


# -- from the store --------------------------------------------------------------------------------------


def test_what_happened_shows_in_the_pictures(house):
    house.open_shop()
    house.approve()
    house.clock.advance(20)
    house.run()
    house.tally.flush()
    of = {one.name: one.summary for one in pictures_of(house.store, house.clock(), "en")}
    assert of["latency"].startswith("Of the latest 1 releases half were live within 20 s")
    assert of["days"] == "In 30 days 1 went live and 0 came before a person."
    assert of["audits"].startswith("Half of 1 audits ended within")
    assert of["heartbeat"] == "1 pushes in 24 hours, without a gap."


def test_a_release_that_waited_for_a_person_says_nothing_of_how_fast_we_are(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.approve()
    house.clock.advance(HOUR)
    house.api(f"/releases/{house.only_release()['id']}/approve", "POST")
    house.run()
    house.tally.flush()
    of = {one.name: one for one in pictures_of(house.store, house.clock(), "en")}
    assert of["latency"].empty
    assert not of["days"].empty


def test_they_cost_no_more_than_a_page_can_bear_beside_a_long_history(store):
    counts = {("days", (day, state)): 9.0 for day in counting.days_before(START, 60) for state in "abc"}
    for day in range(7):
        for hour in range(24):
            for edge in counting.AUDIT_EDGES:
                counts["audit_wait", (str(day), str(hour), str(edge))] = 4.0
    counts |= {("ticket_minutes", (counting.minute_of(at),)): 1.0 for at in every_ten_minutes(48)}
    with store.write() as connection:
        numbers.add(connection, counts)
        connection.execute(
            sa.text(
                "INSERT INTO releases (authorizer_appid, state, mode, approved_at, created_at, released_at) "
                "WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < 20000) "
                "SELECT 'wx', 'released', 'auto', n, n, n + 6 FROM each"
            )
        )
    pictures_of(store, START, "en")
    took = []
    for _ in range(5):
        began = time.perf_counter()
        pictures_of(store, START, "zh")
        took.append(time.perf_counter() - began)
    assert min(took) < 0.1

import pytest

from reactor.words.times import from_now, span, stamp


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (0.312, "312 ms", "312 毫秒"),
        (1, "1 s", "1 秒"),
        (6.24, "6.2 s", "6.2 秒"),
        (41.9, "41 s", "41 秒"),
        (180, "3 min", "3 分钟"),
        (3600, "1 h", "1 小时"),
        (9660, "2 h 41 min", "2 小时 41 分"),
        (86400, "1 d", "1 天"),
        (273600, "3 d 4 h", "3 天 4 小时"),
    ],
)
def test_a_span_is_told_in_the_units_that_fit_it(seconds, en, zh):
    assert span(seconds, "en") == en
    assert span(seconds, "zh") == zh


def test_a_moment_is_told_by_its_distance_from_now():
    assert from_now(100, 100.4, "en") == "just now"
    assert from_now(40, 100, "en") == "1 min ago"
    assert from_now(160, 100, "en") == "in 1 min"
    assert from_now(40, 100, "zh") == "1 分钟前"
    assert from_now(160, 100, "zh") == "1 分钟后"


def test_a_stamp_is_the_time_of_shanghai():
    assert stamp(1_790_000_000) == "2026-09-21 22:13:20"

import pytest

from reactor.core import counting

HOURS = {str(edge): 0.0 for edge in counting.AUDIT_EDGES}


@pytest.mark.parametrize(
    ("value", "bucket"), [(0.0, "1.0"), (1.0, "1.0"), (1.1, "5.0"), (6.0, "+Inf"), (-3, "1.0")]
)
def test_a_value_falls_into_the_bucket_of_the_first_edge_not_below_it(value, bucket):
    counts = {}
    counting.observe(counts, "wait", (1.0, 5.0), value, "auto")
    assert counts == {("wait", ("auto", bucket)): 1, ("wait_sum", ("auto",)): max(0, value)}


@pytest.mark.parametrize(
    ("buckets", "share", "value"),
    [
        ({"1.0": 4}, 0.5, 0.5),
        ({"1.0": 1, "5.0": 3}, 0.5, pytest.approx(1 + 4 / 3)),
        ({"5.0": 2, "+Inf": 2}, 0.95, 5.0),  # of what is above the last edge no more is known
        ({}, 0.5, None),
    ],
)
def test_a_quantile_lies_evenly_inside_its_bucket(buckets, share, value):
    assert counting.quantile(buckets, (1.0, 5.0), share) == value


def test_the_days_end_with_today_in_china():
    midnight_there = 1_789_401_600.0  # 2026-09-15 00:00 in Shanghai
    assert list(counting.days_before(midnight_there, 2)) == ["2026-09-14", "2026-09-15"]
    assert list(counting.days_before(midnight_there - 1, 2)) == ["2026-09-13", "2026-09-14"]


def test_a_minute_is_read_as_it_was_written_and_sorts_like_time():
    minutes = [counting.minute_of(at) for at in (0.0, 59.0, 60.0, 1_789_401_600.0)]
    assert minutes == sorted(minutes)
    assert [counting.of_minute(one) for one in minutes] == [0.0, 0.0, 60.0, 1_789_401_600.0]

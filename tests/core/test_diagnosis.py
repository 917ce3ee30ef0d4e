"""What the doctor makes of values: nothing here asks anybody."""

import pytest

from reactor.core import diagnosis, golden, reachability
from reactor.core.checks import Check, Health


def test_wechats_own_sample_is_opened():
    assert golden.opens()


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.5.0", "warn"), ("2.7.1", "warn"), ("2.7.2", "ok"), ("2.10.0", "ok"), ("expat_2.6.4", "warn")],
)
def test_a_library_with_a_known_hole_is_a_warning(version, expected):
    found = diagnosis.libraries({"expat": version, "gunicorn": "27.0.1", "requests": "2.33.0.dev1"})
    assert found.health == expected


def test_every_hole_is_found_and_named():
    for name, (floor, hole) in diagnosis.HOLES.items():
        assert hole in str(diagnosis.libraries({name: "0.9"}).values)
        assert diagnosis.libraries({name: floor}).health == "ok"


@pytest.mark.parametrize(
    ("errmsg", "address"),
    [
        (
            "access clientip is not registered requestIP: 203.0.113.9 rid: 5f64075c-2e34d024-58475aa6",
            "203.0.113.9",
        ),
        (
            "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist hint: [jotvMa01143580]",
            "203.0.113.9",
        ),
        ("invalid ip ipv6 ::ffff:203.0.113.9, not in whitelist", "203.0.113.9"),
        ("invalid ip 2001:db8:0:1::5, not in whitelist", "2001:db8:0:1::5"),
        ("access clientip is not registered rid: 5f64075c-2e34d024-58475aa6", None),
        ("version 1.2.3.4.5", None),
        ("", None),
    ],
)
def test_the_address_is_read_out_of_wechats_words(errmsg, address):
    assert reachability.address_in(errmsg) == address


def test_checks_come_in_their_order_and_the_nearer_look_counts():
    far = Check("component_token", Health.UNKNOWN, "far")
    near = Check("component_token", Health.OK, "near")
    first = Check("configuration", Health.OK, "first")
    assert diagnosis.ordered([far, first, near]) == [first, near]


@pytest.mark.parametrize(
    ("found", "altogether"),
    [("ok", "ok"), ("ok unknown", "ok"), ("warn unknown", "warn"), ("warn bad ok", "bad")],
)
def test_it_stands_as_the_worst_that_was_seen(found, altogether):
    checks = [Check("ticket", Health(word), "") for word in found.split()]
    assert diagnosis.worst(checks) == altogether


@pytest.mark.parametrize(
    ("late", "stopped", "expected"),
    [(None, False, "ok"), (60, False, "ok"), (300, False, "warn"), (300, True, "ok")],
)
def test_a_queue_that_falls_behind_is_a_warning_unless_it_was_stopped(late, stopped, expected):
    found = diagnosis.queue(waiting=3, held=0, failed=0, late=late, stopped=stopped)
    assert found.health == expected


def test_a_slow_database_is_a_warning():
    assert diagnosis.database("SQLite", "3.45", 3).health == "ok"
    assert diagnosis.database("SQLite", "3.45", 900).health == "warn"


@pytest.mark.parametrize(
    ("health", "push", "expected"),
    [(200, 403, "ok"), (200, 200, "bad"), (502, 403, "bad"), (None, None, "bad"), (200, None, "bad")],
)
def test_the_public_url_must_answer_as_this_program_does(health, push, expected):
    found = reachability.callbacks("https://x", health_status=health, push_status=push, problem="")
    assert found.health == expected


def test_people_are_told_or_not():
    assert diagnosis.messages(2).health == "ok"
    assert diagnosis.messages(0).health == "unknown"


def test_a_check_that_broke_is_told_as_such():
    assert diagnosis.broken("queue", "why").values == {"problem": "why"}

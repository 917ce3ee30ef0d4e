"""What waits for a person: people are reminded of it, and it may end by itself."""

import pytest
from stories import CAFE, CAFE_NAME, SHOP, ask, check_the_end, count, edit, untold

from reactor.core.lifecycle import Happening
from reactor.store.undecided import BATCH

HOUR = 3600.0
HOLD = '[default]\nmode = "hold"\n'
REMINDED = f"{HOLD}[held]\nremind_hours = 24\n"
EXPIRING = f"{HOLD}[held]\nremind_hours = 24\nexpire_hours = 72\n"
TELLING = {"REACTOR_NOTIFY": "wecom://made-up-key"}


@pytest.fixture
def build(build_house):
    """Make a reactor that tells people, with a shop whose version waits for a person."""

    def make(policy, **more):
        house = build_house(policy, **{**TELLING, **more})
        house.open_shop()
        house.approve()
        return house

    return make


def told(house, kind="held_reminder"):
    return ask(house, f"SELECT release_id, at, detail FROM notices WHERE kind = '{kind}' ORDER BY id")


def pass_time(house, hours):
    """Let hours pass with nothing but the duty that is tested, every half an hour."""
    for _ in range(int(hours * 2)):
        house.clock.advance(HOUR / 2)
        while house.worker.upkeep._undecided.step():
            pass


def test_people_are_reminded_of_what_is_held_once_a_day(build):
    house = build(REMINDED)
    since = house.clock()
    pass_time(house, 23.5)
    assert told(house) == []
    pass_time(house, 1)
    reason = "the policy holds it until a person approves"
    assert told(house) == [(1, since + 24 * HOUR, reason)]
    pass_time(house, 50)
    assert [at - since for _, at, _ in told(house)] == [24 * HOUR, 48 * HOUR, 72 * HOUR]
    assert house.only_release()["state"] == "held"


def test_upkeep_reminds_and_the_message_says_how_to_decide(build):
    house = build(REMINDED, REACTOR_LANG="en")
    house.clock.advance(25 * HOUR)
    house.keep_up()
    for duty in house.worker.post.duties[:1]:
        while duty.step():
            pass
    (text,) = [text for (text,) in ask(house, "SELECT body FROM messages") if "still waits" in text]
    assert "for 1 d 1 h" in text
    assert "reactor releases approve 1" in text


def test_nobody_is_reminded_of_what_was_decided_meanwhile(build):
    house = build(REMINDED)
    pass_time(house, 23)
    house.push_ticket()
    house.api("/releases/1/approve", "POST")
    house.run()
    pass_time(house, 48)
    assert told(house) == []
    assert house.only_release()["state"] == "released"


def test_what_waits_a_second_time_is_a_new_wait(build):
    house = build(REMINDED)
    pass_time(house, 25)
    house.api("/releases/1/approve", "POST")
    house.desk.act(1, Happening.HELD_BACK, actor="cli")
    since = house.clock()
    pass_time(house, 25)
    assert [at - since for _, at, _ in told(house)][1:] == [24 * HOUR]


def test_nobody_is_reminded_where_the_policy_says_never_and_nothing_expires(build):
    house = build(f"{HOLD}[held]\nremind_hours = 0\nexpire_hours = 0\n")
    pass_time(house, 24 * 10)
    assert told(house) == []
    assert house.only_release()["state"] == "held"


def test_who_is_told_of_nothing_is_not_counted_as_reminded(build_house):
    house = build_house(REMINDED)
    house.open_shop()
    house.approve()
    pass_time(house, 48)
    assert ask(house, "SELECT reminded_at FROM releases") == [(None,)]


def test_two_processes_remind_once(build, build_house):
    house = build(REMINDED)
    other = build_house(REMINDED, **TELLING)
    house.clock.advance(25 * HOUR)
    for one in (house, other, house, other):
        one.keep_up()
    assert len(told(house)) == 1


def test_what_nobody_decided_about_ends_in_its_time_with_a_word(build):
    house = build(EXPIRING)
    since = house.clock()
    pass_time(house, 71.5)
    assert house.only_release()["state"] == "held"
    pass_time(house, 1)
    release = house.only_release()
    reason = "nobody decided within 72 hours; it was not released"
    assert (release["state"], release["reason"]) == ("cancelled", reason)
    assert (release["history"][-1]["happening"], release["history"][-1]["actor"]) == ("expired", "worker")
    assert told(house, "expired") == [(1, since + 72 * HOUR, reason)]
    assert len(told(house)) == 2  # of the first and the second day; the third it was over
    house.run()
    for act in ("approve", "retry"):
        house.api(f"/releases/1/{act}", "POST", 409)
    assert count(house.platform, "release") == 0
    assert untold(house) == []
    check_the_end(house)


def test_what_expired_is_not_found_again_by_the_sweep(build):
    house = build(EXPIRING)
    house.clock.advance(73 * HOUR)
    house.push_ticket()
    house.worker.beat()
    house.keep_up(10)
    house.run()
    assert house.only_release()["state"] == "cancelled"
    assert count(house.platform, "release") == 0


def test_a_newer_version_is_treated_by_itself_after_one_expired(build):
    house = build(EXPIRING)
    pass_time(house, 73)
    house.push_ticket()
    house.approve("2.0.0")
    assert [one["state"] for one in house.releases()] == ["held", "cancelled"]


def test_a_large_crowd_is_dealt_with_in_batches_and_the_young_are_left(build):
    house = build(EXPIRING)
    house.push_authorized(CAFE, CAFE_NAME)
    house.run()
    values = "'hold', :since, :since, 'held', 'why'"
    for number in range(2 * BATCH + 5):
        edit(
            house,
            "INSERT INTO releases "
            "(authorizer_appid, mode, approved_at, created_at, state, reason, held_since)"
            f" VALUES ('wx{number:016x}', {values}, :since)",
            since=house.clock() - 73 * HOUR,
        )
    house.keep_up()
    counted = dict(ask(house, "SELECT state, count(*) FROM releases GROUP BY state"))
    assert counted == {"held": 1, "cancelled": 2 * BATCH + 5}
    assert ask(house, "SELECT authorizer_appid FROM releases WHERE state = 'held'") == [(SHOP,)]
    assert len(told(house, "expired")) == 2 * BATCH + 5

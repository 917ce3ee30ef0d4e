"""What the policy says is what becomes of an approval: modes, waits, pauses, and changes of mind."""

import os
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from stories import (
    CAFE,
    CAFE_NAME,
    SHOP,
    SHOP_NAME,
    ask,
    authorizer,
    check_the_end,
    count,
    held,
    names,
    rival_release,
    seconds,
    skip_to_due,
    untold,
    whole,
)

from reactor.core.lifecycle import Happening
from reactor.simulator.faults import Fault

SHIPPED = (Path(__file__).parents[1] / "config" / "policy.toml").read_text("utf-8")
HOLD, OFF, OBSERVE = (f'[default]\nmode = "{mode}"\n' for mode in ("hold", "off", "observe"))
# The tests begin on Monday, the 21st of September 2026, at 22:13:20 in Shanghai.
WINDOW = '[default]\nwindows = ["09:00-18:00"]\n'
MORNING = "2026-09-22T01:00:00.000Z"
FREEZE = """
[lists.vip]
authorizers = ["wx000000000000000b"]
[[freezes]]
from = 2026-09-20T00:00:00
to = 2026-09-24T12:00:00
reason = "the fair"
except = ["lists.vip"]
"""
THAWED = "2026-09-24T04:00:00.000Z"
FROZEN = "frozen until 2026-09-24T04:00Z: the fair"


@pytest.fixture
def build(build_house):
    """Make a reactor with a shop; when the test is over, all of it must have been told as it was."""
    made = []

    def make(policy="", **more):
        house = build_house(policy, **more)
        house.open_shop()
        made.append(house)
        return house

    yield make
    for house in made:
        check_the_end(house)
        assert untold(house) == []


def approved(house, version="1.0.0", desc="about it"):
    """An approval with this description comes in, and all turns that are due are taken."""
    house.platform.submit_audit(SHOP, version, desc)
    house.clock.advance(60)
    house.push_approval(succeeded_at=house.platform.approve(SHOP))
    house.run()
    return house.only_release()


def act(house, verb):
    house.api(f"/releases/{house.only_release()['id']}/{verb}", "POST")
    house.run()
    return house.only_release()


def rule(house):
    """The rule that decided last, as the release and its last row of history have it."""
    (stored,) = ask(house, "SELECT rule FROM releases")
    (told,) = ask(house, "SELECT rule FROM history ORDER BY id DESC LIMIT 1")
    assert told == stored
    return stored[0]


def happenings(release):
    return [step["happening"] for step in release["history"]]


def change_policy(house, text):
    """Another policy, that has stood still for a while, and is looked at."""
    path = house.settings.policy_path
    path.write_text(text)
    os.utime(path, (time.time() - 60,) * 2)
    house.clock.advance(2)


# -- modes -----------------------------------------------------------------------------------------------


def test_auto_is_released_by_itself_and_says_which_rule_let_it(build):
    house = build('[default]\nmode = "auto"\n')
    assert approved(house)["state"] == "released"
    assert rule(house) == "[default], line 1"


def test_hold_waits_for_a_person_without_a_call_and_goes_when_one_approves(build):
    house = build(HOLD)
    before = len(house.platform.calls)
    release = approved(house)
    assert (release["state"], release["due_at"]) == ("held", None)
    assert names(house.platform, before) == []
    assert rule(house) == "[default], line 1"
    release = act(house, "approve")
    assert release["state"] == "released"
    assert ask(house, "SELECT approved_by, held_since FROM releases") == [("api", None)]
    assert happenings(release) == ["opened", "approved", "claimed", "seen_live"]


def test_what_was_approved_and_held_back_again_needs_another_approval(build):
    house = build(HOLD)
    approved(house)
    house.api("/pause", "POST")
    act(house, "approve")
    house.desk.act(house.only_release()["id"], Happening.HELD_BACK, actor="cli")
    house.api("/resume", "POST")
    house.run()
    assert house.only_release()["state"] == "held"
    assert count(house.platform, "release") == 0
    assert act(house, "approve")["state"] == "released"


def test_observe_looks_and_says_what_it_would_have_done(build):
    house = build(OBSERVE)
    release = approved(house)
    assert release["state"] == "cancelled"
    assert release["reason"] == "version 1.0.0 would have been released now; the policy only observes"
    assert count(house.platform, "get_latest_auditstatus") == 1
    assert count(house.platform, "release") == 0
    assert rule(house) == "[default], line 1"


def test_what_is_only_observed_and_live_already_is_seen_live(build):
    house = build(OBSERVE)
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    succeeded_at = house.platform.approve(SHOP)
    rival_release(house)
    house.push_approval(succeeded_at=succeeded_at)
    house.run()
    assert house.only_release()["state"] == "released"


def test_off_is_recorded_and_nothing_is_called(build):
    house = build(OFF)
    before = len(house.platform.calls)
    release = approved(house)
    assert release["state"] == "cancelled"
    assert "leaves it alone" in release["reason"]
    assert names(house.platform, before) == []
    assert rule(house) == "[default], line 1"
    for verb in ("approve", "retry"):
        house.api(f"/releases/{release['id']}/{verb}", "POST", 409)


def test_off_of_one_table_beats_a_person_and_everything_more_specific(build):
    house = build(
        f'[authorizers.{SHOP}]\nmode = "hold"\ntags = ["food"]\n'
        '[tags.food]\nmode = "off"\nreason = "closed"\n'
    )
    assert approved(house)["reason"] == "the policy leaves it alone: nothing is done (closed)"
    assert rule(house) == "[tags.food], line 4"


# -- times -----------------------------------------------------------------------------------------------


def test_a_delay_waits_and_then_it_goes(build):
    house = build("[default]\ndelay_seconds = 900\n")
    release = approved(house)
    assert (release["state"], rule(house)) == ("pending", "[default], line 1")
    house.run_for(899, step=30)
    assert count(house.platform, "release") == 0
    assert skip_to_due(house, release)["state"] == "released"


def test_outside_of_its_window_it_waits_for_the_morning(build):
    house = build(WINDOW)
    release = approved(house)
    assert (release["state"], release["due_at"]) == ("pending", MORNING)
    assert release["reason"] == "outside of the release windows (09:00-18:00)"
    house.clock.now = seconds(MORNING) - 1
    house.push_ticket()
    house.run()
    assert count(house.platform, "release") == 0
    assert skip_to_due(house, release)["state"] == "released"


def test_a_freeze_stops_all_but_whom_it_excepts(build):
    house = build(FREEZE)
    house.push_authorized(CAFE, CAFE_NAME)
    house.run()
    release = approved(house)
    assert (release["state"], release["reason"], release["due_at"]) == ("pending", FROZEN, THAWED)
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    assert house.releases(authorizer_appid=CAFE)[0]["state"] == "released"
    house.clock.now = seconds(THAWED) - 1
    house.push_ticket()
    house.run()
    assert whole(house, release)["state"] == "pending"
    assert skip_to_due(house, release)["state"] == "released"


def test_nobodys_approval_passes_a_freeze(build):
    house = build(f"{HOLD}{FREEZE}")
    approved(house)
    release = act(house, "approve")
    assert (release["state"], release["reason"]) == ("pending", FROZEN)
    release = act(house, "retry")
    assert (release["state"], release["reason"]) == ("pending", FROZEN)
    assert count(house.platform, "release") == 0


# -- the version -----------------------------------------------------------------------------------------


def test_a_description_that_begins_with_hold_waits_by_the_shipped_policy(build):
    house = build(SHIPPED)
    release = approved(house, desc="[hold] after the fair")
    assert release["state"] == "held"
    assert "whoever submitted it asked for that" in release["reason"]
    assert rule(house).startswith("[[versions]], line ")
    assert count(house.platform, "release") == 0
    assert act(house, "approve")["state"] == "released"


def test_any_other_description_goes_by_the_shipped_policy(build):
    house = build(SHIPPED)
    assert approved(house, desc="do not [hold] this")["state"] == "released"


# -- pauses ----------------------------------------------------------------------------------------------


def pause_all(house, *, paused):
    house.api("/pause" if paused else "/resume", "POST")


def pause_one(house, *, paused):
    assert house.desk.pause_authorizer(SHOP, paused=paused, actor="cli")


pauses = pytest.mark.parametrize("pause", [pause_all, pause_one])


@pauses
def test_a_pause_keeps_every_push_and_resume_lets_it_go(build, pause):
    house = build()
    pause(house, paused=True)
    before = len(house.platform.calls)
    assert approved(house)["state"] == "pending"
    house.run_for(3600, step=600)
    assert (house.only_release()["state"], names(house.platform, before)) == ("pending", [])
    pause(house, paused=False)
    house.run()
    assert house.only_release()["state"] == "released"


@pauses
def test_what_was_overtaken_during_the_pause_is_not_released(build, pause):
    house = build()
    pause(house, paused=True)
    approved(house)
    house.approve("2.0.0")
    pause(house, paused=False)
    house.run()
    newer, older = house.releases()
    assert (newer["state"], older["state"]) == ("released", "superseded")
    assert house.platform.live(SHOP)[0] == "2.0.0"
    assert count(house.platform, "release") == 1


@pauses
def test_what_wechat_takes_back_during_the_pause_is_not_released(build, pause):
    house = build()
    pause(house, paused=True)
    approved(house)
    house.platform.submit_audit(SHOP, "2.0.0")
    house.clock.advance(1)
    house.platform.reject(SHOP, "blurred")
    house.push_unauthorized()
    pause(house, paused=False)
    house.run()
    assert house.only_release()["state"] == "cancelled"
    assert count(house.platform, "release") == 0


@pauses
def test_what_went_live_during_the_pause_is_seen_and_not_released_again(build, pause):
    house = build()
    pause(house, paused=True)
    approved(house)
    rival_release(house)
    pause(house, paused=False)
    house.run()
    assert house.only_release()["state"] == "released"
    assert len(house.platform.effective_releases(SHOP)) == 1
    assert ask(house, "SELECT call FROM calls WHERE call = 'release'") == []


@pauses
def test_what_is_withdrawn_during_the_pause_goes_to_a_person(build, pause):
    house = build()
    pause(house, paused=True)
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    house.platform.withdraw(SHOP)
    house.push_approval()
    pause(house, paused=False)
    house.run()
    release = house.only_release()
    assert release["state"] == "failed"
    assert "withdrawn" in release["reason"]
    assert count(house.platform, "release") == 0


def test_a_pause_of_one_leaves_the_others_alone(build):
    house = build()
    house.push_authorized(CAFE, CAFE_NAME)
    house.run()
    pause_one(house, paused=True)
    approved(house)
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    states = {one["authorizer_appid"]: one["state"] for one in house.releases()}
    assert states == {SHOP: "pending", CAFE: "released"}
    pause_one(house, paused=False)
    house.run()
    assert authorizer(house)["live_version"] == "1.0.0"


# -- a change of mind while a turn is under way ----------------------------------------------------------


def submitted(house):
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    house.push_approval(succeeded_at=house.platform.approve(SHOP))


@pauses
@pytest.mark.parametrize("call", ["get_latest_auditstatus", "getversioninfo"])
def test_a_pause_after_the_look_stops_the_call(build, pause, call):
    house = build()
    submitted(house)
    with held(house, call, "hold_after"):
        pause(house, paused=True)
    house.run()
    assert house.only_release()["state"] == "pending"
    assert count(house.platform, "release") == 0
    pause(house, paused=False)
    house.run()
    assert house.only_release()["state"] == "released"


@contextmanager
def just_before_the_call(house):
    """A second version is about to be released: its token is refused, and another is being fetched."""
    house.approve("0.9.0")
    house.run()
    submitted(house)
    house.platform.plan(Fault("release", "errcode", errcode=40001))
    before = count(house.platform, "release")
    with held(house, "api_authorizer_token", "hold_after"):
        assert count(house.platform, "release") == before + 1
        yield
    house.run()
    assert count(house.platform, "release") == before + 1
    assert len(house.platform.effective_releases(SHOP)) == 1


@pauses
def test_a_pause_just_before_the_call_stops_it(build, pause):
    house = build()
    with just_before_the_call(house):
        pause(house, paused=True)
    assert house.releases()[0]["state"] == "pending"
    pause(house, paused=False)
    house.run()
    assert house.releases()[0]["state"] == "released"


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (HOLD, "held"),
        (OFF, "cancelled"),
        (OBSERVE, "cancelled"),
        (FREEZE, "pending"),
        ('[[versions]]\nuser_version = "1.*"\nmode = "hold"\n', "held"),
    ],
    ids=["hold", "off", "observe", "freeze", "version"],
)
def test_a_policy_that_changes_after_the_look_stops_the_call(build, policy, state):
    house = build()
    submitted(house)
    with held(house, "getversioninfo", "hold_after"):
        change_policy(house, policy)
    house.run()
    assert house.only_release()["state"] == state
    assert count(house.platform, "release") == 0


def test_a_policy_that_changes_just_before_the_call_stops_it(build):
    house = build()
    with just_before_the_call(house):
        change_policy(house, HOLD)
    assert house.releases()[0]["state"] == "held"


def test_what_was_called_already_is_settled_whatever_the_policy_says_since(build):
    house = build()
    submitted(house)
    with held(house, "release", "hold_after") as gate:
        change_policy(house, OFF)
        gate.drop()
    house.run_for(10)
    release = house.only_release()
    assert release["state"] == "released"
    assert SHOP_NAME in ask(house, "SELECT to_user_name FROM releases")[0]
    assert len(house.platform.effective_releases(SHOP)) == 1

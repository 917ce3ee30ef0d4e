"""The way back: looked at, called once, looked at again; and what was rolled back stays back."""

import threading

import pytest
from known import SHOP
from stories import (
    ask,
    authorizer,
    check_the_end,
    count,
    edit,
    held,
    names,
    rival_release,
    second_push,
    skip_to_due,
    untold,
    whole,
)

from reactor.simulator.faults import Fault


@pytest.fixture
def shop(build_house):
    """A shop whose version 2.0.0 went live after 1.0.0."""
    house = build_house()
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.clock.advance(60)
    house.approve("2.0.0")
    house.run()
    house.clock.advance(60)
    yield house
    check_the_end(house)
    assert untold(house) == []


def newest(house):
    return whole(house, house.releases()[0])


def live(house):
    return house.platform.live(SHOP)[0]


def roll_back(house, status=200):
    return house.api(f"/releases/{newest(house)['id']}/rollback", "POST", status)


def test_the_version_before_is_live_again_and_the_record_says_by_whom(shop):
    asked = roll_back(shop)
    assert (asked["state"], asked["reason"]) == ("released", "a rollback was asked for by api")
    before = len(shop.platform.calls)
    shop.run()
    release = newest(shop)
    assert (release["state"], live(shop)) == ("cancelled", "1.0.0")
    assert release["reason"] == "rolled back by api; version 1.0.0 is live again"
    last = release["history"][-1]
    assert (last["happening"], last["actor"], last["detail"]) == ("rolled_back", "api", release["reason"])
    assert authorizer(shop)["live_version"] == "1.0.0"
    called = names(shop.platform, before)
    assert called == ["getversioninfo", "getgrayreleaseplan", "revertcoderelease", "getversioninfo"]
    assert [call["call"] for call in release["calls"]][-4:] == called
    assert ask(shop, "SELECT * FROM errands") == []


def test_asked_for_twice_it_is_called_once(shop):
    roll_back(shop)
    roll_back(shop)
    shop.run()
    assert count(shop.platform, "revertcoderelease") == 1
    assert newest(shop)["state"] == "cancelled"


def test_a_release_that_is_not_live_or_not_known_cannot_be_rolled_back(shop):
    first = shop.releases()[-1]["id"]
    shop.api(f"/releases/{first}/rollback", "POST", 409)  # a later version went live since
    shop.api("/releases/99/rollback", "POST", 404)
    roll_back(shop)
    shop.run()
    roll_back(shop, 409)  # it is cancelled
    assert count(shop.platform, "revertcoderelease") == 1


@pytest.mark.parametrize("errcode", [87011, 87012])
def test_a_refusal_of_wechat_leaves_it_released_and_says_why(shop, errcode):
    shop.platform.plan(Fault("revertcoderelease", "errcode", errcode=errcode))
    roll_back(shop)
    shop.run()
    release = newest(shop)
    assert (release["state"], live(shop)) == ("released", "2.0.0")
    assert release["reason"].startswith(f"the rollback failed: revertcoderelease answered {errcode}: ")
    assert ask(shop, "SELECT * FROM errands") == []


def test_the_first_version_has_nothing_before_it(build_house):
    house = build_house()
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    roll_back(house)
    house.run()
    assert newest(house)["state"] == "released"
    assert "87012" in newest(house)["reason"]
    check_the_end(house)


def test_beside_a_gray_release_nothing_is_called(shop):
    shop.platform.start_gray(SHOP, 20)
    roll_back(shop)
    shop.run()
    assert "a gray release is under way (20 %)" in newest(shop)["reason"]
    assert count(shop.platform, "revertcoderelease") == 0


def test_a_version_that_is_not_live_any_more_is_not_rolled_back(shop):
    shop.platform.submit_audit(SHOP, "3.0.0")
    shop.platform.approve(SHOP)
    rival_release(shop)
    roll_back(shop)
    shop.run()
    assert "WeChat shows version 3.0.0 live, and not this one" in newest(shop)["reason"]
    assert count(shop.platform, "revertcoderelease") == 0


LOST = ("timeout_after", "reset_after", "http_500_after", "not_json_after")
NEVER = ("reset_before", "http_500", "not_json")


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_is_settled_by_looking(shop, kind):
    shop.platform.plan(Fault("revertcoderelease", kind, seconds=1.2 if "timeout" in kind else 0.0))
    roll_back(shop)
    shop.run_for(60, step=2)
    assert (newest(shop)["state"], live(shop)) == ("cancelled", "1.0.0")
    assert count(shop.platform, "revertcoderelease") == 1


@pytest.mark.parametrize("kind", NEVER)
def test_what_never_happened_is_not_called_again_until_a_person_asks_again(shop, kind):
    shop.platform.plan(Fault("revertcoderelease", kind))
    roll_back(shop)
    shop.run_for(300, step=5)
    release = newest(shop)
    assert release["state"] == "released"
    assert release["reason"].startswith("the rollback failed: ")
    assert "nothing is called a second time unless a person asks again" in release["reason"]
    assert count(shop.platform, "revertcoderelease") == 1
    shop.clock.advance(60)
    roll_back(shop)
    shop.run()
    assert (newest(shop)["state"], live(shop)) == ("cancelled", "1.0.0")
    assert count(shop.platform, "revertcoderelease") == 2


def test_busy_is_looked_into_and_not_repeated(shop):
    shop.platform.plan(Fault("revertcoderelease", "errcode_after", errcode=-1))
    roll_back(shop)
    shop.run_for(60, step=2)
    assert newest(shop)["state"] == "cancelled"
    assert count(shop.platform, "revertcoderelease") == 1


@pytest.mark.parametrize("errcode", [40001, 45011])
def test_an_answer_that_says_that_nothing_was_done_lets_it_be_tried_again(shop, errcode):
    shop.platform.plan(Fault("revertcoderelease", "errcode", errcode=errcode))
    roll_back(shop)
    shop.run_for(90, step=2)
    assert (newest(shop)["state"], live(shop)) == ("cancelled", "1.0.0")
    assert count(shop.platform, "revertcoderelease") == 2


# -- what was rolled back stays back ---------------------------------------------------------------------


def gone_back(shop):
    roll_back(shop)
    shop.run()
    assert live(shop) == "1.0.0"


def test_a_second_push_of_the_same_audit_does_not_bring_it_back(shop):
    approved_at = shop.platform.authorizer(SHOP).audits[-1].submitted_at + 60
    gone_back(shop)
    second_push(shop, succeeded_at=approved_at)
    shop.run()
    release = newest(shop)
    assert (release["state"], release["reason"]) == (
        "cancelled",
        "this version was rolled back; it is not released again from here",
    )
    assert (live(shop), count(shop.platform, "release")) == ("1.0.0", 2)


def test_the_sweep_and_retry_do_not_bring_it_back(shop):
    gone_back(shop)
    shop.api(f"/releases/{newest(shop)['id']}/retry", "POST", 409)
    for _ in range(4):
        shop.clock.advance(22000)
        shop.push_ticket()
        shop.keep_up(1)
        shop.run()
    assert len(shop.releases()) == 2
    assert (live(shop), count(shop.platform, "release")) == ("1.0.0", 2)


def test_a_newer_version_goes_live_as_ever(shop):
    gone_back(shop)
    shop.clock.advance(60)
    shop.approve("3.0.0")
    shop.run()
    assert (newest(shop)["state"], live(shop)) == ("released", "3.0.0")


def test_an_older_approval_that_is_tried_again_does_not_bring_it_back(shop):
    edit(shop, "UPDATE releases SET state = 'failed', released_at = NULL, user_version = 'x' WHERE id = 1")
    edit(shop, "DELETE FROM history WHERE release_id = 1 AND to_state = 'released'")
    edit(shop, "UPDATE history SET to_state = 'failed' WHERE release_id = 1 AND from_state = 'pending'")
    gone_back(shop)
    called = count(shop.platform, "release")
    edit(shop, "UPDATE history SET happening = 'claimed', to_state = 'releasing' WHERE to_state = 'failed'")
    edit(
        shop,
        "INSERT INTO history (release_id, at, from_state, to_state, happening, actor) "
        "VALUES (1, 0, 'releasing', 'failed', 'gave_up', 'worker')",
    )
    shop.api("/releases/1/retry", "POST")
    shop.run()
    assert whole(shop, {"id": 1})["state"] == "cancelled"
    assert count(shop.platform, "release") == called


# -- never beside a release of the same mini program -----------------------------------------------------


def test_a_release_that_is_approved_meanwhile_waits_for_the_rollback(shop):
    shop.platform.submit_audit(SHOP, "3.0.0")
    shop.clock.advance(60)
    at = shop.platform.approve(SHOP)
    roll_back(shop)
    with held(shop, "revertcoderelease", "hold_before"):
        shop.push_approval(succeeded_at=at)
        shop.run()
        waiting = shop.releases()[0]
        assert (waiting["state"], waiting["attempts"]) == ("pending", 0)
        assert waiting["reason"] == "a rollback of this mini program is under way; this goes on after it"
        assert count(shop.platform, "release") == 2
    skip_to_due(shop, waiting)
    assert live(shop) == "3.0.0"
    assert whole(shop, {"id": 2})["state"] == "cancelled"


def test_a_rollback_waits_for_the_release_that_is_under_way(shop):
    shop.clock.advance(60)
    shop.approve("3.0.0")
    with held(shop, "release", "hold_before"):
        shop.api("/releases/2/rollback", "POST")
        shop.run()
        assert count(shop.platform, "revertcoderelease") == 0
        assert ask(shop, "SELECT reason FROM errands") == [
            ("a release of this mini program is under way; the rollback waits for it",)
        ]
    shop.run_for(30, step=2)
    assert live(shop) == "3.0.0"
    assert "WeChat shows version 3.0.0 live, and not this one" in whole(shop, {"id": 2})["reason"]
    assert count(shop.platform, "revertcoderelease") == 0


def test_two_who_ask_at_once_have_it_called_once(shop):
    release_id = newest(shop)["id"]
    threads = [
        threading.Thread(target=shop.api, args=(f"/releases/{release_id}/rollback", "POST")) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    shop.run()
    assert count(shop.platform, "revertcoderelease") == 1
    assert (newest(shop)["state"], live(shop)) == ("cancelled", "1.0.0")

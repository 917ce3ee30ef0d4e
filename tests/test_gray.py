"""A gray release from its first step to all users, on virtual time, and whatever comes in between."""

import pytest
from known import SHOP
from stories import ask, check_the_end, count, names, rival_release, seconds, skip_to_due, untold, whole

from reactor.simulator.faults import Fault

GRAY = '[default]\nmode = "gray"\n'  # 5 %, 20 %, 50 %, an hour each


@pytest.fixture
def shop(build_house):
    """A shop with a version online, and a newer one just approved."""
    house = build_house(GRAY)
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.clock.advance(60)
    house.approve("2.0.0")
    yield house
    check_the_end(house)
    assert untold(house) == []


def newest(house):
    return whole(house, house.releases()[0])


def plan(house):
    gray = house.platform.authorizer(SHOP).gray
    return gray.status, gray.percentage


def live(house):
    return house.platform.live(SHOP)[0]


def to_the_end(house, most=8):
    """Step after step; the percentages that WeChat showed on the way."""
    shown = []
    for _ in range(most):
        release = newest(house)
        if release["state"] != "pending":
            break
        skip_to_due(house, release)
        shown.append(plan(house)[1])
    return shown


def test_an_app_without_an_online_version_goes_straight_to_release(build_house):
    house = build_house(GRAY)
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    assert newest(house)["state"] == "released"
    assert count(house.platform, "grayrelease") == 0
    check_the_end(house)


def test_it_goes_step_by_step_to_all_users_each_after_its_time(shop):
    shop.run()
    release = newest(shop)
    assert (release["state"], release["mode"], release["attempts"]) == ("pending", "gray", 0)
    assert plan(shop) == (1, 5)
    assert seconds(release["due_at"]) == shop.clock() + 3600
    assert release["reason"].startswith("gray release at 5 %, the next step (20 %) at 20")
    assert live(shop) == "1.0.0"
    shop.run_for(3599, step=60)
    assert plan(shop) == (1, 5)
    assert to_the_end(shop) == [20, 50, 100]
    assert newest(shop)["state"] == "released"
    assert live(shop) == "2.0.0"
    assert count(shop.platform, "grayrelease") == 3
    called = [name for name in names(shop.platform) if name in ("grayrelease", "getgrayreleaseplan")]
    assert called[-6:-1].count("grayrelease") == 2
    assert ask(shop, "SELECT count(*) FROM calls WHERE call = 'grayrelease' AND release_id IS NULL") == [(0,)]


def test_a_plan_is_asked_for_after_every_step(shop):
    shop.run()
    last = len(names(shop.platform)) - 1 - names(shop.platform)[::-1].index("grayrelease")
    assert "getgrayreleaseplan" in names(shop.platform, last)


def test_a_step_woken_too_early_waits_on(shop):
    shop.run()
    due_at = newest(shop)["due_at"]
    with shop.store.write() as connection:
        connection.exec_driver_sql(f"UPDATE releases SET due_at = {shop.clock()} WHERE waits_for = 'gray'")
    shop.run()
    assert newest(shop)["due_at"] == due_at
    assert plan(shop) == (1, 5)


def test_retry_brings_the_next_step_at_once(shop):
    shop.run()
    shop.api(f"/releases/{newest(shop)['id']}/retry", "POST")
    shop.run()
    assert plan(shop) == (1, 20)
    assert newest(shop)["state"] == "pending"


def test_cancel_leaves_the_plan_where_it_is_and_says_so(shop):
    shop.run()
    shop.api(f"/releases/{newest(shop)['id']}/cancel", "POST")
    shop.run_for(9000, step=600)
    assert plan(shop) == (1, 5)
    release = newest(shop)
    assert (release["state"], live(shop)) == ("cancelled", "1.0.0")
    assert "the gray release stays at 5 %" in release["reason"]


def test_a_plan_started_by_somebody_else_is_not_touched(shop):
    shop.platform.start_gray(SHOP, 7)
    shop.run()
    release = newest(shop)
    assert release["state"] == "held"
    assert "gray release is under way (7 %)" in release["reason"]
    shop.api(f"/releases/{release['id']}/approve", "POST")
    shop.run()
    assert newest(shop)["state"] == "held"
    assert plan(shop) == (1, 7)
    assert count(shop.platform, "grayrelease") == 0
    shop.platform.end_gray(SHOP)
    shop.api(f"/releases/{release['id']}/approve", "POST")
    shop.run()
    assert plan(shop) == (1, 5)


def test_another_plan_in_the_place_of_ours_is_not_touched(shop):
    shop.run()
    shop.clock.advance(1800)
    shop.platform.start_gray(SHOP, 5)
    release = skip_to_due(shop, newest(shop))
    assert release["state"] == "held"
    assert count(shop.platform, "grayrelease") == 1


def test_a_plan_paused_at_wechat_waits_for_a_person(shop):
    shop.run()
    shop.platform.pause_gray(SHOP)
    release = skip_to_due(shop, newest(shop))
    assert release["state"] == "held"
    assert "paused at WeChat" in release["reason"]
    assert plan(shop) == (2, 5)


def test_a_plan_that_was_called_off_waits_for_a_person_who_lets_it_go_on(shop):
    shop.run()
    shop.platform.end_gray(SHOP)
    release = skip_to_due(shop, newest(shop))
    assert release["state"] == "held"
    assert "not under way any more" in release["reason"]
    shop.api(f"/releases/{release['id']}/approve", "POST")
    shop.run()
    assert plan(shop) == (1, 20)
    assert to_the_end(shop) == [50, 100]


def test_somebody_who_released_it_to_all_users_meanwhile_is_believed(shop):
    shop.run()
    rival_release(shop)
    release = skip_to_due(shop, newest(shop))
    assert release["state"] == "released"
    assert count(shop.platform, "grayrelease") == 1


LOST = ("timeout_after", "reset_after", "http_500_after", "not_json_after")
NEVER = ("reset_before", "http_500", "not_json")


@pytest.mark.parametrize("kind", LOST + NEVER)
@pytest.mark.parametrize("which", [1, 2])
def test_a_lost_answer_is_settled_by_the_plan(shop, kind, which):
    if which == 2:
        shop.run()
        shop.clock.advance(3600)
    shop.platform.plan(Fault("grayrelease", kind, seconds=1.2 if "timeout" in kind else 0.0))
    shop.run()
    shop.run_for(40, step=2)
    expected = {1: 5, 2: 20}[which]
    assert plan(shop) == (1, expected)
    assert newest(shop)["reason"].startswith(f"gray release at {expected} %")
    assert count(shop.platform, "grayrelease") == which + (kind in NEVER)
    assert to_the_end(shop)[-1] == 100
    assert newest(shop)["state"] == "released"


@pytest.mark.parametrize(
    ("errcode", "state"), [(85079, "released"), (86002, "failed"), (40097, "failed"), (85081, "failed")]
)
def test_a_refusal_goes_to_a_person_or_where_there_is_no_online_version_to_release(shop, errcode, state):
    shop.platform.plan(Fault("grayrelease", "errcode", errcode=errcode))
    shop.run()
    assert newest(shop)["state"] == state


@pytest.mark.parametrize("errcode", [85080, 85082, -1, 45011, 40001])
def test_a_refusal_that_says_neither_yes_nor_no_is_looked_into_and_the_release_goes_on(shop, errcode):
    shop.platform.plan(Fault("grayrelease", "errcode", errcode=errcode))
    shop.run()
    shop.run_for(120, step=2)
    assert plan(shop) == (1, 5)
    assert to_the_end(shop) == [20, 50, 100]


def test_a_policy_changed_to_auto_lets_all_users_have_it(build_house, shop):
    shop.run()
    other = build_house("")
    release = skip_to_due(other, newest(other))
    assert release["state"] == "released"
    assert live(shop) == "2.0.0"

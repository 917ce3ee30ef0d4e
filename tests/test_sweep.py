"""Approvals whose push never came are found by asking, open one release, and nobody is asked too often."""

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from crowds import crowd
from known import COMPONENT
from served import wait_until
from stories import (
    CAFE,
    CAFE_NAME,
    SHOP,
    ask,
    authorizer,
    check_the_end,
    count,
    edit,
    held,
    names,
    patient_tools,
    rival_release,
    seconds,
    waits,
    whole,
)

from reactor.pulse import GAP_SECONDS
from reactor.simulator.faults import Fault
from reactor.store import asking, authorizers, component
from reactor.worker import Worker

DAY = 86400
ASK = "get_latest_auditstatus"


@pytest.fixture(autouse=True)
def _the_story_ends_well(house):
    yield
    check_the_end(house)


@pytest.fixture
def house(build_house):
    """A shop that authorized long ago, in a service that has just come up."""
    house = build_house(REACTOR_SWEEP_ALL_SECONDS="3600")
    house.open_shop()
    house.worker.beat()
    return house


def approve_unpushed(house, version="1.0.0", appid=SHOP):
    house.platform.submit_audit(appid, version, f"about {version}")
    house.clock.advance(60)
    return house.platform.approve(appid)


def asked(house, since=0):
    return [call.at for call in house.platform.calls[since:] if call.call == ASK]


def back_after_a_gap(house, gap=2 * GAP_SECONDS):
    house.clock.advance(gap)
    house.worker.beat()


# -- found -----------------------------------------------------------------------------------------------


def test_an_approval_that_nobody_pushed_is_found_and_goes_live(house):
    approve_unpushed(house)
    house.keep_up()
    found = house.only_release()
    assert (found["state"], found["user_version"], found["user_desc"]) == ("pending", "1.0.0", "about 1.0.0")
    assert found["audit_id"] is not None
    first = found["history"][0]
    assert (first["happening"], first["actor"], first["to"]) == ("found", "sweep", "pending")
    assert [call["call"] for call in found["calls"]][-2:] == [ASK, "getversioninfo"]
    house.run()
    assert house.only_release()["state"] == "released"
    assert len(house.platform.effective_releases(SHOP)) == 1
    assert house.api("/events?authorizer_appid=" + SHOP)["items"][0]["kind"] == "authorized"


def test_the_push_that_comes_after_all_belongs_to_the_release_that_was_found(house):
    succeeded_at = approve_unpushed(house)
    house.keep_up()
    found = house.only_release()
    house.push_approval(succeeded_at=succeeded_at)
    house.run()
    release = house.only_release()
    assert (release["id"], release["state"]) == (found["id"], "released")
    assert seconds(release["approved_at"]) == succeeded_at
    assert house.api("/events")["items"][0]["release_id"] == release["id"]


def test_the_push_that_comes_when_all_is_over_changes_nothing(house):
    succeeded_at = approve_unpushed(house)
    house.keep_up()
    house.run()
    house.push_approval(succeeded_at=succeeded_at)
    assert house.only_release()["state"] == "released"
    assert house.run() == 0


def test_what_was_pushed_is_not_found_again(house):
    house.approve()
    house.keep_up()
    assert len(house.releases()) == 1
    house.run()
    back_after_a_gap(house)
    house.keep_up()
    assert len(house.releases()) == 1


def test_a_push_while_the_sweep_looks_makes_one_release_with_it(house):
    succeeded_at = approve_unpushed(house)
    with held(house, "getversioninfo", "hold_after", house.worker.upkeep.step):
        house.push_approval(succeeded_at=succeeded_at)
    house.run()
    assert house.only_release()["state"] == "released"


def test_the_next_approvals_push_is_not_taken_for_the_one_that_was_found(house):
    approve_unpushed(house, "1.0.0")
    house.keep_up()
    house.run()
    house.clock.advance(5)
    house.approve("2.0.0")
    house.run()
    assert [one["user_version"] for one in house.releases()] == ["2.0.0", "1.0.0"]
    assert house.platform.live(SHOP)[0] == "2.0.0"


def test_a_newer_approval_that_was_missed_supersedes_the_one_that_waits(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.worker.beat()
    house.approve("1.0.0")
    house.clock.advance(60)
    approve_unpushed(house, "2.0.0")
    house.keep_up()
    newer, older = house.releases()
    assert (newer["state"], newer["user_version"]) == ("held", "2.0.0")
    assert (older["state"], older["reason"]) == (
        "superseded",
        f"release {newer['id']}, of a newer approval, takes its place",
    )


def test_what_was_found_follows_the_policy(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.worker.beat()
    approve_unpushed(house)
    house.keep_up()
    house.run()
    assert house.only_release()["state"] == "held"


def test_an_approval_submitted_a_month_ago_waits_for_a_person(house):
    approve_unpushed(house)
    house.clock.advance(31 * DAY)
    house.push_ticket()
    house.worker.beat()
    house.keep_up()
    house.run()
    release = house.only_release()
    assert release["state"] == "held"
    assert "more than 30 days ago" in release["reason"]
    house.api(f"/releases/{release['id']}/approve", "POST")
    house.run()
    assert house.only_release()["state"] == "released"


# -- not found -------------------------------------------------------------------------------------------


def test_what_is_live_already_is_left_alone_and_not_looked_up_again(house):
    approve_unpushed(house)
    rival_release(house)
    house.keep_up()
    assert house.releases() == []
    before = len(house.platform.calls)
    back_after_a_gap(house)
    house.keep_up()
    assert names(house.platform, before) == [ASK]


@pytest.mark.parametrize("end", ["cancel", "give up"])
def test_what_a_person_ended_or_must_look_at_is_not_opened_again(build_house, end):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.worker.beat()
    house.approve()
    release = house.only_release()
    if end == "cancel":
        house.api(f"/releases/{release['id']}/cancel", "POST")
    else:
        house.api(f"/releases/{release['id']}/approve", "POST")
        house.platform.plan(Fault("release", "errcode", errcode=48004))
        house.run()
    before = house.only_release()["state"]
    back_after_a_gap(house)
    house.keep_up()
    assert house.only_release()["state"] == before == ("cancelled" if end == "cancel" else "failed")


def test_a_push_gone_astray_does_not_hide_a_missed_approval(house):
    house.push_approval(CAFE, "gh_somebodyelse")  # nobody knows the café yet
    house.open_shop(CAFE, CAFE_NAME)
    house.run()
    assert [one["state"] for one in house.releases()] == ["cancelled"]
    house.platform.submit_audit(CAFE, "1.0.0")
    house.platform.approve(CAFE)
    back_after_a_gap(house)
    house.keep_up()
    house.run()
    assert house.platform.live(CAFE)[0] == "1.0.0"


@pytest.mark.parametrize(("gesture", "status"), [("reject", 1), (None, 2), ("withdraw", 3), ("delay", 4)])
def test_another_end_of_the_audit_is_known_and_opens_nothing(house, gesture, status):
    house.platform.submit_audit(SHOP, "1.0.0")
    if gesture == "withdraw":
        house.platform.withdraw(SHOP)
    elif gesture:
        getattr(house.platform, gesture)(SHOP, "because")
    house.keep_up()
    assert authorizer(house)["audit_status"] == status
    assert house.releases() == []


def test_a_shop_that_never_submitted_leaves_no_trace(house):
    calls = ask(house, "SELECT count(*) FROM calls")
    house.keep_up()
    assert count(house.platform, ASK) == 1
    assert ask(house, "SELECT count(*) FROM calls") == calls


def test_a_revocation_during_the_look_comes_first(house):
    approve_unpushed(house)
    with held(house, "getversioninfo", "hold_after", house.worker.upkeep.step):
        house.push_unauthorized()
    assert house.releases() == []
    assert authorizer(house)["state"] == "unauthorized"


# -- whose turn it is ------------------------------------------------------------------------------------


def test_an_audit_under_way_is_asked_about_every_ten_minutes_and_its_end_is_found(house):
    house.platform.submit_audit(SHOP, "1.0.0")
    house.keep_up()
    before = len(house.platform.calls)
    house.keep_up(1900, step=10)
    gaps = [
        later - earlier
        for earlier, later in zip(asked(house, before), asked(house, before)[1:], strict=False)
    ]
    assert len(asked(house, before)) == 3
    assert all(600 <= gap <= 611 for gap in gaps)
    house.platform.approve(SHOP)
    house.keep_up(620, step=10)
    house.run()
    assert house.only_release()["state"] == "released"


def test_everybody_else_is_asked_once_an_interval_at_equal_distances(house):
    for number in range(1, 6):
        house.open_shop(f"wx{number:016x}", f"gh_{number:012x}")
    house.keep_up(10)
    assert len(asked(house)) == 6
    before = len(house.platform.calls)
    for _ in range(4):
        house.push_ticket()
        house.keep_up(1800, step=10)
    times = asked(house, before)
    assert 10 <= len(times) <= 12  # two rounds of six
    assert all(600 <= later - earlier <= 640 for earlier, later in pairwise(times[1:]))
    per_shop = ask(house, "SELECT count(DISTINCT authorizer_appid) FROM authorizers WHERE asked_at > 0")
    assert per_shop == [(6,)]


@pytest.mark.parametrize(("gap", "times"), [(GAP_SECONDS - 1, 1), (GAP_SECONDS + 1, 2)])
def test_after_a_gap_in_the_service_everybody_is_asked_soon(house, gap, times):
    house.keep_up(0.2)
    back_after_a_gap(house, gap)
    house.keep_up(0.2)
    assert count(house.platform, ASK) == times


def test_a_gap_of_the_web_process_alone_counts_as_well(house):
    house.keep_up(0.2)
    with house.store.write() as connection:
        component.ask_all(connection, COMPONENT, since=house.clock())
    house.keep_up(0.2)
    assert count(house.platform, ASK) == 2


def open_town(house, numbers, **columns):
    """Mini programs that authorized long ago, each a row of these columns."""
    with house.store.write() as connection:
        for number in numbers:
            appid, name = f"wx{number:016x}", f"gh_{number:012x}"
            house.platform.authorize(appid, user_name=name, nick_name="x", exchanged=True)
            told = {"user_name": name, "state": "authorized", **columns}
            authorizers.save(connection, appid, **told)
    return [f"wx{number:016x}" for number in numbers]


def test_a_fleet_is_asked_no_faster_than_half_the_pace(build_house):
    house = build_house("[pace]\nreleases_per_second = 20\n")
    house.push_ticket()
    open_town(house, range(100, 160))
    house.worker.beat()
    began = house.clock()
    house.keep_up(5)
    assert 45 <= len(asked(house)) <= 51
    house.keep_up(2)
    times = asked(house)
    assert len(times) == 61  # and the shop that was there before
    per_second = [sum(second <= at - began < second + 1 for at in times) for second in range(7)]
    assert max(per_second) <= 11
    status = house.api("/status")["sweep"]
    assert (status["authorizers"], status["to_ask_soon"]) == (61, 0)
    assert status["round_seconds"] == 21600


def test_a_hundred_thousand_are_asked_in_turn_at_equal_distances(build_house):
    house = build_house(REACTOR_SWEEP_ALL_SECONDS="21600")
    house.keep_up(1)
    apart = 21600 / 100_000
    crowd(house, 100_000, asked_at=house.clock(), apart=apart)
    house.clock.advance(21600)
    house.keep_up(2)  # makes up for a second at most of what was missed
    before = len(house.platform.calls)
    house.keep_up(10, step=apart / 4)
    times = asked(house, before)
    assert 10 / (1.3 * apart) <= len(times) <= 10 / apart + 1
    assert all(0.99 * apart <= later - earlier <= 1.3 * apart for earlier, later in pairwise(times[1:]))
    told = house.api("/status")["sweep"]
    assert (told["authorizers"], told["round_seconds"]) == (100_001, 21600)


def test_after_a_gap_a_hundred_thousand_are_asked_soon_and_no_faster_than_the_rate(house):
    crowd(house, 100_000, asked_at=house.clock() - 1)
    back_after_a_gap(house)
    before = len(house.platform.calls)
    house.keep_up(5)
    times = asked(house, before)
    assert 45 <= len(times) <= 51
    assert all(later - earlier >= 0.099 for earlier, later in pairwise(times))
    told = house.api("/status")["sweep"]
    assert (told["authorizers"], told["to_ask_soon"]) == (100_001, 100_001 - len(times))
    assert round(told["round_seconds"]) == 10_000  # longer than the hour that was wished for


def test_one_process_asks_a_whole_round_in_its_time(build_house):
    house = build_house(REACTOR_SWEEP_ALL_SECONDS="15")
    house.push_ticket()
    open_town(house, range(100, 130), asked_at=house.clock() - 15)
    house.worker.beat()
    edit(house, "UPDATE component SET ask_all_since = NULL")
    end, upkeep = house.clock() + 15, house.worker.upkeep
    while house.clock() < end:  # as the thread does that keeps up
        if not upkeep.step():
            house.clock.advance(min(1.0, max(0.05, upkeep.free_at() - house.clock())))
    assert len(asked(house)) >= 29


def test_the_status_says_how_long_a_round_takes_when_the_fleet_is_larger_than_the_interval(build_house):
    house = build_house("[pace]\nreleases_per_second = 1\n", REACTOR_SWEEP_ALL_SECONDS="2")
    for number in range(1, 4):
        house.open_shop(f"wx{number:016x}", f"gh_{number:012x}")
    assert house.api("/status")["sweep"]["round_seconds"] == 8  # four shops


@pytest.mark.parametrize("crowding", ["watched", "failing", "both"])
def test_more_than_the_pace_can_ask_keep_nobody_waiting(build_house, crowding):
    waits = {"REACTOR_SWEEP_SECONDS": "5", "REACTOR_SWEEP_ALL_SECONDS": "90", "REACTOR_RETRY_SCALE": "0.05"}
    house = build_house("[pace]\nreleases_per_second = 2\n", **waits)
    house.push_ticket()
    busy = open_town(house, range(100, 140))  # against one ask a second
    others = open_town(house, range(200, 205))
    house.worker.beat()
    failing = {"watched": [], "failing": busy, "both": busy[::2]}[crowding]
    for appid in set(busy) - set(failing):
        house.platform.submit_audit(appid, "1.0.0")
        edit(house, f"UPDATE authorizers SET audit_status = 2 WHERE authorizer_appid = '{appid}'")
    for appid in failing:
        house.platform.plan(Fault(ASK, "errcode", errcode=45011, authorizer_appid=appid, times=1000))
    edit(house, "UPDATE authorizers SET asked_at = 1, ask_again_at = 1")
    edit(house, f"UPDATE authorizers SET ask_again_at = NULL WHERE authorizer_appid IN {tuple(others)}")
    edit(house, "UPDATE component SET ask_all_since = NULL")
    house.keep_up(120, step=0.5)
    house.platform.clear_faults()
    assert ask(house, "SELECT authorizer_appid FROM authorizers WHERE asked_at = 1") == []


def test_the_round_is_as_fast_as_planned_while_audits_under_way_take_what_the_pace_leaves(build_house):
    plan = {"REACTOR_SWEEP_SECONDS": "5", "REACTOR_SWEEP_ALL_SECONDS": "66"}
    house = build_house("[pace]\nreleases_per_second = 2\n", **plan)
    house.push_ticket()
    for appid in open_town(house, range(100, 111), audit_status=2, asked_at=house.clock()):
        house.platform.submit_audit(appid, "1.0.0")
    others = open_town(house, range(200, 211), asked_at=house.clock() - 40)
    house.keep_up(160, step=0.5)
    called = [call.authorizer_appid for call in house.platform.calls if call.call == ASK]
    assert sum(called.count(appid) for appid in others) >= 22  # two rounds of eleven
    assert house.api("/status")["sweep"]["round_seconds"] <= 80


def test_the_status_tells_how_long_a_round_takes_that_does_not_keep_its_plan(house):
    house.keep_up()
    assert house.api("/status")["sweep"]["round_seconds"] == 3600
    edit(house, "UPDATE component SET blocked_by = 'system', next_probe_at = 9e9")
    house.clock.advance(DAY)
    assert house.api("/status")["sweep"]["round_seconds"] == pytest.approx(DAY, abs=2)


def test_who_could_not_take_the_turn_takes_nothing(house):
    plan = asking.Plan.of(600, 3600, 20)
    now = house.clock()
    with house.store.read() as connection:
        found = asking.next_one(connection, plan, now=now, ask_all_since=None, crowd=1)
    edit(house, "UPDATE authorizers SET asked_at = 5")  # another process asked meanwhile
    assert found.pace == asking.ROUND
    assert not house.worker.upkeep._sweep._claim(found, now)
    assert ask(house, "SELECT name FROM paces WHERE name LIKE 'sweep%'") == []


def test_without_a_ticket_or_while_calls_are_stopped_nobody_is_asked(house):
    before = len(house.platform.calls)
    with house.store.write() as connection:
        stopped = {"reason": "61004", "now": house.clock(), "next_probe_at": house.clock() + 1e6}
        component.block(connection, COMPONENT, by="system", **stopped)
    house.keep_up(10)
    edit(house, "UPDATE component SET blocked_by = NULL, ticket_sealed = NULL")
    house.keep_up(10)
    assert len(house.platform.calls) == before


def test_while_paused_the_sweep_goes_on_finding_and_nothing_is_released(house):
    house.api("/pause", "POST")
    approve_unpushed(house)
    house.keep_up()
    house.run()
    assert house.only_release()["state"] == "pending"
    assert count(house.platform, "release") == 0
    house.api("/resume", "POST")
    house.run()
    assert house.only_release()["state"] == "released"


# -- when asking fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["errcode", "reset_before", "http_500", "not_json"])
def test_whoever_could_not_be_asked_is_asked_again_in_a_minute(house, kind):
    approve_unpushed(house)
    house.platform.plan(Fault(ASK, kind, errcode=-1 if kind == "errcode" else None))
    house.keep_up()
    assert house.releases() == []
    house.keep_up(50)
    assert len(asked(house)) == 1
    house.keep_up(20)
    house.run()
    assert house.only_release()["state"] == "released"


@pytest.mark.parametrize("errcode", [48001, 61007, 61003])
def test_a_lost_permission_is_shown_and_not_asked_about_again(house, errcode):
    house.platform.plan(Fault(ASK, "errcode", errcode=errcode))
    house.keep_up()
    assert authorizer(house)["state"] == "needs_reauthorization"
    back_after_a_gap(house)
    house.keep_up()
    assert count(house.platform, ASK) == 1


def test_a_permission_that_came_back_unpushed_is_found_in_the_next_round(house):
    house.platform.plan(Fault(ASK, "errcode", errcode=61007))
    house.keep_up()
    approve_unpushed(house)
    for _ in range(4):
        assert authorizer(house)["state"] == "needs_reauthorization"
        house.push_ticket()
        house.keep_up(900, step=10)
    house.keep_up(10)
    house.run()
    assert authorizer(house)["state"] == "authorized"
    assert house.only_release()["state"] == "released"


def test_who_has_nothing_submitted_is_authorized_as_well_once_wechat_answers(house):
    edit(house, "UPDATE authorizers SET state = 'needs_reauthorization', reason = 'lost'")
    house.keep_up()
    assert ask(house, "SELECT state, reason FROM authorizers") == [("authorized", None)]


def test_a_permission_that_stays_lost_is_asked_about_once_a_round(house):
    house.platform.plan(Fault(ASK, "errcode", errcode=48001, times=100))
    house.keep_up(3 * 3600, step=10)
    assert len(asked(house)) == 3
    house.platform.clear_faults()


def test_the_lost_are_asked_the_slower_the_longer_the_list_in_which_wechat_keeps_their_tokens(house):
    edit(house, "DELETE FROM authorizers")
    open_town(house, range(100, 102), state="needs_reauthorization")
    plan = asking.Plan.of(600, 3600, 20)

    def takes(now):
        told = {"now": now, "crowd": 100_000}
        with house.store.write() as connection:
            found = asking.next_one(connection, plan, ask_all_since=None, **told)
            return found is not None and asking.claim(connection, plan, found, retry_at=now + 60, **told)

    moments = {1e6: True, 1e6 + 18: False, 1e6 + 20.2: True, 1e6 + 3590: False, 1e6 + 3601: True}
    assert {at: takes(at) for at in moments} == moments


def test_a_systemic_refusal_stops_all_calls_and_the_shop_is_asked_once_they_flow(house):
    approve_unpushed(house)
    house.platform.plan(Fault(ASK, "errcode", errcode=61004))
    house.keep_up()
    assert "61004" in house.api("/status")["blocked"]["reason"]
    house.clock.advance(61)
    house.run()  # the probe
    assert house.api("/status")["blocked"] is None
    house.keep_up(70)
    house.run()
    assert house.only_release()["state"] == "released"


def test_a_release_that_was_found_waits_as_one_that_was_pushed(house):
    approve_unpushed(house)
    house.platform.plan(Fault("release", "errcode", errcode=-1))
    house.keep_up()
    house.run()
    release = whole(house, house.only_release())
    assert (release["state"], release["attempts"], round(waits(house, release))) == ("pending", 1, 1)


# -- what must not go live by itself, and what must not be forgotten ---------------------------------------


def test_what_a_person_cancelled_stays_cancelled_also_where_nobody_knows_the_shops_name(build_house):
    house = build_house("[default]\ndelay_seconds = 600\n")
    house.push_ticket()
    house.platform.plan(Fault("api_get_authorizer_info", "errcode", errcode=-1))
    house.push_authorized(CAFE, CAFE_NAME)
    house.run()
    house.approve("1.0.0", CAFE, CAFE_NAME)
    (release,) = house.releases(authorizer_appid=CAFE)
    house.api(f"/releases/{release['id']}/cancel", "POST")
    back_after_a_gap(house)
    house.keep_up()
    house.run()
    assert [one["state"] for one in house.releases(authorizer_appid=CAFE)] == ["cancelled"]


def test_a_version_that_was_rolled_back_waits_for_a_persons_word(house):
    for version in ("1.0.0", "2.0.0"):
        approve_unpushed(house, version)
        rival_release(house)
    shop = house.platform.authorizer(SHOP)
    house.clock.advance(60)
    with house.platform.lock:  # as revertcoderelease leaves it
        shop.live = replace(shop.live, version="1.0.0", released_at=int(house.clock()), reverted=True)
    back_after_a_gap(house)
    house.keep_up()
    house.run()
    release = house.only_release()
    assert release["state"] == "held"
    assert "rolled back" in release["reason"]
    assert count(house.platform, "release") == 2  # the two by hand


def test_a_push_taken_for_another_audit_by_a_wrong_clock_is_found_again(house):
    house.clock.advance(DAY)
    offset = DAY
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.approve(SHOP)
    house.push_ticket()
    house.keep_up()
    house.run()
    house.clock.advance(5)
    edit(house, f"UPDATE authorizers SET swept_until = swept_until + {offset}")
    house.platform.submit_audit(SHOP, "2.0.0")
    house.clock.advance(5)
    house.push_approval(succeeded_at=house.platform.approve(SHOP))
    house.keep_up(10)
    house.run()
    assert house.platform.live(SHOP)[0] == "2.0.0"


@pytest.mark.parametrize(("errcode", "wait"), [(45011, 70), (45009, DAY)])
def test_a_quota_delays_the_question_and_forgets_nobody(house, errcode, wait):
    approve_unpushed(house)
    house.platform.plan(Fault(ASK, "errcode", errcode=errcode))
    house.keep_up()
    assert house.releases() == []
    house.push_ticket()
    house.keep_up(wait, step=max(1, wait / 500))
    house.push_ticket()
    house.keep_up()
    house.run()
    assert house.only_release()["state"] == "released"


def test_who_was_being_asked_when_the_process_died_is_asked_again_in_a_minute(house, build_house):
    approve_unpushed(house)
    with held(house, ASK, "hold_before", house.worker.upkeep.step) as gate:
        gate.drop()
    edit(house, "DELETE FROM calls")  # the dead wrote nothing
    edit(house, f"UPDATE authorizers SET ask_again_at = {house.clock() + 60}")
    other = build_house(REACTOR_SWEEP_ALL_SECONDS="3600")
    other.keep_up(70, step=1)
    other.run()
    assert house.only_release()["state"] == "released"


def test_a_claim_leaves_behind_when_to_ask_again(house):
    with held(house, ASK, "hold_before", house.worker.upkeep.step):
        ((asked_at, again_at),) = ask(house, "SELECT asked_at, ask_again_at FROM authorizers")
        assert (asked_at, again_at) == (house.clock(), house.clock() + 60)
    assert ask(house, "SELECT ask_again_at FROM authorizers") == [(None,)]


def test_a_clock_that_was_ahead_makes_nobody_asked_all_the_time(house):
    house.clock.advance(DAY)
    house.worker.beat()
    house.clock.advance(-DAY)
    house.worker.beat()
    house.push_ticket()
    house.keep_up(30)
    assert count(house.platform, ASK) <= 2


def test_an_answer_that_is_in_no_table_is_not_asked_for_again_and_again(house):
    house.platform.plan(Fault(ASK, "errcode", errcode=12345, times=100))
    house.keep_up(1000, step=5)
    assert count(house.platform, ASK) == 1
    house.platform.clear_faults()


def passing(house):
    """The house's time, going on with the real one from now."""
    begun = time.monotonic()
    return lambda: house.clock() + time.monotonic() - begun


def test_a_live_worker_asks_as_fast_as_the_pace_allows(house):
    for number in range(100, 130):
        house.open_shop(f"wx{number:016x}", f"gh_{number:012x}")
    tools = patient_tools(house)
    worker = Worker(replace(tools, clock=passing(house)), threads=1)
    before = len(house.platform.calls)
    worker.start()
    try:
        wait_until(lambda: len(asked(house, before)) >= 25, seconds=15)
    finally:
        worker.stop()


def test_a_live_worker_goes_on_asking_while_wechat_is_slow_to_answer_some(house):
    for number in range(100, 104):
        house.open_shop(f"wx{number:016x}", f"gh_{number:012x}")
    gates = [house.platform.plan(Fault(ASK, "hold_before")).gate for _ in range(2)]
    tools = patient_tools(house)
    worker = Worker(replace(tools, clock=passing(house)), threads=1)
    before = len(house.platform.calls)
    worker.start()
    try:
        wait_until(lambda: all(gate.reached.is_set() for gate in gates), seconds=15)
        wait_until(lambda: len(asked(house, before)) >= 3, seconds=15)
    finally:
        for gate in gates:
            gate.go.set()
        worker.stop()

"""Rings: a version goes to the canaries first, then on, ring by ring; what fails touches its ring at most."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import sqlalchemy as sa
from stories import ask, check_the_end, count, edit, held, patient_tools, rival_release

from reactor.core.lifecycle import follow as follow_on
from reactor.core.policy import Subject
from reactor.rings import Rings
from reactor.simulator.faults import Fault
from reactor.store import claims
from reactor.words import retell
from reactor.worker import Worker

HEALTHY = 600
FAST = "[pace]\nreleases_per_second = 1000\nconcurrency = 100\n"
CANARIES = 3
LIMITED = 50002  # the mini program is limited: only a person can mend it


def appid(number):
    return f"wx{number:016x}"


def name(number):
    return f"gh_{number:012x}"


NUMBERS = {appid(number): number for number in range(20_000)}


def rings(*tables):
    return FAST + "".join(f"[[rings]]\n{table}\nhealthy_seconds = {HEALTHY}\n" for table in tables)


def named(ring, *numbers):
    listed = ", ".join(f'"{appid(number)}"' for number in numbers)
    return f'name = "{ring}"\nauthorizers = [{listed}]'


TWO_RINGS = rings(named("canary", 1, 2), 'name = "early"\nfirst = 2')


def open_fleet(house, size):
    """So many mini programs that are known to both sides; the tokens come with the first call of each."""
    house.push_ticket()
    for number in range(1, size + 1):
        house.push_authorized(appid(number), name(number), f"shop {number}")
    house.flow()


def approve_all(house, numbers, version="1.0.0"):
    """One template version, submitted for all, approved for all, and told of in the same second."""
    for number in numbers:
        house.platform.submit_audit(appid(number), version, f"about {version}")
    house.clock.advance(60)
    for number in numbers:
        succeeded_at = house.platform.approve(appid(number))
        assert house.push_approval(appid(number), name(number), succeeded_at=succeeded_at).data == b"success"


def live(house):
    return {NUMBERS[one.appid] for one in house.platform.authorizers() if one.live}


def wave(house, version="1.0.0"):
    (found,) = [one for one in house.api("/waves")["items"] if one["user_version"] == version]
    return found


def counts(house, *names):
    return [[ring[name] for name in names] for ring in wave(house)["rings"]]


def reason(house, number):
    (found,) = house.releases(authorizer_appid=appid(number))
    return found["state"], found["reason"]


@pytest.fixture
def fleet(build_house):
    """Six mini programs, of whom the first two are canaries and two more go early."""
    house = build_house(TWO_RINGS)
    open_fleet(house, 6)
    return house


# -- ring by ring ----------------------------------------------------------------------------------------


def test_a_version_goes_to_the_canaries_then_to_the_first_that_came_then_to_the_rest(fleet):
    approve_all(fleet, [6, 5, 4, 3, 2, 1])
    fleet.flow(1)
    assert live(fleet) == {1, 2}
    fleet.flow(HEALTHY - 30)
    assert live(fleet) == {1, 2}
    fleet.flow(60)
    assert live(fleet) == {1, 2, 5, 6}
    fleet.flow(HEALTHY + 30)
    assert live(fleet) == {1, 2, 3, 4, 5, 6}
    assert count(fleet.platform, "release") == 6
    fleet.flow(30)
    assert (wave(fleet)["state"], counts(fleet, "live", "waiting")) == ("done", [[2, 0], [2, 0], [2, 0]])
    check_the_end(fleet)


def test_who_waits_says_for_which_ring_and_asks_wechat_nothing_meanwhile(fleet):
    approve_all(fleet, range(1, 7))
    fleet.flow(1)
    state, told = reason(fleet, 6)
    assert state == "pending"
    assert told.startswith("waits for ring canary: at 2026-")
    (release,) = fleet.releases(authorizer_appid=appid(6))
    assert (release["due_at"], release["attempts"]) == (None, 0)
    asked = len(fleet.platform.calls)
    fleet.flow(HEALTHY - 60, step=5)
    assert len(fleet.platform.calls) == asked


def test_one_that_comes_when_its_ring_is_open_goes_at_once_and_one_that_fills_a_place_does_too(fleet):
    approve_all(fleet, [1, 2, 3])
    fleet.flow(2 * HEALTHY + 60)
    assert live(fleet) == {1, 2, 3}
    approve_all(fleet, [5, 6])
    fleet.flow(1)
    assert live(fleet) == {1, 2, 3, 5, 6}
    assert counts(fleet, "live") == [[2], [2], [1]]


def test_every_version_has_a_wave_of_its_own(fleet):
    approve_all(fleet, [1, 2, 3, 4])
    fleet.flow(1)
    approve_all(fleet, [5, 6], "2.0.0")
    fleet.flow(1)
    assert live(fleet) == {1, 2}
    assert [one["user_version"] for one in fleet.api("/waves")["items"]] == ["2.0.0", "1.0.0"]
    assert [ring["waiting"] for ring in wave(fleet, "2.0.0")["rings"]] == [0, 2, 0]


def test_a_canary_that_was_put_live_by_somebody_else_counts_as_live(build_house):
    house = build_house(rings(named("canary", 1)))
    open_fleet(house, 2)
    house.platform.submit_audit(appid(1), "1.0.0")
    house.clock.advance(60)
    succeeded_at = house.platform.approve(appid(1))
    rival_release(house, appid(1))
    house.push_approval(appid(1), name(1), succeeded_at=succeeded_at)
    approve_all(house, [2])
    house.flow(HEALTHY + 60)
    assert live(house) == {1, 2}


def test_two_workers_that_place_at_once_give_no_place_away_twice(build_house):
    policy = rings('name = "first"\nfirst = 1')
    house, other = build_house(policy), build_house(policy)
    open_fleet(house, 2)
    approve_all(house, [1, 2])
    with held(house, "release", "hold_before", house.worker.step):
        other.run()
    house.flow(1)
    assert len(live(house)) == 1
    assert counts(house, "live", "waiting") == [[1, 0], [0, 1]]


def test_many_workers_that_place_at_the_same_moment_fill_a_ring_and_no_more(build_house):
    house = build_house(rings('name = "first"\nfirst = 3'))
    open_fleet(house, 12)
    approve_all(house, range(1, 13))
    workers = [Worker(patient_tools(house), threads=1) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(Worker.run_until_idle, workers))
    house.flow(1)
    assert counts(house, "live", "waiting") == [[3, 0], [0, 9]]
    assert count(house.platform, "release") == 3


# -- what fails ------------------------------------------------------------------------------------------


def fail(house, *numbers):
    for number in numbers:
        house.platform.plan(Fault("release", "errcode", errcode=LIMITED, authorizer_appid=appid(number)))


def test_a_canary_that_fails_stops_the_wave_and_a_person_is_asked(build_house):
    house = build_house(
        TWO_RINGS, REACTOR_NOTIFY="webhook+https://example.invalid/hook?secret=whsec_" + "c2VjcmV0" * 4
    )
    open_fleet(house, 6)
    fail(house, 1)
    approve_all(house, range(1, 7))
    house.flow(3 * HEALTHY, step=20)
    assert live(house) <= {2}
    assert count(house.platform, "release") <= 2
    assert wave(house)["state"] == "stopped"
    assert wave(house)["reason"] == "1 of ring canary failed, and at most 0 may"
    assert reason(house, 6)[0] == "pending"
    told = ask(house, "SELECT kind, detail FROM notices WHERE kind = 'wave_stopped'")
    assert told == [
        ("wave_stopped", "the wave of version 1.0.0 is stopped: 1 of ring canary failed, and at most 0 may")
    ]


def test_a_stop_is_heeded_by_those_of_the_same_ring_that_come_after_the_failure(build_house):
    house = build_house(rings(named("canary", 1, 2, 3, 4, 5)))
    open_fleet(house, 5)
    fail(house, 1, 2, 3, 4, 5)
    approve_all(house, range(1, 6))
    house.flow(1)
    assert count(house.platform, "release") == 1  # one after the other: the first that failed was the last
    state, told = reason(house, 5)
    assert state == "pending"
    assert told.startswith("the wave of version 1.0.0 is stopped: 1 of ring canary failed")


def test_going_on_forgives_what_failed_and_the_wave_goes_on(fleet):
    fail(fleet, 1)
    approve_all(fleet, range(1, 7))
    fleet.flow(1)
    fleet.api("/waves/1.0.0/go", "POST")
    fleet.flow(HEALTHY + 60)
    assert live(fleet) >= {2, 3, 4}
    fleet.flow(HEALTHY + 60)
    assert live(fleet) == {2, 3, 4, 5, 6}
    assert wave(fleet)["state"] == "done"


def test_a_failure_of_a_ring_that_was_gone_through_stops_the_wave_too(fleet):
    approve_all(fleet, range(1, 7))
    fleet.flow(HEALTHY + 60)
    assert live(fleet) == {1, 2, 3, 4}
    edit(
        fleet, f"UPDATE releases SET state = 'cancelled' WHERE authorizer_appid = '{appid(1)}'"
    )  # rolled back
    fleet.flow(HEALTHY + 60)
    assert live(fleet) == {1, 2, 3, 4}
    assert wave(fleet)["state"] == "stopped"


def test_what_was_rolled_back_while_nothing_waited_is_weighed_before_the_next_goes(fleet):
    approve_all(fleet, range(1, 6))
    fleet.flow(2 * HEALTHY + 90)
    assert wave(fleet)["state"] == "done"
    edit(fleet, f"UPDATE releases SET state = 'cancelled' WHERE authorizer_appid = '{appid(1)}'")
    approve_all(fleet, [6])
    fleet.run()  # before any round
    assert 6 not in live(fleet)
    assert wave(fleet)["state"] == "stopped"


def test_a_canary_that_is_rolled_back_stops_its_wave_before_anybody_else_begins(fleet):
    for version in ("0.9.0", "1.0.0"):
        approve_all(fleet, [1], version)
        fleet.flow(1)
    approve_all(fleet, range(2, 6))
    fleet.run()
    newest = fleet.releases(authorizer_appid=appid(1))[0]
    assert (newest["state"], wave(fleet)["state"]) == ("released", "open")
    fleet.api(f"/releases/{newest['id']}/rollback", "POST")
    fleet.run()  # before any round of the tide
    assert fleet.api(f"/releases/{newest['id']}")["state"] == "cancelled"
    assert wave(fleet)["state"] == "stopped"


def test_why_one_waits_is_told_in_chinese_as_well(fleet):
    approve_all(fleet, range(1, 7))
    fleet.flow(1)
    waits = reason(fleet, 6)[1]
    fleet.api("/waves/1.0.0/stop", "POST")
    fleet.api(f"/releases/{fleet.releases(authorizer_appid=appid(6))[0]['id']}/retry", "POST")
    fleet.flow(1)
    assert retell(waits, "zh").startswith("等待批次 canary：截至 2026-")
    assert retell(reason(fleet, 6)[1], "zh") == "版本 1.0.0 的批次发布已停止：由 api 停止"


# -- a person's hands ------------------------------------------------------------------------------------


def test_a_wave_that_is_stopped_by_hand_calls_nothing_more_until_it_goes_on(fleet):
    approve_all(fleet, range(1, 7))
    fleet.flow(1)
    assert fleet.api("/waves/1.0.0/stop", "POST")["reason"] == "stopped by api"
    before = count(fleet.platform, "release")
    fleet.flow(3 * HEALTHY, step=20)
    assert count(fleet.platform, "release") == before
    assert fleet.api("/waves/1.0.0/go", "POST")["state"] == "open"
    fleet.flow(2 * HEALTHY + 60)
    assert live(fleet) == {1, 2, 3, 4, 5, 6}


def test_a_stop_that_comes_after_the_look_keeps_the_call_from_leaving(fleet):
    approve_all(fleet, [1])
    with held(fleet, "getversioninfo", "hold_after"):
        edit(
            fleet,
            "INSERT INTO waves (user_version, opened_at, ring, state, forgiven, rings, reason) VALUES"
            " ('1.0.0', 0, 0, 'stopped', 0, '[\"canary\", \"early\"]', 'stopped by api')",
        )
    fleet.flow(1)
    assert count(fleet.platform, "release") == 0
    assert reason(fleet, 1) == ("pending", "the wave of version 1.0.0 is stopped: stopped by api")


@pytest.mark.parametrize(("verb", "state"), [("stop", "pending"), ("cancel", "cancelled")])
def test_a_stop_between_the_last_look_and_the_call_is_heeded(fleet, verb, state):
    approve_all(fleet, [1])
    tools = fleet.worker._tools
    with fleet.store.write() as connection:
        now = fleet.clock()
        release = claims.claim_due(connection, holder="h", now=now, lease_until=now + 20)
    way = Rings(release, tools)
    assert way.place(Subject(appid(1), name(1)), "1.0.0") is None
    fleet.api(f"/waves/1.0.0/{verb}", "POST")
    with fleet.store.write() as connection:
        stopped = way.call(connection)
    assert follow_on(release.state, stopped.happening) == state


def test_rings_that_change_between_the_last_look_and_the_call_are_looked_at_anew(fleet):
    approve_all(fleet, [1])
    with fleet.store.write() as connection:
        now = fleet.clock()
        release = claims.claim_due(connection, holder="h", now=now, lease_until=now + 20)
    way = Rings(release, fleet.worker._tools)
    assert way.place(Subject(appid(1), name(1)), "1.0.0") is None
    edit(fleet, "UPDATE waves SET rings = '[]'")
    with fleet.store.write() as connection:
        assert "changed" in way.call(connection).reason


def test_a_call_that_may_have_happened_is_looked_at_although_its_wave_is_stopped(fleet):
    fleet.platform.plan(Fault("release", "timeout_before", authorizer_appid=appid(1)))
    approve_all(fleet, [1])
    fleet.run()
    fleet.api("/waves/1.0.0/stop", "POST")
    fleet.flow(130)
    (release,) = fleet.releases()
    assert release["due_at"] is not None
    assert count(fleet.platform, "release") == 1
    rival_release(fleet, appid(1))
    fleet.flow(130)
    assert fleet.releases()[0]["state"] == "released"


def test_the_next_ring_can_be_opened_now(fleet):
    approve_all(fleet, range(1, 7))
    fleet.flow(1)
    fleet.api("/waves/1.0.0/go", "POST")
    fleet.flow(5)
    assert live(fleet) == {1, 2, 3, 4}
    fleet.api("/waves/1.0.0/go", "POST")
    fleet.flow(5)
    assert live(fleet) == {1, 2, 3, 4, 5, 6}
    assert "open already" in fleet.api("/waves/1.0.0/go", "POST", status=409)["detail"]


def test_an_ended_wave_cancels_what_waits_and_leaves_alone_what_comes_later(fleet):
    approve_all(fleet, range(1, 6))
    fleet.flow(1)
    fleet.api("/waves/1.0.0/cancel", "POST")
    fleet.flow(10)
    approve_all(fleet, [6])
    fleet.flow(10)
    assert live(fleet) == {1, 2}
    told = ("cancelled", "an operator ended the wave of version 1.0.0")
    assert [reason(fleet, number) for number in (3, 4, 5, 6)] == [told] * 4
    fleet.api("/waves/1.0.0/go", "POST", status=409)
    check_the_end(fleet)


def test_a_wave_that_nobody_knows_is_not_found(fleet):
    assert "no wave" in fleet.api("/waves/9.9.9/stop", "POST", status=404)["detail"]


def test_a_version_may_have_a_slash_in_its_name(fleet):
    approve_all(fleet, [1], "v1/2")
    fleet.flow(1)
    assert fleet.api("/waves/v1%2F2/stop", "POST")["user_version"] == "v1/2"


def test_an_approval_by_a_person_passes_no_ring(build_house):
    house = build_house(TWO_RINGS + '[default]\nmode = "hold"\n')
    open_fleet(house, 6)
    approve_all(house, [1, 5, 6, 4])
    for release in house.releases():
        house.api(f"/releases/{release['id']}/approve", "POST")
    house.flow(1)
    assert live(house) == {1}


# -- a policy that is edited -----------------------------------------------------------------------------


def follow(house, policy):
    """Another file, which is read anew, and heeded."""
    path = house.settings.policy_path
    path.write_text(policy)
    stamp = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(stamp, stamp))
    house.clock.advance(5)
    house.keep_up(5)
    house.flow(5)


def test_a_ring_put_in_before_the_rest_keeps_those_back_who_are_of_it(fleet):
    approve_all(fleet, range(1, 7))
    fleet.flow(HEALTHY + 60)
    assert live(fleet) == {1, 2, 3, 4}
    follow(fleet, rings(named("canary", 1, 2), 'name = "early"\nfirst = 2', named("late", 5)))
    fleet.flow(HEALTHY + 30)
    assert live(fleet) == {1, 2, 3, 4, 5}
    fleet.flow(HEALTHY + 60)
    assert live(fleet) == {1, 2, 3, 4, 5, 6}


def test_rings_in_another_order_release_nobody_early(fleet):
    approve_all(fleet, range(1, 7))
    fleet.flow(1)
    assert live(fleet) == {1, 2}
    follow(fleet, rings(named("late", 5), named("canary", 1, 2), named("soon", 3)))
    assert live(fleet) == {1, 2, 5}
    fleet.flow(HEALTHY - 60)
    assert live(fleet) == {1, 2, 5}


def test_one_who_is_a_canary_by_now_goes_and_one_who_is_none_any_more_waits(build_house):
    house = build_house(rings(named("canary", 1, 2)))
    open_fleet(house, 4)
    approve_all(house, [1, 3, 4])
    house.flow(1)
    follow(house, rings(named("canary", 1, 3)))
    assert live(house) == {1, 3}
    approve_all(house, [2])
    house.flow(1)
    assert live(house) == {1, 3}


def test_without_rings_everybody_goes_but_not_from_a_wave_that_is_stopped(fleet):
    approve_all(fleet, [1, 5, 6])
    approve_all(fleet, [2, 3, 4], "2.0.0")
    fleet.flow(1)
    fleet.api("/waves/2.0.0/stop", "POST")
    follow(fleet, FAST)
    assert live(fleet) >= {1, 5, 6}
    assert not live(fleet) & {3, 4}
    fleet.api("/waves/2.0.0/go", "POST")
    fleet.flow(10)
    assert live(fleet) == {1, 2, 3, 4, 5, 6}


def test_where_there_are_no_rings_nothing_is_written_of_a_wave(house):
    open_fleet(house, 1)
    approve_all(house, [1])
    house.flow(5)
    assert live(house) == {1}
    assert ask(house, "SELECT user_version FROM waves") == []
    assert ask(house, "SELECT ring FROM releases") == [(None,)]
    assert house.api("/waves") == {"items": []}


# -- what is not known -----------------------------------------------------------------------------------


def test_a_version_without_a_name_belongs_to_no_wave_and_asks_a_person(fleet):
    approve_all(fleet, [5], "v" * 300)
    fleet.flow(1)
    assert live(fleet) == set()
    state, told = reason(fleet, 5)
    assert state == "held"
    assert "belongs to no wave" in told
    fleet.api(f"/releases/{fleet.releases()[0]['id']}/approve", "POST")
    fleet.flow(1)
    assert live(fleet) == {5}


# -- fleets ----------------------------------------------------------------------------------------------

# The whole of it takes minutes: REACTOR_TEST_FLEET=10000.
SIZE = int(os.environ.get("REACTOR_TEST_FLEET", "120"))
FIRST = 20
RINGS_OF_A_FLEET = (
    f'[waves]\nmax_failures = 5\n[[rings]]\nname = "canary"\nfirst = {FIRST}\nhealthy_seconds = {HEALTHY}\n'
    f'[[rings]]\nname = "early"\nfirst = {SIZE // 4}\nhealthy_seconds = {HEALTHY}\n'
)


def big_fleet(build_house, size=SIZE):
    """Mini programs that authorized long ago; their approvals come as pushes, all in one burst."""
    house = build_house(FAST + RINGS_OF_A_FLEET)
    house.push_ticket()
    numbers = range(1, size + 1)
    for number in numbers:
        house.platform.authorize(appid(number), user_name=name(number), nick_name="x", exchanged=True)
    rows = [{"appid": appid(number), "name": name(number)} for number in numbers]
    with house.store.write() as connection:
        known = "INSERT INTO authorizers (authorizer_appid, user_name, state)"
        connection.execute(sa.text(f"{known} VALUES (:appid, :name, 'authorized')"), rows)
    return house


def flow_on(house, seconds):
    """Let the waves go on while there are turns to take; a fleet takes more of them than a run does."""
    end = house.clock() + seconds
    while house.clock() < end:
        while house.worker.run_until_idle(100_000) or house.worker.tide.step():
            house.clock.advance(0.1)
        house.clock.advance(20)


def test_of_a_whole_fleet_a_failing_canary_ring_is_all_that_was_touched(build_house):
    began = time.monotonic()
    house = big_fleet(build_house)
    house.platform.plan(Fault("release", "errcode", errcode=LIMITED, times=SIZE))
    approve_all(house, range(1, SIZE + 1))
    flow_on(house, 2 * HEALTHY)
    assert 1 <= count(house.platform, "release") <= FIRST
    assert live(house) == set()
    assert wave(house)["state"] == "stopped"
    assert counts(house, "live", "failed", "waiting") == [
        [0, count(house.platform, "release"), FIRST - count(house.platform, "release")],
        [0, 0, SIZE // 4],
        [0, 0, SIZE - FIRST - SIZE // 4],
    ]
    print(f"{SIZE}: {count(house.platform, 'release')} calls, {time.monotonic() - began:.0f} s")


def test_a_whole_healthy_fleet_goes_live_ring_by_ring_each_of_it_once(build_house):
    began = time.monotonic()
    house = big_fleet(build_house)
    approve_all(house, range(1, SIZE + 1))
    flow_on(house, 3 * HEALTHY)
    assert counts(house, "live", "failed", "waiting") == [
        [FIRST, 0, 0],
        [SIZE // 4, 0, 0],
        [SIZE - FIRST - SIZE // 4, 0, 0],
    ]
    assert count(house.platform, "release") == SIZE
    assert len(live(house)) == SIZE
    spans = ask(
        house, "SELECT ring, MIN(released_at), MAX(released_at) FROM releases GROUP BY ring ORDER BY ring"
    )
    assert all(later - HEALTHY >= earlier for (_, _, earlier), (_, later, _) in pairwise(spans))
    print(f"{SIZE}: {time.monotonic() - began:.0f} s")

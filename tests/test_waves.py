"""Many approvals at once: begun at a bounded pace over all processes, so many at a time, fair to all."""

from itertools import pairwise

import pytest
import sqlalchemy as sa
from crowds import approvals_wait, crowd
from stories import check_the_end, count, held, patient_tools

from reactor.core.policy import Pace
from reactor.simulator.faults import Fault
from reactor.store import claims, schema
from reactor.worker import Worker


def shops(number):
    return [(f"wx{one:016x}", f"gh_{one:012x}") for one in range(1, number + 1)]


def a_wave(house, number):
    """So many shops, with tokens, whose approvals come in the same second."""
    house.push_ticket()
    for shop in shops(number):
        house.push_authorized(*shop)
    house.run()
    for appid, _ in shops(number):
        house.platform.submit_audit(appid, "1.0.0")
    house.clock.advance(60)
    for shop in shops(number):
        house.push_approval(*shop, succeeded_at=house.platform.approve(shop[0]))


def released(house):
    return sum(one["state"] == "released" for one in house.releases(limit=200))


@pytest.mark.parametrize("processes", [1, 3])
def test_no_more_begin_in_a_second_than_the_policy_says_over_all_processes(build_house, processes):
    houses = [build_house("[pace]\nreleases_per_second = 5\n") for _ in range(processes)]
    house = houses[0]
    a_wave(house, 30)
    told = []
    for _ in range(7):
        for one in houses:
            one.run()
        told.append(count(house.platform, "release"))
        for _ in range(10):
            house.clock.advance(0.1)
            for one in houses:
                one.run()
    assert released(house) == 30
    assert told[0] <= 2
    assert all(4 <= later - earlier <= 6 for earlier, later in pairwise(told[:6]))
    check_the_end(house)


def test_the_default_pace_is_twenty_a_second(house):
    a_wave(house, 60)
    house.run_for(1, step=0.05)
    assert 20 <= count(house.platform, "release") <= 25
    house.run_for(2, step=0.05)
    assert released(house) == 60


def test_ten_thousand_approvals_go_live_one_after_the_other_at_the_pace(build_house):
    houses = [build_house() for _ in range(2)]
    house = houses[0]
    house.push_ticket()
    crowd(house, 10_000)
    for one in house.platform.authorizers():
        house.platform.submit_audit(one.appid, "1.0.0")
        house.platform.approve(one.appid)
    approvals_wait(house, 10_000)
    told = []
    for _ in range(3):
        for _ in range(20):
            house.clock.advance(0.05)
            for one in houses:
                one.run()
        told.append(count(house.platform, "release"))
    assert all(19 <= later - earlier <= 21 for earlier, later in pairwise(told))
    assert 57 <= told[-1] <= 65
    assert house.api("/status")["pending"] == 10_000 - told[-1]
    live = [one.appid for one in house.platform.authorizers() if one.live]
    assert len(live) == told[-1]  # each of them once


def test_no_more_are_under_way_at_once_than_the_policy_says(build_house):
    house, other = (build_house("[pace]\nconcurrency = 2\n") for _ in range(2))
    a_wave(house, 4)
    now, speed = house.clock(), Pace(20.0, 2)
    given = {"now": now, "lease_until": now + 20, "speed": speed}
    with house.store.write() as connection:
        assert claims.claim_due(connection, holder="one", **given)
        assert claims.claim_due(connection, holder="two", **given)
        assert claims.claim_due(connection, holder="three", **given) is None
    assert other.run() == 0
    house.clock.advance(21)  # both have died
    other.run()
    house.run_for(2, step=0.1)
    assert released(house) == 4


def test_a_slow_shop_keeps_one_place_and_the_others_go_by(build_house):
    house = build_house("[pace]\nconcurrency = 2\n")
    a_wave(house, 6)
    slow, _ = shops(6)[0]
    worker = Worker(patient_tools(house), threads=1)
    with held(house, "get_latest_auditstatus", "hold_before", worker.step):
        house.run_for(2, step=0.1)
        assert released(house) == 5
    house.run()
    assert released(house) == 6
    assert house.platform.live(slow)[0] == "1.0.0"


def test_a_shop_with_many_approvals_takes_no_more_turns_than_one_with_a_single_one(build_house):
    house = build_house("[pace]\nreleases_per_second = 1\n")
    (busy, name), *others = shops(4)
    a_wave(house, 4)
    for version in range(5):
        house.clock.advance(0.01)
        house.push_approval(busy, name, succeeded_at=int(house.clock()) - 1 - version)
    for _ in range(40):
        house.run()
        house.clock.advance(1.01)
    assert {house.platform.live(appid)[0] for appid, _ in [(busy, name), *others]} == {"1.0.0"}
    assert len(house.platform.effective_releases(busy)) == 1


@pytest.mark.parametrize(("errcode", "wait"), [(45011, 60)])
def test_a_quota_of_one_shop_slows_that_shop_alone(build_house, errcode, wait):
    house = build_house()
    a_wave(house, 5)
    (slow, _), *_ = shops(5)
    house.platform.plan(Fault("release", "errcode", errcode=errcode, authorizer_appid=slow))
    house.run()
    assert released(house) == 4
    house.run_for(wait + 2, step=1)
    assert released(house) == 5


def test_while_as_many_are_under_way_as_may_be_nobody_writes_anything(build_house):
    house, other = (build_house("[pace]\nconcurrency = 1\n") for _ in range(2))
    a_wave(house, 3)
    now = house.clock()
    with house.store.write() as connection:
        assert claims.claim_due(connection, holder="one", now=now, lease_until=now + 20, speed=Pace(20.0, 1))
    before = paces(house)
    for _ in range(20):
        house.clock.advance(0.1)
        assert not other.worker.step()
    assert paces(house) == before


def paces(house):
    with house.store.read() as connection:
        return connection.execute(sa.select(schema.paces)).all()


def test_what_is_due_is_done_at_the_policys_pace_and_then_it_is_over(build_house):
    house = build_house("[pace]\nreleases_per_second = 1\n")
    a_wave(house, 5)
    began = house.clock()
    house.worker.run_all_due()
    assert released(house) == 5
    assert 3.5 <= house.clock() - began <= 6

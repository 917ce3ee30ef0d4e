"""The worker: woken at once, several threads, several processes, and nothing that ends it but a stop."""

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from served import wait_until
from stories import (
    CAFE,
    CAFE_NAME,
    authorizer,
    check_the_end,
    count,
    held,
    names,
    patient_tools,
    second_push,
    whole,
)

from reactor.store import claims, component
from reactor.worker import Worker

# Their clock stands still while they work, and so does the pace.
FAST = "[pace]\nreleases_per_second = 1000\n"


@pytest.fixture
def house(build_house):
    """One reactor that is not held back."""
    return build_house(FAST)


@pytest.fixture(autouse=True)
def _the_story_ends_well(house):
    yield
    check_the_end(house)


@pytest.fixture
def start(house):
    """Start workers on the house's store; all are stopped in the end."""
    started = []

    def begin(tools=None, **more):
        worker = Worker(tools or patient_tools(house), **more)
        started.append(worker)
        worker.start()
        return worker

    yield begin
    for worker in started:
        worker.stop()


def states(house):
    return [release["state"] for release in house.releases(limit=200)]


def shops(house, number):
    """Many authorized shops, each with its approval; their appids."""
    house.push_ticket()
    appids = [f"wx{index:016x}" for index in range(1, number + 1)]
    for appid in appids:
        house.push_authorized(appid, f"gh_{appid}")
    house.run()
    for appid in appids:
        house.approve("1.0.0", appid, f"gh_{appid}")
    return appids


# -- woken, or polling -----------------------------------------------------------------------------------


def test_a_push_wakes_the_worker_of_its_process_at_once(house):
    house.worker.start()
    house.open_shop()
    time.sleep(0.05)  # the threads are idle now, and would poll only after a second
    began = time.monotonic()
    house.approve()
    wait_until(lambda: states(house) == ["released"])
    assert time.monotonic() - began < 1.0


def test_a_worker_elsewhere_finds_the_work_by_polling(house, build_house, start):
    web = build_house(REACTOR_WORKER="external")
    assert web.worker is None
    house.open_shop()
    start()
    assert web.approve().get_data() == b"success"
    wait_until(lambda: states(web) == ["released"])


def test_an_operators_gesture_wakes_the_worker(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.worker.start()
    house.open_shop()
    house.approve()
    time.sleep(0.05)
    began = time.monotonic()
    house.api(f"/releases/{house.only_release()['id']}/approve", "POST")
    wait_until(lambda: states(house) == ["released"])
    assert time.monotonic() - began < 1.0


def test_with_nothing_due_nothing_is_called_but_the_one_look_of_the_sweep(house, start):
    house.open_shop()
    before = len(house.platform.calls)
    start()
    wait_until(lambda: "get_latest_auditstatus" in names(house.platform, before))
    time.sleep(0.3)
    assert names(house.platform, before) == ["api_authorizer_token", "get_latest_auditstatus"]


# -- many at once ----------------------------------------------------------------------------------------


def test_many_shops_over_two_workers_go_live_once_each(house, build_house, start):
    appids = shops(house, 12)
    other = build_house(FAST)
    for tools in (patient_tools(house), patient_tools(other)):
        start(tools)
    wait_until(lambda: set(states(house)) == {"released"})
    for appid in appids:
        assert len(house.platform.effective_releases(appid)) == 1
    assert count(house.platform, "release") == 12
    assert [release["attempts"] for release in house.releases()] == [1] * 12


def test_one_shop_has_one_release_in_flight_however_many_wait(house, start):
    house.open_shop()
    house.approve()
    for number in range(5):
        second_push(house, succeeded_at=int(house.clock()), from_user_name=f"o{number}")
    for _ in range(2):
        start()
    wait_until(lambda: states(house) == ["released"] * 6)
    assert count(house.platform, "release") == 1
    turns = [whole(house, release)["history"] for release in house.releases()]
    assert all([step["happening"] for step in turn] == ["opened", "claimed", "seen_live"] for turn in turns)


def test_a_slow_shop_does_not_hold_up_the_others(house, start):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.approve()
    house.approve("1.0.0", CAFE, CAFE_NAME)
    with held(house, "get_latest_auditstatus", "hold_before"):
        start()
        wait_until(lambda: "released" in states(house))
        assert sorted(states(house)) == ["released", "releasing"]
    assert states(house) == ["released", "released"]


def test_the_longest_due_comes_first(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.approve()
    house.worker.step()
    shop, cafe = house.releases()
    assert (cafe["authorizer_appid"], cafe["state"], shop["state"]) == (CAFE, "released", "pending")
    house.run()


def test_only_one_of_many_threads_probes_a_blocked_component(house, build_house):
    shops(house, 4)
    other = build_house(FAST)
    house.platform.allowed = False
    house.worker.step()
    for _ in range(2):
        house.clock.advance(60)
        before, start_line = len(house.platform.calls), threading.Barrier(8)

        def probe(worker, line=start_line):
            line.wait(10)
            worker.step()

        workers = [house.worker, other.worker] * 4
        threads = [threading.Thread(target=probe, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(house.platform.calls) - before == 1
    house.platform.allowed = True
    house.clock.advance(60)
    house.run()
    assert set(states(house)) == {"released"}


# -- life and death --------------------------------------------------------------------------------------


def test_a_living_worker_keeps_what_it_works_on(house, build_house):
    other = build_house(FAST)
    house.open_shop()
    house.approve()
    worker = Worker(patient_tools(house))
    with held(house, "release", "hold_before", worker.step):
        for _ in range(3):
            house.clock.advance(15)
            worker.beat()
            assert other.run() == 0
    assert states(house) == ["released"]
    assert house.only_release()["attempts"] == 1


def test_the_status_counts_the_workers_that_live(house, start):
    assert house.api("/status")["workers"] == 0
    first, second = start(), start()
    wait_until(lambda: house.api("/status")["workers"] == 2)
    first.stop()
    assert house.api("/status")["workers"] == 1
    house.clock.advance(31)  # one that died without a word is missed half a minute later
    wait_until(lambda: house.api("/status")["workers"] in (0, 1))
    second.stop()
    assert house.api("/status")["workers"] == 0


def test_a_stopped_worker_ends_soon_and_leaves_what_is_due(house, start):
    house.open_shop()
    worker = start()
    began = time.monotonic()
    worker.stop()
    assert time.monotonic() - began < 2.0
    house.approve()
    time.sleep(0.1)
    assert states(house) == ["pending"]
    house.run()


def test_a_store_that_fails_for_a_while_does_not_end_the_worker(house, start):
    house.open_shop()
    house.approve()
    rename = "ALTER TABLE {} RENAME TO {}"
    with house.store.write() as connection:
        connection.execute(sa.text(rename.format("history", "away")))
    start()
    time.sleep(0.3)  # no thread can claim anything
    with house.store.write() as connection:
        connection.execute(sa.text(rename.format("away", "history")))
    assert states(house) == ["pending"]
    wait_until(lambda: states(house) == ["released"])


def test_an_internal_error_does_not_end_the_worker(house, start):
    house.open_shop()
    house.approve()
    left = threading.Semaphore(6)

    def clock():
        if left.acquire(blocking=False):
            raise RuntimeError("a clock that stops")
        return house.clock()

    start(replace(patient_tools(house), clock=clock))
    wait_until(lambda: states(house) == ["released"])


def test_a_turn_that_raises_is_put_back_with_the_reason(house):
    house.open_shop()
    house.approve()
    falls = iter([True])

    def chance():
        if next(falls, False):
            raise ZeroDivisionError
        return 0.5

    worker = Worker(replace(patient_tools(house), chance=chance))
    house.platform.expire_component_token()
    house.platform.allowed = False
    assert worker.step()
    release = house.only_release()
    assert (release["state"], release["attempts"]) == ("pending", 1)
    assert release["reason"] == "an internal error (ZeroDivisionError); see the log"
    house.platform.allowed = True
    house.clock.advance(1)
    worker.run_until_idle()
    assert states(house) == ["released"]


def test_while_paused_nothing_is_claimed_not_even_what_a_dead_worker_left(house):
    house.open_shop()
    house.approve()
    now = house.clock()
    with house.store.write() as connection:
        assert claims.claim_due(connection, holder="dead", now=now, lease_until=now + 20)
    house.api("/pause", "POST")
    house.clock.advance(19)
    house.run()
    assert states(house) == ["releasing"]
    house.clock.advance(2)
    house.run()  # it is shown as waiting, and nothing more
    release = house.only_release()
    assert (release["state"], release["attempts"]) == ("pending", 0)
    assert release["history"][-1]["detail"] == "its worker fell silent"
    assert release["calls"] == []
    house.api("/resume", "POST")
    house.run()
    assert states(house) == ["released"]
    assert authorizer(house)["live_version"] == "1.0.0"


def test_while_calls_are_stopped_what_a_dead_worker_left_waits_again_within_its_lease(house):
    house.open_shop()
    house.approve()
    now = house.clock()
    with house.store.write() as connection:
        assert claims.claim_due(connection, holder="dead", now=now, lease_until=now + 20)
        stopped = {"by": "system", "reason": "61004", "now": now, "next_probe_at": now + 60}
        component.block(connection, house.settings.component_appid, **stopped)
    house.clock.advance(21)
    house.run()
    assert states(house) == ["pending"]
    house.run_for(60)
    assert states(house) == ["released"]


def test_a_stop_waits_for_the_turn_at_hand_and_its_end_is_recorded(house):
    house.open_shop()
    house.approve()
    worker = Worker(patient_tools(house))

    def run():
        worker.start()
        wait_until(lambda: states(house) == ["releasing"])
        worker.stop(timeout=20)

    with held(house, "release", "hold_before", run):
        house.push_ticket()  # while the turn is held, everything else goes on
    assert house.only_release()["state"] == "released"

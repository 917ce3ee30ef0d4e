"""What goes on beside the releases: a ticket that stays away, rows past their time, gaps, clocks, an end."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from known import COMPONENT
from stories import CAFE, CAFE_NAME, SHOP, ask, check_the_end, count, edit, held, patient_tools

from reactor.core.errors import SettingsError
from reactor.pulse import GAP_SECONDS, OneMachine, note_pulse, refuse_shared_file, this_machine
from reactor.simulator.faults import Fault
from reactor.store import claims, component, pace, presence
from reactor.store.schema import authorizers, paces, releases
from reactor.worker import Worker

DAY = 86400
START = "api_start_push_ticket"


# -- the ticket ------------------------------------------------------------------------------------------


def test_wechat_is_asked_to_push_again_when_no_ticket_came_for_half_an_hour_and_hourly_at_most(house):
    house.push_ticket()
    house.clock.advance(1790)
    house.keep_up(10, step=10)
    assert count(house.platform, START) == 0
    house.keep_up(40, step=10)
    assert count(house.platform, START) == 1
    house.keep_up(3500, step=50)
    assert count(house.platform, START) == 1
    house.keep_up(200, step=50)
    assert count(house.platform, START) == 2
    house.push_ticket()
    house.keep_up(1700, step=50)
    assert count(house.platform, START) == 2
    check_the_end(house)


def test_it_is_asked_also_when_no_ticket_ever_came(house):
    house.keep_up(1900, step=50)
    assert count(house.platform, START) == 1


def test_a_refusal_of_that_is_recorded_and_not_repeated_at_once(house):
    house.push_ticket()
    house.platform.plan(Fault(START, "errcode", errcode=40013))
    house.keep_up(2000, step=50)
    assert count(house.platform, START) == 1
    assert ask(house, f"SELECT errcode FROM calls WHERE call = '{START}'") == [(40013,)]


def test_one_process_asks_for_all(build_house):
    houses = [build_house() for _ in range(3)]
    houses[0].push_ticket()
    for one in houses:
        one.worker.upkeep.step()
    houses[0].clock.advance(1900)
    for one in houses:
        one.worker.upkeep.step()
    assert count(houses[0].platform, START) == 1


def test_a_dead_ticket_lets_all_work_wait_with_the_reason(house):
    house.open_shop()
    house.clock.advance(13 * 3600)
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], release["attempts"]) == ("pending", 0)
    assert "component_verify_ticket" in release["reason"]
    house.push_ticket()
    house.run()
    assert house.only_release()["state"] == "released"


# -- what is past its time -------------------------------------------------------------------------------


def rows(house):
    return {
        table: ask(house, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("releases", "history", "calls", "events")
    }


def test_what_ended_longer_ago_than_the_retention_leaves_but_for_its_record(build_house):
    house = build_house("[retention]\ndays = 30\n")
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.clock.advance(31 * DAY)
    house.push_ticket()
    house.open_shop(CAFE, CAFE_NAME)
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    house.keep_up(20, step=2.1)
    (left,) = house.releases()
    assert left["authorizer_appid"] == CAFE
    assert {row[0] for row in ask(house, "SELECT release_id FROM history")} == {1, left["id"]}
    assert ask(house, f"SELECT count(*) FROM calls WHERE release_id <> {left['id']}") == [(0,)]
    assert {event["authorizer_appid"] for event in house.api("/events")["items"]} == {CAFE}


def test_what_waits_for_a_person_stays_however_old_it_is(build_house):
    house = build_house("[retention]\ndays = 1\n")
    house.open_shop()
    house.platform.plan(Fault("release", "errcode", errcode=48004))
    house.approve()
    house.run()
    house.clock.advance(100 * DAY)
    house.keep_up(20, step=2.1)
    assert house.only_release()["state"] == "failed"
    assert house.only_release()["history"]
    assert house.api("/events")["items"][0]["release_id"] == house.only_release()["id"]


def test_a_large_heap_goes_in_small_batches_with_pauses(build_house):
    house = build_house("[retention]\ndays = 1\n")
    insert = (
        "INSERT INTO releases (authorizer_appid, state, mode, approved_at, created_at)"
        " VALUES (:appid, 'released', 'auto', 0, 0)"
    )
    with house.store.write() as connection:
        connection.execute(sa.text(insert), [{"appid": SHOP}] * 500)
    house.worker.upkeep.step()
    assert rows(house)["releases"] == 300
    assert house.worker.upkeep.step() is False
    house.keep_up(10, step=1)
    assert rows(house)["releases"] == 0


def test_what_is_past_its_time_leaves_while_the_sweep_always_has_somebody_to_ask(build_house):
    house = build_house("[retention]\ndays = 1\n")
    house.open_shop()
    for number in range(1, 6):
        house.open_shop(f"wx{number:016x}", f"gh_{number:012x}")
    house.worker.beat()
    insert = (
        "INSERT INTO releases (authorizer_appid, state, mode, approved_at, created_at)"
        " VALUES (:appid, 'released', 'auto', 0, 0)"
    )
    edit(house, insert, appid=SHOP)
    for _ in range(4):  # one ask takes longer than the pace would make the next one wait
        assert house.worker.upkeep.step()
        house.clock.advance(0.4)
    assert rows(house)["releases"] == 0


# -- gaps and machines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["web", "worker"])
def test_a_gap_in_either_pulse_has_everybody_asked(house, kind):
    def since():
        with house.store.read() as connection:
            return component.get(connection, COMPONENT).ask_all_since

    def beat(at):
        with house.store.write() as connection:
            note_pulse(connection, COMPONENT, kind, at, machine=OneMachine("here"))

    beat(1000.0)
    assert since() == 1000.0  # the first start follows a gap, too
    beat(1000.0 + GAP_SECONDS)
    assert since() == 1000.0
    beat(1001.0 + 2 * GAP_SECONDS)
    assert since() == 1001.0 + 2 * GAP_SECONDS


def pulse(house, machine, at):
    with house.store.write() as connection:
        presence.pulse(connection, "web", at, machine=machine)


def refuse(house, machine, *, now=102.0, sleep=pytest.fail):
    refuse_shared_file(house.store, machine=machine, clock=lambda: now, sleep=sleep)


def test_a_sqlite_file_that_another_machine_uses_is_refused(house):
    pulse(house, "elsewhere", 100.0)
    if not house.store.is_sqlite:
        refuse(house, "here")
        return
    with pytest.raises(SettingsError, match="another machine uses now"):
        refuse(house, "here", sleep=lambda _: pulse(house, "elsewhere", 104.0))


def test_what_another_machine_left_behind_is_no_reason_to_refuse(house):
    pulse(house, "elsewhere", 100.0)
    refuse(house, "here", sleep=lambda _: None)
    refuse(house, "here", now=100.0 + GAP_SECONDS)  # and none to wait
    pulse(house, this_machine(), 104.0)
    refuse(house, this_machine())


@pytest.mark.parametrize("kind", ["web", "worker"])
@pytest.mark.parametrize("late", [0, -DAY], ids=["its clock is right", "its clock is behind"])
def test_whoever_beats_hears_of_another_machine_that_came_later(house, kind, late, caplog):
    here, elsewhere = OneMachine("here"), OneMachine("elsewhere")

    def beat(machine, kind, at):
        with house.store.write() as connection:
            note_pulse(connection, COMPONENT, kind, at, machine=machine)

    pulse(house, "long gone", 50.0)
    beat(here, kind, 100.0)
    beat(here, kind, 104.0)
    here.refuse()
    for at in (106.0, 110.0):
        beat(elsewhere, "worker", at + late)
        beat(here, kind, at + 2)
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    if not house.store.is_sqlite:
        here.refuse()
        assert told == []
        return
    with pytest.raises(SettingsError, match="another machine uses now"):
        here.refuse()
    assert all("another machine uses now" in line for line in told)
    assert 1 <= len(told) <= 2  # each of them once


# -- clocks ----------------------------------------------------------------------------------------------


def test_a_clock_set_back_by_a_day_delays_nothing(house):
    house.open_shop()
    house.worker.beat()
    house.approve()
    house.platform.plan(Fault("release", "errcode", errcode=-1))
    house.run()
    house.clock.advance(DAY)  # wrongly
    house.push_ticket()
    house.worker.beat()
    house.platform.plan(Fault("release", "errcode", errcode=-1))
    house.run()
    assert house.only_release()["state"] == "pending"
    house.clock.advance(-DAY)
    house.worker.beat()
    house.push_ticket()
    house.run_for(10)
    assert house.only_release()["state"] == "released"
    assert len(house.platform.effective_releases(SHOP)) == 1


def many_waiting(house, number, **columns):
    row = {"state": "pending", "mode": "auto", "approved_at": 0, "created_at": 0, **columns}
    with house.store.write() as connection:
        rows = [{**row, "authorizer_appid": f"wx{one:016x}"} for one in range(number)]
        connection.execute(sa.insert(releases), rows)


@contextmanager
def changes(house):
    """How many rows each UPDATE changes, of one transaction after the other."""
    seen = []

    def note(_, cursor, statement, *__):
        if statement.startswith("UPDATE"):
            seen.append((statement.split()[1], cursor.rowcount))

    sa.event.listen(house.store._engine, "after_cursor_execute", note)
    yield seen
    sa.event.remove(house.store._engine, "after_cursor_execute", note)


def test_after_a_clock_set_back_no_statement_changes_many_rows(house):
    house.open_shop()
    house.worker.beat()
    later = house.clock() + DAY
    many_waiting(house, 3 * claims.BATCH, due_at=later, waits_for="backoff")
    with house.store.write() as connection:
        rows = [(f"wx{one:016x}", later) for one in range(1000, 1000 + 3 * claims.BATCH)]
        told = [{"authorizer_appid": one, "state": "authorized", "asked_at": at} for one, at in rows]
        connection.execute(sa.insert(authorizers), told)
        paced = [{"name": f"fetch:authorizer:{one}", "next_at": at} for one, at in rows]
        connection.execute(sa.insert(paces), paced)
    house.clock.advance(-DAY)
    with changes(house) as seen:
        house.worker.beat()
    assert max(number for _, number in seen) <= claims.BATCH
    assert ask(house, f"SELECT count(*) FROM releases WHERE due_at > {house.clock()}") == [(0,)]
    assert house.api("/status")["sweep"]["to_ask_soon"] == 3 * claims.BATCH + 1


def test_a_delay_by_policy_outlasts_a_clock_set_back(house):
    house.worker.beat()
    due_at = house.clock() + 600
    many_waiting(house, 1, due_at=due_at, waits_for="delay")
    house.clock.advance(-DAY)
    house.worker.beat()
    assert ask(house, "SELECT due_at FROM releases") == [(due_at,)]


def test_who_dies_while_it_forgets_the_times_leaves_that_to_the_next(house, build_house):
    house.worker.beat()
    many_waiting(house, 3 * claims.BATCH, due_at=house.clock() + DAY, waits_for="backoff")
    house.clock.advance(-DAY)
    batches = []

    def die(_, __, statement, *___):
        batches.append("releases" in statement and statement.startswith("UPDATE"))
        if sum(batches) > 3:
            raise KeyboardInterrupt

    sa.event.listen(house.store._engine, "before_cursor_execute", die)
    with pytest.raises(KeyboardInterrupt):
        house.worker.beat()
    sa.event.remove(house.store._engine, "before_cursor_execute", die)
    build_house().worker.beat()
    assert ask(house, f"SELECT count(*) FROM releases WHERE due_at > {house.clock()}") == [(0,)]


def test_a_lease_from_a_clock_that_was_ahead_lapses_as_always(house):
    house.open_shop()
    house.approve()
    house.worker.beat()
    house.clock.advance(DAY)
    house.worker.beat()
    now = house.clock()
    with house.store.write() as connection:
        assert claims.claim_due(connection, holder="dead", now=now, lease_until=now + 20)
        assert presence.take(connection, f"authorizer:{SHOP}", holder="dead", now=now, until=now + 20)
    house.clock.advance(-DAY)
    house.push_ticket()
    house.worker.beat()
    house.run_for(31)
    assert house.only_release()["state"] == "released"


def test_a_clock_that_jumps_ahead_makes_one_release(house):
    house.open_shop()
    house.worker.beat()
    house.approve()
    with held(house, "release", "hold_after"):
        house.clock.advance(DAY)
        house.push_ticket()
        house.worker.beat()
        house.run()
    assert len(house.platform.effective_releases(SHOP)) == 1


# -- the end of a process --------------------------------------------------------------------------------


def test_what_a_stopping_process_cannot_finish_is_taken_over_at_once(house, build_house):
    house.open_shop()
    house.approve()
    other = build_house()
    worker = Worker(patient_tools(house), threads=1)
    with held(house, "get_latest_auditstatus", "hold_before", worker.step):
        worker.stop(timeout=0.1)
        other.run()  # no time has passed
        assert house.only_release()["state"] == "released"
    assert len(house.platform.effective_releases(SHOP)) == 1


# -- the pace --------------------------------------------------------------------------------------------


def test_a_clock_set_back_across_a_restart_delays_nothing(house, build_house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.clock.advance(3 * 3600)
    house.push_ticket()
    house.worker.beat()
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    house.clock.advance(-3 * 3600)
    other = build_house()
    other.worker.beat()
    other.push_ticket()
    other.approve("2.0.0")
    other.run_for(5)
    assert house.platform.live(SHOP)[0] == "2.0.0"


def test_a_pace_lets_one_go_every_gap_and_a_burst_for_whoever_paused(store):
    def takes(now, **more):
        with store.write() as connection:
            return pace.take(connection, "p", now=now, gap=1.0, **more)

    assert [takes(100.0), takes(100.5), takes(101.0), takes(101.9)] == [True, False, True, False]
    assert [takes(200.0, burst=3.0) for _ in range(6)] == [True, True, True, True, False, False]
    with store.read() as connection:
        assert pace.is_free(connection, "p", now=201.0, gap=1.0)
        assert not pace.is_free(connection, "p", now=200.9, gap=1.0)
        assert pace.is_free(connection, "other", now=0.0, gap=1.0)


def test_a_pace_written_by_a_clock_that_was_far_ahead_stops_nobody(store):
    with store.write() as connection:
        assert pace.take(connection, "p", now=1e6 + 10, gap=1.0)
        assert pace.is_free(connection, "p", now=1e6, gap=1.0)
        assert pace.take(connection, "p", now=1e6, gap=1.0)
        assert not pace.take(connection, "p", now=1e6, gap=1.0)


def test_of_many_at_once_one_takes_the_pace(store):
    def takes(_):
        with store.write() as connection:
            return pace.take(connection, "p", now=50.0, gap=1.0)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(takes, range(8))) == 1


def test_nothing_of_this_is_left_unsaid(house):
    edit(house, "DELETE FROM paces")
    house.open_shop()
    house.keep_up(3)
    check_the_end(house)

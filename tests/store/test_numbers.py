import pytest
import sqlalchemy as sa

from reactor.store import numbers, pruning, releases
from reactor.store.schema import calls, events, history
from reactor.store.schema import releases as table

NOW = 1_790_000_000.0
SHOP = "wx000000000000000a"
# SQLite has one writer: ids come to light in their order, and nobody else is there.
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def push(connection, name, *, kind="audit_success", verdict="accepted", at=NOW):
    row = {"identity": name, "received_at": at, "kind": kind, "verdict": verdict}
    return connection.execute(sa.insert(events).values(row).returning(events.c.id)).scalar_one()


def call(connection, name="release", *, outcome="answered", errcode=0, ms=80, at=NOW, release_id=None):
    row = {"at": at, "call": name, "outcome": outcome, "errcode": errcode, "ms": ms, "release_id": release_id}
    return connection.execute(sa.insert(calls).values(row).returning(calls.c.id)).scalar_one()


def release(connection, *, to="released", after=6.0, mode="auto", submitted_at=None, event_id=1, at=NOW):
    row = {"authorizer_appid": SHOP, "state": to, "mode": mode, "approved_at": at, "created_at": at}
    row |= {"submitted_at": submitted_at, "event_id": event_id, "due_at": None, "reason": None}
    (found,) = releases.open_all(
        connection, [{**row, "state": "pending"}], happening="opened", actor="intake"
    )
    connection.execute(sa.update(table).where(table.c.id == found).values(state=to))
    ended = {"at": at + after, "from_state": "releasing", "to_state": to}
    connection.execute(
        sa.insert(history).values(release_id=found, happening="ended", actor="worker", **ended)
    )
    return found


def count(store, *, now=NOW + 3600, seen=None):
    with store.write() as connection:
        return numbers.count_rows(connection, now=now, seen=seen)


def told(store, *names):
    with store.read() as connection:
        return {labels: value for (_, labels), value in numbers.read(connection, names).items()}


# -- adding ----------------------------------------------------------------------------------------------


def test_what_is_added_at_once_is_all_there_and_blocks_nobody(store, at_once):
    def work(number):
        # The same numbers in another order: who takes rows in his own order would deadlock.
        keys = [("pushes", (kind,)) for kind in ["a", "b", "c", "d"][:: 1 if number % 2 else -1]]
        with store.write() as connection:
            numbers.add(connection, dict.fromkeys(keys, 1.0))

    at_once(12, work)
    assert told(store, "pushes") == {(kind,): 12 for kind in "abcd"}


# -- rows ------------------------------------------------------------------------------------------------


def test_each_row_is_counted_once_however_often_and_by_however_many(store, at_once):
    with store.write() as connection:
        for number in range(30):
            push(connection, str(number))
            call(connection)
    at_once(6, lambda _: count(store))
    while count(store)[1]:
        pass
    assert told(store, "events") == {("audit_success", "accepted"): 30}
    assert told(store, "attempts") == {("0",): 30}


def test_a_long_history_is_counted_batch_by_batch_to_its_end(store, monkeypatch):
    monkeypatch.setattr(numbers, "BATCH", 7)
    with store.write() as connection:
        for number in range(20):
            push(connection, str(number))
    batches = 0
    while count(store)[1]:
        batches += 1
    assert batches == 3
    assert told(store, "events") == {("audit_success", "accepted"): 20}


def test_releases_are_counted_by_how_they_ended_and_how_long_it_took(store):
    with store.write() as connection:
        release(connection, after=6.0)
        release(connection, after=4000.0, mode="hold")
        release(connection, to="failed")
        release(connection, to="superseded")
    count(store)
    assert told(store, "outcomes") == {("released",): 2, ("failed",): 1, ("superseded",): 1}
    assert told(store, "opened") == {("intake",): 4}
    assert told(store, "approval_to_live") == {("auto", "10.0"): 1, ("hold", "21600.0"): 1}
    assert told(store, "approval_to_live_sum") == {("auto",): 6, ("hold",): 4000}


def test_the_wait_for_an_audit_is_counted_by_when_it_was_submitted_in_china(store):
    with store.write() as connection:
        tuesday_0030_there = 1_789_403_400.0  # Monday 2026-09-14 16:30 UTC is past midnight in Shanghai
        release(connection, submitted_at=tuesday_0030_there, at=tuesday_0030_there + 7000)
        release(connection, submitted_at=NOW - 99, event_id=None)  # a sweep's: nobody knows its approval
        release(connection, submitted_at=None)
    count(store)
    assert told(store, "audit_wait") == {("1", "0", "7200.0"): 1}
    assert told(store, "audit_wait_sum") == {("1", "0"): 7000}


def test_a_day_begins_at_midnight_in_china(store):
    with store.write() as connection:
        release(connection, at=1_789_401_590.0, after=5)  # 2026-09-14 23:59:55 there
        release(connection, at=1_789_401_590.0, after=15, to="failed")
    count(store)
    assert told(store, "days") == {("2026-09-14", "released"): 1, ("2026-09-15", "failed"): 1}


@pytest.mark.parametrize(
    ("outcome", "errcode", "attempt"),
    [
        ("answered", 0, "0"),
        ("answered", None, "0"),
        ("answered", 85019, "85019"),
        ("unknown", None, "unknown"),
    ],
)
def test_attempts_are_counted_by_errcode_or_by_how_they_ended(store, outcome, errcode, attempt):
    with store.write() as connection:
        call(connection, outcome=outcome, errcode=errcode)
        call(connection, "getversioninfo")
    count(store)
    assert told(store, "attempts") == {(attempt,): 1}


def test_a_call_under_way_is_counted_once_it_ended_and_holds_up_what_came_after_it(store):
    with store.write() as connection:
        first = call(connection, outcome="started", errcode=None, ms=None)
        call(connection, "getversioninfo")
    count(store, now=NOW + 1)
    assert told(store, "calls") == {}
    with store.write() as connection:
        connection.execute(sa.update(calls).where(calls.c.id == first).values(outcome="answered", ms=40))
    count(store, now=NOW + 2)
    assert told(store, "calls") == {("release", "answered"): 1, ("getversioninfo", "answered"): 1}


def test_a_call_that_nobody_ended_is_counted_as_unknown_after_a_while(store):
    with store.write() as connection:
        call(connection, outcome="started", errcode=None, ms=None)
    count(store, now=NOW + 119)
    assert told(store, "calls") == {}
    count(store, now=NOW + 121)
    assert told(store, "calls") == {("release", "unknown"): 1}


# -- several at once on PostgreSQL -----------------------------------------------------------------------


@on_postgresql
def test_a_smaller_id_that_comes_to_light_later_is_counted_too(store):
    with store._engine.connect() as slow, slow.begin():
        early = push(slow, "early")
        with store.write() as connection:
            assert push(connection, "late") > early
        seen, counted = count(store)
        assert not counted  # the slow one began before: it may bring more
        seen, counted = count(store, seen=seen)
        assert not counted
    seen, counted = count(store, seen=seen)
    assert counted
    assert told(store, "events") == {("audit_success", "accepted"): 2}


@on_postgresql
def test_what_was_seen_before_is_counted_although_somebody_always_writes(store):
    with store.write() as connection:
        push(connection, "one")
    with store._engine.connect() as first, first.begin():
        push(first, "two")
        seen, counted = count(store)
        assert not counted
    with store._engine.connect() as second, second.begin():
        push(second, "three")
        _, counted = count(store, seen=seen)
        assert counted
        assert told(store, "events") == {("audit_success", "accepted"): 1}
    count(store)
    assert told(store, "events") == {("audit_success", "accepted"): 3}


@on_postgresql
def test_who_comes_while_another_counts_does_not_wait(store):
    count(store)
    with store.write() as connection:
        push(connection, "one")
    with store._engine.connect() as other, other.begin():
        numbers.marks(other, lock=True)
        _, counted = count(store, seen=numbers.Seen({"events": 1, "calls": 0, "history": 0}, at=0.0))
        assert not counted


# -- rows that leave -------------------------------------------------------------------------------------


def old_story(connection, *, at=NOW):
    event_id = push(connection, f"of-{at}", at=at)
    release_id = release(connection, at=at, event_id=event_id)
    call(connection, at=at, release_id=release_id)
    call(connection, "api_component_token", at=at)


def test_pruning_counts_before_it_takes_away_and_numbers_stay(store):
    with store.write() as connection:
        old_story(connection)
        assert pruning.prune(connection, before=NOW + 1000) > 0
        assert connection.execute(sa.select(sa.func.count()).select_from(calls)).scalar() == 0
    assert told(store, "outcomes") == {("released",): 1}
    assert told(store, "calls") == {("release", "answered"): 1, ("api_component_token", "answered"): 1}


@on_postgresql
def test_what_was_not_counted_is_not_taken_away(store):
    with store.write() as connection:
        old_story(connection)
    with store._engine.connect() as busy, busy.begin():
        push(busy, "busy")
        with store.write() as connection:
            assert pruning.prune(connection, before=NOW + 1000) == 0
    with store.write() as connection:
        assert pruning.prune(connection, before=NOW + 1000) > 0
    assert told(store, "outcomes") == {("released",): 1}


def test_ids_that_sqlite_gives_out_again_are_counted_again(store):
    with store.write() as connection:
        old_story(connection)
        while pruning.prune(connection, before=NOW + 1000):
            pass
        old_story(connection, at=NOW + 5000)
    count(store, now=NOW + 9000)
    assert told(store, "outcomes") == {("released",): 2}
    assert told(store, "events") == {("audit_success", "accepted"): 2}


def test_minutes_of_tickets_and_days_leave_in_their_time(store):
    with store.write() as connection:
        numbers.note_ticket(connection, NOW)
        numbers.note_ticket(connection, NOW + 86400)
        push(connection, "one")
    count(store, now=NOW + 2 * 86400 + 120)
    assert len(told(store, "ticket_minutes")) == 1

import functools
import sqlite3
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from reactor.core.errors import ReactorError, StoreUnavailable
from reactor.store import events, presence
from reactor.store.database import WAIT_SECONDS, Conflict

SECRET = "sesame-that-nobody-may-read"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def file_of(url):
    return Path(url.removeprefix("sqlite:///"))


def beat(store, holder="w"):
    with store.write() as connection:
        presence.beat(connection, holder, 100.0)


def holders(store):
    with store.read() as connection:
        return set(connection.execute(sa.text("SELECT holder FROM workers")).scalars())


def setting(store, query):
    with store.read() as connection:
        return connection.exec_driver_sql(query).scalar()


@pytest.fixture
def impatient(build_bare):
    """A store that gives up soon."""

    def build(url):
        return build_bare(url, wait_seconds=0.2)

    return build


# -- transactions ----------------------------------------------------------------------------------------


def test_what_ends_well_is_kept_and_seen_by_others(store, database_url, build_bare):
    beat(store)
    assert holders(build_bare(database_url)) == {"w"}


def test_of_a_block_that_raises_nothing_is_kept(store):
    def half():
        with store.write() as connection:
            presence.beat(connection, "half", 1.0)
            raise LookupError("ours")

    with pytest.raises(LookupError, match="ours"):
        half()
    assert holders(store) == set()
    beat(store)


def test_of_a_read_nothing_is_kept(store):
    with store.read() as connection:
        presence.beat(connection, "w", 1.0)
    assert holders(store) == set()


def test_what_is_not_committed_is_seen_by_nobody(store):
    with store.write() as connection:
        presence.beat(connection, "w", 1.0)
        assert holders(store) == set()
    assert holders(store) == {"w"}


def test_a_read_is_one_view_whatever_is_committed_meanwhile(store):
    with store.read() as connection:
        first = presence.living(connection, 101.0)
        beat(store)
        assert presence.living(connection, 101.0) == first == 0
    assert holders(store) == {"w"}


def test_a_view_that_is_over_is_not_seen_by_the_next_reader(store):
    for number in range(5):
        beat(store, f"w{number}")
        assert len(holders(store)) == number + 1


def test_what_the_schema_refuses_is_a_conflict_and_nothing_is_kept(store):
    def twice():
        with store.write() as connection:
            presence.beat(connection, "w", 1.0)
            for _ in range(2):
                connection.execute(sa.text("INSERT INTO leases (name, holder, until) VALUES ('n', 'h', 1)"))

    with pytest.raises(Conflict, match="another process was faster; nothing was changed"):
        twice()
    assert holders(store) == set()


def test_after_any_failure_the_connection_serves_again(store):
    for _ in range(40):  # more than the pool holds
        with pytest.raises(StoreUnavailable):
            setting(store, "SELECT * FROM nowhere")
    beat(store)


def test_twenty_threads_write_at_once_and_nothing_is_lost(store, at_once):
    def work(number):
        for turn in range(5):
            beat(store, f"{number}-{turn}")

    at_once(20, work)
    assert len(holders(store)) == 100


# -- writing together ------------------------------------------------------------------------------------


def beat_together(store, holder, answer=None):
    return together(store).do((holder, answer))


@functools.cache
def together(store):
    """Where workers wait for each other, to beat in one transaction."""

    def work(connection, items):
        for holder, answer in items:
            presence.beat(connection, holder, 100.0)
            if isinstance(answer, Exception):
                raise answer
        return [answer for _, answer in items]

    return store.together(work)


def test_who_writes_together_gets_his_own_answer_and_all_is_kept(store, at_once):
    assert at_once(16, lambda number: beat_together(store, f"w{number}", number)) == list(range(16))
    assert len(holders(store)) == 16


def test_nobody_who_writes_together_is_answered_before_it_is_committed(store, at_once):
    def work(number):
        beat_together(store, f"w{number}")
        return f"w{number}" in holders(store)

    assert all(at_once(16, work))


def test_whose_work_fails_is_told_alone_and_the_others_are_kept(store, at_once):
    def work(number):
        wrong = LookupError(f"of {number}") if number % 4 == 0 else None
        try:
            beat_together(store, f"w{number}", wrong)
        except LookupError as error:
            return str(error)
        return "kept"

    told = at_once(16, work)
    assert told == [f"of {number}" if number % 4 == 0 else "kept" for number in range(16)]
    assert holders(store) == {f"w{number}" for number in range(16) if number % 4}


def test_who_came_while_the_database_was_awaited_goes_along(store, database_url, build_bare, at_once):
    groups = []

    def work(connection, items):
        groups.append(len(items))
        return items

    place = build_bare(database_url).together(work)
    busy = threading.Event()

    def occupy(connection, items):
        busy.set()
        time.sleep(0.3)
        return items

    place._work = occupy
    leader = threading.Thread(target=place.do, args=(0,))
    leader.start()
    assert busy.wait(5)
    place._work = work
    assert at_once(8, place.do) == list(range(8))
    leader.join(5)
    assert groups == [8]


def test_a_locked_database_is_told_to_all_who_write_together(store, database_url, impatient, at_once):
    other = impatient(database_url)

    def attempt(number):
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            beat_together(other, f"w{number}")

    with store.write() as connection:
        if not store.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE workers IN ACCESS EXCLUSIVE MODE")
        at_once(8, attempt)
    assert beat_together(other, "w", "kept") == "kept"
    assert holders(store) == {"w"}


# -- how the databases are set up ------------------------------------------------------------------------


@on_sqlite
def test_sqlite_keeps_what_it_promised_through_a_power_cut_and_waits_for_locks(store, database_url):
    assert setting(store, "PRAGMA journal_mode") == "wal"
    assert setting(store, "PRAGMA synchronous") == 2  # FULL
    assert setting(store, "PRAGMA busy_timeout") == WAIT_SECONDS * 1000
    assert setting(store, "PRAGMA foreign_keys") == 1
    assert store.is_sqlite


@on_sqlite
def test_a_write_takes_sqlites_write_lock_before_its_first_statement(store, database_url, impatient):
    other = impatient(database_url)
    with store.write():
        with pytest.raises(StoreUnavailable, match="locked"):
            beat(other)
        assert holders(other) == set()  # readers are not stopped
    beat(other)


@on_sqlite
def test_a_read_takes_no_write_lock(store, database_url, impatient):
    with store.read() as connection:
        assert presence.living(connection, 0.0) == 0
        beat(impatient(database_url))


@on_postgresql
def test_postgresql_gives_up_a_statement_before_wechat_hangs_up(store):
    assert setting(store, "SHOW statement_timeout") == f"{WAIT_SECONDS}s"
    assert not store.is_sqlite


@on_postgresql
@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_ways_to_write_a_postgresql_url_are_accepted(database_url, build_bare, scheme):
    assert build_bare(database_url.replace("postgresql://", f"{scheme}://")).is_ready()


def test_whoever_waits_a_moment_for_another_may_write_then(store, database_url, build_bare):
    waiter = threading.Thread(target=beat, args=(build_bare(database_url),))
    with store.write() as connection:
        presence.beat(connection, "w", 50.0)
        waiter.start()
        waiter.join(0.3)
        assert waiter.is_alive()
    waiter.join(5)
    assert setting(store, "SELECT seen_at FROM workers") == 100.0


# -- a database that does not do it ----------------------------------------------------------------------


def test_a_database_that_is_locked_is_unavailable_and_then_serves_again(store, database_url, impatient):
    other = impatient(database_url)
    with store.write() as connection:
        if not store.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE workers IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            beat(other)
    beat(other)
    assert holders(store) == {"w"}


def test_many_threads_before_a_locked_database_are_all_sent_away_in_time(
    store, database_url, impatient, at_once
):
    other = impatient(database_url)

    def attempt(_):
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            beat(other)
        return time.monotonic() - begun

    with store.write() as connection:
        if not store.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE workers IN ACCESS EXCLUSIVE MODE")
        waits = at_once(16, attempt)
    assert max(waits) < 2.0  # 0.2 s for its turn and 0.2 s for the lock; in a row they would take 3.2 s


@on_sqlite
def test_a_full_disk_is_unavailable_and_nothing_is_kept(store):
    def fill():
        with store.write() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")  # the file may not grow from here
            for number in range(1000):
                presence.beat(connection, f"{number}-" + "x" * 1000, 100.0)

    with pytest.raises(StoreUnavailable, match=r"full.*nothing was changed"):
        fill()
    assert holders(store) == set()
    with store.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    beat(store)
    assert holders(store) == {"w"}


def test_a_database_that_may_only_be_read_is_unavailable_for_writing(store, database_url, build_bare):
    if store.is_sqlite:
        other = build_bare(f"sqlite:///file:{file_of(database_url)}?mode=ro&uri=true")
    else:
        name = sa.make_url(database_url).database
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        other = build_bare(database_url)
    with pytest.raises(StoreUnavailable, match=r"read-?only"):
        beat(other)
    assert other.is_ready()
    assert holders(other) == set()


def test_a_schema_that_is_not_there_is_unavailable(empty_database_url, build_bare):
    store = build_bare(empty_database_url)
    for attempt in (store.is_ready, lambda: beat(store)):
        with pytest.raises(StoreUnavailable):
            attempt()


@pytest.mark.parametrize("what", ["no folder", "no database"])
def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path, build_bare, what):
    (tmp_path / "junk.db").write_bytes(b"this is a letter and no database\n" * 200)
    name = "nowhere/reactor.db" if what == "no folder" else "junk.db"
    store = build_bare(f"sqlite:///{tmp_path / name}")
    for attempt in (store.migrate, store.is_ready, lambda: beat(store), lambda: holders(store)):
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            attempt()


def test_a_server_that_is_not_there_is_unavailable_and_its_password_stays_secret(build_bare):
    store = build_bare(f"postgresql://reactor:{SECRET}@127.0.0.1:1/reactor")
    for attempt in (store.migrate, store.is_ready, lambda: beat(store)):
        with pytest.raises(StoreUnavailable) as caught:
            attempt()
        assert "refused" in str(caught.value)
        assert SECRET not in "".join(traceback.format_exception(caught.value))


@on_postgresql
def test_a_database_that_is_not_there_is_unavailable(database_url, build_bare):
    name = sa.make_url(database_url).database
    with pytest.raises(StoreUnavailable, match="does not exist"):
        beat(build_bare(database_url.replace(name, "nowhere")))


def backend(connection):
    return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()


def terminate(url, pid):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@on_postgresql
def test_connections_lost_between_two_uses_are_replaced_unnoticed(store, database_url):
    for use in (beat, lambda store: store.is_ready()):
        with store.read() as connection:
            pid = backend(connection)
        terminate(database_url, pid)
        use(store)
    assert holders(store) == {"w"}


@on_postgresql
def test_a_connection_lost_within_a_transaction_is_unavailable_and_the_next_one_serves(store, database_url):
    def lose():
        with store.write() as connection:
            presence.beat(connection, "lost", 100.0)
            terminate(database_url, backend(connection))
            presence.beat(connection, "lost, too", 100.0)

    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        lose()
    beat(store)
    assert holders(store) == {"w"}


@on_postgresql
def test_a_connection_lost_before_the_commit_is_unavailable(store, database_url):
    def lose():
        with store.write() as connection:
            presence.beat(connection, "lost", 100.0)
            terminate(database_url, backend(connection))

    with pytest.raises(StoreUnavailable):
        lose()
    assert holders(store) == set()


@on_sqlite
def test_a_file_that_somebody_else_keeps_locked_is_unavailable(store, database_url, impatient):
    other = impatient(database_url)
    stranger = sqlite3.connect(file_of(database_url), isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        beat(other)
    stranger.execute("ROLLBACK")
    beat(other)
    stranger.close()


# -- what the errors tell --------------------------------------------------------------------------------


def test_an_unavailable_store_is_one_of_the_errors_of_this_project():
    assert issubclass(StoreUnavailable, ReactorError)
    assert issubclass(Conflict, ReactorError)


def test_no_value_of_a_statement_shows_in_an_error(store):
    values = {"identity": "a" * 64, "received_at": 1.0, "kind": SECRET, "verdict": SECRET, "reason": SECRET}

    def fail(statement):
        with store.write() as connection:
            connection.execute(sa.text(statement), values)

    def clash():
        with store.write() as connection:
            events.record(connection, **{**values, "kind": "text", "verdict": "accepted"})
            connection.execute(
                sa.text(
                    "INSERT INTO events (identity, received_at, kind, verdict, reason)"
                    " VALUES (:identity, 1, 'text', 'accepted', :reason)"
                ),
                values,
            )

    for attempt, error in [
        (lambda: fail("INSERT INTO nowhere VALUES (:identity, :reason, :kind)"), StoreUnavailable),
        (lambda: fail("UPDATE events SET nothing = :reason"), StoreUnavailable),
        (clash, Conflict),
    ]:
        with pytest.raises(error) as caught:
            attempt()
        assert SECRET not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_leader_that_ended_before_it_gathered_leaves_the_lead_to_others(store):
    class Interrupted(BaseException):
        pass

    def interrupt(_):
        raise Interrupted

    place = store.together(lambda connection, items: items)
    transact, place._transact = place._transact, interrupt
    with pytest.raises(Interrupted):
        place.do(1)
    place._transact = transact
    assert place.do(2) == 2


@on_sqlite
def test_the_door_and_the_lock_together_take_no_longer_than_one_of_them(store, database_url, build_bare):
    other = build_bare(database_url, wait_seconds=2.0)
    with store.write(), ThreadPoolExecutor(2) as pool:
        alone, together = (seconds_until_refused(pool, other, waiting) for waiting in (1, 2))
    assert together < 1.6 * alone  # one after the other it would be twice as long


def seconds_until_refused(pool, store, waiting):
    began = time.monotonic()
    refused = [pool.submit(beat, store, str(number)) for number in range(waiting)]
    for one in refused:
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            one.result(20)
    return time.monotonic() - began

"""What a process knows alone: brought to the store now and then, once, and kept while that is away."""

import sqlalchemy as sa
from served import wait_until

from reactor.store import numbers
from reactor.store.schema import history
from reactor.tally import Tally


def told(store, *names):
    with store.read() as connection:
        return numbers.read(connection, names)


def test_pushes_refusals_and_durations_come_to_the_store_at_a_flush_and_not_before(store):
    tally = Tally(store)
    for _ in range(3):
        tally.pushed("text")
        tally.acknowledged(0.02)
    tally.refused("signature")
    assert told(store, "pushes") == {}
    for _ in range(2):
        tally.flush()
    assert told(store, "pushes", "refused") == {("pushes", ("text",)): 3, ("refused", ("signature",)): 1}
    assert told(store, "ack") == {("ack", ("0.025",)): 3}


def test_what_cannot_be_written_is_kept_with_what_comes_meanwhile(store):
    tally = Tally(store)
    tally.pushed("text")
    with store.write() as connection:
        connection.execute(sa.text("ALTER TABLE numbers RENAME TO gone"))
    tally.flush()
    tally.pushed("text")
    with store.write() as connection:
        connection.execute(sa.text("ALTER TABLE gone RENAME TO numbers"))
    tally.flush()
    assert told(store, "pushes") == {("pushes", ("text",)): 2}


def test_many_at_once_lose_nothing(store, at_once):
    tallies = [Tally(store), Tally(store)]

    def work(number):
        for _ in range(50):
            tallies[number % 2].pushed("text")
            if number < 4:
                tallies[number % 2].flush()

    at_once(8, work)
    for tally in tallies:
        tally.stop()
    assert told(store, "pushes") == {("pushes", ("text",)): 400}


def test_its_thread_counts_by_itself_and_the_end_brings_the_rest(store):
    tally = Tally(store)
    tally.pushed("text")
    tally.start()
    wait_until(lambda: told(store, "pushes"))
    tally.pushed("text")
    tally.stop()
    assert told(store, "pushes") == {("pushes", ("text",)): 2}


def test_a_name_of_any_length_is_counted_by_its_beginning(store):
    tally = Tally(store)
    tally.pushed("x" * 500)
    tally.flush()
    assert told(store, "pushes") == {("pushes", ("x" * 64,)): 1}


def test_with_nothing_to_tell_the_store_is_only_read(store):
    Tally(store).flush()
    with store.read() as connection:
        assert numbers.marks(connection) == {}


def test_a_row_that_nobody_can_count_does_not_end_the_counting(store, caplog):
    odd = {"release_id": 1, "at": 1e18, "to_state": "released", "happening": "seen_live", "actor": "worker"}
    with store.write() as connection:
        number = connection.execute(sa.insert(history).values(odd).returning(history.c.id)).scalar_one()
    tally = Tally(store)
    tally.start()
    wait_until(lambda: "goes on counting" in caplog.text)
    with store.write() as connection:
        connection.execute(sa.delete(history).where(history.c.id == number))
    tally.pushed("text")
    tally.stop()
    assert told(store, "pushes") == {("pushes", ("text",)): 1}

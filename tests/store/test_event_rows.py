import pytest
import sqlalchemy as sa

from reactor.core.errors import StoreUnavailable
from reactor.store import events

SHOP, OTHER = "wx000000000000000a", "wx000000000000000b"


def push(identity="a" * 64, appid=SHOP, **more):
    values = {"identity": identity, "received_at": 100.0, "kind": "audit_success", "verdict": "accepted"}
    return {**values, "authorizer_appid": appid, **more}


def record(store, **values):
    with store.write() as connection:
        return events.record(connection, **push(**values))


def all_of(store, **filters):
    with store.read() as connection:
        return events.page(connection, before=None, limit=1000, **filters)


def test_a_first_delivery_makes_a_row(store):
    event_id = record(store, created_at=99.0, to_user_name="gh_a", reason="because")
    (row,) = all_of(store)
    assert (row.id, row.deliveries, row.identity) == (event_id, 1, "a" * 64)
    assert (row.received_at, row.created_at, row.to_user_name) == (100.0, 99.0, "gh_a")
    assert (row.kind, row.verdict, row.reason) == ("audit_success", "accepted", "because")
    assert (row.stale, row.release_id) == (False, None)


def test_a_repeated_delivery_is_counted_and_makes_no_row(store):
    first = record(store)
    assert [record(store) for _ in range(3)] == [None, None, None]
    (row,) = all_of(store)
    assert (row.id, row.deliveries) == (first, 4)


def test_a_repeated_delivery_changes_nothing_but_the_count(store):
    record(store)
    record(store, received_at=500.0, verdict="misdirected", reason="another", stale=True)
    (row,) = all_of(store)
    assert (row.received_at, row.verdict, row.reason, row.stale) == (100.0, "accepted", None, False)


def test_different_identities_are_different_rows(store):
    ids = {record(store, identity=letter * 64) for letter in "abc"}
    assert len(ids) == 3
    assert all(row.deliveries == 1 for row in all_of(store))


def test_sixteen_deliveries_at_once_make_one_row_and_are_all_counted(store, at_once):
    ids = at_once(16, lambda _: record(store))
    assert [found for found in ids if found is not None] == [all_of(store)[0].id]
    (row,) = all_of(store)
    assert row.deliveries == 16


def test_deliveries_of_several_events_at_once_make_one_row_each(store, at_once):
    ids = at_once(16, lambda number: record(store, identity="abcd"[number % 4] * 64))
    assert sum(found is not None for found in ids) == 4
    assert {row.identity[0]: row.deliveries for row in all_of(store)} == dict.fromkeys("abcd", 4)


def test_a_delivery_whose_transaction_fails_was_never_there(store):
    def fail_half_way():
        with store.write() as connection:
            events.record(connection, **push())
            connection.execute(sa.text("SELECT * FROM nowhere"))

    with pytest.raises(StoreUnavailable):
        fail_half_way()
    assert all_of(store) == []
    assert record(store) is not None


def test_an_event_shows_the_release_it_opened(store, open_release):
    event_id = record(store)
    release = open_release(event_id=event_id)
    assert all_of(store)[0].release_id == release.id


def test_an_event_found_to_be_anothers_says_so(store):
    first, second = record(store), record(store, identity="b" * 64)
    with store.write() as connection:
        events.misdirect(connection, first, "it speaks of gh_b")
    rows = {row.id: row for row in all_of(store)}
    assert (rows[first].verdict, rows[first].reason) == ("misdirected", "it speaks of gh_b")
    assert rows[second].verdict == "accepted"


def test_events_are_paged_from_the_newest_without_gap_or_repetition(store):
    ids = [record(store, identity=f"{number:064}") for number in range(7)]
    seen, before = [], None
    with store.read() as connection:
        while page := events.page(connection, before=before, limit=3):
            assert len(page) <= 3
            seen += [row.id for row in page]
            before = seen[-1]
    assert seen == sorted(ids, reverse=True)


def test_events_are_shown_of_one_authorizer_alone(store):
    record(store)
    record(store, identity="b" * 64, appid=OTHER)
    record(store, identity="c" * 64, appid=None)
    assert [row.authorizer_appid for row in all_of(store, authorizer_appid=OTHER)] == [OTHER]
    assert len(all_of(store)) == 3

import random

import pytest

from reactor.store import component

COMPONENT = "wx00000000000000c0"


@pytest.fixture
def row(store):
    def read():
        with store.read() as connection:
            return component.get(connection, COMPONENT)

    return read


@pytest.fixture
def do(store):
    """Call a function of the module in a transaction of its own."""

    def call(function, *args, **values):
        with store.write() as connection:
            return function(connection, COMPONENT, *args, **values)

    return call


def test_a_component_nobody_has_heard_of_has_nothing_and_is_not_stopped(row):
    assert row() == component.Component(COMPONENT)
    assert (row().paused, row().blocked_by, row().ticket_sealed) == (False, None, None)


# -- tickets ---------------------------------------------------------------------------------------------


def ticket(do, sealed, created_at, received_at=None):
    return do(component.keep_ticket, sealed, created_at=created_at, received_at=received_at or created_at)


def test_only_a_younger_ticket_takes_the_place_of_another(do, row):
    assert ticket(do, "first", 100.0)
    assert ticket(do, "second", 200.0)
    assert not ticket(do, "late", 150.0)
    assert (row().ticket_sealed, row().ticket_created_at) == ("second", 200.0)


def test_the_same_ticket_pushed_again_is_welcome(do, row):
    assert ticket(do, "one", 100.0)
    assert ticket(do, "one, sealed anew", 100.0)
    assert row().ticket_sealed == "one, sealed anew"


def test_a_repeated_ticket_is_as_old_as_when_it_first_came(do, row):
    ticket(do, "one", 100.0, received_at=103.0)
    ticket(do, "one", 100.0, received_at=400.0)
    assert row().ticket_received_at == 103.0
    ticket(do, "two", 700.0, received_at=705.0)
    assert (row().ticket_created_at, row().ticket_received_at) == (700.0, 705.0)
    ticket(do, "late", 100.0, received_at=900.0)
    assert row().ticket_received_at == 705.0


def test_a_ticket_leaves_the_rest_of_the_row_alone(do, row):
    do(component.set_paused, paused=True)
    do(component.block, by="system", reason="61004", now=5.0, next_probe_at=65.0)
    assert ticket(do, "one", 100.0)
    assert (row().paused, row().blocked_by, row().ticket_sealed) == (True, "system", "one")


def test_of_many_tickets_at_once_the_youngest_stays(do, row, at_once):
    ages = list(range(16))
    random.Random(3).shuffle(ages)
    at_once(16, lambda number: ticket(do, f"ticket-{ages[number]}", 100.0 + ages[number]))
    assert row().ticket_sealed == "ticket-15"


# -- tokens ----------------------------------------------------------------------------------------------


def keep(do, sealed):
    do(component.keep_access_token, access_token_sealed=sealed, access_token_refresh_at=50.0,
       access_token_expires_at=60.0)  # fmt: skip


def test_an_access_token_is_kept_with_its_times(do, row):
    ticket(do, "one", 100.0)
    keep(do, "token")
    found = row()
    assert (found.access_token_sealed, found.access_token_refresh_at) == ("token", 50.0)
    assert (found.access_token_expires_at, found.ticket_sealed) == (60.0, "one")


def test_a_dead_access_token_is_dropped_only_while_it_is_still_the_one(do, row):
    ticket(do, "one", 100.0)
    keep(do, "fresh")
    do(component.drop_access_token, "dead")
    assert row().access_token_sealed == "fresh"
    do(component.drop_access_token, "fresh")
    assert row().access_token_sealed is None
    assert row().ticket_sealed == "one"


# -- pause -----------------------------------------------------------------------------------------------


def test_a_pause_lasts_until_it_is_lifted(do, row):
    for paused in (True, True, False, False):
        do(component.set_paused, paused=paused)
        assert row().paused is paused


# -- what stands before all calls ------------------------------------------------------------------------


def block(do, now, by="system", reason="61004"):
    do(component.block, by=by, reason=reason, now=now, next_probe_at=now + 60)


def test_a_block_tells_who_and_why_and_since_when(do, row):
    block(do, 100.0)
    found = row()
    assert (found.blocked_by, found.blocked_reason) == ("system", "61004")
    assert (found.blocked_since, found.next_probe_at) == (100.0, 160.0)


def test_a_block_that_is_found_again_keeps_its_beginning(do, row):
    block(do, 100.0)
    block(do, 160.0, by="ticket", reason="61006")
    found = row()
    assert (found.blocked_by, found.blocked_reason) == ("ticket", "61006")
    assert (found.blocked_since, found.next_probe_at) == (100.0, 220.0)


def test_a_block_after_a_good_time_begins_anew(do, row):
    block(do, 100.0)
    assert do(component.unblock)
    block(do, 500.0)
    assert row().blocked_since == 500.0


def test_unblocking_says_whether_there_was_a_block(do, row):
    assert not do(component.unblock)
    block(do, 100.0)
    assert do(component.unblock)
    assert not do(component.unblock)
    assert row() == component.Component(COMPONENT)


def test_a_block_is_lifted_by_exactly_one(do, at_once):
    block(do, 100.0)
    assert sum(at_once(12, lambda _: do(component.unblock))) == 1


def probe(do, now):
    return do(component.take_probe, now=now, next_probe_at=now + 60)


def test_a_probe_is_due_when_its_time_has_come_and_not_before(do, row):
    block(do, 100.0)
    assert not probe(do, 159.9)
    assert probe(do, 160.0)
    assert row().next_probe_at == 220.0
    assert not probe(do, 160.0)
    assert probe(do, 220.0)


def test_a_component_that_is_not_blocked_has_no_probe(do):
    assert not probe(do, 100.0)
    ticket(do, "one", 100.0)
    assert not probe(do, 1e12)
    block(do, 100.0)
    do(component.unblock)
    assert not probe(do, 1e12)


def test_of_sixteen_that_would_probe_exactly_one_does(do, at_once):
    block(do, 100.0)
    assert sum(at_once(16, lambda _: probe(do, 160.0))) == 1


def test_a_probe_can_be_brought_forward_while_there_is_a_block(do, row):
    ticket(do, "one", 1.0)
    do(component.probe_now, 5.0)
    assert row().next_probe_at is None
    block(do, 100.0)
    do(component.probe_now, 110.0)
    assert row().next_probe_at == 110.0
    assert probe(do, 110.0)


# -- secrets ---------------------------------------------------------------------------------------------


def test_what_is_sealed_is_not_shown_with_the_row(do, row):
    ticket(do, "sealed-ticket", 100.0)
    keep(do, "sealed-token")
    assert "sealed" not in repr(row()).replace("_sealed", "")

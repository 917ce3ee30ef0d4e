"""The canonical form of a row of the record, and how its digests hold each other."""

import hashlib
import json

import pytest

from reactor.core.record import FIELDS, START, Ends, canonical, link

ROW = {
    "id": 7,
    "release_id": 3,
    "at": 1_790_000_000.25,
    "from_state": "pending",
    "to_state": "releasing",
    "happening": "claimed",
    "actor": "worker",
    "detail": "等待 \n\udcff",
    "authorizer_appid": "wx000000000000000a",
    "user_version": None,
    "rule": "[default]",
}


def test_a_row_has_one_form_whatever_the_order_of_its_columns():
    assert canonical(dict(reversed(ROW.items()))) == canonical(ROW)


def test_anybody_can_compute_a_digest_from_what_is_exported():
    told = json.dumps(ROW, sort_keys=True, separators=(",", ":"))
    assert link(START, ROW) == hashlib.sha256((START + told).encode()).hexdigest()


@pytest.mark.parametrize("name", FIELDS)
def test_every_column_changes_the_digest(name):
    other = 1 if isinstance(ROW[name], int | float) else f"{ROW[name]}x"
    assert link(START, ROW | {name: other}) != link(START, ROW)


def test_nothing_and_the_word_for_it_are_two_things():
    assert link(START, ROW | {"rule": None}) != link(START, ROW | {"rule": "null"})


def test_a_digest_holds_the_one_before_it():
    assert link(START, ROW) != link(link(START, ROW), ROW)


def test_place_and_digest_are_not_part_of_what_is_digested():
    assert link(START, ROW | {"seq": 1, "digest": "x"}) == link(START, ROW)


def test_ends_that_differ_are_signed_under_texts_that_differ():
    texts = {
        ends.text
        for ends in (Ends(), Ends(2), Ends(first_digest="1"), Ends(last_seq=9), Ends(last_digest="2"))
    }
    assert len(texts) == 5


def test_an_empty_chain_has_no_rows():
    assert Ends().rows == 0
    assert Ends(5, "a", 9, "b").rows == 5

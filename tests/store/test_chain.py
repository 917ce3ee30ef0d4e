"""The chained record: sealed by any number of processes, every tampering found, pruned from its beginning."""

import pytest
import sqlalchemy as sa

from reactor.core.lifecycle import Happening, State
from reactor.core.record import FIELDS, START
from reactor.store import audit, chain, history, numbers, releases
from reactor.store.chain import RecordSpoilt
from reactor.store.schema import history as table
from reactor.store.schema_ops import chain as ends_table
from reactor.store.vault import Vault, VaultLocked

SHOP = "wx000000000000000a"
OLD, NEW = "o" * 40, "n" * 40
ROWS = 12
NOW = 1_790_000_000.0


def note(connection, number, **values):
    row = {"release_id": number, "at": NOW + number, "to_state": "pending", "happening": "opened"}
    row |= {"actor": "intake", "authorizer_appid": SHOP, "rule": "[default], line 1", "detail": f"№ {number}"}
    row |= {"from_state": "held", "user_version": "1.0.0"}
    history.note(connection, row | values)


def fill(store, count=ROWS, first=1):
    with store.write() as connection:
        for number in range(first, first + count):
            note(connection, number)


def seal_all(store):
    while chain.seal(store):
        pass


@pytest.fixture
def sealed(store):
    fill(store)
    seal_all(store)
    assert audit.verify(store).fault is None
    return store


def edit(store, statement):
    with store.write() as connection:
        assert connection.execute(sa.text(statement)).rowcount


def fault(store):
    found = audit.verify(store).fault
    return found and found.told


# -- sealing ---------------------------------------------------------------------------------------------


def test_what_is_loose_is_sealed_and_found_whole(store):
    fill(store, 3)
    assert audit.verify(store).loose == 3
    assert chain.seal(store).rows == 3
    found = audit.verify(store)
    assert (found.rows, found.loose, found.fault) == (3, 0, None)
    assert (found.first_at, found.last_at) == (NOW + 1, NOW + 3)
    with store.read() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.seq)).all()
    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[-1].digest == found.ends.last_digest


def test_an_empty_record_is_whole_and_has_nothing_to_seal(store):
    assert chain.seal(store) is None
    assert (audit.verify(store).fault, audit.verify(store).rows) == (None, 0)


def test_a_large_heap_is_sealed_in_batches_and_read_in_pages(store):
    fill(store, chain.BATCH * 2 + 300)
    assert chain.seal(store).rows == chain.BATCH
    assert audit.verify(store).loose == chain.BATCH + 300
    seal_all(store)
    told = []
    found = audit.verify(store, told.append)
    assert (found.rows, found.fault) == (chain.BATCH * 2 + 300, None)
    assert sum(told) == audit.count(store) == found.rows


def test_many_processes_at_once_make_one_chain(store, at_once):
    fill(store, 200)

    def work(number):
        fill(store, 50, first=1000 * (number + 1))
        for _ in range(8):
            chain.seal(store)

    at_once(4, work)
    seal_all(store)
    found = audit.verify(store)
    assert (found.rows, found.loose, found.fault) == (400, 0, None)


def test_whoever_read_before_another_sealed_changes_nothing(store, monkeypatch):
    fill(store, 2)
    link = chain._linked

    def meanwhile(*given):
        monkeypatch.setattr(chain, "_linked", link)
        assert chain.seal(store)
        return link(*given)

    monkeypatch.setattr(chain, "_linked", meanwhile)
    assert chain.seal(store) is None
    assert audit.verify(store).rows == 2


def test_a_row_with_a_smaller_id_that_came_late_is_sealed_behind(sealed):
    with sealed.write() as connection:
        note(connection, 99, id=-5)
    seal_all(sealed)
    found = audit.verify(sealed)
    assert (found.rows, found.fault) == (ROWS + 1, None)


def test_a_row_of_an_older_version_learns_whose_it_is(store, open_release):
    release = open_release(user_version="2.0.0")
    edit(store, "UPDATE history SET authorizer_appid = NULL, user_version = NULL")
    seal_all(store)
    (row,) = audit.entries(store)
    assert (row["release_id"], row["authorizer_appid"], row["user_version"]) == (release.id, SHOP, "2.0.0")
    assert fault(store) is None


def test_what_a_release_did_is_in_its_record_with_the_rule(store, open_release):
    release = open_release(rule="[default], line 2")
    with store.write() as connection:
        releases.change(connection, release, Happening.CANCELLED, at=NOW, actor="cli", detail="no", rule="x")
    seal_all(store)
    opened, cancelled = audit.entries(store)
    assert (opened["rule"], cancelled["rule"]) == ("[default], line 2", "x")
    assert (cancelled["from_state"], cancelled["to_state"]) == (State.PENDING, State.CANCELLED)


# -- tampering -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS)
def test_a_change_of_any_column_of_a_row_is_found(sealed, name):
    number = isinstance(table.c[name].type, sa.BigInteger | sa.Double)
    new = f"{name} + 1000" if number else "'another'"
    if name == "authorizer_appid":
        new = "'wx000000000000000b'"
    edit(sealed, f"UPDATE history SET {name} = {new} WHERE seq = 5")
    assert fault(sealed).startswith("row 5 of the record (release ")


@pytest.mark.parametrize("name", ["from_state", "detail", "rule", "user_version"])
def test_a_column_that_was_emptied_is_found(sealed, name):
    edit(sealed, f"UPDATE history SET {name} = NULL WHERE seq = 5")
    assert "was changed" in fault(sealed)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM history WHERE seq = 5", "row 5 of the record is missing"),
        ("DELETE FROM history WHERE seq = 1", "row 1 of the record is missing"),
        ("DELETE FROM history WHERE seq > 9", "row 10 of the record is missing"),
        ("DELETE FROM history", "row 1 of the record is missing"),
        ("UPDATE history SET seq = NULL, digest = NULL WHERE seq > 9", "row 10 of the record is missing"),
        ("UPDATE history SET digest = 'x' WHERE seq = 7", "row 7 of the record ("),
        ("UPDATE history SET seq = 13 WHERE seq = 5", "row 13 stands outside"),
        ("UPDATE history SET seq = 0 WHERE seq = 5", "row 0 stands outside"),
        ("DELETE FROM chain", "there are rows in a chain, and somebody took away where it begins and ends"),
        ("UPDATE chain SET last_seq = 11", "the signature of the record is wrong"),
        ("UPDATE chain SET first_seq = 2", "the signature of the record is wrong"),
        ("UPDATE chain SET last_digest = first_digest", "the signature of the record is wrong"),
        ("UPDATE chain SET first_digest = last_digest", "the signature of the record is wrong"),
        ("UPDATE chain SET signature = substr(signature, 1, 13)", "the signature of the record is wrong"),
        ("UPDATE chain SET signature = ''", "the signature of the record is wrong"),
    ],
)
def test_rows_and_ends_that_were_tampered_with_are_found(sealed, statement, told):
    edit(sealed, statement)
    assert fault(sealed).startswith(told)


def test_two_rows_that_changed_places_are_found(sealed):
    for one, other in ((5, -1), (6, 5), (-1, 6)):
        edit(sealed, f"UPDATE history SET seq = {other} WHERE seq = {one}")
    assert fault(sealed).startswith("row 5 of the record (")


def test_a_row_that_was_put_in_between_is_found(sealed):
    for seq in range(ROWS, 5, -1):
        edit(sealed, f"UPDATE history SET seq = seq + 1 WHERE seq = {seq}")
    with sealed.write() as connection:
        note(connection, 77, seq=6, digest="0" * 64)
    assert "stands outside" in fault(sealed)


def test_a_row_that_was_put_behind_the_end_is_found(sealed):
    with sealed.write() as connection:
        note(connection, 77, seq=ROWS + 1, digest="0" * 64)
    assert fault(sealed).startswith(f"row {ROWS + 1} stands outside")


def test_whoever_writes_all_rows_anew_without_the_key_is_found(sealed):
    with sealed.write() as connection:
        connection.execute(sa.text("UPDATE history SET actor = 'nobody' WHERE seq = 5"))
        before = START
        for row in connection.execute(sa.select(table).order_by(table.c.seq)).mappings().all():
            before = chain.link(before, row)
            connection.execute(sa.update(table).where(table.c.id == row["id"]).values(digest=before))
    assert fault(sealed) == "the rows fit each other, but not the signed end: they were written anew"


def test_an_older_end_put_back_is_found_by_a_digest_that_was_noted(sealed):
    with sealed.read() as connection:
        old = dict(connection.execute(sa.select(ends_table)).mappings().one())
    fill(sealed, 3, first=50)
    seal_all(sealed)
    noted = audit.verify(sealed).ends.last_digest
    with sealed.write() as connection:
        connection.execute(sa.text(f"DELETE FROM history WHERE seq > {ROWS}"))
        connection.execute(sa.update(ends_table).values(old))
    assert fault(sealed) is None
    assert audit.verify(sealed, expect=noted).expected is False
    assert audit.verify(sealed, expect=old["last_digest"]).expected is True


def test_every_digest_that_was_ever_the_end_is_expected(sealed):
    for row in audit.entries(sealed):
        assert audit.verify(sealed, expect=row["digest"]).expected is True
    assert audit.verify(sealed).expected is None


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM chain",
        "UPDATE chain SET last_digest = first_digest",
        "UPDATE chain SET signature = ''",
    ],
)
def test_a_spoilt_chain_is_not_written_on(sealed, statement):
    edit(sealed, statement)
    fill(sealed, 1, first=90)
    with pytest.raises(RecordSpoilt):
        chain.seal(sealed)
    assert audit.verify(sealed).loose == 1


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE history SET actor = 'x' WHERE seq = 12", "row 12 of the record ("),
        ("DELETE FROM history WHERE seq = 12", "the rows fit each other, but not the signed end"),
        ("UPDATE chain SET last_seq = 11", "the signature"),
    ],
)
def test_a_glance_sees_the_ends_and_the_latest_rows(sealed, statement, told):
    with sealed.read() as connection:
        assert audit.glance(connection, sealed.vault).fault is None
    edit(sealed, statement)
    with sealed.read() as connection:
        assert audit.glance(connection, sealed.vault).fault.told.startswith(told)


def test_a_glance_at_a_long_record_begins_in_its_middle(store):
    fill(store, audit.LATEST + 50)
    seal_all(store)
    edit(store, "UPDATE history SET actor = 'x' WHERE seq = 2")
    with store.read() as connection:
        found = audit.glance(connection, store.vault)
    assert (found.fault, found.rows) == (None, audit.LATEST)


# -- keys ------------------------------------------------------------------------------------------------


def test_a_chain_goes_on_under_a_new_key_and_the_old_one_may_go(store):
    store.vault = Vault([OLD])
    fill(store, 3)
    seal_all(store)
    store.vault = Vault([NEW])
    assert audit.verify(store).fault.key_missing
    fill(store, 1, first=9)
    with pytest.raises(VaultLocked):
        chain.seal(store)
    with pytest.raises(VaultLocked):
        chain.sign_anew(store)
    store.vault = Vault([NEW, OLD])
    assert fault(store) is None
    assert chain.sign_anew(store)
    store.vault = Vault([NEW])
    seal_all(store)
    assert (audit.verify(store).rows, fault(store)) == (4, None)


def test_signing_anew_covers_up_nothing(sealed):
    edit(sealed, "UPDATE chain SET last_digest = first_digest")
    with pytest.raises(RecordSpoilt):
        chain.sign_anew(sealed)


def test_there_is_nothing_to_sign_before_anything_was_sealed(store):
    assert chain.sign_anew(store)


# -- leaving ---------------------------------------------------------------------------------------------


def forget(store, before, most=200):
    with store.write() as connection:
        numbers.count_rows(connection, now=NOW + 9e9)
        return chain.forget(connection, store.vault, before=before, most=most)


def test_what_is_past_its_time_leaves_from_the_beginning_and_the_rest_is_whole(sealed):
    assert forget(sealed, NOW + 4.5) == 4
    found = audit.verify(sealed)
    assert (found.rows, found.ends.first_seq, found.fault) == (ROWS - 4, 5, None)
    assert forget(sealed, NOW + 4.5) == 0


def test_it_leaves_in_batches_and_to_the_last_row_and_goes_on(sealed):
    assert [forget(sealed, NOW + 999, most=5) for _ in range(4)] == [5, 5, 2, 0]
    assert (audit.verify(sealed).rows, fault(sealed)) == (0, None)
    fill(sealed, 2)
    seal_all(sealed)
    found = audit.verify(sealed)
    assert (found.rows, found.ends.first_seq, found.fault) == (2, ROWS + 1, None)


def test_what_was_cut_off_at_the_beginning_by_another_hand_is_found(sealed):
    forget(sealed, NOW + 2.5)
    edit(sealed, "DELETE FROM history WHERE seq = 3")
    assert fault(sealed) == "row 3 of the record is missing"


def test_loose_rows_stay_and_a_younger_one_keeps_what_comes_after_it(store):
    with store.write() as connection:
        note(connection, 1)
        note(connection, 500)
        note(connection, 2)
    assert forget(store, NOW + 100) == 0
    seal_all(store)
    assert forget(store, NOW + 100) == 1
    assert [row["release_id"] for row in audit.entries(store)] == [500, 2]


def test_what_was_not_counted_stays(sealed):
    with sealed.write() as connection:
        assert chain.forget(connection, sealed.vault, before=NOW + 999, most=200) == 0


def test_a_spoilt_chain_is_not_pruned(sealed):
    edit(sealed, "UPDATE chain SET last_seq = 11")
    with pytest.raises(RecordSpoilt):
        forget(sealed, NOW + 999)


def test_what_is_pruned_while_it_is_read_is_no_fault(sealed, monkeypatch):
    monkeypatch.setattr(audit, "_NEXT", audit._NEXT.limit(3))

    def done(_rows):
        forget(sealed, NOW + 8.5)

    found = audit.verify(sealed, done)
    assert found.fault is None
    assert found.rows == 3 + ROWS - 8


# -- reading ---------------------------------------------------------------------------------------------


def test_the_record_is_read_by_time_and_mini_program_the_loose_rows_last(sealed):
    with sealed.write() as connection:
        note(connection, 60, authorizer_appid="wx000000000000000b")
    everything = list(audit.entries(sealed))
    assert [row["release_id"] for row in everything] == [*range(1, ROWS + 1), 60]
    assert everything[-1]["seq"] is None
    (other,) = audit.entries(sealed, authorizer_appid="wx000000000000000b")
    assert other["release_id"] == 60
    some = audit.entries(sealed, since=NOW + 3, until=NOW + 5)
    assert [row["release_id"] for row in some] == [3, 4]


def test_a_release_that_got_the_id_of_one_long_gone_has_a_history_of_its_own(store, open_release):
    first = open_release()
    with store.write() as connection:
        connection.execute(sa.text("DELETE FROM releases"))
        connection.execute(
            sa.text(
                "INSERT INTO releases (id, authorizer_appid, state, mode, approved_at, created_at)"
                f" VALUES ({first.id}, '{SHOP}', 'pending', 'auto', 0, 0)"
            )
        )
        history.note_opened(connection, [first.id], happening="found", actor="sweep")
        assert [row["happening"] for row in history.of_release(connection, first.id)] == ["found"]

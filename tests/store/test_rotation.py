"""Sealed columns under a new key: all of them, resumably, and while others go on."""

from contextlib import suppress

import pytest
import sqlalchemy as sa

from reactor.store import authorizers, component, rotation
from reactor.store.database import Store
from reactor.store.rotation import Rotation, count, rotate
from reactor.store.schema import metadata
from reactor.store.vault import Vault, VaultLocked

COMPONENT = "wx00000000000000c0"
OLD, NEW, LOST = (f"{word}-secret-key-that-is-long-enough" for word in ("an-old", "a-new", "a-lost"))
MANY = 2 * rotation.BATCH + 7


@pytest.fixture
def rotating(database_url):
    """A store with the new key before the old one."""
    store = Store(database_url, Vault([NEW, OLD]))
    yield store
    store.close()


def appid(number):
    return f"wx{number:016x}"


def fill(store, many=MANY, key=OLD):
    """A component and so many authorizers, their secrets sealed with one key."""
    vault = Vault([key])
    with store.write() as connection:
        component.keep_ticket(connection, COMPONENT, vault.seal("ticket"), created_at=1, received_at=1)
        connection.execute(
            sa.insert(metadata.tables["authorizers"]),
            [
                {
                    "authorizer_appid": appid(number),
                    "state": authorizers.AUTHORIZED,
                    "refresh_token_sealed": vault.seal(f"refresh {number}"),
                    "code_sealed": vault.seal(f"code {number}") if number % 100 == 0 else None,
                }
                for number in range(many)
            ],
        )


def opened(store, number, key=NEW):
    with store.read() as connection:
        row = authorizers.get(connection, appid(number))
    return Vault([key]).open(row.refresh_token_sealed)


def test_every_sealed_column_of_the_schema_is_rotated():
    sealed = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sealed")
    }
    found = {(table.name, name) for table in rotation._tables() for name in rotation._columns(table)}
    assert found == sealed
    assert {("component", "ticket_sealed"), ("authorizers", "code_sealed")} <= found


def test_afterwards_the_newest_key_alone_opens_everything(rotating):
    fill(rotating)
    found = rotate(rotating)
    assert (found.rotated, found.current, found.locked, found.left) == (1 + MANY + 5, 0, 0, 0)
    assert found.is_complete
    assert [opened(rotating, number) for number in (0, MANY - 1)] == ["refresh 0", f"refresh {MANY - 1}"]
    with rotating.read() as connection:
        assert Vault([NEW]).open(component.get(connection, COMPONENT).ticket_sealed) == "ticket"


def test_a_second_time_nothing_is_left_to_do(rotating):
    fill(rotating, 3)
    rotate(rotating)
    again = rotate(rotating)
    assert (again.rotated, again.current) == (0, 1 + 3 + 1)
    assert again.is_complete


def test_a_rotation_that_died_goes_on_where_it_was(rotating):
    fill(rotating)
    looked_at = []

    def die(rows):
        looked_at.append(rows)
        if sum(looked_at) > rotation.BATCH:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        rotate(rotating, die)
    rest = rotate(rotating)
    assert 0 < rest.current < rest.current + rest.rotated == 1 + MANY + 5
    assert rest.is_complete


def test_it_tells_of_every_row_that_it_looked_at_once(rotating):
    fill(rotating)
    told = []
    rotate(rotating, told.append)
    assert sum(told) == count(rotating) == MANY + 1


def test_what_another_process_renewed_meanwhile_is_not_overwritten(rotating):
    fill(rotating, 5)
    fresh = Vault([OLD]).seal("fresher")

    class Meanwhile(Vault):
        """Right when a secret was read, a process that still seals with the old key keeps a younger one."""

        def reseal(self, sealed):
            anew = super().reseal(sealed)
            if anew and self.open(sealed) == "refresh 3":
                with rotating.write() as connection:
                    authorizers.update(connection, appid(3), refresh_token_sealed=fresh)
            return anew

    rotating.vault = Meanwhile([NEW, OLD])
    found = rotate(rotating)
    assert opened(rotating, 3) == "fresher"
    assert found.is_complete


def test_a_secret_that_no_key_opens_is_left_alone_and_told(rotating):
    fill(rotating, 2, key=LOST)
    found = rotate(rotating)
    assert (found.rotated, found.locked) == (0, 4)
    assert not found.is_complete
    assert opened(rotating, 1, LOST) == "refresh 1"


def test_a_seal_of_the_newest_key_stays_as_it_is():
    vault = Vault([NEW, OLD])
    assert vault.reseal(vault.seal("x")) is None
    assert Vault([NEW]).open(vault.reseal(Vault([OLD]).seal("x"))) == "x"
    with pytest.raises(VaultLocked):
        vault.reseal(Vault([LOST]).seal("x"))


def test_what_is_left_keeps_the_older_keys_needed():
    assert not Rotation(left=1).is_complete

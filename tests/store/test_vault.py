import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from reactor.core.errors import ReactorError
from reactor.store import authorizers, component
from reactor.store.schema import metadata
from reactor.store.vault import Vault, VaultLocked

COMPONENT, SHOP = "wx00000000000000c0", "wx000000000000000a"
OLD, NEW = "an-old-secret-key-that-is-long-enough", "a-new-secret-key-that-is-long-enough!"
VAULT = Vault([OLD])


@given(st.text(st.characters(codec="utf-8")))
def test_what_was_sealed_opens_again(secret):
    assert VAULT.open(VAULT.seal(secret)) == secret


def test_a_sealed_secret_shows_nothing_and_is_never_the_same_twice():
    sealed = {VAULT.seal("refreshtoken@@@abc") for _ in range(10)}
    assert len(sealed) == 10
    assert all("refreshtoken" not in text and text.isascii() for text in sealed)


def test_another_key_does_not_open_it():
    with pytest.raises(VaultLocked):
        Vault([NEW]).open(VAULT.seal("secret"))


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: t[1:], lambda t: "", lambda t: t.swapcase()])
def test_a_sealed_secret_that_was_changed_does_not_open(spoil):
    with pytest.raises(VaultLocked):
        VAULT.open(spoil(VAULT.seal("secret")))


def test_after_a_rotation_old_secrets_open_and_new_ones_are_sealed_with_the_new_key():
    rotating = Vault([NEW, OLD])
    assert rotating.open(VAULT.seal("old secret")) == "old secret"
    fresh = rotating.seal("new secret")
    assert Vault([NEW]).open(fresh) == "new secret"
    with pytest.raises(VaultLocked):
        VAULT.open(fresh)


def test_any_of_several_keys_opens_in_any_order():
    keys = [f"secret-key-number-{number}-long-enough-now" for number in range(5)]
    for key in keys:
        assert (
            Vault(keys).open(Vault([key]).seal("x")) == Vault(keys[::-1]).open(Vault([key]).seal("x")) == "x"
        )


def test_a_locked_vault_says_what_to_do_and_no_key():
    with pytest.raises(VaultLocked, match=r"REACTOR_SECRET_KEY.*put the old key back") as caught:
        Vault([NEW]).open(VAULT.seal("secret"))
    assert isinstance(caught.value, ReactorError)
    assert NEW not in str(caught.value)
    assert OLD not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_vault_does_not_show_its_keys():
    assert OLD not in repr(VAULT) + repr(vars(VAULT))


# -- in the store ----------------------------------------------------------------------------------------


def all_rows(store):
    with store.read() as connection:
        return {
            name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for name, table in metadata.tables.items()
        }


def sealed_in(rows):
    return {
        (table, column): value
        for table, found in rows.items()
        for row in found
        for column, value in row.items()
        if column.endswith("_sealed") and value is not None
    }


def test_every_secret_of_a_working_day_is_in_the_database_sealed_and_never_plain(house):
    house.push_ticket()
    house.push_authorized()
    waiting = sealed_in(all_rows(house.store))
    house.run()
    house.approve()
    house.run()
    rows = all_rows(house.store)
    kept = sealed_in(rows)
    assert set(waiting) == {("component", "ticket_sealed"), ("authorizers", "code_sealed")}
    assert set(kept) == {
        ("component", "ticket_sealed"), ("component", "access_token_sealed"),
        ("authorizers", "refresh_token_sealed"), ("authorizers", "access_token_sealed"),
    }  # fmt: skip
    secrets = [house.store.vault.open(value) for value in [*waiting.values(), *kept.values()]]
    assert all(len(secret) > 20 for secret in secrets)
    everything = repr(rows)
    assert house.only_release()["state"] == "released"
    assert [secret for secret in secrets if secret in everything] == []


def test_a_store_with_a_new_key_before_the_old_one_reads_on(database_url, build_bare):
    before, after, forgetful = (build_bare(database_url, *keys) for keys in ([OLD], [NEW, OLD], [NEW]))
    with before.write() as connection:
        sealed = before.vault.seal("ticket")
        component.keep_ticket(connection, COMPONENT, sealed, created_at=1.0, received_at=1.0)
        authorizers.save(
            connection, SHOP, state="authorized", refresh_token_sealed=before.vault.seal("refresh")
        )
    with after.read() as connection:
        assert after.vault.open(component.get(connection, COMPONENT).ticket_sealed) == "ticket"
        assert after.vault.open(authorizers.get(connection, SHOP).refresh_token_sealed) == "refresh"
    with forgetful.read() as connection, pytest.raises(VaultLocked):
        forgetful.vault.open(component.get(connection, COMPONENT).ticket_sealed)

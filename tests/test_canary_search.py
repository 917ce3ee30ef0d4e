"""The search of the canary test finds a secret in whatever form it leaks."""

import base64
from random import Random
from urllib.parse import quote

import pytest
from canaries import AES_KEYS, DATABASE_PASSWORD, SECRETS, WORD, canary, leaks


@pytest.mark.parametrize(
    "secret", [*SECRETS.values(), DATABASE_PASSWORD, f"refreshtoken@@@{canary(101, 43)}"]
)
@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_the_search_finds_a_secret_in_every_form(secret, before):
    text = f"{before}{secret}"
    encoded = base64.b64encode(text.encode())
    forms = [text, text.upper(), quote(text), repr(text), ascii(text), text.encode().hex(), text[::-1]]
    forms += [encoded, base64.urlsafe_b64encode(text.encode()), text[: text.index(WORD) + 10]]
    for form in forms:
        assert leaks({"here": form}), form


@pytest.mark.parametrize("key", AES_KEYS)
def test_the_search_finds_a_key_by_its_bytes(key):
    for form in (key, key.hex(), repr(key), f"keys=({key!r},)"):
        assert leaks({"here": form})


def test_the_search_finds_nothing_where_nothing_is():
    assert leaks({"here": Random(1).randbytes(1 << 20), "there": "a canary, a bird"}) == []

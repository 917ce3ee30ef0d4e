import pytest

from reactor.core.policy import Pace
from reactor.store import authorizers, moments
from reactor.store.database import Conflict

SHOP, OTHER = "wx000000000000000a", "wx000000000000000b"


@pytest.fixture
def do(store):
    """Call a function of the module in a transaction of its own."""

    def call(function, *args, **values):
        with store.write() as connection:
            return function(connection, *args, **values)

    return call


@pytest.fixture
def shop(store):
    def read(appid=SHOP):
        with store.read() as connection:
            return authorizers.get(connection, appid)

    return read


def keep_code(do, sealed="code", *, appid=SHOP, at=100.0, now=101.0):
    do(authorizers.keep_code, appid, sealed=sealed, at=at, now=now)


def claim(do, holder="w", now=102.0, lease=20.0):
    return do(authorizers.claim_code, holder=holder, now=now, lease_until=now + lease)


# -- rows ------------------------------------------------------------------------------------------------


def test_an_authorizer_nobody_has_heard_of_is_none(shop):
    assert shop() is None


def test_saving_makes_a_row_and_then_changes_only_what_is_given(do, shop):
    do(authorizers.save, SHOP, state="authorized", user_name="gh_a", func_ids="17,18")
    do(authorizers.save, SHOP, state="authorized", nick_name="Deer Diner")
    found = shop()
    assert (found.user_name, found.nick_name, found.func_ids) == ("gh_a", "Deer Diner", "17,18")


def test_a_new_row_needs_its_state(do, shop):
    with pytest.raises(Conflict):
        do(authorizers.save, SHOP, user_name="gh_a")
    assert shop() is None


def test_saving_at_once_makes_one_row(do, shop, at_once):
    at_once(12, lambda number: do(authorizers.save, SHOP, state="authorized", nick_name=f"n{number}"))
    assert shop().nick_name.startswith("n")


def test_updating_touches_nobody_else(do, shop):
    for appid in (SHOP, OTHER):
        do(authorizers.save, appid, state="authorized")
    do(authorizers.update, SHOP, live_version="1.0.0", audit_status=0)
    assert (shop().live_version, shop().audit_status) == ("1.0.0", 0)
    assert (shop(OTHER).live_version, shop(OTHER).audit_status) == (None, None)


def test_an_authorizer_is_found_by_its_original_id(do, store):
    do(authorizers.save, SHOP, state="authorized", user_name="gh_a")
    do(authorizers.save, OTHER, state="authorized")
    with store.read() as connection:
        found = authorizers.by_user_names(connection, ["gh_a", "gh_A", ""])
    assert found == {"gh_a": SHOP}


@pytest.mark.parametrize(
    ("func_ids", "can_release"),
    [(None, None), ("", False), ("17,25", False), ("18", True), ("17,18,25", True), ("118,180", False)],
)
def test_permission_set_18_decides_whether_it_can_be_released(do, shop, func_ids, can_release):
    do(authorizers.save, SHOP, state="authorized", func_ids=func_ids)
    assert shop().can_release is can_release


def test_authorizers_are_paged_from_the_newest_and_by_state(do, store):
    appids = [f"wx{number:016x}" for number in range(5)]
    for number, appid in enumerate(appids):
        do(authorizers.save, appid, state="authorized" if number % 2 else "unauthorized")
    with store.read() as connection:
        first = authorizers.page(connection, before=None, limit=3)
        second = authorizers.page(connection, before=first[-1].id, limit=3)
        odd = authorizers.page(connection, before=None, limit=9, state="authorized")
    assert [row.authorizer_appid for row in first + second] == appids[::-1]
    assert [row.authorizer_appid for row in odd] == [appids[3], appids[1]]


# -- authorization and its end ---------------------------------------------------------------------------


def test_a_code_waits_in_line_and_the_last_reason_is_gone(do, shop):
    do(authorizers.save, SHOP, state="needs_reauthorization", reason="61003", user_name="gh_a", code_turns=5)
    keep_code(do)
    found = shop()
    assert (found.state, found.reason, found.code_turns) == ("code_waiting", None, 0)
    assert (found.authorization_at, found.code_due_at, found.user_name) == (100.0, 101.0, "gh_a")


def test_a_revocation_forgets_every_token_and_keeps_the_name(do, shop):
    do(
        authorizers.save,
        SHOP,
        state="authorized",
        user_name="gh_a",
        refresh_token_sealed="r",
        access_token_sealed="a",
        code_sealed="c",
        code_due_at=5.0,
        code_lease_holder="w",
    )
    do(authorizers.revoke, SHOP, at=200.0)
    found = shop()
    assert (found.state, found.authorization_at, found.user_name) == ("unauthorized", 200.0, "gh_a")
    assert (found.refresh_token_sealed, found.access_token_sealed, found.code_sealed) == (None, None, None)
    assert (found.code_due_at, found.code_lease_holder) == (None, None)
    assert claim(do, now=1e9) is None


def test_a_revocation_by_an_authorizer_never_seen_is_remembered(do, shop):
    do(authorizers.revoke, SHOP, at=200.0)
    assert shop().state == "unauthorized"


def test_a_dead_access_token_is_dropped_only_while_it_is_still_the_one(do, shop):
    do(authorizers.save, SHOP, state="authorized", access_token_sealed="fresh", refresh_token_sealed="r")
    do(authorizers.drop_access_token, SHOP, "dead")
    assert shop().access_token_sealed == "fresh"
    do(authorizers.drop_access_token, SHOP, "fresh")
    assert (shop().access_token_sealed, shop().refresh_token_sealed) == (None, "r")


# -- codes in line ---------------------------------------------------------------------------------------


def test_a_due_code_is_taken_and_then_left_alone_until_its_lease_lapses(do):
    keep_code(do)
    taken = claim(do, holder="w1")
    assert (taken.authorizer_appid, taken.code_turns, taken.code_lease_holder) == (SHOP, 1, "w1")
    assert claim(do, holder="w2", now=121.9) is None
    again = claim(do, holder="w2", now=122.0)
    assert (again.code_turns, again.code_lease_holder) == (2, "w2")


def test_a_code_that_is_not_due_is_not_taken(do):
    keep_code(do, now=500.0)
    assert claim(do, now=499.9) is None
    assert claim(do, now=500.0) is not None


def test_the_longest_waiting_code_is_taken_first(do):
    keep_code(do, appid=OTHER, now=90.0)
    keep_code(do, appid=SHOP, now=80.0)
    assert [claim(do).authorizer_appid for _ in range(2)] == [SHOP, OTHER]


def test_many_threads_take_every_code_exactly_once(do, at_once):
    appids = {f"wx{number:016x}" for number in range(24)}
    for appid in appids:
        keep_code(do, appid=appid)

    def work(number):
        taken = []
        while found := claim(do, holder=f"w{number}"):
            taken.append(found.authorizer_appid)
        return taken

    taken = [appid for some in [*at_once(8, work), work(99)] for appid in some]
    assert sorted(taken) == sorted(appids)


def test_the_end_of_an_exchange_is_written_to_its_own_code(do, shop):
    keep_code(do)
    taken = claim(do)
    do(authorizers.settle_code, taken, code_sealed=None, code_due_at=None, state="authorized")
    assert (shop().code_sealed, shop().state) == (None, "authorized")


def test_the_end_of_an_exchange_does_not_touch_a_younger_code(do, shop):
    keep_code(do, "old")
    taken = claim(do)
    keep_code(do, "young", at=150.0, now=151.0)
    do(authorizers.settle_code, taken, code_sealed=None, code_due_at=None, state="needs_reauthorization")
    assert (shop().code_sealed, shop().state, shop().code_due_at) == ("young", "code_waiting", 151.0)


def test_the_end_of_an_exchange_does_not_bring_back_what_was_revoked(do, shop):
    keep_code(do)
    taken = claim(do)
    do(authorizers.revoke, SHOP, at=200.0)
    do(authorizers.settle_code, taken, refresh_token_sealed="r", state="authorized", code_sealed=None)
    assert (shop().state, shop().refresh_token_sealed) == ("unauthorized", None)


def test_waiting_codes_can_be_made_due_but_not_those_being_exchanged(do, shop):
    for appid in (SHOP, OTHER):
        keep_code(do, appid=appid, now=100.0)
    taken = claim(do, now=100.0)
    do(authorizers.settle_code, taken, code_due_at=700.0, code_lease_holder=None)
    other = claim(do, now=100.0)
    do(authorizers.make_codes_due, now=105.0)
    assert shop(taken.authorizer_appid).code_due_at == 105.0
    assert shop(other.authorizer_appid).code_due_at == 120.0


def test_it_is_known_when_the_next_code_is_due(do, store):
    def next_due():
        with store.read() as connection:
            return moments.look(connection, Pace(), now=200.0).code

    assert next_due() is None
    keep_code(do, appid=SHOP, now=300.0)
    keep_code(do, appid=OTHER, now=200.0)
    assert next_due() == 200.0
    do(authorizers.revoke, OTHER, at=250.0)
    assert next_due() == 300.0


# -- secrets ---------------------------------------------------------------------------------------------


def test_what_is_sealed_is_not_shown_with_the_row(do, shop):
    sealed = {f"{name}_sealed": f"SECRET-{name}" for name in ("refresh_token", "access_token", "code")}
    do(authorizers.save, SHOP, state="authorized", **sealed)
    assert "SECRET" not in repr(shop())

"""Audit results that come together are taken in as if each had come alone."""

import pytest
from stories import CAFE, CAFE_NAME, SHOP, SHOP_NAME, ask

from reactor.audits import AuditPush, accept_audits
from reactor.core.events import AuditFailed, AuditSucceeded
from reactor.core.policy import Mode, Policy, Terms
from reactor.store import releases

NOW = 1_790_000_000
BAR, BAR_NAME = "wx000000000000000c", "gh_00000000000c"


def approval(appid, user_name, at=NOW, sender="oSystem"):
    return AuditPush(AuditSucceeded(user_name, sender, at, at), appid, NOW + 1.0, stale=False)


def rejection(appid, user_name, at=NOW):
    return AuditPush(
        AuditFailed(user_name, "oSystem", at, at, "the category", ()), appid, NOW + 1.0, stale=False
    )


def accept(house, *pushes, policy=Policy()):  # noqa: B008 - a frozen value
    with house.store.write() as connection:
        return accept_audits(connection, pushes, lambda: policy)


def stands(house):
    return [(one["authorizer_appid"], one["state"]) for one in reversed(house.releases())]


def test_each_is_told_what_it_left_to_do(house):
    house.open_shop()
    told = accept(
        house,
        approval(SHOP, SHOP_NAME),
        approval(CAFE, "gh_somebodyelse"),
        rejection(BAR, BAR_NAME),
        approval(None, "gh_nobody"),
    )
    # Nobody knows the café, so its push opens a release; the worker finds out whose it was.
    assert told == [True, True, False, False]
    assert stands(house) == [(SHOP, "pending"), (CAFE, "pending")]
    assert [event["kind"] for event in house.api("/events")["items"]].count("audit_success") == 3


def test_one_pushed_twice_in_one_group_is_one(house):
    assert accept(house, *[approval(SHOP, SHOP_NAME)] * 3) == [True, False, False]
    assert stands(house) == [(SHOP, "pending")]
    assert house.api("/events")["items"][0]["deliveries"] == 3


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the newer first"])
def test_of_two_approvals_of_one_authorizer_in_one_group_the_newer_stays(house, order):
    pair = [approval(SHOP, SHOP_NAME, NOW), approval(SHOP, SHOP_NAME, NOW + 60)][::order]
    accept(house, pair[0], approval(CAFE, CAFE_NAME), pair[1])
    (stays,) = [
        one for one in house.releases() if one["authorizer_appid"] == SHOP and one["state"] == "pending"
    ]
    (gives_way,) = house.releases(state="superseded")
    assert stays["approved_at"] > gives_way["approved_at"]
    assert gives_way["reason"] == f"release {stays['id']}, of a newer approval, takes its place"


def test_on_both_routes_in_one_group_it_is_one(house):
    house.open_shop()
    told = accept(house, approval(SHOP, SHOP_NAME), approval(None, SHOP_NAME))
    assert sorted(told) == [False, True]
    assert stands(house) == [(SHOP, "pending")]


def test_each_follows_its_own_rule(house):
    policy = Policy(authorizers={CAFE: Terms(mode=Mode.HOLD), BAR: Terms(delay_seconds=60.0)})
    accept(
        house,
        approval(SHOP, SHOP_NAME),
        approval(CAFE, CAFE_NAME),
        approval(BAR, BAR_NAME),
        policy=policy,
    )
    assert stands(house) == [(SHOP, "pending"), (CAFE, "held"), (BAR, "pending")]
    assert [one["due_at"] is None for one in reversed(house.releases())] == [False, True, False]


def test_how_each_audit_ended_is_known_of_its_authorizer(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    accept(house, rejection(SHOP, SHOP_NAME), approval(CAFE, CAFE_NAME))
    known = {one["authorizer_appid"]: one["audit_status"] for one in house.api("/authorizers")["items"]}
    assert known == {SHOP: 1, CAFE: 0}


def test_every_release_opened_in_a_group_begins_its_own_history(house):
    accept(house, approval(SHOP, SHOP_NAME), approval(CAFE, CAFE_NAME))
    for row in house.releases():
        (first,) = house.api(f"/releases/{row['id']}")["history"]
        assert (first["from"], first["to"], first["happening"], first["actor"]) == (
            None,
            "pending",
            "opened",
            releases.INTAKE,
        )
        assert first["at"] == row["created_at"]


def test_sixty_pushes_at_once_are_each_kept(house):
    shops = [(f"wx{number:016x}", f"gh_{number:012x}") for number in range(1, 61)]
    assert accept(house, *[approval(*shop) for shop in shops]) == [True] * 60
    assert ask(house, "SELECT count(*), count(DISTINCT authorizer_appid) FROM releases") == [(60, 60)]
    assert ask(house, "SELECT count(*), count(DISTINCT release_id) FROM history") == [(60, 60)]

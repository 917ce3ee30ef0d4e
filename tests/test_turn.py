"""One turn, and everything that can come between its steps: deaths, operators, merchants, newer approvals."""

import pytest
from stories import (
    SHOP,
    SHOP_NAME,
    authorizer,
    check_the_end,
    count,
    edit,
    held,
    names,
    rival_release,
    second_push,
    skip_to_due,
    whole,
)

from reactor.simulator.faults import Fault
from reactor.store import claims


@pytest.fixture(autouse=True)
def _the_story_ends_well(house):
    yield
    check_the_end(house)


@pytest.fixture
def shop(house):
    """An authorized shop with one approval waiting."""
    house.open_shop()
    house.approve()
    return house


def outcomes(house, call):
    return [one["outcome"] for one in house.only_release()["calls"] if one["call"] == call]


# -- written before it leaves ----------------------------------------------------------------------------


def test_the_release_call_is_written_down_before_it_leaves(shop):
    with held(shop, "release", "hold_before"):
        release = shop.only_release()
        assert release["state"] == "releasing"
        assert release["user_version"] == "1.0.0"
        assert outcomes(shop, "release") == ["started"]
    assert shop.only_release()["state"] == "released"
    assert outcomes(shop, "release") == ["answered"]


def test_in_flight_the_answer_decides_and_no_operator(shop):
    with held(shop, "release", "hold_before"):
        for act in ("approve", "retry", "cancel"):
            shop.api(f"/releases/{shop.only_release()['id']}/{act}", "POST", status=409)
    assert shop.only_release()["state"] == "released"


# -- death between any two steps -------------------------------------------------------------------------


STEPS = [
    ("api_authorizer_token", "hold_before"),
    ("get_latest_auditstatus", "hold_before"),
    ("getversioninfo", "hold_after"),
    ("release", "hold_before"),
    ("release", "hold_after"),
]


def test_what_a_dead_process_had_claimed_is_taken_over_within_half_a_minute(shop):
    died = shop.clock()
    with shop.store.write() as connection:
        assert claims.claim_due(connection, holder="dead", now=died, lease_until=died + 20)
    assert shop.run() == 0
    while shop.only_release()["state"] == "releasing":
        shop.clock.advance(1)
        shop.run()
    assert shop.clock() - died <= 30
    release = shop.only_release()
    assert (release["state"], release["attempts"]) == ("released", 2)
    taken_over = release["history"][2]
    assert (taken_over["happening"], taken_over["detail"]) == ("taken_over", "its worker fell silent")


def test_a_release_overtaken_while_its_process_was_dead_ends_and_the_newest_goes_live(shop):
    died = shop.clock()
    with shop.store.write() as connection:
        assert claims.claim_due(connection, holder="dead", now=died, lease_until=died + 20)
    shop.approve("1.1.0")
    shop.run()
    shop.run_for(30)
    newer, older = shop.releases()
    assert (newer["state"], newer["user_version"]) == ("released", "1.1.0")
    assert older["state"] in ("released", "superseded")
    assert older["reason"]
    assert len(shop.platform.effective_releases(SHOP)) == 1


@pytest.mark.parametrize(("call", "kind"), STEPS)
def test_a_worker_frozen_at_any_step_is_replaced_and_says_nothing_when_it_wakes(
    shop, build_house, call, kind
):
    other = build_house()
    with held(shop, call, kind):
        # The token's lease of the frozen worker lapses, too.
        shop.clock.advance(31)
        other.run()
        release = other.only_release()
        assert (release["state"], release["attempts"]) == ("released", 2)
        if call == "release":
            assert outcomes(shop, "release")[0] == "unknown"
        history = release["history"]
    shop.run()
    assert shop.only_release()["history"] == history
    assert len(shop.platform.effective_releases(SHOP)) == 1
    assert authorizer(shop)["live_version"] == "1.0.0"


def test_a_worker_that_lost_its_claim_does_not_release(shop, build_house):
    other = build_house()
    shop.platform.plan(Fault("release", "errcode", errcode=-1))
    with held(shop, "getversioninfo", "hold_before"):
        shop.clock.advance(21)
        other.run()
        assert other.only_release()["state"] == "pending"
    assert count(shop.platform, "release") == 1
    assert skip_to_due(shop, shop.only_release())["state"] == "released"


# -- what arrives during the turn ------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["get_latest_auditstatus", "release"])
def test_unauthorized_during_the_turn_cancels_it(shop, call):
    with held(shop, call, "hold_before"):
        shop.push_unauthorized()
    release = shop.only_release()
    assert (release["state"], release["reason"]) == ("cancelled", "the merchant took the authorization back")
    assert shop.platform.effective_releases(SHOP) == []
    assert authorizer(shop)["state"] == "unauthorized"


def test_a_newer_approval_during_a_turn_that_does_not_settle_takes_its_place(shop):
    with held(shop, "release", "hold_before") as gate:
        second_push(shop, succeeded_at=int(shop.clock()) + 1)
        shop.run()  # one in flight per authorizer: the newer one waits
        newer, older = shop.releases()
        assert (newer["state"], older["state"]) == ("pending", "releasing")
        gate.drop()
    newer, older = shop.releases()
    assert (newer["state"], older["state"]) == ("pending", "superseded")
    assert older["reason"] == f"release {newer['id']}, of a newer approval, takes its place"
    shop.clock.advance(2)
    shop.run()
    assert whole(shop, newer)["state"] == "released"
    assert len(shop.platform.effective_releases(SHOP)) == 1


def test_a_newer_approval_during_a_turn_that_goes_live_gets_its_own(shop):
    with held(shop, "release", "hold_before"):
        second_push(shop, succeeded_at=int(shop.clock()) + 1)
    shop.platform.submit_audit(SHOP, "1.1.0")
    shop.platform.approve(SHOP)
    shop.clock.advance(5)
    shop.run()
    assert [release["state"] for release in shop.releases()] == ["released", "released"]
    assert shop.platform.live(SHOP)[0] == "1.1.0"


def test_a_pause_lets_the_turn_in_flight_end(shop):
    with held(shop, "release", "hold_before"):
        shop.api("/pause", "POST")
    assert shop.only_release()["state"] == "released"


# -- what a turn learns ----------------------------------------------------------------------------------


def test_the_version_of_the_approval_is_kept_when_a_younger_submission_hides_it(shop):
    shop.platform.publish_while_audited = True
    shop.platform.plan(Fault("release", "errcode", errcode=-1))
    shop.run()
    shop.platform.submit_audit(SHOP, "2.0.0", "the next")
    release = shop.only_release()
    assert (release["user_version"], release["state"]) == ("1.0.0", "pending")
    shop.clock.advance(1)
    shop.platform.withdraw(SHOP)
    shop.platform.submit_audit(SHOP, "2.0.0", "the next")
    release = skip_to_due(shop, release)
    assert (release["state"], release["user_version"], release["user_desc"]) == (
        "released",
        "1.0.0",
        "about 1.0.0",
    )
    assert shop.platform.live(SHOP)[0] == "1.0.0"
    assert authorizer(shop)["audit_status"] == 2


def test_a_release_found_live_by_its_kept_version_is_not_called_beside_a_younger_submission(shop):
    shop.platform.plan(Fault("release", "errcode_after", errcode=-1))
    shop.run()
    shop.clock.advance(1)
    shop.platform.submit_audit(SHOP, "2.0.0")
    assert skip_to_due(shop, shop.only_release())["state"] == "released"
    assert count(shop.platform, "release") == 1


def test_wechats_words_and_its_rid_are_kept_and_no_token_is(shop):
    shop.platform.plan(Fault("release", "errcode", errcode=48004))
    shop.run()
    failed = shop.only_release()
    assert failed["state"] == "failed"
    assert failed["errmsg"].endswith(f"rid: {failed['rid']}")
    refused = failed["calls"][-1]
    assert (refused["call"], refused["errcode"], refused["rid"]) == ("release", 48004, failed["rid"])
    with shop.platform.lock:
        tokens = list(shop.platform.credentials._tokens)
    assert not any(token in str(failed) for token in tokens)


def test_a_failed_release_that_went_live_by_itself_is_settled_by_retry_without_a_call(shop):
    shop.platform.plan(Fault("release", "errcode", errcode=48004))
    shop.run()
    rival_release(shop)
    shop.api(f"/releases/{shop.only_release()['id']}/retry", "POST")
    before = len(shop.platform.calls)
    shop.run()
    assert shop.only_release()["state"] == "released"
    assert "release" not in names(shop.platform, before)


def test_a_shop_whose_name_is_forgotten_is_asked_for_it_before_the_look(shop):
    edit(shop, "UPDATE authorizers SET user_name = NULL")
    before = len(shop.platform.calls)
    shop.run()
    assert names(shop.platform, before)[0] == "api_get_authorizer_info"
    assert shop.only_release()["state"] == "released"
    assert authorizer(shop)["user_name"] == SHOP_NAME


def test_a_gray_plan_that_wechat_will_not_tell_holds_nothing_up(shop):
    shop.run()
    shop.clock.advance(60)
    shop.platform.plan(Fault("getgrayreleaseplan", "errcode", errcode=85012))
    shop.approve("1.1.0")
    shop.run()
    assert shop.releases()[0]["state"] == "released"

"""An approval's journey, from the push to the users, as an operator and WeChat see it."""

import pytest
from stories import (
    CAFE,
    CAFE_NAME,
    LOOK,
    SHOP,
    SHOP_NAME,
    authorizer,
    check_the_end,
    count,
    names,
    replay,
    rival_release,
    second_push,
    seconds,
    skip_to_due,
    waits,
    walk_to_the_end,
    whole,
)

from reactor.simulator import pusher
from reactor.simulator.faults import Fault


@pytest.fixture
def house(build_house):
    """No timeout is played here, so no real second counts."""
    return build_house(wechat_timeout=(30.0, 30.0))


@pytest.fixture(autouse=True)
def _the_story_ends_well(house):
    yield
    check_the_end(house)


# -- the main job ----------------------------------------------------------------------------------------


def test_a_clean_approval_goes_live_and_the_record_shows_it(house):
    house.open_shop()
    before = len(house.platform.calls)
    assert house.approve("1.0.0").get_data() == b"success"
    assert house.only_release()["state"] == "pending"
    house.run()
    release = house.only_release()
    assert release["state"] == "released"
    assert (release["user_version"], release["user_desc"]) == ("1.0.0", "about 1.0.0")
    assert (release["errcode"], release["attempts"], release["mode"]) == (0, 1, "auto")
    assert release["released_at"] == release["history"][-1]["at"]
    assert release["due_at"] is None
    assert "WeChat shows version 1.0.0 live" in release["reason"]
    assert house.platform.live(SHOP) == ("1.0.0", int(house.clock()))
    assert len(house.platform.effective_releases(SHOP)) == 1
    expected = ["api_authorizer_token", *LOOK, "release", "getversioninfo"]
    assert names(house.platform, before) == expected
    assert [call["call"] for call in release["calls"]] == expected
    assert {call["outcome"] for call in release["calls"]} == {"answered"}


def test_the_history_names_who_did_what_and_replays_to_the_state(house):
    house.open_shop()
    house.approve()
    house.run()
    release = house.only_release()
    replay(release)
    assert [(step["happening"], step["actor"]) for step in release["history"]] == [
        ("opened", "intake"),
        ("claimed", "worker"),
        ("seen_live", "worker"),
    ]


def test_the_same_push_four_times_makes_one_release_and_four_deliveries(house):
    house.open_shop()
    house.approve(times=3)
    house.run()
    event = house.api("/events")["items"][0]
    assert house.push_approval(succeeded_at=int(house.clock())).get_data() == b"success"
    house.run()
    assert house.only_release()["state"] == "released"
    assert count(house.platform, "release") == 1
    assert house.api("/events")["items"][0] == event | {"deliveries": 4}


def test_one_shop_after_the_other_goes_live_on_its_own(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.approve("1.0.0")
    house.approve("7.0.0", CAFE, CAFE_NAME)
    house.run()
    assert {release["state"] for release in house.releases()} == {"released"}
    assert house.platform.live(SHOP)[0] == "1.0.0"
    assert house.platform.live(CAFE)[0] == "7.0.0"


def test_the_live_version_follows_a_release_at_once(house):
    house.open_shop()
    assert authorizer(house)["live_version"] is None
    for version in ("1.0.0", "1.1.0"):
        house.approve(version)
        house.run()
        assert authorizer(house)["live_version"] == version
        assert authorizer(house)["audit_status"] == 0


# -- already live ----------------------------------------------------------------------------------------


def test_what_is_live_already_by_its_time_is_released_by_looking(house):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    succeeded_at = house.platform.approve(SHOP)
    house.clock.advance(30)
    rival_release(house)
    house.platform.submit_audit(SHOP, "2.0.0")  # whatever else is under audit
    house.push_approval(succeeded_at=succeeded_at)
    house.run()
    release = house.only_release()
    assert release["state"] == "released"
    assert [call["call"] for call in release["calls"] if call["call"] == "release"] == []
    assert authorizer(house)["live_version"] == "1.0.0"


def test_what_is_live_already_by_its_version_is_released_by_looking(house):
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.clock.advance(60)
    house.approve("1.0.0")  # approved anew, under the version that is live since before
    house.run()
    first, second = reversed(house.releases())
    assert (first["state"], second["state"]) == ("released", "released")
    assert count(house.platform, "release") == 1
    assert whole(house, second)["calls"][-1]["call"] == "getversioninfo"


def test_the_second_of_two_different_pushes_for_one_audit_is_released_without_a_call(house):
    house.open_shop()
    house.approve()
    house.run()
    approved_at = int(house.clock())
    house.clock.advance(5)
    second_push(house, succeeded_at=approved_at)
    house.run()
    assert [release["state"] for release in house.releases()] == ["released", "released"]
    assert count(house.platform, "release") == 1


def test_two_different_pushes_for_one_audit_that_wait_together_both_end_released(house):
    house.open_shop()
    house.approve()
    second_push(house, succeeded_at=int(house.clock()))
    house.run()
    assert [release["state"] for release in house.releases()] == ["released", "released"]
    assert count(house.platform, "release") == 1


# -- newer and older approvals ---------------------------------------------------------------------------


def test_a_newer_approval_takes_the_place_of_an_older_one_that_waits(house):
    house.open_shop()
    house.api("/pause", "POST")
    house.approve("1.0.0")
    house.approve("1.1.0")
    newer, older = house.releases()
    assert older["state"] == "superseded"
    assert older["reason"] == f"release {newer['id']}, of a newer approval, takes its place"
    house.api("/resume", "POST")
    house.run()
    assert whole(house, newer)["state"] == "released"
    assert whole(house, newer)["user_version"] == "1.1.0"
    assert len(house.platform.effective_releases(SHOP)) == 1


def test_an_older_approval_that_arrives_late_gives_way_to_the_newer_one_that_waits(house):
    house.open_shop()
    house.api("/pause", "POST")
    earlier = int(house.clock())
    house.approve("1.1.0")
    second_push(house, succeeded_at=earlier, created_at=earlier)
    late, newer = house.releases()
    assert (late["state"], newer["state"]) == ("superseded", "pending")
    assert f"release {newer['id']}" in late["reason"]


def test_an_older_approval_that_arrives_after_the_newer_went_live_needs_no_call(house):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    earlier = house.platform.approve(SHOP)
    house.clock.advance(60)
    house.approve("1.1.0")
    house.run()
    second_push(house, succeeded_at=earlier, created_at=earlier)
    house.run()
    assert [release["state"] for release in house.releases()] == ["released", "released"]
    assert count(house.platform, "release") == 1
    assert house.platform.live(SHOP)[0] == "1.1.0"


def test_a_newer_approval_replaces_a_failed_one(house):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    house.push_approval()  # WeChat does not confirm it
    house.run()
    assert house.only_release()["state"] == "failed"
    house.platform.reject(SHOP, "no")
    house.clock.advance(60)
    house.approve("1.0.1")
    house.run()
    newer, older = house.releases()
    assert (newer["state"], older["state"]) == ("released", "superseded")


# -- what WeChat says otherwise --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gesture", "said"),
    [
        (lambda platform: None, "under audit"),
        (lambda platform: platform.reject(SHOP, "the logo is blurred"), "rejected: the logo is blurred"),
        (lambda platform: platform.withdraw(SHOP), "withdrawn"),
        (lambda platform: platform.delay(SHOP, "a holiday"), "delayed: a holiday"),
    ],
    ids=["under audit", "rejected", "withdrawn", "delayed"],
)
def test_a_push_that_contradicts_wechat_fails_with_the_reason(house, gesture, said):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    gesture(house.platform)
    house.push_approval()
    house.run()
    release = house.only_release()
    assert release["state"] == "failed"
    assert f"WeChat says the latest audit is {said}" in release["reason"]
    assert "retry or cancel" in release["reason"]
    assert count(house.platform, "release") == 0


def test_beside_a_younger_submission_wechats_answer_decides(house):
    house.open_shop()
    house.platform.publish_while_audited = True
    house.approve("1.0.0")
    house.clock.advance(10)
    house.platform.submit_audit(SHOP, "2.0.0")
    house.run()
    assert house.only_release()["state"] == "released"
    assert house.platform.live(SHOP)[0] == "1.0.0"


def test_a_submission_in_the_second_of_the_approval_is_not_younger(house):
    house.open_shop()
    house.approve("1.0.0")
    house.platform.submit_audit(SHOP, "2.0.0")
    house.run()
    assert house.only_release()["state"] == "failed"
    assert "under audit" in house.only_release()["reason"]


@pytest.mark.parametrize("errcode", [85019, 85020])
def test_a_refusal_beside_a_younger_submission_waits_for_that_audit_without_counting(house, errcode):
    house.open_shop()
    house.approve("1.0.0")
    house.clock.advance(10)
    house.platform.submit_audit(SHOP, "2.0.0")
    house.platform.plan(Fault("release", "errcode", errcode=errcode))
    house.run()
    release = house.only_release()
    assert (release["state"], release["attempts"], release["errcode"]) == ("pending", 0, errcode)
    assert "2.0.0" in release["reason"]
    for _ in range(10):  # however long it takes
        release = skip_to_due(house, release)
        assert (release["state"], release["attempts"]) == ("pending", 0)
    assert count(house.platform, "release") == 1


def test_a_refusal_from_before_the_younger_submission_does_not_speak_of_it(house):
    house.open_shop()
    house.approve("1.0.0")
    house.platform.plan(Fault("release", "errcode", errcode=85020))
    house.run()
    release = house.only_release()
    assert (release["state"], release["attempts"]) == ("pending", 1)
    house.clock.advance(2)
    house.platform.submit_audit(SHOP, "2.0.0")
    house.clock.advance(10)
    house.run()
    assert count(house.platform, "release") == 2  # WeChat's answer decides


def test_the_younger_audits_approval_serves_the_one_that_waited_for_it(house):
    house.open_shop()
    house.approve("1.0.0")
    house.clock.advance(10)
    house.platform.submit_audit(SHOP, "2.0.0")
    house.run()
    house.clock.advance(100)
    house.push_approval(succeeded_at=house.platform.approve(SHOP))
    house.run()
    newer, older = house.releases()
    assert (newer["state"], older["state"]) == ("released", "superseded")
    assert house.platform.live(SHOP)[0] == "2.0.0"


def test_the_younger_audits_rejection_lets_the_one_that_waited_go_on_at_once(house):
    house.open_shop()
    house.approve("1.0.0")
    house.clock.advance(10)
    house.platform.submit_audit(SHOP, "2.0.0")
    house.run()
    waiting = house.only_release()
    house.clock.advance(100)
    now = int(house.clock())
    house.platform.reject(SHOP, "no")
    house.deliver(pusher.audit_fail(user_name=SHOP_NAME, created_at=now, failed_at=now, reason="no"), SHOP)
    assert waits(house, whole(house, waiting)) == 0
    house.run()
    assert whole(house, waiting)["attempts"] == 1  # from here on its turns count
    failed, _ = walk_to_the_end(house, waiting)
    assert (failed["state"], failed["attempts"], failed["errcode"]) == ("failed", 8, 85020)


# -- policy and people -----------------------------------------------------------------------------------


def test_a_held_approval_waits_for_a_person_and_then_goes_live(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], release["mode"], release["due_at"]) == ("held", "hold", None)
    assert "until a person approves" in release["reason"]
    assert house.api("/status")["held"] == 1
    approved = house.api(f"/releases/{release['id']}/approve", "POST")
    assert (approved["state"], approved["history"][-1]["actor"]) == ("pending", "api")
    house.run()
    assert house.only_release()["state"] == "released"


def test_a_policy_may_hold_one_shop_and_let_the_others_go(build_house):
    house = build_house(f'[authorizers.{CAFE}]\nmode = "hold"\n')
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.approve()
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run()
    states = {release["authorizer_appid"]: release["state"] for release in house.releases()}
    assert states == {SHOP: "released", CAFE: "held"}


def test_a_delay_lets_the_approval_wait_that_long(build_house):
    house = build_house("[default]\ndelay_seconds = 900\n")
    house.open_shop()
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], waits(house, release)) == ("pending", 900)
    assert "waits 900 s" in release["reason"]
    assert skip_to_due(house, release)["state"] == "released"


def test_retry_makes_a_delayed_release_due_now(build_house):
    house = build_house("[default]\ndelay_seconds = 900\n")
    house.open_shop()
    house.approve()
    house.api(f"/releases/{house.only_release()['id']}/retry", "POST")
    house.run()
    assert house.only_release()["state"] == "released"


def test_whoever_would_not_wait_for_a_delay_has_not_approved_what_is_held(build_house):
    more = '[[versions]]\nuser_version = "1.*"\nmode = "hold"\n'
    house = build_house(f"[default]\ndelay_seconds = 900\n{more}")
    house.open_shop()
    house.approve()
    house.run()
    house.api(f"/releases/{house.only_release()['id']}/retry", "POST")
    house.run()
    assert house.only_release()["state"] == "held"
    assert count(house.platform, "release") == 0


def test_a_cancelled_release_stays_cancelled(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.approve(times=2)
    cancelled = house.api(f"/releases/{house.only_release()['id']}/cancel", "POST")
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "an operator cancelled it")
    house.run()
    for act in ("approve", "retry", "cancel"):
        house.api(f"/releases/{cancelled['id']}/{act}", "POST", status=409)
    house.push_approval(succeeded_at=int(seconds(cancelled["approved_at"])))
    house.run()
    assert house.only_release()["state"] == "cancelled"
    assert count(house.platform, "release") == 0


def test_a_pause_stops_releases_and_keeps_every_push(house):
    house.open_shop()
    house.api("/pause", "POST")
    house.approve()
    house.run()
    release = house.only_release()
    assert (release["state"], release["reason"]) == ("pending", "paused by an operator; resume lets it go on")
    assert house.api("/status")["paused"] is True
    assert count(house.platform, "get_latest_auditstatus") == 0
    house.api("/resume", "POST")
    house.run()
    assert house.only_release()["state"] == "released"


def test_a_gray_release_under_way_holds_the_full_one_for_a_person(house):
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.platform.submit_audit(SHOP, "1.1.0")
    house.clock.advance(60)
    succeeded_at = house.platform.approve(SHOP)
    house.platform.start_gray(SHOP, 20)
    house.push_approval(succeeded_at=succeeded_at)
    house.run()
    release = house.releases()[0]
    assert (release["state"], release["due_at"]) == ("held", None)
    assert "gray release is under way (20 %)" in release["reason"]
    assert count(house.platform, "release") == 1
    house.platform.end_gray(SHOP)
    house.api(f"/releases/{release['id']}/approve", "POST")
    house.run()
    assert whole(house, release)["state"] == "released"
    assert house.platform.live(SHOP)[0] == "1.1.0"


# -- who it is for ---------------------------------------------------------------------------------------


def test_an_approval_for_a_shop_not_known_yet_goes_on_once_it_is_authorized(house):
    house.push_ticket()
    house.push_approval()
    assert house.only_release()["state"] == "pending"
    assert "not known yet" in house.only_release()["reason"]
    house.run()
    waiting = house.only_release()
    assert (waiting["state"], waiting["attempts"]) == ("pending", 0)
    assert f"WeChat does not show {SHOP} as authorized (61003" in waiting["reason"]
    house.push_authorized()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.approve(SHOP)
    house.run()
    assert house.only_release()["state"] == "released"


def test_an_approval_for_a_shop_authorized_unseen_goes_on_once_it_is_adopted(house):
    house.push_ticket()
    house.push_approval()
    house.run()
    waiting = house.only_release()
    assert (waiting["state"], waits(house, waiting)) == ("pending", 600)
    house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", exchanged=True)
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.approve(SHOP)
    assert skip_to_due(house, waiting)["state"] == "released"
    shop = authorizer(house)
    assert (shop["nick_name"], shop["state"], shop["can_release"]) == ("Deer Diner", "authorized", True)


def test_an_approval_waits_for_its_unknown_shop_however_long_it_takes(house):
    house.push_approval()
    for _ in range(60):
        house.clock.advance(1800)
        house.push_ticket()
        house.run()
    waiting = house.only_release()
    assert (waiting["state"], waiting["attempts"]) == ("pending", 0)
    assert count(house.platform, "api_get_authorizer_info") < 30  # it is asked less and less often
    house.push_authorized()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.approve(SHOP)
    house.run()
    assert house.only_release()["state"] == "released"


def test_unauthorized_cancels_what_waits(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.approve("1.0.0")
    house.clock.advance(1)
    house.push_unauthorized()
    release = house.only_release()
    assert (release["state"], release["reason"]) == ("cancelled", "the merchant took the authorization back")
    assert authorizer(house)["state"] == "unauthorized"
    house.run()
    assert count(house.platform, "release") == 0


def test_an_approval_that_speaks_of_another_shop_is_misdirected_and_opens_nothing(house):
    house.open_shop()
    before = len(house.platform.calls)
    assert house.push_approval(SHOP, CAFE_NAME).get_data() == b"success"
    house.run()
    assert house.releases() == []
    event = house.api("/events")["items"][0]
    assert (event["verdict"], event["release_id"]) == ("misdirected", None)
    assert event["reason"] == f"it speaks of {CAFE_NAME}, but {SHOP} is {SHOP_NAME}; nothing was released"
    assert names(house.platform, before) == []


def test_an_approval_of_a_known_shop_on_the_path_of_an_unknown_one_is_misdirected(house):
    house.open_shop()
    assert house.push_approval(CAFE, SHOP_NAME).get_data() == b"success"
    house.run()
    assert house.releases() == []
    event = house.api("/events")["items"][0]
    assert (event["verdict"], event["release_id"]) == ("misdirected", None)
    assert event["reason"] == f"it speaks of {SHOP_NAME}, who is {SHOP} and not {CAFE}; nothing was released"


def test_a_misdirected_approval_is_found_before_anything_is_looked_up(house):
    house.push_ticket()
    house.push_approval(SHOP, CAFE_NAME)
    house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner", exchanged=True)
    house.run()
    release = house.only_release()
    assert release["state"] == "cancelled"
    assert f"speaks of {CAFE_NAME}, but {SHOP} is {SHOP_NAME}" in release["reason"]
    assert names(house.platform) == ["api_component_token", "api_get_authorizer_info"]
    event = house.api("/events")["items"][0]
    assert (event["verdict"], event["release_id"]) == ("misdirected", release["id"])

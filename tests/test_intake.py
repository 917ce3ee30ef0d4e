"""The intake: every event once, in whatever order it comes, and nothing asked but the store."""

import pytest
import sqlalchemy as sa
from stories import (
    CAFE,
    CAFE_NAME,
    SHOP,
    SHOP_NAME,
    ask,
    authorizer,
    check_the_end,
    second_push,
    seconds,
    waits,
)

from reactor.simulator import pusher
from reactor.store import component


@pytest.fixture(autouse=True)
def _the_story_ends_well(house):
    yield
    check_the_end(house)


def events(house):
    return house.api("/events")["items"]


def ticket(house, text, created_at):
    return house.deliver(
        pusher.ticket(component_appid=house.platform.component_appid, created_at=created_at, ticket=text)
    )


def stored_ticket(house):
    with house.store.read() as connection:
        row = component.get(connection, house.platform.component_appid)
    return house.store.vault.open(row.ticket_sealed)


# -- nothing but the store -------------------------------------------------------------------------------


def test_no_push_calls_wechat(house):
    house.push_ticket()
    house.push_authorized()
    house.push_approval(times=2)
    house.push_unauthorized()
    assert house.platform.calls == []


def test_what_cannot_be_committed_is_not_acknowledged_and_comes_again(house):
    house.open_shop()
    rename = "ALTER TABLE {} RENAME TO {}"
    with house.store.write() as connection:
        connection.execute(sa.text(rename.format("history", "away")))
    assert house.approve().status_code == 503
    with house.store.write() as connection:
        connection.execute(sa.text(rename.format("away", "history")))
    assert len(events(house)) == 1
    assert house.releases() == []
    assert house.push_approval().get_data() == b"success"
    assert [event["deliveries"] for event in events(house)] == [1, 1]
    house.run()
    assert house.only_release()["state"] == "released"


# -- the same and the different --------------------------------------------------------------------------


def test_an_event_pushed_again_is_counted_on_its_row(house):
    house.push_approval(times=4)
    assert [(event["kind"], event["deliveries"]) for event in events(house)] == [("audit_success", 4)]
    assert house.only_release()["id"] == events(house)[0]["release_id"]


@pytest.mark.parametrize(
    "differs", [{"from_user_name": "oSomebodyElse"}, {"created_at": 1_790_000_001}], ids=["sender", "time"]
)
def test_an_event_that_differs_in_a_field_of_its_identity_is_another(house, differs):
    house.push_approval()
    second_push(house, succeeded_at=int(house.clock()), **{"from_user_name": pusher.SYSTEM_SENDER, **differs})
    assert [event["deliveries"] for event in events(house)] == [1, 1]


def test_the_same_event_on_both_routes_is_one(house):
    house.open_shop()
    house.approve()
    now = int(house.clock())
    message = pusher.audit_success(user_name=SHOP_NAME, created_at=now, succeeded_at=now)
    assert house.deliver(message).get_data() == b"success"
    assert events(house)[0]["deliveries"] == 2
    assert len(house.releases()) == 1
    house.run()


def test_an_approval_on_the_components_route_belongs_to_the_shop_it_names(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    now = int(house.clock())
    house.deliver(pusher.audit_success(user_name=CAFE_NAME, created_at=now, succeeded_at=now))
    assert house.only_release()["authorizer_appid"] == CAFE


def test_an_approval_on_the_components_route_for_nobody_known_opens_nothing(house):
    now = int(house.clock())
    house.deliver(pusher.audit_success(user_name=SHOP_NAME, created_at=now, succeeded_at=now))
    (event,) = events(house)
    assert (event["verdict"], event["authorizer_appid"]) == ("misdirected", None)
    assert event["reason"] == f"no authorizer with the user_name {SHOP_NAME} is known; nothing was released"
    assert house.releases() == []


def test_event_names_are_compared_without_case(house):
    now = int(house.clock())
    message = pusher.audit_success(user_name=SHOP_NAME, created_at=now, succeeded_at=now)
    house.deliver(message.replace(b"weapp_audit_success", b"WeApp_Audit_SUCCESS"), SHOP)
    assert events(house)[0]["kind"] == "audit_success"
    assert house.only_release()["state"] == "pending"


def test_the_moment_of_approval_is_wechats_succ_time_or_else_the_create_time(house):
    now = int(house.clock())
    house.push_approval(succeeded_at=now - 100)
    assert seconds(house.only_release()["approved_at"]) == now - 100
    message = pusher.audit_success(user_name=CAFE_NAME, created_at=now - 7, succeeded_at=now)
    house.deliver(message.replace(f"<SuccTime>{now}</SuccTime>".encode(), b""), CAFE)
    (cafe,) = house.releases(authorizer_appid=CAFE)
    assert seconds(cafe["approved_at"]) == now - 7


def test_a_late_push_is_accepted_and_flagged(house):
    now = int(house.clock())
    message = pusher.audit_success(user_name=SHOP_NAME, created_at=now - 900, succeeded_at=now - 900)
    assert house.deliver(message, SHOP, timestamp=now - 301).get_data() == b"success"
    assert events(house)[0]["stale"] is True
    assert house.only_release()["state"] == "pending"
    house.push_approval(CAFE, CAFE_NAME)
    assert events(house)[0]["stale"] is False


# -- audits that did not pass ----------------------------------------------------------------------------


def test_a_rejected_audit_is_shown_with_wechats_reason_and_opens_nothing(house):
    house.open_shop()
    now = int(house.clock())
    reason = "1:页面内容不符合规则 <b>&"
    house.deliver(
        pusher.audit_fail(user_name=SHOP_NAME, created_at=now, failed_at=now, reason=reason), SHOP, times=2
    )
    event = events(house)[0]
    assert (event["kind"], event["reason"], event["deliveries"]) == ("audit_fail", reason, 2)
    assert (event["verdict"], event["release_id"]) == ("accepted", None)
    assert authorizer(house)["audit_status"] == 1
    assert house.releases() == []


def test_a_delayed_audit_is_shown_with_wechats_reason(house):
    house.open_shop()
    now = int(house.clock())
    house.deliver(
        pusher.audit_delay(user_name=SHOP_NAME, created_at=now, delayed_at=now, reason="a holiday"), SHOP
    )
    assert (events(house)[0]["kind"], events(house)[0]["reason"]) == ("audit_delay", "a holiday")
    assert authorizer(house)["audit_status"] == 4


def test_a_misdirected_result_does_not_touch_the_shop_of_the_path(house):
    house.open_shop()
    now = int(house.clock())
    house.deliver(pusher.audit_fail(user_name=CAFE_NAME, created_at=now, failed_at=now, reason="no"), SHOP)
    assert events(house)[0]["verdict"] == "misdirected"
    assert authorizer(house)["audit_status"] is None


# -- tickets ---------------------------------------------------------------------------------------------


def test_the_youngest_ticket_is_kept_whatever_comes_after_it(house):
    now = int(house.clock())
    ticket(house, "ticket@@@young", now)
    ticket(house, "ticket@@@old", now - 600)
    assert stored_ticket(house) == "ticket@@@young"
    ticket(house, "ticket@@@younger", now + 600)
    assert stored_ticket(house) == "ticket@@@younger"
    assert events(house) == []


def test_the_status_tells_the_age_of_the_ticket(house):
    assert house.api("/status")["ticket_age_seconds"] is None
    ticket(house, "ticket@@@1", int(house.clock()))
    house.clock.advance(700)
    assert house.api("/status")["ticket_age_seconds"] == 700


# -- authorizations in any order -------------------------------------------------------------------------


def test_an_older_unauthorized_that_comes_late_ends_nothing(house):
    message = pusher.unauthorized(
        component_appid=house.platform.component_appid,
        created_at=int(house.clock()) - 10,
        authorizer_appid=SHOP,
    )
    house.open_shop()
    house.approve()
    house.deliver(message)
    assert house.only_release()["state"] == "pending"
    house.run()
    assert (house.only_release()["state"], authorizer(house)["state"]) == ("released", "authorized")


def test_an_older_authorized_that_comes_late_brings_nothing_back(house):
    house.open_shop()
    house.clock.advance(10)
    code = house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
    house.clock.advance(10)
    house.push_unauthorized()
    house.deliver(
        pusher.authorized(
            component_appid=house.platform.component_appid,
            created_at=int(house.clock()) - 10,
            authorizer_appid=SHOP,
            authorization_code=code,
        )
    )
    assert authorizer(house)["state"] == "unauthorized"
    assert house.run() == 0


def test_unauthorized_of_a_shop_never_seen_is_recorded(house):
    house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
    assert house.push_unauthorized().get_data() == b"success"
    assert authorizer(house)["state"] == "unauthorized"
    assert events(house)[0]["kind"] == "unauthorized"


def test_unauthorized_cancels_held_pending_and_failed_releases_with_the_reason(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    house.push_approval()
    house.api(f"/releases/{house.only_release()['id']}/approve", "POST")
    house.run()
    assert house.only_release()["state"] == "failed"
    second_push(house, succeeded_at=int(house.clock()))
    second_push(house, succeeded_at=int(house.clock()), from_user_name="oThird")
    house.api(f"/releases/{house.releases()[0]['id']}/approve", "POST")
    assert [release["state"] for release in house.releases()] == ["pending", "held", "failed"]
    house.push_unauthorized()
    for release in house.releases():
        assert release["state"] == "cancelled"
        assert release["reason"] == "the merchant took the authorization back"


# -- what asks for nothing, and what nobody can read -----------------------------------------------------


def test_customers_messages_are_counted_and_not_stored_one_by_one(house):
    message = pusher.text(user_name=SHOP_NAME, created_at=int(house.clock()), content="hello")
    for _ in range(3):
        assert house.deliver(message, SHOP).get_data() == b"success"
    house.tally.flush()
    house.deliver(message, SHOP)
    house.tally.flush()
    assert events(house) == []
    pushes = "SELECT labels, value FROM numbers WHERE name = 'pushes'"
    assert ask(house, pushes) == [('["text"]', 4.0)]


def test_a_verified_push_that_nobody_can_read_is_kept_once_with_the_reason(house):
    for _ in range(2):
        assert house.deliver(b"<xml><a>1</b></xml>", SHOP).get_data() == b"success"
    (event,) = events(house)
    assert (event["kind"], event["verdict"], event["deliveries"]) == ("unreadable", "unreadable", 2)
    assert event["reason"]
    assert event["authorizer_appid"] == SHOP


# -- waiting ---------------------------------------------------------------------------------------------


def test_an_approval_is_due_at_once_unless_the_policy_says_otherwise(build_house):
    house = build_house(f"[authorizers.{CAFE}]\ndelay_seconds = 60\n")
    house.push_approval()
    house.push_approval(CAFE, CAFE_NAME)
    cafe, shop = house.releases()
    assert (waits(house, shop), waits(house, cafe)) == (0, 60)

"""What the web wants of the worker: done once, after a death again, beside the pushes of the same things."""

import json

import pytest
from invited import PUBLIC, authorize_at_wechat, get, invitations, invite, links_on, path, show
from known import COMPONENT, SHOP, SHOP_NAME
from stories import ask, authorizer, check_the_end, count, held

from reactor.core.policy import Pace
from reactor.invitations import Stage
from reactor.simulator import pusher
from reactor.simulator.faults import Fault
from reactor.store import errands, moments

ACCOUNT, ACCOUNT_NAME = "wx570bc396a51b8ff8", "gh_3c884a361561"


@pytest.fixture
def house(build_house):
    house = build_house(REACTOR_PUBLIC_URL=PUBLIC)
    house.push_ticket()
    yield house
    check_the_end(house)


@pytest.fixture
def invited(house):
    """An invitation whose links are there."""
    invited = invite(house)
    house.run()
    return invited


def push(house, code, appid=SHOP):
    return house.deliver(
        pusher.authorized(
            component_appid=COMPONENT,
            created_at=int(house.clock()),
            authorizer_appid=appid,
            authorization_code=code,
        )
    )


def stage(house, invited):
    return invitations(house).see(invited.nonce).stage


# -- the push and the way back tell of one authorization -------------------------------------------------


def test_the_push_first_the_page_tells_what_came_of_it(house, invited):
    code, address = authorize_at_wechat(house, invited)
    push(house, code)
    house.run()
    get(house, address)
    assert stage(house, invited) is Stage.AUTHORIZED
    assert house.run() == 0
    assert count(house.platform, "api_query_auth") == 1


def test_both_at_once_the_code_is_used_once(house, invited):
    code, address = authorize_at_wechat(house, invited)
    push(house, code)
    get(house, address)
    assert stage(house, invited) is Stage.EXCHANGING
    house.run()
    assert stage(house, invited) is Stage.AUTHORIZED
    assert count(house.platform, "api_query_auth") == 1


def test_the_way_back_first_the_push_changes_nothing(house, invited):
    code, address = authorize_at_wechat(house, invited)
    get(house, address)
    house.run()
    push(house, code)
    assert stage(house, invited) is Stage.EXCHANGING
    house.run()
    assert stage(house, invited) is Stage.AUTHORIZED
    assert authorizer(house)["state"] == "authorized"
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"


def test_the_push_in_the_middle_of_the_exchange_loses_nothing(house, invited):
    code, address = authorize_at_wechat(house, invited)
    get(house, address)
    with held(house, "api_query_auth", "hold_after"):
        push(house, code)
        house.run()
    house.run()
    assert stage(house, invited) is Stage.AUTHORIZED
    assert authorizer(house)["state"] == "authorized"


def test_a_code_that_a_lost_answer_used_up_is_known_again_by_its_push(house, invited):
    code, address = authorize_at_wechat(house, invited)
    house.platform.plan(Fault("api_query_auth", "reset_after"))
    get(house, address)
    house.run()
    assert stage(house, invited) is Stage.EXCHANGING
    push(house, code)
    house.run_for(5)
    assert authorizer(house)["state"] == "authorized"
    assert stage(house, invited) is Stage.AUTHORIZED


def test_unauthorized_in_the_middle_of_the_exchange_has_the_last_word(house, invited):
    _, address = authorize_at_wechat(house, invited)
    get(house, address)
    with held(house, "api_query_auth", "hold_after"):
        house.clock.advance(1)
        house.push_unauthorized()
    house.run()
    assert authorizer(house)["state"] == "unauthorized"
    assert stage(house, invited) is Stage.FAILED
    assert ask(house, "SELECT 1 FROM authorizers WHERE refresh_token_sealed IS NOT NULL") == []


def test_a_merchant_who_left_and_came_back_by_the_page_is_authorized_again(house, invited):
    house.push_authorized()
    house.run()
    house.clock.advance(5)
    house.push_unauthorized()
    house.clock.advance(5)
    _, address = authorize_at_wechat(house, invited)
    get(house, address)
    house.run()
    assert authorizer(house)["state"] == "authorized"
    assert stage(house, invited) is Stage.AUTHORIZED


def test_an_unauthorized_that_comes_after_the_page_is_believed_whatever_our_clock_says(house, invited):
    _, address = authorize_at_wechat(house, invited)
    get(house, address)
    house.run()
    house.platform.unauthorize(SHOP)
    house.deliver(
        pusher.unauthorized(
            component_appid=COMPONENT, created_at=int(house.clock()) - 30, authorizer_appid=SHOP
        )
    )
    assert authorizer(house)["state"] == "unauthorized"


def test_an_approval_that_waited_for_its_merchant_goes_on_after_the_page(house, invited):
    house.push_approval()
    house.run()
    assert house.only_release()["state"] == "pending"
    house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.approve(SHOP)
    _, address = authorize_at_wechat(house, invited)
    get(house, address)
    house.run()
    assert house.only_release()["state"] == "released"


# -- dying and waiting -----------------------------------------------------------------------------------


def test_what_a_dead_worker_had_taken_is_done_by_another_within_half_a_minute(house):
    invited = invite(house)
    now = house.clock()
    with house.store.write() as connection:
        assert errands.claim(connection, holder="dead", now=now, lease_until=now + 20)
    assert house.run() == 0
    house.clock.advance(21)
    house.run()
    assert stage(house, invited) is Stage.READY


def test_a_worker_that_ends_hands_over_what_it_has_not_finished(house):
    invited = invite(house)
    with held(house, "api_create_preauthcode", "hold_before", run=house.worker.step):
        house.worker.stop(timeout=0.1)
        with house.store.read() as connection:
            assert moments.look(connection, Pace(), now=house.clock()).errand <= house.clock()
    assert stage(house, invited) is Stage.READY


def test_a_heartbeat_keeps_an_errand_that_takes_long(house):
    invite(house)
    with held(house, "api_create_preauthcode", "hold_before", run=house.worker.step):
        house.clock.advance(15)
        house.worker.beat()
        with house.store.read() as connection:
            assert moments.look(connection, Pace(), now=house.clock()).errand == house.clock() + 20
    house.run()


def test_dying_between_the_tokens_and_the_end_loses_nothing(house, invited):
    _, address = authorize_at_wechat(house, invited)
    get(house, address)
    house.platform.plan(Fault("api_get_authorizer_info", "timeout_after", seconds=2))
    house.run()
    assert authorizer(house)["state"] == "authorized"
    assert stage(house, invited) is Stage.AUTHORIZED


def test_a_clock_set_back_holds_no_errand_up(house):
    house.platform.plan(Fault("api_create_preauthcode", "errcode", errcode=-1))
    house.clock.advance(7200)
    house.push_ticket()
    house.worker.beat()
    invited = invite(house)
    house.run()
    house.clock.advance(-7200)
    house.worker.beat()
    house.run()
    assert stage(house, invited) is Stage.READY


def test_a_day_without_wechat_ends_the_waiting(build_house):
    house = build_house(REACTOR_PUBLIC_URL=PUBLIC)
    invited = invite(house)
    house.run()
    assert stage(house, invited) is Stage.PREPARING
    house.clock.advance(86401)
    house.run()
    assert stage(house, invited) is Stage.FAILED
    assert ask(house, "SELECT 1 FROM errands") == []


def test_a_release_does_not_wait_for_all_errands_that_are_due(house):
    house.open_shop()
    for _ in range(6):
        invite(house)
    house.approve()
    for _ in range(3):
        assert house.worker.step()
    assert house.only_release()["state"] == "released"
    (left,) = ask(house, "SELECT count(*) FROM errands")
    assert left[0] >= 4
    house.run()
    assert ask(house, "SELECT 1 FROM errands") == []


def test_a_younger_code_of_one_invitation_takes_the_older_ones_place(house, invited):
    _, older = authorize_at_wechat(house, invited)
    house.platform.unauthorize(SHOP)
    _, younger = authorize_at_wechat(house, invited)
    get(house, older)
    get(house, younger)
    house.run()
    assert stage(house, invited) is Stage.AUTHORIZED
    assert count(house.platform, "api_query_auth") == 1


def test_a_code_that_comes_while_the_older_is_exchanged_is_exchanged_too(house, invited):
    get(house, f"{path(invited)}/back?auth_code=queryauthcode@@@of-nobody")
    _, address = authorize_at_wechat(house, invited)
    with held(house, "api_query_auth", "hold_after"):
        get(house, address)
    house.run()
    assert stage(house, invited) is Stage.AUTHORIZED
    assert count(house.platform, "api_query_auth") == 2


# -- the examiner ----------------------------------------------------------------------------------------


def ask_for_a_message(house, code):
    message = pusher.text(
        user_name=ACCOUNT_NAME,
        created_at=int(house.clock()),
        content=f"QUERY_AUTH_CODE:{code}",
        from_user_name="oExaminer",
    )
    return house.deliver(message, ACCOUNT)


def new_account(house):
    return house.platform.authorize(
        ACCOUNT, user_name=ACCOUNT_NAME, nick_name="test", func_ids=(1,), mini_program=False
    )


def test_the_examiners_code_is_answered_with_nothing_and_then_with_a_message(house):
    code = new_account(house)
    answer = ask_for_a_message(house, code)
    assert (answer.status_code, answer.get_data()) == (200, b"")
    assert house.platform.messages == []
    house.run()
    (message,) = house.platform.messages
    assert (message.authorizer_appid, message.touser) == (ACCOUNT, "oExaminer")
    assert message.content == f"{code}_from_api"
    assert ask(house, "SELECT 1 FROM errands") == []


def test_a_lost_answer_to_the_exchange_does_not_lose_the_message(house):
    code = new_account(house)
    house.platform.plan(Fault("send", "errcode", errcode=-1))
    ask_for_a_message(house, code)
    house.run_for(5)
    assert [message.content for message in house.platform.messages] == [f"{code}_from_api"]
    assert count(house.platform, "api_query_auth") == 2  # the second time it is used up, and its token kept


def test_an_examiner_with_a_made_up_code_gets_no_message_and_nothing_is_left(house):
    ask_for_a_message(house, "queryauthcode@@@made-up")
    house.run()
    house.clock.advance(86401)
    house.run()
    assert house.platform.messages == []
    assert ask(house, "SELECT 1 FROM errands") == []


def test_a_customer_of_a_merchant_who_writes_the_same_gets_nothing(house):
    house.push_authorized()
    house.run()
    for content in ("TESTCOMPONENT_MSG_TYPE_TEXT", "QUERY_AUTH_CODE:queryauthcode@@@abc"):
        message = pusher.text(user_name=SHOP_NAME, created_at=int(house.clock()), content=content)
        answer = house.deliver(message, SHOP)
        assert answer.get_data() == b"success"
    assert ask(house, "SELECT 1 FROM errands") == []


def test_a_code_of_the_examiners_is_sealed_while_it_waits(house):
    code = new_account(house)
    ask_for_a_message(house, code)
    ((kind, payload),) = ask(house, "SELECT kind, payload_sealed FROM errands")
    assert kind == "exam"
    assert code not in payload
    assert json.loads(house.store.vault.open(payload))["code"] == code
    house.run()


def test_a_store_that_cannot_commit_makes_wechat_ask_again(house):
    code = new_account(house)
    with house.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE errands RENAME TO errands_away")
    assert ask_for_a_message(house, code).status_code == 503
    with house.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE errands_away RENAME TO errands")
    assert ask_for_a_message(house, code).status_code == 200
    house.run()
    assert len(house.platform.messages) == 1


def test_links_of_an_invitation_are_of_the_page_alone(house, invited):
    assert links_on(get(house, path(invited)))
    assert not links_on(get(house, "/authorize/another"))
    assert "Connect your mini program" in show(house, invited)

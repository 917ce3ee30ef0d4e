"""From what happened to what people read: noted with its cause, folded, sent, and never in the way."""

import json
import logging
import threading
import time

import pytest
import sqlalchemy as sa
from known import COMPONENT, SHOP, SHOP_NAME
from receiver import http, receiving
from stories import CAFE, CAFE_NAME, ask, edit

from reactor.notify import Outside
from reactor.post import LONGEST_WAIT_SECONDS
from reactor.simulator import pusher
from reactor.simulator.faults import Fault
from reactor.store.messages import LEASE_SECONDS

BOT = "wecom://canary-key-of-a-bot"
SECOND = "slack://T1/B1/canary"
URL = "https://reactor.example"


@pytest.fixture
def receiver(tmp_path):
    with receiving(tmp_path) as receiver:
        yield receiver


@pytest.fixture
def build_telling(build_house, receiver):
    def build(policy="", channels=BOT, **more):
        more = {"REACTOR_PUBLIC_URL": URL, "REACTOR_NOTIFY": channels, **more}
        return build_house(policy, outside=more.pop("outside", receiver.outside), **more)

    return build


@pytest.fixture
def house(build_telling):
    return build_telling()


def post(house, seconds=1.0):
    """Let a little time pass, and do what the post has to do."""
    house.clock.advance(seconds)
    return house.worker.post.run_due()


def heard(receiver):
    """The texts that arrived, without their links."""
    bodies = [request.json for request in receiver.requests]
    texts = [body["text"] if isinstance(body["text"], str) else body["text"]["content"] for body in bodies]
    return [text.split("\n")[0] for text in texts]


def push_bad_news(house, kind="audit_fail", reason="1:服务类目<br>", appid=SHOP, user_name=SHOP_NAME):
    now = int(house.clock())
    happened = {"failed_at": now} if kind == "audit_fail" else {"delayed_at": now}
    message = getattr(pusher, kind)(user_name=user_name, created_at=now, reason=reason, **happened)
    return house.deliver(message, appid)


# -- what is told ------------------------------------------------------------------------------------------


def test_an_approval_that_went_live_is_told_with_a_link(house, receiver):
    house.open_shop()
    house.approve("2.3.1")
    house.run()
    post(house)
    (request,) = receiver.requests
    text = request.json["text"]["content"]
    assert text.startswith("✅ Deer Diner 2.3.1 is live · ")
    assert text.endswith(f"\n{URL}/ops/releases/{house.only_release()['id']}")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("audit_fail", "❌ Deer Diner was rejected · reason: 1:服务类目"),
        ("audit_delay", "⏳ Deer Diner: the audit takes longer than usual · reason: 1:服务类目"),
    ],
)
def test_a_rejection_and_a_delay_are_told_with_the_reason_once_however_often_they_are_pushed(
    house, receiver, kind, told
):
    house.open_shop()
    for _ in range(3):
        push_bad_news(house, kind)
    post(house)
    assert heard(receiver) == [told]


def test_a_rejection_whose_push_never_came_is_told_when_the_sweep_finds_it(house, receiver):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.keep_up(2)
    house.platform.reject(SHOP, "a broken link")
    house.clock.advance(700)
    house.push_ticket()
    house.keep_up(2)
    push_bad_news(house, reason="a broken link")  # after all
    post(house)
    assert heard(receiver) == ["❌ Deer Diner was rejected · reason: a broken link"]


def test_what_the_policy_holds_is_told(build_telling, receiver):
    house = build_telling('[default]\nmode = "hold"\n')
    house.open_shop()
    house.approve()
    post(house)
    (told,) = heard(receiver)
    assert told == (
        "⏸ Deer Diner is approved and waits for a person · "
        "reason: the policy holds it until a person approves"
    )


def test_what_a_person_must_look_at_is_told(house, receiver):
    house.open_shop()
    house.platform.plan(Fault("release", "errcode", errcode=48004))
    house.approve()
    house.run()
    post(house)
    (told,) = heard(receiver)
    assert told.startswith(
        "⚠️ Deer Diner 1.0.0 was not released, a person must look · reason: release answered"
    )


def test_calls_that_stop_and_flow_again_are_told_once_each(house, receiver):
    house.open_shop()
    house.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=61004, times=3))
    house.approve()
    house.run_for(150, step=10)
    assert house.only_release()["state"] == "pending"
    post(house)
    house.run_for(200, step=10)
    assert house.only_release()["state"] == "released"
    post(house)
    assert sorted(text.split(" · ")[0] for text in heard(receiver)) == [
        "✅ Calls to WeChat flow again",
        "✅ Deer Diner 1.0.0 is live",
        "🚫 All calls to WeChat are stopped",
    ]


def test_a_lost_authorization_is_told_once(house, receiver):
    house.open_shop()
    house.platform.plan(Fault("get_latest_auditstatus", "errcode", errcode=61003, times=2))
    house.approve()
    house.run()
    house.clock.advance(60)
    edit(house, "UPDATE authorizers SET state = 'authorized'")
    house.approve("2.0.0")
    house.run()
    post(house)
    told = [text for text in heard(receiver) if text.startswith("🔑")]
    assert len(told) == 1
    assert told[0].startswith("🔑 Deer Diner needs its merchant to authorize again · reason: ")


def test_a_ticket_that_stays_away_is_told_as_it_ages_and_when_it_is_back(house, receiver):
    house.push_ticket()
    for seconds in (1790, 9, 5399, 32399):
        house.clock.advance(seconds)
        while house.worker.upkeep.step():
            pass
        post(house)
    house.push_ticket()
    while house.worker.upkeep.step():
        pass
    post(house)
    told = [text.split(" · ")[0] for text in heard(receiver)]
    assert told == [
        "🔑 No ticket from WeChat for 30 min",
        "🔑 No ticket from WeChat for 2 h",
        "🔑 No ticket from WeChat for 11 h",
        "✅ The ticket from WeChat is back",
    ]


def test_messages_speak_the_language_of_the_house(build_telling, receiver):
    house = build_telling(REACTOR_LANG="zh")
    house.open_shop()
    house.approve("2.3.1")
    house.run()
    post(house)
    assert heard(receiver)[0].startswith("✅ Deer Diner 2.3.1 已上线 · ")


def test_a_push_that_went_astray_is_no_news(house, receiver):
    house.open_shop()
    push_bad_news(house, user_name="gh_somebody_else")
    post(house)
    assert heard(receiver) == []


def test_without_channels_nothing_is_written(build_house):
    house = build_house('[default]\nmode = "hold"\n')
    house.open_shop()
    push_bad_news(house)
    house.approve()
    house.clock.advance(5000)
    house.keep_up(2)
    assert ask(house, "SELECT count(*) FROM notices") == [(0,)]
    assert ask(house, "SELECT ticket_told_at FROM component") == [(None,)]
    assert house.worker.post.run_due() == 0
    assert house.worker.post.duties == ()


def test_a_notice_is_kept_with_its_cause_or_not_at_all(house):
    house.open_shop()
    with pytest.raises(KeyboardInterrupt), dying_at_commit(house, 1):
        push_bad_news(house)
    assert ask(house, "SELECT count(*) FROM notices") == [(0,)]
    push_bad_news(house)
    assert ask(house, "SELECT kind FROM notices") == [("rejected",)]


# -- waves -------------------------------------------------------------------------------------------------


def test_a_wave_becomes_one_message(house, receiver):
    house.push_ticket()
    shops = [(f"wx{number:016x}", f"gh_{number:012x}") for number in range(1, 13)]
    for appid, user_name in shops:
        house.push_authorized(appid, user_name)
    house.run()
    for appid, user_name in shops:
        house.platform.submit_audit(appid, "1.0.0")
        house.push_approval(appid, user_name, succeeded_at=house.platform.approve(appid))
    house.run_for(10)
    post(house)
    assert heard(receiver) == []
    post(house, 60)
    assert heard(receiver) == ["✅ 12 versions are live"]
    assert post(house, 60) == 0


def test_two_processes_fold_a_wave_once(build_telling, receiver):
    first, second = build_telling(), build_telling()
    first.open_shop()
    for number in range(3):
        push_bad_news(first, reason=f"number {number}")
        first.clock.advance(1)
    for _ in range(3):
        post(first)
        second.worker.post.run_due()
    assert sorted(heard(receiver)) == [
        f"❌ Deer Diner was rejected · reason: number {one}" for one in range(3)
    ]


# -- sending -----------------------------------------------------------------------------------------------


def rejected(house, reason="why"):
    """One message, waiting to be sent."""
    house.open_shop()
    push_bad_news(house, reason=reason)
    house.clock.advance(1)
    folding, *carriers = house.worker.post.duties
    assert folding.step()
    return carriers


def rows(house):
    return ask(house, "SELECT turns, due_at IS NULL, sent_at IS NOT NULL, reason FROM messages ORDER BY id")


def test_a_message_that_does_not_arrive_is_tried_five_times_and_given_up(house, receiver, caplog):
    receiver.answers = [http(b"", status="503 Service Unavailable")]
    rejected(house)
    tried = []
    for _ in range(200):
        before = len(receiver.requests)
        post(house, 60)
        tried += [house.clock()] * (len(receiver.requests) - before)
    assert len(tried) == 5
    assert rows(house) == [(5, True, False, "the answer was HTTP 503")]
    assert "given up" in caplog.text
    assert "canary" not in caplog.text


def test_a_message_arrives_once_the_far_end_is_well_again(house, receiver):
    receiver.answers = [http(b"", status="500 Oops"), http(b"nonsense"), http({"errcode": 0})]
    rejected(house)
    post(house, 0)
    post(house, 10)
    post(house, 100)
    assert len(receiver.requests) == 3
    assert rows(house) == [(3, True, True, None)]
    assert post(house, 10_000) == 0


def test_what_would_be_refused_again_is_given_up_at_once_and_the_next_is_tried(house, receiver):
    receiver.answers = [http({"errcode": 93000, "errmsg": "invalid"}), http({"errcode": 0})]
    rejected(house)
    push_bad_news(house, reason="another")
    post(house)
    post(house, 10_000)
    assert [(row[0], row[2]) for row in rows(house)] == [(1, False), (1, True)]


def test_a_channel_that_is_gone_gets_nothing_more(build_telling, receiver):
    house = build_telling(channels=SECOND)
    receiver.answers = [http(b"channel_is_archived", status="410 Gone")]
    rejected(house)
    push_bad_news(house, reason="another")
    post(house)
    post(house, 10_000)
    assert len(receiver.requests) == 1
    assert "is gone" in rows(house)[1][3]


def test_a_sick_channel_keeps_no_other_waiting(build_telling, receiver):
    house = build_telling(channels=f"{BOT} {SECOND}")
    receiver.answers = [http(b"", status="500 Oops"), http(b"ok")]
    rejected(house)
    post(house, 0)
    hosts = [request.host for request in receiver.requests]
    assert hosts == ["qyapi.weixin.qq.com", "hooks.slack.com"]
    assert [row[2] for row in rows(house)] == [False, True]


def test_a_message_of_a_dead_process_is_taken_over(build_telling, receiver):
    house = build_telling()
    (carrier,) = rejected(house)
    edit(house, f"UPDATE messages SET turns = 1, due_at = {house.clock() + LEASE_SECONDS}")
    assert not carrier.step()
    house.clock.advance(LEASE_SECONDS)
    assert carrier.step()
    assert heard(receiver) == ["❌ Deer Diner was rejected · reason: why"]


def test_of_two_processes_one_sends(build_telling, receiver):
    first, second = build_telling(), build_telling()
    (carrier,) = rejected(first)
    beside = second.worker.post.duties[1]

    def slowly(line):
        assert not beside.step()
        line.sendall(http({"errcode": 0}))

    receiver.answers = [slowly]
    assert carrier.step()
    assert not beside.step()
    assert len(receiver.requests) == 1


def test_a_message_that_kills_whoever_sends_it_is_given_up(house, receiver):
    (carrier,) = rejected(house)
    edit(house, "UPDATE messages SET turns = 5")
    assert carrier.step()
    assert receiver.requests == []
    assert rows(house)[0][1:3] == (True, False)


def test_what_waits_for_a_channel_that_is_configured_no_more_is_given_up(build_telling, receiver):
    house = build_telling(channels=f"{BOT} {SECOND}")
    rejected(house)
    other = build_telling()
    other.worker.post.run_due()
    assert [request.host for request in receiver.requests] == ["qyapi.weixin.qq.com"]
    assert "not among those of REACTOR_NOTIFY" in rows(house)[1][3]


def test_a_time_written_by_a_clock_that_was_ahead_is_not_waited_for(house, receiver):
    (carrier,) = rejected(house)
    edit(house, f"UPDATE messages SET due_at = {house.clock() + LONGEST_WAIT_SECONDS + 1}")
    assert carrier.step()
    assert len(receiver.requests) == 1


def test_the_id_of_a_webhook_stays_the_same_from_try_to_try(build_telling, receiver):
    secret = "whsec_" + "A" * 32
    house = build_telling(channels=f"webhook+https://hooks.example/in?secret={secret}")
    receiver.answers = [http(b"", status="500 Oops"), http(b"")]
    rejected(house)
    post(house, 0)
    post(house, 10)
    first, second = (request.headers for request in receiver.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] < second["webhook-timestamp"]
    assert first["webhook-signature"] != second["webhook-signature"]


# -- not in the way ----------------------------------------------------------------------------------------


def test_a_release_does_not_wait_for_a_message_that_hangs(build_telling):
    hangs = threading.Event()

    def dial(*_):
        assert hangs.wait(20)
        raise OSError(110, "timed out")

    house = build_telling(outside=Outside(resolve=lambda *_: ["93.184.216.34"], dial=dial))
    house.open_shop()
    push_bad_news(house)
    house.clock.advance(1)
    house.worker.start()
    try:
        wait_until(lambda: ask(house, "SELECT 1 FROM messages WHERE turns = 1"))
        house.approve("1.0.0")
        house.worker.wake()
        wait_until(lambda: house.only_release()["state"] == "released")
        assert ask(house, "SELECT turns, sent_at FROM messages") == [(1, None)]
    finally:
        hangs.set()
        house.worker.stop()


def wait_until(is_so, seconds=15):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_worker_sends_by_itself(house, receiver):
    house.open_shop()
    house.approve()
    house.worker.start()
    try:
        wait_until(lambda: receiver.requests)
    finally:
        house.worker.stop()
    assert heard(receiver)[0].startswith("✅ Deer Diner 1.0.0 is live")


def test_whoever_works_once_sends_what_is_due_as_well(house, receiver):
    house.open_shop()
    house.approve()
    house.worker.run_all_due()
    assert heard(receiver)[0].startswith("✅ Deer Diner 1.0.0 is live")


# -- its own story -----------------------------------------------------------------------------------------


def test_what_was_told_leaves_after_the_retention_and_what_waits_stays(build_telling, receiver):
    house = build_telling("[retention]\ndays = 1\n")
    rejected(house)
    post(house, 0)
    house.clock.advance(2 * 86400)
    house.push_ticket()
    push_bad_news(house, reason="fresh")
    edit(
        house,
        "INSERT INTO messages (channel, body, created_at, due_at) VALUES ('wecom', '{}', 0, 99999999999)",
    )
    house.keep_up(10, step=2.1)
    assert ask(house, "SELECT detail FROM notices") == [("fresh",)]
    assert ask(house, "SELECT created_at FROM messages") == [(0.0,)]


def test_no_secret_of_a_channel_reaches_the_store_or_the_log(build_telling, receiver, caplog):
    caplog.set_level(logging.DEBUG)
    channels = f"{BOT} {SECOND} smtp://canary:canary@localhost:1/?from=a@b.example&to=c@d.example"
    house = build_telling(channels=channels)
    receiver.answers = [http(b"", status="500 Oops")]
    rejected(house)
    post(house, 0)
    stored = [ask(house, f"SELECT * FROM {table}") for table in ("messages", "notices")]
    assert len(rows(house)) == 3
    shown = f"{stored} {caplog.text} {house.settings!r} {house.worker.post.duties!r}"
    assert "canary" not in shown


def test_messages_of_a_cafe_and_a_shop_are_two(house, receiver):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME, nick_name="Café")
    push_bad_news(house)
    push_bad_news(house, appid=CAFE, user_name=CAFE_NAME)
    post(house)
    assert {text.split(" was")[0] for text in heard(receiver)} == {"❌ Deer Diner", "❌ Café"}


# -- deaths ------------------------------------------------------------------------------------------------


class dying_at_commit:  # noqa: N801 - reads as what it does
    """A death at the so many-th commit, before it happens."""

    def __init__(self, house, number):
        self.engine, self.left = house.store._engine, number

    def __enter__(self):
        sa.event.listen(self.engine, "commit", self._commit)

    def _commit(self, _connection):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def __exit__(self, *_):
        sa.event.remove(self.engine, "commit", self._commit)


@pytest.mark.parametrize("number", range(1, 5))
def test_whoever_dies_at_a_commit_of_the_post_leaves_it_to_the_next(build_telling, receiver, number):
    house = build_telling()
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.clock.advance(1)
    house.worker.post.duties[0].step()  # whose first step clears up
    edit(house, "UPDATE notices SET told_at = NULL")
    edit(house, "DELETE FROM messages")
    house.clock.advance(2)
    died = False
    with dying_at_commit(house, number):
        try:
            house.worker.post.run_due()
        except KeyboardInterrupt:
            died = True
    assert died == (number <= 3)  # folded, claimed, marked
    other = build_telling()
    other.clock.advance(LEASE_SECONDS + 1)
    other.worker.post.run_due()
    texts = heard(receiver)
    assert set(texts) == {texts[0]}
    assert len(texts) == (2 if number == 3 else 1)  # who dies before the mark has it sent twice
    assert rows(other)[-1][1:3] == (True, True)
    assert house.only_release()["state"] == "released"
    assert len(house.platform.effective_releases(SHOP)) == 1


def test_the_tables_hold_what_they_should(house, receiver):
    rejected(house)
    (body,) = [json.loads(body) for (body,) in ask(house, "SELECT body FROM messages")]
    assert body["type"] == "audit.rejected"
    assert body["items"][0]["authorizer_appid"] == SHOP
    assert COMPONENT not in str(body)

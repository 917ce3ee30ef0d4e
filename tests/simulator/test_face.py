"""The small WeChat's HTTP face: keep-alive, what goes wrong on the way, and the gestures by hand."""

import socket
import threading
import time

import pytest
import requests

from reactor.simulator.face import serve
from reactor.simulator.faults import Fault, Hold
from reactor.simulator.platform import Platform

COMPONENT = "wx00000000000000c0"
SECRET = "component-secret"
APPID = "wx0123456789abcdef"
OTHER = "wx00000000000000b1"


class World:
    """Two mini programs with an approved version each, and a caller that may release them."""

    def __init__(self, face, session):
        self.face, self.platform, self.session = face, face.platform, session
        self.tokens = {}
        for appid in (APPID, OTHER):
            self.platform.authorize(appid, user_name=f"gh_{appid[2:14]}", nick_name="Tea")
            self.platform.submit_audit(appid, "1.0.0")
            self.platform.approve(appid)
            self.tokens[appid] = self.platform.credentials.issue_token(appid)

    def release(self, appid=APPID, timeout=5.0):
        return self.session.post(
            f"{self.face.url}/wxa/release",
            params={"access_token": self.tokens[appid]},
            data="{}",
            timeout=timeout,
        )

    def gesture(self, name, **fields):
        return self.session.post(f"{self.face.url}/_simulator/{name}", json=fields, timeout=5)

    def live(self, appid=APPID):
        return self.platform.live(appid) is not None

    def last(self):
        call = self.platform.calls[-1]
        return call.errcode, call.effective, call.fault


@pytest.fixture
def world():
    platform = Platform(component_appid=COMPONENT, component_appsecret=SECRET)
    with serve(platform) as face, requests.Session() as session:
        session.trust_env = False
        yield World(face, session)


def in_background(action):
    """Run an action beside the test; gives the thread and a list that will hold what came of it."""
    outcome = []

    def run():
        try:
            outcome.append(action().json())
        except requests.RequestException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


# Faults


def test_a_planned_errcode_comes_instead_of_the_effect(world):
    world.platform.plan(Fault("release", "errcode", errcode=-1))
    answer = world.release().json()
    assert answer["errcode"] == -1
    assert answer["errmsg"].startswith("system error rid: ")
    assert not world.live()
    assert world.last() == (-1, False, "errcode")
    assert world.release().json()["errcode"] == 0


def test_a_planned_errcode_may_hide_the_effect(world):
    world.platform.plan(Fault("release", "errcode_after", errcode=-1))
    assert world.release().json()["errcode"] == -1
    assert world.live()
    assert world.last() == (0, True, "errcode_after")


def test_a_code_that_nobody_knows_can_be_planned(world):
    world.platform.plan(Fault("release", "errcode", errcode=9999999))
    assert world.release().json()["errmsg"].startswith("unexpected error rid: ")


def test_a_delay_comes_before_the_usual_answer(world):
    world.platform.plan(Fault("release", "delay", seconds=0.2))
    begun = time.monotonic()
    assert world.release().json()["errcode"] == 0
    assert time.monotonic() - begun >= 0.2
    assert world.last() == (0, True, "delay")


@pytest.mark.parametrize(("kind", "effect"), [("timeout_before", False), ("timeout_after", True)])
def test_a_timeout_keeps_silent_before_or_after_the_effect(world, kind, effect):
    world.platform.plan(Fault("release", kind, seconds=30))
    with pytest.raises(requests.ReadTimeout):
        world.release(timeout=0.4)
    assert world.live() is effect
    assert world.last() == (0 if effect else None, effect, kind)


def test_a_timeout_ends_by_hanging_up(world):
    world.platform.plan(Fault("release", "timeout_before", seconds=0.1))
    with pytest.raises(requests.ConnectionError):
        world.release()


@pytest.mark.parametrize(("kind", "effect"), [("reset_before", False), ("reset_after", True)])
def test_a_reset_breaks_the_connection_before_or_after_the_effect(world, kind, effect):
    world.platform.plan(Fault("release", kind))
    with pytest.raises(requests.ConnectionError) as broken:
        world.release()
    assert "reset" in str(broken.value).lower()
    assert world.live() is effect
    assert world.last() == (0 if effect else None, effect, kind)


@pytest.mark.parametrize(
    ("kind", "status", "effect"),
    [
        ("http_500", 500, False),
        ("http_500_after", 500, True),
        ("not_json", 200, False),
        ("not_json_after", 200, True),
    ],
)
def test_an_answer_may_be_a_page_instead_of_json(world, kind, status, effect):
    world.platform.plan(Fault("release", kind))
    answer = world.release()
    assert answer.status_code == status
    assert answer.content.startswith(b"<html>")
    assert world.live() is effect
    assert world.last() == (0 if effect else None, effect, kind)


@pytest.mark.parametrize(("kind", "effect"), [("hold_before", False), ("hold_after", True)])
def test_a_held_call_stops_before_or_after_its_effect_and_then_goes_on(world, kind, effect):
    gate = world.platform.plan(Fault("release", kind)).gate
    thread, outcome = in_background(world.release)
    assert gate.reached.wait(5)
    assert world.live() is effect
    gate.go.set()
    thread.join(5)
    assert outcome == [{"errcode": 0, "errmsg": "ok"}]
    assert world.last() == (0, True, kind)


@pytest.mark.parametrize(("kind", "effect"), [("hold_before", False), ("hold_after", True)])
def test_a_held_call_may_be_dropped_unanswered(world, kind, effect):
    gate = world.platform.plan(Fault("release", kind)).gate
    thread, outcome = in_background(world.release)
    assert gate.reached.wait(5)
    gate.drop()
    thread.join(5)
    assert isinstance(outcome[0], requests.ConnectionError)
    assert world.live() is effect
    assert world.last() == (0 if effect else None, effect, kind)


def test_a_hold_has_an_end(world):
    world.platform.plan(Fault("release", "hold_before", gate=Hold(limit=0.1)))
    with pytest.raises(requests.ConnectionError):
        world.release()
    assert not world.live()


def test_a_caller_that_died_while_held_harms_nothing(world):
    gate = world.platform.plan(Fault("release", "hold_after")).gate
    with pytest.raises(requests.ReadTimeout):
        world.release(timeout=0.3)
    assert gate.reached.wait(5)
    gate.go.set()
    assert world.release().json()["errcode"] == 85052


def test_faults_come_in_the_order_they_were_planned(world):
    world.platform.plan(Fault("release", "errcode", errcode=45011, times=2))
    world.platform.plan(Fault("release", "http_500"))
    first, second, third, fourth = (world.release() for _ in range(4))
    assert [first.json()["errcode"], second.json()["errcode"]] == [45011, 45011]
    assert third.status_code == 500
    assert fourth.json()["errcode"] == 0


def test_a_fault_waits_for_its_call_and_its_authorizer(world):
    fault = world.platform.plan(Fault("release", "errcode", errcode=85020, authorizer_appid=OTHER))
    world.platform.plan(Fault("getversioninfo", "not_json"))
    assert world.release().json()["errcode"] == 0
    assert world.platform.faults_left()[0] == fault
    assert world.release(OTHER).json()["errcode"] == 85020
    assert [left.call for left in world.platform.faults_left()] == ["getversioninfo"]
    world.platform.clear_faults()
    assert world.platform.faults_left() == []


def test_component_calls_have_faults_by_the_authorizer_in_their_body(world):
    fault = Fault("api_authorizer_token", "errcode", errcode=61023, authorizer_appid=OTHER)
    world.platform.plan(fault)
    url = f"{world.face.url}/cgi-bin/component/api_authorizer_token"
    for appid, errcode in ((APPID, 41001), (OTHER, 61023)):
        answer = world.session.post(url, json={"authorizer_appid": appid}, timeout=5).json()
        assert answer["errcode"] == errcode
    assert world.platform.calls[-1].authorizer_appid == OTHER


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"call": "publish", "kind": "delay"}, "no call is named"),
        ({"call": "release", "kind": "explode"}, "no fault is of kind"),
        ({"call": "release", "kind": "errcode"}, "errcode belongs"),
        ({"call": "release", "kind": "delay", "errcode": 1}, "errcode belongs"),
        ({"call": "release", "kind": "delay", "times": 0}, "at least 1"),
        ({"call": "release", "kind": "delay", "seconds": -1}, "not negative"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Fault(**fields)


# Sockets


def test_a_connection_is_kept_for_the_next_call(world):
    host, port = world.face.url.removeprefix("http://").split(":")
    request = b"GET /_simulator/state HTTP/1.1\r\nHost: simulator\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for _ in range(2):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_an_answer_takes_no_forty_milliseconds(world):
    seconds = []
    for _ in range(5):
        begun = time.monotonic()
        world.session.get(f"{world.face.url}/_simulator/state", timeout=5)
        seconds.append(time.monotonic() - begun)
    assert min(seconds) < 0.03


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: many",
        b"Content-Length: -1",
        b"Content-Length: 1048577",
        b"Transfer-Encoding: chunked",
    ],
)
def test_a_body_of_no_honest_length_ends_the_connection(world, head):
    host, port = world.face.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST /wxa/release HTTP/1.1\r\nHost: simulator\r\n" + head + b"\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")
    assert world.platform.calls == []


@pytest.mark.parametrize("kind", ["delay", "timeout_before", "hold_before", "hold_after"])
def test_closing_ends_what_waits_at_once(kind):
    platform = Platform(component_appid=COMPONENT, component_appsecret=SECRET)
    with requests.Session() as session, serve(platform) as face:
        session.trust_env = False
        world = World(face, session)
        seconds = 0 if kind.startswith("hold") else 30
        platform.plan(Fault("release", kind, seconds=seconds))
        thread, _ = in_background(world.release)
        deadline = time.monotonic() + 5
        while platform.faults_left() and time.monotonic() < deadline:
            time.sleep(0.01)
        begun = time.monotonic()
        face.close()
        assert time.monotonic() - begun < 2
        thread.join(5)
        assert not thread.is_alive()


def test_a_closed_face_does_not_listen_and_closes_again():
    face = serve(Platform(component_appid=COMPONENT, component_appsecret=SECRET))
    face.close()
    face.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{face.url}/_simulator/state", timeout=5)


def test_many_callers_make_one_effective_release(world):
    threads = [in_background(world.release)[0] for _ in range(8)]
    for thread in threads:
        thread.join(5)
    assert len(world.platform.effective_releases(APPID)) == 1
    codes = sorted(call.errcode for call in world.platform.calls)
    assert codes == [0] + [85052] * 7


# By hand


def test_a_whole_life_can_be_made_by_hand(world):
    third = "wx00000000000000d3"
    made = world.gesture("authorize", authorizer_appid=third, user_name="gh_third", nick_name="Third")
    assert made.json()["authorization_code"].startswith("queryauthcode@@@")
    assert world.gesture("submit_audit", authorizer_appid=third, user_version="2.0").json()["auditid"]
    assert world.gesture("delay", authorizer_appid=third, reason="later").json()["DelayTime"]
    assert world.gesture("reject", authorizer_appid=third, reason="no").json()["FailTime"]
    world.gesture("submit_audit", authorizer_appid=third, user_version="2.1", user_desc="better")
    world.gesture("withdraw", authorizer_appid=third)
    world.gesture("submit_audit", authorizer_appid=third, user_version="2.2")
    assert world.gesture("approve", authorizer_appid=third).json()["SuccTime"]
    world.gesture("start_gray", authorizer_appid=third, percentage=5)
    state = world.session.get(f"{world.face.url}/_simulator/state", timeout=5).json()
    shown = state["authorizers"][-1]
    assert [audit["status"] for audit in shown["audits"]] == [1, 3, 0]
    assert shown["gray"]["percentage"] == 5
    assert shown["live"] is None
    world.gesture("end_gray", authorizer_appid=third)
    world.gesture("unauthorize", authorizer_appid=third)
    state = world.session.get(f"{world.face.url}/_simulator/state", timeout=5).json()
    assert state["authorizers"][-1]["authorized"] is False


def test_tickets_tokens_and_the_whitelist_can_be_moved_by_hand(world):
    assert world.gesture("ticket").json()["component_verify_ticket"].startswith("ticket@@@")
    world.gesture("rotate_refresh_token", authorizer_appid=APPID)
    assert world.platform.credentials.newest_refresh(APPID)
    world.gesture("allow", allowed=False)
    assert world.release().json()["errcode"] == 61004
    world.gesture("allow", allowed=True)
    world.gesture("expire_component_token")
    world.gesture("expire_access_tokens", authorizer_appid=APPID)
    assert world.release().json()["errcode"] == 40001
    assert world.release(OTHER).json()["errcode"] == 0


def test_faults_can_be_planned_by_hand(world):
    planned = world.gesture("fault", call="release", kind="errcode", errcode=-1, authorizer_appid=APPID)
    assert planned.json()["errcode"] == -1
    state = world.session.get(f"{world.face.url}/_simulator/state", timeout=5).json()
    assert [fault["kind"] for fault in state["faults"]] == ["errcode"]
    assert world.release().json()["errcode"] == -1


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("approve", {}, "authorizer_appid"),
        ("approve", {"authorizer_appid": OTHER, "colour": 1}, "colour"),
        ("approve", {"authorizer_appid": "wx00000000000000ee"}, "never authorized"),
        ("fault", {"call": "release", "kind": "hold_before"}, "let it go"),
        ("fault", {"call": "release", "kind": "explode"}, "no fault is of kind"),
    ],
)
def test_a_gesture_that_cannot_be_says_why(world, name, fields, words):
    answer = world.gesture(name, **fields)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize("body", ["{", "[]", b"\xff"])
def test_a_gesture_is_a_json_object(world, body):
    answer = world.session.post(f"{world.face.url}/_simulator/ticket", data=body, timeout=5)
    assert answer.status_code == 400


def test_an_unknown_gesture_names_the_known_ones(world):
    for answer in (
        world.gesture("explode"),
        world.session.get(f"{world.face.url}/_simulator/approve", timeout=5),
    ):
        assert answer.status_code == 404
        assert "POST approve" in answer.json()["known"]


def test_the_state_shows_no_secret(world):
    ticket = world.platform.issue_ticket()
    world.release()
    text = world.session.get(f"{world.face.url}/_simulator/state", timeout=5).text
    assert '"effective": true' in text
    for secret in (SECRET, ticket, *world.tokens.values()):
        assert secret not in text

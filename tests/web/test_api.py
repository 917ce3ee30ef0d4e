"""The JSON API as design.md 2.4 promises it, on both databases."""

import re

import pytest
import sqlalchemy as sa
from asking import LISTS, TOKEN, ask, is_problem
from known import API_TOKEN, SHOP, SHOP_NAME

from reactor import __version__
from reactor.simulator import pusher
from reactor.simulator.faults import Fault
from reactor.store import claims

CAFE, CAFE_NAME = "wx000000000000000b", "gh_00000000000b"
HOLD = '[default]\nmode = "hold"\n'
EVERYTHING = (*LISTS, "/status", "/releases/1", "/nothing/here")
ACTS = ("approve", "hold", "retry", "cancel")


def moment(value):
    return (
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None
    )


def text(value):
    return isinstance(value, str) and value != ""


def number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def yes_or_no(value):
    return isinstance(value, bool)


def nothing(value):
    return value is None


def one_of(*words):
    return words.__contains__


STATES = one_of("held", "pending", "releasing", "released", "failed", "superseded", "cancelled")
RELEASE = {
    "id": count,
    "authorizer_appid": re.compile("wx[0-9a-f]{16}").fullmatch,
    "state": STATES,
    "mode": one_of("auto", "hold", "observe", "gray", "off"),
    "audit_id": count,
    "user_version": text,
    "user_desc": text,
    "approved_at": moment,
    "created_at": moment,
    "due_at": moment,
    "released_at": moment,
    "attempts": count,
    "errcode": number,
    "errmsg": text,
    "rid": text,
    "reason": text,
}
STEP = {"at": moment, "from": STATES, "to": STATES, "happening": text, "actor": text, "detail": text}
CALL = {
    "at": moment,
    "call": text,
    "outcome": text,
    "http_status": count,
    "errcode": number,
    "errmsg": text,
    "rid": text,
    "ms": count,
}
EVENT = {
    "id": count,
    "received_at": moment,
    "created_at": moment,
    "kind": one_of(
        *("audit_success", "audit_fail", "audit_delay"),
        *("authorized", "updateauthorized", "unauthorized", "unreadable"),
    ),
    "authorizer_appid": text,
    "verdict": one_of("accepted", "misdirected", "unreadable"),
    "deliveries": count,
    "reason": text,
    "stale": yes_or_no,
    "release_id": count,
}
AUTHORIZER = {
    "authorizer_appid": text,
    "user_name": text,
    "nick_name": text,
    "state": one_of("authorized", "code_waiting", "unauthorized", "needs_reauthorization"),
    "live_version": text,
    "audit_status": count,
    "can_release": yes_or_no,
}
STATUS = {
    "version": text,
    "paused": yes_or_no,
    "paused_authorizers": count,
    "blocked": nothing,
    "ticket_age_seconds": number,
    "pending": count,
    "held": count,
    "failed": count,
    "oldest_due_seconds": number,
    "workers": count,
    "sweep": lambda value: set(value) == {"authorizers", "round_seconds", "to_ask_soon"},
}
BLOCKED = {"reason": text, "since": moment, "next_probe_at": moment}


def fits(shown, form, *empty):
    """Whether these are the fields of the contract, no more, each as it should be; `empty` ones are null."""
    assert set(shown) == set(form)
    wrong = {
        name: value
        for name, value in shown.items()
        if not (value is None if name in empty else value is not None and form[name](value))
        and not (name == "blocked" and value is None)
    }
    assert wrong == {}
    return True


# -- who may ask -----------------------------------------------------------------------------------------


def test_without_a_token_set_there_is_no_api(build_house):
    house = build_house(REACTOR_API_TOKEN=None)
    for path in (*EVERYTHING, ""):
        for headers in ({}, TOKEN, {"Authorization": "Bearer None"}, {"Authorization": "Bearer "}):
            answer = ask(house, path, headers=headers)
            assert is_problem(answer, 404)
            assert "WWW-Authenticate" not in answer.headers
    assert is_problem(ask(house, "/pause", "POST"), 404)
    assert house.app.test_client().get("/metrics", headers=TOKEN).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        API_TOKEN,
        f"Basic {API_TOKEN}",
        f"Bearer {API_TOKEN}x",
        f"Bearer {API_TOKEN[:-1]}",
        f"Bearer {API_TOKEN.upper()}",
        f"Bearer  {API_TOKEN}",
        f'Bearer "{API_TOKEN}"',
        f"Bearer {API_TOKEN}, Bearer {API_TOKEN}",
        "Bearer \xfc\xff\xe9",
        "Bearer " + "x" * 5000,
    ],
)
def test_a_missing_wrong_or_odd_token_is_401_everywhere_and_changes_nothing(house, given):
    headers = {} if given is None else {"Authorization": given}
    for path in EVERYTHING:
        answer = ask(house, path, headers=headers)
        assert is_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for path in ("/pause", "/releases/1/approve", "/status"):
        assert is_problem(ask(house, path, "POST", headers=headers), 401)
    assert (
        ask(house, f"/status?token={API_TOKEN}&access_token={API_TOKEN}", headers=headers).status_code == 401
    )
    assert house.api("/status")["paused"] is False


# -- what is shown ---------------------------------------------------------------------------------------


def test_a_release_shows_every_field_of_the_contract(house):
    house.open_shop()
    house.platform.plan(Fault("release", "errcode", errcode=-1))
    house.approve("1.0.0")
    house.run_for(2)
    house.platform.plan(Fault("release", "errcode", errcode=85052, times=8))
    house.approve("2.0.0")
    house.run()
    waiting, released = house.releases()
    assert fits(released, RELEASE, "due_at", "rid")  # WeChat sends no rid with -1
    assert fits(waiting, RELEASE, "released_at")
    assert (waiting["errcode"], waiting["state"]) == (85052, "pending")
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}", waiting["rid"])


def test_a_release_alone_also_shows_its_history_and_its_calls(house):
    house.open_shop()
    house.platform.plan(Fault("release", "errcode", errcode=-1))
    house.platform.plan(Fault("getversioninfo", "http_500"))
    house.approve()
    house.run_for(10)
    whole = house.only_release()
    assert whole["state"] == "released"
    history, calls = whole.pop("history"), whole.pop("calls")
    assert set(whole) == set(RELEASE)
    assert [history[0]["to"], history[-1]["to"]] == ["pending", "released"]
    assert [step["from"] for step in history] == [None, *(step["to"] for step in history[:-1])]
    for step in history:
        empty = [name for name in ("from", "detail") if step[name] is None]
        assert fits(step, STEP, *empty)
    for call in calls:
        empty = [name for name in ("errcode", "errmsg", "rid", "http_status") if call[name] is None]
        assert fits(call, CALL, *empty)
    assert {"release", "getversioninfo", "get_latest_auditstatus"} <= {call["call"] for call in calls}
    assert -1 in [call["errcode"] for call in calls]
    assert [call["at"] for call in calls] == sorted(call["at"] for call in calls)


def test_an_event_shows_every_field_of_the_contract(house):
    house.open_shop()
    now = int(house.clock())
    house.push_approval()
    reason = '1:标题"含有<br>违规'
    failed = pusher.audit_fail(user_name=SHOP_NAME, created_at=now, failed_at=now, reason=reason)
    late = pusher.audit_delay(user_name=SHOP_NAME, created_at=now, delayed_at=now, reason="later")
    house.deliver(failed, SHOP)
    house.deliver(late, SHOP, timestamp=now - 1000, times=2)
    house.deliver(b"what?")
    house.push_unauthorized()
    gone, unreadable, delayed, rejected, approved, granted = house.api("/events")["items"]
    assert fits(gone, EVENT, "reason", "release_id")
    assert fits(unreadable, EVENT, "created_at", "authorizer_appid", "release_id")
    assert fits(delayed, EVENT, "release_id")
    assert fits(rejected, EVENT, "release_id")
    assert fits(approved, EVENT, "reason")
    assert fits(granted, EVENT, "reason", "release_id")
    assert rejected["reason"] == reason
    assert (delayed["reason"], delayed["stale"], delayed["deliveries"]) == ("later", True, 2)
    assert approved["release_id"] == house.only_release()["id"]
    assert approved["created_at"] == "2026-09-21T14:13:20.000Z"


def test_an_authorizer_shows_every_field_of_the_contract(house):
    house.push_authorized(CAFE, CAFE_NAME, func_ids=(17, 25))
    (waiting,) = house.api("/authorizers")["items"]
    assert fits(
        waiting, AUTHORIZER, *("user_name", "nick_name", "live_version", "audit_status", "can_release")
    )
    assert waiting["state"] == "code_waiting"
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    shop, cafe = house.api("/authorizers")["items"]
    assert fits(shop, AUTHORIZER)
    assert (shop["live_version"], shop["audit_status"], shop["can_release"]) == ("1.0.0", 0, True)
    assert (cafe["user_name"], cafe["nick_name"], cafe["can_release"]) == (CAFE_NAME, "Deer Diner", False)


def test_the_status_shows_every_field_of_the_contract(house):
    assert fits(house.api("/status"), STATUS, "ticket_age_seconds", "oldest_due_seconds")
    house.open_shop()
    house.push_approval()
    house.worker.beat()
    house.clock.advance(7)
    status = house.api("/status")
    assert fits(status, STATUS)
    assert status == {
        "version": __version__,
        "paused": False,
        "paused_authorizers": 0,
        "blocked": None,
        "ticket_age_seconds": 7,
        "pending": 1,
        "held": 0,
        "failed": 0,
        "oldest_due_seconds": 7,
        "workers": 1,
        "sweep": {"authorizers": 1, "round_seconds": 21600, "to_ask_soon": 1},
    }
    house.clock.advance(60)
    assert house.api("/status")["workers"] == 0


def test_what_stands_before_everything_is_shown_in_the_status_and_on_each_release(house):
    house.open_shop()
    house.platform.allowed = False
    house.approve()
    house.run()
    blocked = house.api("/status")["blocked"]
    assert fits(blocked, BLOCKED)
    assert "61004" in blocked["reason"]
    (release,) = house.releases()
    assert (release["state"], release["reason"]) == ("pending", blocked["reason"])
    assert release["due_at"] == blocked["next_probe_at"]
    house.platform.allowed = True
    house.run_for(61)
    assert house.api("/status")["blocked"] is None
    assert house.only_release()["state"] == "released"


# -- what may be done ------------------------------------------------------------------------------------


def act(house, release, name, **more):
    return ask(house, f"/releases/{release['id']}/{name}", "POST", **more)


def test_approve_lets_a_held_release_go_and_answers_with_the_whole_release(build_house):
    house = build_house(policy=HOLD)
    house.open_shop()
    house.approve()
    house.run()
    held = house.only_release()
    assert (held["state"], held["due_at"]) == ("held", None)
    answer = act(house, held, "approve")
    assert answer.status_code == 200
    whole = answer.get_json()
    assert set(whole) == {*RELEASE, "history", "calls"}
    assert (whole["state"], whole["history"][-1]["actor"]) == ("pending", "api")
    assert is_problem(act(house, held, "approve"), 409)
    house.run()
    assert house.only_release()["state"] == "released"


def test_cancel_ends_what_waits_and_nothing_brings_it_back(house):
    house.open_shop()
    house.push_approval()
    (release,) = house.releases()
    cancelled = act(house, release, "cancel").get_json()
    assert (cancelled["state"], cancelled["due_at"]) == ("cancelled", None)
    assert cancelled["reason"]
    for name in ACTS:
        assert is_problem(act(house, release, name), 409)
    house.run_for(10)
    assert house.only_release()["state"] == "cancelled"
    assert house.platform.effective_releases(SHOP) == []


def test_retry_makes_a_failed_release_due_now(house):
    house.open_shop()
    house.platform.plan(Fault("release", "errcode", errcode=85064, times=1))
    house.approve()
    house.run()
    failed = house.only_release()
    assert failed["state"] == "failed"
    again = act(house, failed, "retry").get_json()
    assert (again["state"], again["attempts"]) == ("pending", 0)
    house.run()
    assert house.only_release()["state"] == "released"


def test_retry_makes_a_release_that_waits_due_now(house):
    house.open_shop()
    house.platform.plan(Fault("release", "errcode", errcode=45009))
    house.approve()
    house.run()
    waiting = house.only_release()
    assert waiting["state"] == "pending"
    assert act(house, waiting, "retry").status_code == 200
    house.run()
    assert house.only_release()["state"] == "released"


def test_what_is_over_or_in_flight_cannot_be_changed(house):
    house.open_shop()
    house.approve()
    house.run()
    (released,) = house.releases()
    house.push_approval(CAFE, CAFE_NAME)
    with house.store.write() as connection:
        in_flight = claims.claim_due(connection, holder="h", now=house.clock(), lease_until=house.clock() + 9)
    for release in (released, {"id": in_flight.id}):
        for name in ACTS:
            answer = act(house, release, name)
            assert is_problem(answer, 409)
            assert "nothing was changed" in answer.get_json()["detail"]


def test_no_body_is_needed_and_one_that_comes_anyway_changes_nothing(build_house):
    house = build_house(policy=HOLD)
    house.push_approval()
    (release,) = house.releases()
    answer = act(house, release, "approve", data=b"\xff{", content_type="application/json")
    assert answer.get_json()["state"] == "pending"


@pytest.mark.parametrize(
    "release_id",
    ["0", "1", "9223372036854775807", "9223372036854775808", "9" * 400, "-1", "1.0", "abc", "%00"],
)
def test_a_release_that_is_not_there_is_404_to_look_at_and_to_act_on(house, release_id):
    assert is_problem(ask(house, f"/releases/{release_id}"), 404)
    for name in ACTS:
        assert is_problem(ask(house, f"/releases/{release_id}/{name}", "POST"), 404)


def test_pause_stops_the_releases_and_resume_lets_them_go_on(house):
    house.open_shop()
    paused = ask(house, "/pause", "POST")
    assert paused.status_code == 200
    assert fits(paused.get_json(), STATUS, "oldest_due_seconds")
    assert paused.get_json()["paused"] is True
    assert ask(house, "/pause", "POST").get_json()["paused"] is True
    house.approve()
    house.run_for(5)
    (waiting,) = house.releases()
    assert waiting["state"] == "pending"
    assert "pause" in waiting["reason"]
    assert house.platform.effective_releases(SHOP) == []
    resumed = ask(house, "/resume", "POST").get_json()
    assert (resumed["paused"], resumed["pending"]) == (False, 1)
    house.run()
    assert house.only_release()["state"] == "released"


def test_hold_keeps_a_waiting_release_back_until_a_person_approves_it(build_house):
    house = build_house("[default]\ndelay_seconds = 600\n")
    house.open_shop()
    house.approve()
    (waiting,) = house.releases()
    held = act(house, waiting, "hold").get_json()
    assert set(held) == {*RELEASE, "history", "calls"}
    assert (held["state"], held["due_at"]) == ("held", None)
    assert held["reason"] == "an operator held it back; it waits for a person"
    assert (held["history"][-1]["happening"], held["history"][-1]["actor"]) == ("held_back", "api")
    assert is_problem(act(house, waiting, "hold"), 409)
    house.run_for(900, step=60)
    assert house.only_release()["state"] == "held"
    assert house.platform.effective_releases(SHOP) == []
    assert act(house, waiting, "approve").status_code == 200
    house.run()
    assert house.only_release()["state"] == "released"


def pause_one(house, verb="pause", appid=SHOP, **more):
    return ask(house, f"/authorizers/{appid}/{verb}", "POST", **more)


def test_one_mini_program_is_paused_at_once_and_the_others_go_on(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    house.approve("1.0.0")
    shown = pause_one(house)
    assert shown.status_code == 200
    assert fits(shown.get_json(), AUTHORIZER, "live_version")
    assert shown.get_json() in house.api("/authorizers")["items"]
    assert shown.get_json()["authorizer_appid"] == SHOP
    house.approve("1.0.0", CAFE, CAFE_NAME)
    status = house.api("/status")
    assert (status["paused"], status["paused_authorizers"]) == (False, 1)
    shops = {one["authorizer_appid"]: one for one in house.releases()}
    assert shops[SHOP]["reason"] == "paused by an operator; resume lets it go on"
    assert shops[CAFE]["reason"] is None
    assert house.api(f"/releases/{shops[SHOP]['id']}")["reason"] == shops[SHOP]["reason"]
    house.run_for(60, step=10)
    shops = {one["authorizer_appid"]: one for one in house.releases()}
    assert (shops[CAFE]["state"], shops[SHOP]["state"]) == ("released", "pending")
    assert "pause" in shops[SHOP]["reason"]
    assert house.platform.effective_releases(SHOP) == []
    assert pause_one(house, "resume").status_code == 200
    house.run()
    assert house.api("/status")["paused_authorizers"] == 0
    assert {one["state"] for one in house.releases()} == {"released"}


def test_a_pause_of_all_and_one_of_a_mini_program_are_two_things(house):
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    pause_one(house)
    ask(house, "/pause", "POST")
    house.approve("1.0.0")
    house.approve("1.0.0", CAFE, CAFE_NAME)
    house.run_for(5)
    assert {one["state"] for one in house.releases()} == {"pending"}
    resumed = ask(house, "/resume", "POST").get_json()
    assert (resumed["paused"], resumed["paused_authorizers"]) == (False, 1)
    house.run_for(5)
    assert {one["authorizer_appid"]: one["state"] for one in house.releases()} == {
        SHOP: "pending",
        CAFE: "released",
    }
    ask(house, "/pause", "POST")
    pause_one(house, "resume")
    house.run_for(5)
    assert house.platform.effective_releases(SHOP) == []
    ask(house, "/resume", "POST")
    house.run()
    assert {one["state"] for one in house.releases()} == {"released"}


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_pause_of_one_needs_the_token_and_a_mini_program_that_is_known(house, verb):
    house.open_shop()
    assert is_problem(pause_one(house, verb, headers={}), 401)
    for appid in (CAFE, "wx", SHOP.upper(), f"{SHOP}0", "%00", f"{SHOP}%00", "1"):
        assert is_problem(pause_one(house, verb, appid), 404)
    assert house.api("/status")["paused_authorizers"] == 0
    again = [pause_one(house, verb).get_json() for _ in range(2)]
    assert again[0] == again[1]


# -- nearly right, and broken ----------------------------------------------------------------------------


def test_paths_and_methods_that_are_nearly_right_are_problems_and_never_redirects(house):
    for path in (
        "",
        "/",
        "/status/",
        "//status",
        "/Status",
        "/releases/",
        "/releases/1/",
        "/releases/1/publish",
    ):
        for method in ("GET", "POST"):
            answer = ask(house, path, method)
            assert is_problem(answer, 404)
            assert "Location" not in answer.headers
    for path, allowed in (
        ("/status", "GET"),
        ("/pause", "POST"),
        ("/releases/1/retry", "POST"),
        (f"/authorizers/{SHOP}/pause", "POST"),
    ):
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - {allowed}:
            answer = ask(house, path, method)
            assert is_problem(answer, 405)
            assert allowed in answer.headers["Allow"]


def test_a_store_that_is_gone_is_a_503_problem_and_the_api_is_back_with_it(house):
    def rename(old, new):
        with house.store.write() as connection:
            connection.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))

    rename("component", "gone")
    for path in ("/status", "/releases"):
        assert is_problem(ask(house, path), 503)
    assert is_problem(ask(house, "/pause", "POST"), 503)
    rename("gone", "component")
    assert house.api("/status")["paused"] is False


@pytest.mark.parametrize("version", ["9.9", "a/b", "%00", "%F0%9F%90%98", "x" * 3000])
@pytest.mark.parametrize("verb", ["go", "stop", "cancel"])
def test_a_wave_that_there_is_not_is_not_moved(house, version, verb):
    assert house.api(f"/waves/{version}/{verb}", "POST", status=404)["status"] == 404

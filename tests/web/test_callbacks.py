"""The routes WeChat calls, as design.md 2.3 promises them, on both databases."""

import pytest
import sqlalchemy as sa
from forgeries import KEY, forgeries, on_the_wire, seal
from known import API_TOKEN, COMPONENT, SHOP, SHOP_NAME, TOKEN

from reactor.bootstrap import build_desk
from reactor.core.crypto import MessageKeys
from reactor.intake import Intake
from reactor.simulator import pusher
from reactor.store import numbers
from reactor.store.asking import Plan
from reactor.store.schema import metadata
from reactor.web.app import create_app
from reactor.web.ops.office import Furnishing

SHOP_PATH = f"/wechat/authorizers/{SHOP}"
ROUTES = ("/wechat/component", SHOP_PATH)
OTHER_METHODS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW")
NO_APPIDS = (
    "wx000000000000000A",
    "wx00000000000000",
    "wx000000000000000a0",
    "WX000000000000000a",
    "wx000000000000000g",
    "gh_00000000000a",
    "wx000000000000000a%0A",
    "wx000000000000000a%00",
    "wx000000000000000%EF%BC%91",
    "wx000000000000000a/",
    "wx000000000000000a/x",
    "%20wx000000000000000a",
    "$APPID$",
    "..",
    "",
)
NEARLY_RIGHT = (
    "/wechat",
    "/wechat/",
    "/wechat/component/",
    "/wechat//component",
    "//wechat/component",
    "/wechat/Component",
    "/WECHAT/component",
    "/wechat/component/x",
    "/wechat/component%20",
    "/wechat/component%0A",
    "/wechat/./component",
    "/wechat/authorizers",
    f"/wechat//authorizers/{SHOP}",
    f"/wechat/authorizers//{SHOP}",
    f"/wechat/Authorizers/{SHOP}",
)
BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;">]><xml><MsgType>&c;</MsgType></xml>'
)
UNREADABLE = {
    "nothing": b"",
    "no XML": b"release it, please",
    "JSON": b'{"Event": "weapp_audit_success"}',
    "half of an XML": b"<xml><Event>weapp_audit_success</Event>",
    "two roots": b"<xml><MsgType>text</MsgType></xml><xml/>",
    "DOCTYPE": b"<!DOCTYPE xml><xml><MsgType>text</MsgType></xml>",
    "a bomb of entities": BOMB,
    "a file's content": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Event>&a;</Event></xml>',
    "an undefined entity": b"<xml><Event>&nbsp;</Event></xml>",
    "GBK": "<xml><Event>审核</Event></xml>".encode("gbk"),
    "UTF-16": "<xml><MsgType>text</MsgType></xml>".encode("utf-16"),
    "a NUL": b"<xml><MsgType>te\0xt</MsgType></xml>",
    "another encoding declared": b'<?xml version="1.0" encoding="gb2312"?><xml><MsgType>text</MsgType></xml>',
    "a thousand elements": b"<xml>" + b"".join(b"<a%d/>" % n for n in range(1000)) + b"</xml>",
    "a well": b"<a>" * 2000 + b"</a>" * 2000,
    "one element twice": b"<xml><Event>a</Event><Event>b</Event></xml>",
    "an approval of nobody": b"<xml><MsgType>event</MsgType><Event>weapp_audit_success</Event></xml>",
    "an authorization of an odd appid": (
        b"<xml><InfoType>authorized</InfoType><CreateTime>1</CreateTime>"
        b"<AuthorizerAppid>WX</AuthorizerAppid><AuthorizationCode>c</AuthorizationCode></xml>"
    ),
}


def rows(house):
    """How many rows each table has, without the empty ones."""
    with house.store.read() as connection:
        counts = {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    return {name: count for name, count in counts.items() if count}


def post(house, path, query="", body=b"", **more):
    return house.app.test_client().post(path, query_string=query, data=body, **more)


def approval(house, **changes):
    now = int(house.clock())
    return pusher.audit_success(
        **({"user_name": SHOP_NAME, "created_at": now, "succeeded_at": now} | changes)
    )


def events(house):
    return house.api("/events")["items"]


# -- the answers -----------------------------------------------------------------------------------------


def test_a_verified_push_is_answered_with_exactly_success(house):
    for answer in (house.push_ticket(), house.push_authorized(), house.push_approval()):
        assert answer.status_code == 200
        assert answer.data == b"success"
        assert answer.mimetype == "text/plain"


def test_whatever_is_wrong_with_a_push_the_answer_is_the_same_empty_403_and_nothing_is_stored(house):
    wrong = forgeries(house.clock())
    assert len(wrong) > 60
    for route in ROUTES:
        answers = {name: post(house, route, *push) for name, push in wrong.items()}
        shown = {
            name: (answer.status_code, answer.data, list(answer.headers)) for name, answer in answers.items()
        }
        assert shown == dict.fromkeys(wrong, (403, b"", list(answers["no query"].headers)))
    assert rows(house) == {}


def test_the_form_a_client_says_its_body_has_changes_nothing(house):
    good = on_the_wire(seal(approval(house), house.clock()))
    forged = forgeries(house.clock())["another token"]
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data", "application/json", "?"):
        assert post(house, SHOP_PATH, *good, content_type=content_type).data == b"success"
        assert post(house, SHOP_PATH, *forged, content_type=content_type).status_code == 403


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_413(house):
    query, body = on_the_wire(seal(approval(house), house.clock()))
    whole = body.replace(b"</xml>", b" " * (65536 - len(body)) + b"</xml>")
    assert post(house, SHOP_PATH, query, whole).data == b"success"
    for extra in (1, 2, 100_000):
        answer = post(house, SHOP_PATH, query, whole + b" " * extra)
        assert (answer.status_code, answer.data) == (413, b"")


def test_a_path_that_is_no_appid_is_not_there_whatever_the_method(house):
    good = on_the_wire(seal(approval(house), house.clock()))
    for appid in NO_APPIDS:
        for method in ("POST", *OTHER_METHODS):
            answer = house.app.test_client().open(
                f"/wechat/authorizers/{appid}", method=method, query_string=good[0], data=good[1]
            )
            assert (answer.status_code, answer.data) == (404, b""), (appid, method)
    assert rows(house) == {}


def test_any_other_method_is_405_on_both_routes(house):
    for route in ROUTES:
        for method in OTHER_METHODS:
            answer = house.app.test_client().open(route, method=method)
            assert (answer.status_code, answer.data) == (405, b""), (route, method)
            assert answer.headers["Allow"] == "POST"


def test_a_path_that_is_nearly_right_is_404_and_never_a_redirect(house):
    good = on_the_wire(seal(approval(house), house.clock()))
    for path in NEARLY_RIGHT:
        for method in ("POST", "GET"):
            answer = house.app.test_client().open(path, method=method, query_string=good[0], data=good[1])
            assert answer.status_code == 404, (path, method)
            assert "Location" not in answer.headers
    assert rows(house) == {}


# -- verified, but nobody can read it --------------------------------------------------------------------


def test_a_genuine_push_that_nobody_can_read_is_acknowledged_and_kept_as_unreadable(house):
    for number, (name, message) in enumerate(UNREADABLE.items()):
        for path, appid in (("/wechat/component", None), (SHOP_PATH, SHOP)):
            assert house.deliver(message, path=path).data == b"success", name
            newest = events(house)[0]
            assert (newest["kind"], newest["verdict"]) == ("unreadable", "unreadable"), name
            assert (newest["authorizer_appid"], newest["deliveries"]) == (appid, 1), name
            assert newest["created_at"] is None, name
            assert newest["reason"], name
            assert newest["release_id"] is None, name
        assert rows(house) == {"events": 2 * (number + 1)}


def test_an_unreadable_push_that_comes_again_is_counted_on_its_row(house):
    house.deliver(BOMB, SHOP, times=3)
    (event,) = events(house)
    assert event["deliveries"] == 3


def test_what_an_unreadable_push_said_is_not_shown(house):
    house.deliver(b"<xml><ComponentVerifyTicket>ticket@@@secret</ComponentVerifyTicket>")
    assert "secret" not in str(events(house))


# -- by content, not by route ----------------------------------------------------------------------------


def test_an_audit_result_on_the_component_route_belongs_to_the_authorizer_of_its_user_name(house):
    house.open_shop()
    house.deliver(approval(house))
    assert house.only_release()["authorizer_appid"] == SHOP
    assert events(house)[0]["authorizer_appid"] == SHOP


def test_an_audit_result_on_the_component_route_of_an_unknown_user_name_releases_nothing(house):
    assert house.deliver(approval(house, user_name="gh_nobody")).data == b"success"
    (event,) = events(house)
    assert (event["verdict"], event["authorizer_appid"]) == ("misdirected", None)
    assert "gh_nobody" in event["reason"]
    assert house.releases() == []


def test_an_audit_result_comes_once_whichever_route_it_takes(house):
    house.open_shop()
    message = approval(house)
    house.deliver(message)
    house.deliver(message, SHOP)
    assert events(house)[0]["deliveries"] == 2
    assert len(house.releases()) == 1


def test_authorizations_and_tickets_on_an_authorizers_route_are_what_they_are(house):
    now = int(house.clock())
    code = house.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
    ticket = house.platform.issue_ticket()
    other = "wx000000000000000b"
    house.deliver(pusher.ticket(component_appid=COMPONENT, created_at=now, ticket=ticket), other)
    granted = pusher.authorized(
        component_appid=COMPONENT, created_at=now, authorizer_appid=SHOP, authorization_code=code
    )
    house.deliver(granted, other)
    assert house.api("/status")["ticket_age_seconds"] == 0
    assert [event["authorizer_appid"] for event in events(house)] == [SHOP]
    house.run()
    (authorizer,) = house.api("/authorizers")["items"]
    assert (authorizer["authorizer_appid"], authorizer["state"]) == (SHOP, "authorized")


@pytest.mark.parametrize("spell", [str.upper, str.title, str.swapcase])
def test_the_names_of_events_are_compared_without_case(house, spell):
    house.open_shop()
    name = "weapp_audit_success"
    house.deliver(approval(house).replace(name.encode(), spell(name).encode()), SHOP)
    now = int(house.clock()) + 1
    revoked = pusher.unauthorized(component_appid=COMPONENT, created_at=now, authorizer_appid=SHOP)
    house.deliver(revoked.replace(b"unauthorized", spell("unauthorized").encode()))
    assert [event["kind"] for event in events(house)] == ["unauthorized", "audit_success", "authorized"]
    assert house.only_release()["state"] == "cancelled"


def test_a_genuine_push_on_another_authorizers_path_is_misdirected_and_releases_nothing(house):
    other = "wx000000000000000b"
    house.open_shop()
    house.push_authorized(other, "gh_00000000000b")
    house.run()
    assert house.deliver(approval(house), other).data == b"success"
    newest = events(house)[0]
    assert (newest["kind"], newest["verdict"]) == ("audit_success", "misdirected")
    assert SHOP_NAME in newest["reason"]
    assert newest["release_id"] is None
    assert house.releases() == []


# -- once, late, for nothing -----------------------------------------------------------------------------


def test_the_same_push_many_times_is_one_event_and_one_release(house):
    house.open_shop()
    house.push_approval(times=4)
    assert events(house)[0]["deliveries"] == 4
    assert len(house.releases()) == 1


@pytest.mark.parametrize(
    ("age", "stale"), [(0, False), (300, False), (301, True), (86_400, True), (-60, False)]
)
def test_a_push_whose_timestamp_is_older_than_five_minutes_is_accepted_and_flagged(house, age, stale):
    house.deliver(approval(house), SHOP, timestamp=house.clock() - age)
    house.deliver(b"", timestamp=house.clock() - age)
    assert [event["stale"] for event in events(house)] == [stale, stale]
    assert house.only_release()["state"] == "pending"


def test_pushes_that_ask_for_nothing_are_acknowledged_and_counted_not_stored(house):
    now = int(house.clock())
    text = pusher.text(user_name=SHOP_NAME, created_at=now, content="hello")
    unknown = b"<xml><MsgType>event</MsgType><Event>user_enter_tempsession</Event></xml>"
    nameless = b"<xml><Hello>you</Hello></xml>"
    for message in (text, unknown, nameless, text):
        assert house.deliver(message, SHOP).data == b"success"
    assert rows(house) == {}
    house.tally.flush()
    with house.store.read() as connection:
        counted = {kind: count for (_, (kind,)), count in numbers.read(connection, ["pushes"]).items()}
    assert counted == {"text": 2, "user_enter_tempsession": 1, "unknown": 1}
    assert events(house) == []


def test_times_far_from_now_are_taken_and_shown(house):
    house.deliver(approval(house, created_at=9_999_999_999, succeeded_at=1), SHOP)
    assert events(house)[0]["created_at"] == "2286-11-20T17:46:39.000Z"
    assert house.only_release()["approved_at"] == "1970-01-01T00:00:01.000Z"


def test_a_time_no_calendar_has_makes_a_push_unreadable_and_breaks_no_page(house):
    house.deliver(approval(house, created_at=999_999_999_999), SHOP)
    assert [event["verdict"] for event in events(house)] == ["unreadable"]


# -- when something is broken on our side ----------------------------------------------------------------


def rename(house, table, name):
    with house.store.write() as connection:
        connection.execute(sa.text(f"ALTER TABLE {table} RENAME TO {name}"))


def test_what_the_store_cannot_commit_is_503_and_comes_again_without_a_restart(house):
    house.open_shop()
    rename(house, "releases", "gone")
    for path in (SHOP_PATH, "/wechat/component", SHOP_PATH):
        answer = house.deliver(approval(house), path=path)
        assert (answer.status_code, answer.data) == (503, b"")
    rename(house, "gone", "releases")
    rename(house, "events", "gone")
    for message in (
        b"no XML at all",
        pusher.unauthorized(component_appid=COMPONENT, created_at=1, authorizer_appid=SHOP),
    ):
        assert house.deliver(message).status_code == 503
    rename(house, "gone", "events")
    assert [event["kind"] for event in events(house)] == ["authorized"]
    assert house.deliver(approval(house), SHOP).data == b"success"
    assert house.only_release()["state"] == "pending"


def test_pushes_that_ask_for_nothing_are_acknowledged_even_without_a_store(house):
    rename(house, "numbers", "gone")
    text = pusher.text(user_name=SHOP_NAME, created_at=1, content="hello")
    assert house.deliver(text, SHOP).data == b"success"
    house.tally.flush()
    rename(house, "gone", "numbers")
    house.tally.flush()
    with house.store.read() as connection:
        assert numbers.read(connection, ["pushes"]) == {("pushes", ("text",)): 1}


def test_an_internal_error_is_503_so_that_the_push_comes_again_and_shows_no_traceback(house):
    def broken_policy():
        raise RuntimeError("the-inside")

    app = create_app(
        store=house.store,
        intake=Intake(
            house.store, COMPONENT, broken_policy, wake=lambda: None, tally=house.tally, clock=house.clock
        ),
        desk=build_desk(house.settings, house.store),
        keys=MessageKeys(COMPONENT, (TOKEN,), (KEY,)),
        plan=Plan.of(600, 21600, 20),
        api_token=API_TOKEN,
        tally=house.tally,
        furnishing=Furnishing(),
    )
    query, body = on_the_wire(seal(approval(house), house.clock()))
    answer = app.test_client().post(SHOP_PATH, query_string=query, data=body)
    assert (answer.status_code, answer.data) == (503, b"")
    assert "the-inside" not in str(answer.headers)
    assert rows(house) == {}


def test_a_push_that_asks_to_become_a_websocket_is_a_push_like_any_other(house):
    now = int(house.clock())
    query, body = on_the_wire(seal(pusher.ticket(component_appid=COMPONENT, created_at=now, ticket="t"), now))
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    client = house.app.test_client()
    answer = client.post("/wechat/component", query_string=query, data=body, headers=upgrade)
    assert (answer.status_code, answer.get_data()) == (200, b"success")
    forged = client.post("/wechat/component", query_string="x=1", data=body, headers=upgrade)
    assert (forged.status_code, forged.get_data()) == (403, b"")

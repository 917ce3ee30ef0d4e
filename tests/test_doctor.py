"""`reactor doctor` on an installation that is well, and on one broken in every way it knows."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from commands import command
from known import SHOP, environment
from werkzeug.serving import WSGIRequestHandler, make_server

from reactor.core.diagnosis import ORDER
from reactor.doctor import examine
from reactor.store import authorizers, component, presence
from reactor.wechat.reach import reach

NOWHERE = "http://127.0.0.1:1"
OTHER = "wx000000000000000b"


class Silent(WSGIRequestHandler):
    def log(self, *_):
        """Say nothing."""


@contextmanager
def served(app):
    """The app behind a real port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def teapot(_environ, start_response):
    """Something else that answers where the reactor should."""
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>It works</h1>"]


@pytest.fixture(autouse=True)
def today(clock):
    """The doctor looks at the time of day; so must the house."""
    clock.now = time.time()


@pytest.fixture
def doctor(database_url, face):
    """Run the doctor; its checks by name."""

    def run(*words, code=0, **variables):
        variables = environment(database_url, face.url) | variables
        told = json.loads(command("doctor", "--json", *words, code=code, **variables).stdout)
        assert [name for name in ORDER if name in {one["name"] for one in told["checks"]}] == [
            one["name"] for one in told["checks"]
        ]
        return {one["name"]: one for one in told["checks"]}

    return run


@pytest.fixture
def well(house, store):
    """A house in which everything is as it should be, its worker among the living."""
    house.open_shop()
    with store.write() as connection:
        presence.beat(connection, "a worker", house.clock())
    return house


def health(checks):
    return {name: check["health"] for name, check in checks.items()}


# -- an installation that is well ------------------------------------------------------------------------


def test_all_is_well_where_all_is_well(doctor, well):
    with served(well.app) as url:
        checks = doctor(REACTOR_PUBLIC_URL=url)
    bad = {name for name, found in health(checks).items() if found != "ok"}
    assert bad <= {"libraries", "messages"}  # an old expat perhaps, and nobody is told here
    assert set(checks) == set(ORDER)


def test_nothing_is_called_offline(doctor, well, platform):
    before = len(platform.calls)
    checks = doctor("--offline", REACTOR_PUBLIC_URL=NOWHERE)
    assert len(platform.calls) == before
    assert not {"egress_ip", "callbacks", "callback_check", "clock"} & set(checks)
    assert checks["component_token"]["health"] == "ok"


def test_the_stored_token_is_used_and_none_is_fetched(doctor, well, platform):
    before = len(platform.calls)
    doctor()
    assert "api_component_token" not in [call.call for call in platform.calls[before:]]


def test_people_get_one_line_a_check_and_the_remedy_below(database_url, face, well):
    variables = environment(database_url, face.url)
    told = command("doctor", **variables).stdout
    assert " ✓ ticket " in told
    assert " ? callbacks " in told
    assert "→ set REACTOR_PUBLIC_URL" in told
    chinese = command("doctor", "--lang", "zh", **variables).stdout
    assert " ✓ 票据 " in chinese
    assert "→ 请把 REACTOR_PUBLIC_URL 设为微信访问的 https:// 地址" in chinese


def test_programs_read_the_same_in_every_language(doctor, well):
    def steady(checks):
        return {
            name: {**one, "values": None} for name, one in checks.items() if name not in ("database", "clock")
        }

    assert steady(doctor("--offline", "--lang", "zh")) == steady(doctor("--offline", "--lang", "en"))


# -- what is broken --------------------------------------------------------------------------------------


def test_an_address_that_is_not_whitelisted_is_named_as_wechat_names_it(doctor, well, platform):
    platform.allowed = False
    found = doctor(code=1)["egress_ip"]
    assert found["health"] == "bad"
    assert found["text"] == "127.0.0.1 is not whitelisted (61004)"
    assert "add 127.0.0.1 to" in found["remedy"]
    assert "白名单IP地址列表" in found["remedy"]


def test_without_a_ticket_no_token_is_to_be_had(doctor, house):
    checks = doctor(code=1)
    assert checks["ticket"]["health"] == "bad"
    assert "component_verify_ticket" in checks["component_token"]["text"]
    assert health(checks)["egress_ip"] == health(checks)["callback_check"] == "unknown"


@pytest.mark.parametrize(("seconds", "expected"), [(1200, "ok"), (1800, "warn"), (46_000, "bad")])
def test_a_ticket_grows_old(house, store, seconds, expected):
    house.push_ticket()
    checks = examine(house.settings, store, clock=lambda: house.clock() + seconds)
    (found,) = (check for check in checks if check.name == "ticket")
    assert found.health == expected


def test_a_wrong_appsecret_is_told_in_the_words_of_the_table(doctor, house):
    house.push_ticket()
    checks = doctor(code=1, WECHAT_COMPONENT_APPSECRET="another")
    assert "AppSecret" in checks["component_token"]["text"]
    assert checks["component_token"]["health"] == "bad"


def test_no_way_to_wechat_is_told_apart_from_wechats_no(doctor, well):
    checks = doctor(code=1, WECHAT_API_URL=NOWHERE)
    assert "no connection to WeChat" in checks["component_token"]["text"]
    assert checks["clock"]["health"] == "unknown"
    checks = doctor(code=1, WECHAT_PROXY_URL=NOWHERE)
    assert "WECHAT_PROXY_URL" in checks["component_token"]["remedy"]


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [(-3600, "bad"), (-60, "warn"), (-3, "ok"), (60, "warn"), (3600, "bad")],
)
def test_the_clock_is_held_against_wechats(doctor, well, platform, ahead, expected):
    platform.clock = lambda: time.time() - ahead
    found = doctor(code=1 if expected == "bad" else 0)["clock"]
    assert found["health"] == expected
    assert abs(found["values"]["seconds"] - abs(ahead)) <= 2
    assert ("ahead" if ahead > 0 else "behind") in found["text"] or abs(ahead) < 5


def test_a_public_url_where_something_else_answers(doctor, well):
    with served(teapot) as url:
        found = doctor(code=1, REACTOR_PUBLIC_URL=url)["callbacks"]
    assert "an unsigned push" in found["text"]
    assert "is answered 200" in found["text"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\n\r\nodd",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nodd\r\n",
    ],
)
def test_a_url_whose_answer_breaks_off_is_a_problem_in_words(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak():
            line, _ = server.accept()
            with line:
                line.recv(4096)
                line.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        found = reach("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=(2, 2))
        thread.join()
    assert found.status is None
    assert found.problem in {"ProtocolError", "DecodeError"}


def test_a_public_url_where_nobody_answers(doctor, well):
    found = doctor(code=1, REACTOR_PUBLIC_URL=NOWHERE)["callbacks"]
    assert "does not answer (Connection refused)" in found["text"]


def test_wechats_own_servers_tell_whether_they_reach_us(doctor, well, platform):
    platform.pingable = False
    found = doctor()["callback_check"]
    assert (found["health"], found["values"]) == ("warn", {"addresses": 1, "lost": 1})


def test_who_lacks_permission_set_18_and_who_must_authorize_again_is_named(doctor, well, store):
    well.push_authorized(OTHER, "gh_00000000000b", "Bear Bakery", func_ids=(1, 17, 180, 118))
    well.run()
    with store.write() as connection:
        authorizers.update(connection, SHOP, state=authorizers.NEEDS_REAUTHORIZATION)
    checks = doctor("--offline")
    assert checks["permission_set_18"]["text"] == "not granted by 1: Bear Bakery"
    assert checks["reauthorization"]["text"] == "1 must authorize again: Deer Diner"


def test_no_worker_and_stopped_calls(doctor, house, store):
    house.open_shop()
    assert doctor("--offline", code=1)["workers"]["health"] == "bad"
    house.platform.allowed = False
    house.approve()
    house.run()
    assert "not whitelisted" in doctor("--offline", code=1)["calls"]["text"]
    assert (
        "python -m reactor worker"
        in doctor("--offline", code=1, REACTOR_WORKER="external")["workers"]["remedy"]
    )


def test_a_pause_and_what_failed_are_warnings(doctor, well, store):
    well.platform.submit_audit(SHOP, "1.0.0")
    well.platform.reject(SHOP, "no")
    well.push_approval()
    well.run()
    with store.write() as connection:
        component.set_paused(connection, well.settings.component_appid, paused=True)
    checks = doctor("--offline")
    assert checks["queue"]["text"] == "0 waiting, 0 held, 1 failed"
    assert (checks["queue"]["health"], checks["calls"]["health"]) == ("warn", "warn")


def test_a_lost_and_an_old_secret_key(doctor, well):
    old = environment("x", "x")["REACTOR_SECRET_KEY"]
    new = "another-secret-key-that-is-long-enough"
    assert doctor("--offline", code=1, REACTOR_SECRET_KEY=new)["secret_key"]["health"] == "bad"
    found = doctor("--offline", REACTOR_SECRET_KEY=f"{new},{old}")["secret_key"]
    assert (found["health"], found["remedy"]) == ("warn", "run `reactor keys rotate`")


# -- a database that is not there ------------------------------------------------------------------------


def test_a_database_that_is_down_hides_nothing_else(face, house):
    url = "postgresql://nobody@127.0.0.1:1/none"
    told = json.loads(command("doctor", "--json", code=1, **environment(url, face.url)).stdout)
    found = {one["name"]: one["health"] for one in told["checks"]}
    assert found["database"] == "bad"
    assert found["golden_vector"] == found["clock"] == "ok"
    assert found["ticket"] == found["component_token"] == found["schema"] == "unknown"


def test_a_database_without_the_schema_is_told(doctor, store):
    with store.write() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))
    checks = doctor("--offline", code=1)
    assert checks["schema"]["remedy"] == "run `reactor migrate`"
    assert checks["database"]["health"] == "ok"
    assert checks["queue"]["health"] == "unknown"


def test_a_table_that_is_gone_hides_no_other(house, store):
    with store.write() as connection:
        connection.execute(sa.text("DROP TABLE workers"))
    found = {check.name: check.health for check in examine(house.settings, store, clock=house.clock)}
    assert found["workers"] == "unknown"
    assert found["queue"] == "ok"


def test_looking_makes_no_database_and_no_key(tmp_path, face):
    variables = environment(f"sqlite:///{tmp_path / 'none.db'}", face.url)
    del variables["REACTOR_SECRET_KEY"]
    told = command("doctor", code=1, **variables).stdout
    assert "run `reactor migrate`" in told
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_configuration_is_told_whole_with_exit_code_2():
    told = command("doctor", "--lang", "zh", code=2, DATABASE_URL="mysql://x").stderr
    assert "WECHAT_COMPONENT_APPID 没有设" in told
    assert "DATABASE_URL 不是支持的数据库" in told


def test_no_secret_is_told_whatever_is_broken(database_url, face, well):
    variables = environment(
        database_url,
        face.url,
        WECHAT_PROXY_URL="http://someone:canary-of-the-proxy@127.0.0.1:1",
        WECHAT_COMPONENT_APPSECRET="canary-of-the-component",
        REACTOR_PUBLIC_URL=NOWHERE,
    )
    for words in (("doctor",), ("doctor", "--json")):
        told = command(*words, code=1, **variables).output
        assert "canary" not in told
        assert variables["REACTOR_SECRET_KEY"] not in told

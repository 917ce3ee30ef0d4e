import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlalchemy as sa
from commands import command
from known import API_TOKEN, SHOP, SHOP_NAME, environment
from served import wait_until
from werkzeug.serving import WSGIRequestHandler, make_server

from reactor.cli.output import table
from reactor.simulator.wire import ask

ROOT = Path(__file__).parents[1]
OTHER = "wx000000000000000b"
HOLD = '[default]\nmode = "hold"\n'
COMMANDS = (
    *("demo", "simulator", "push", "worker", "migrate", "status", "pause", "resume"),
    *("releases ls", "releases show", "releases approve", "releases retry", "releases cancel"),
    *("releases hold", "releases rollback", "authorizers ls", "authorizers show", "events ls", "events show"),
    *("doctor", "decrypt", "keys rotate"),
    *("authorizers ls", "authorizers show", "events ls", "events show", "notify ls"),
    *("notify test", "waves ls", "waves go", "waves stop", "waves cancel"),
)


@pytest.fixture(autouse=True)
def today(clock):
    """Commands know only the time of day; the house lives before it, as `approve` takes a minute."""
    clock.now = time.time() - 120


@pytest.fixture
def reactor(database_url, face):
    """Run commands against the same database and WeChat as `house`."""
    variables = environment(database_url, face.url)
    return lambda *words, code=0: command(*words, code=code, **variables)


def read(reactor, *words):
    """What a command says to programs."""
    return json.loads(reactor(*words, "--json").stdout)


# -- the program -----------------------------------------------------------------------------------------


def test_every_command_of_the_contract_is_there_and_speaks_json():
    for words in COMMANDS:
        told = command(*words.split(), "--help").output
        assert "--json" in told
        assert "--lang [en|zh]" in told
    assert version("wechat-release-reactor") in command("--version").output


def test_python_dash_m_reactor_is_the_same_program():
    done = subprocess.run(
        [sys.executable, "-m", "reactor", "releases", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: reactor releases ")


@pytest.mark.parametrize(
    "words", ["nothing", "releases show x", "releases show 0", "releases ls --limit 201"]
)
def test_wrong_usage_is_exit_code_2(reactor, words):
    assert "Usage: reactor" in reactor(*words.split(), code=2).stderr


@pytest.mark.parametrize(
    "words", ["status", "migrate", "worker --once", "releases ls", "pause", "simulator", "push ticket"]
)
def test_a_wrong_configuration_is_told_whole_with_exit_code_2(words):
    wrong = {"WECHAT_MESSAGE_TOKEN": "!", "DATABASE_URL": "mysql://x"}
    told = command(*words.split(), code=2, **wrong).stderr
    for name in ("WECHAT_COMPONENT_APPID", "WECHAT_MESSAGE_TOKEN", "DATABASE_URL"):
        assert name in told


def test_a_table_stays_aligned_with_wide_letters_and_lets_nobody_move_the_cursor():
    lines = table(("name", "x"), [("小鹿点餐", 1), ("Deer\x1b[2J", None)]).splitlines()
    assert lines == ["name      x", "小鹿点餐  1", "Deer [2J  —"]


# -- reading ---------------------------------------------------------------------------------------------


def test_programs_get_the_same_json_as_from_the_api(reactor, house):
    house.open_shop()
    house.approve("1.0.0", times=2)
    house.run()
    for noun in ("releases", "events", "authorizers"):
        assert read(reactor, noun, "ls") == house.api(f"/{noun}")
    assert read(reactor, "releases", "show", 1) == house.api("/releases/1")
    assert read(reactor, "events", "show", 2) == house.api("/events")["items"][0]
    assert read(reactor, "authorizers", "show", SHOP) == house.api("/authorizers")["items"][0]
    assert read(reactor, "status").keys() == house.api("/status").keys()


def test_people_get_aligned_tables(reactor, house):
    assert reactor("releases", "ls").stdout == "no releases\n"
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    headings, row = reactor("releases", "ls").stdout.splitlines()
    assert row.split()[:4] == ["1", "released", SHOP, "1.0.0"]
    assert headings.index("authorizer_appid") == row.index(SHOP)
    assert "approved" in reactor("authorizers", "ls").stdout
    assert SHOP_NAME in reactor("authorizers", "show", SHOP).stdout
    assert "audit_success" in reactor("events", "ls").stdout
    assert "audit_success" in reactor("events", "show", 2).stdout


def test_a_long_list_comes_in_pages(reactor, house):
    house.open_shop()
    for number in range(3):
        house.approve(f"1.0.{number}")
        house.run()
    first = reactor("releases", "ls", "--limit", 2).stdout
    assert "1.0.2" in first
    assert "1.0.0" not in first
    assert "more: --cursor 2" in first
    rest = read(reactor, "releases", "ls", "--limit", 2, "--cursor", 2)
    assert ([item["user_version"] for item in rest["items"]], rest["next_cursor"]) == (["1.0.0"], None)


def test_lists_can_be_narrowed(reactor, build_house):
    house = build_house(HOLD)
    house.open_shop()
    house.approve()
    assert [item["id"] for item in read(reactor, "releases", "ls", "--state", "held")["items"]] == [1]
    assert read(reactor, "releases", "ls", "--state", "failed")["items"] == []
    assert read(reactor, "releases", "ls", "--authorizer", OTHER)["items"] == []
    assert len(read(reactor, "events", "ls", "--authorizer", SHOP)["items"]) == 2
    assert read(reactor, "authorizers", "ls", "--state", "unauthorized")["items"] == []


def test_the_story_of_a_release_is_told_in_the_order_it_happened(reactor, house):
    house.open_shop()
    house.approve()
    house.run()
    told = reactor("releases", "show", 1).stdout
    steps = ["(opened, intake)", "(claimed, worker)", "get_latest_auditstatus", "  release  answered"]
    places = [told.index(step) for step in (*steps, "(seen_live, worker)")]
    assert places == sorted(places)


def test_the_story_shows_what_wechat_refused(reactor, house):
    house.open_shop()
    house.platform.allowed = False
    house.approve()
    house.run()
    assert (
        "answered 61004 access clientip is not registered requestIP: 127.0.0.1 rid: "
        in reactor("releases", "show", 1).stdout
    )
    assert "stopped since" in reactor("status").stdout


@pytest.mark.parametrize(
    "words",
    [
        *("releases show 7", "releases approve 7", "releases retry 7", "releases cancel 7"),
        "releases rollback 7 --yes",
        *("events show 7", f"authorizers show {OTHER}", f"releases show {2**63 - 1}"),
    ],
)
def test_an_unknown_one_is_exit_code_1(reactor, words):
    done = reactor(*words.split(), code=1)
    assert "there is no " in done.stderr
    assert done.stdout == ""


def test_a_database_without_the_schema_is_told_with_the_remedy(reactor, store):
    with store.write() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))
    for words in ("status", "releases ls", "releases retry 1", "pause"):
        assert "run `reactor migrate`" in reactor(*words.split(), code=1).stderr


def test_reading_creates_no_database(tmp_path):
    variables = environment(f"sqlite:///{tmp_path / 'none.db'}", "http://127.0.0.1:1")
    assert "run `reactor migrate`" in command("status", code=1, **variables).stderr
    assert list(tmp_path.iterdir()) == []


# -- deciding --------------------------------------------------------------------------------------------


def test_a_held_release_goes_live_once_it_is_approved(reactor, build_house):
    house = build_house(HOLD)
    house.open_shop()
    house.approve()
    assert "release 1 is pending" in reactor("releases", "approve", 1).stdout
    assert house.only_release()["history"][-1]["actor"] == "cli"
    house.clock.advance(120)
    house.run()
    assert house.only_release()["state"] == "released"


def test_a_release_is_cancelled_and_what_the_lifecycle_forbids_is_exit_code_1(reactor, build_house):
    house = build_house(HOLD)
    house.open_shop()
    house.approve()
    assert read(reactor, "releases", "cancel", 1)["state"] == "cancelled"
    assert "cannot be retried" in reactor("releases", "retry", 1, code=1).stderr


def test_pause_and_resume_answer_with_the_status(reactor, house):
    assert "paused by an operator" in reactor("pause").stdout
    assert house.api("/status")["paused"] is True
    assert read(reactor, "resume")["paused"] is False


def test_a_release_that_waits_is_held_back_until_a_person_approves(reactor, build_house):
    house = build_house("[default]\ndelay_seconds = 600\n")
    house.open_shop()
    house.approve()
    assert "release 1 is held: an operator held it back" in reactor("releases", "hold", 1).stdout
    assert house.only_release()["history"][-1]["actor"] == "cli"
    assert "cannot be held_back; nothing was changed" in reactor("releases", "hold", 1, code=1).stderr
    assert "there is no release 2" in reactor("releases", "hold", 2, code=1).stderr
    assert read(reactor, "releases", "approve", 1)["state"] == "pending"


def test_one_mini_program_is_paused_and_people_are_told_of_it(reactor, house):
    house.open_shop()
    shop = read(reactor, "authorizers", "show", SHOP)
    assert "authorized, paused" in reactor("pause", "--authorizer", SHOP).stdout
    house.approve()
    house.run()
    assert house.only_release()["state"] == "pending"
    for words in (("authorizers", "ls"), ("authorizers", "show", SHOP)):
        assert "authorized, paused" in reactor(*words).stdout
        assert "已授权，已暂停" in reactor(*words, "--lang", "zh").stdout
    assert "flow; mini programs paused one by one: 1" in reactor("status").stdout
    assert "畅通；另有 1 个小程序单独暂停" in reactor("status", "--lang", "zh").stdout
    # Programs get the contract's fields and no other.
    shown = read(reactor, "pause", "--authorizer", SHOP)
    assert set(shown) == set(shop)
    assert shown == read(reactor, "authorizers", "show", SHOP)
    assert "paused" not in reactor("resume", "--authorizer", SHOP).stdout
    assert "paused" not in reactor("status").stdout
    house.clock.advance(120)
    house.run()
    assert house.only_release()["state"] == "released"


def test_only_a_mini_program_that_is_known_can_be_paused(reactor, house):
    unknown = "wx00000000000000ff"
    for verb in ("pause", "resume"):
        refused = reactor(verb, "--authorizer", unknown, code=1).stderr
        assert f"there is no authorizer {unknown}" in refused
        assert (
            f"没有 AppID 为 {unknown} 的授权方"
            in reactor(verb, "--authorizer", unknown, "--lang", "zh", code=1).stderr
        )
        reactor(verb, "--authorizer", "wx1", code=2)
    assert house.api("/status")["paused"] is False


# -- running ---------------------------------------------------------------------------------------------


def test_migrate_makes_the_database_and_may_be_repeated(tmp_path):
    variables = environment(f"sqlite:///{tmp_path / 'new.db'}", "http://127.0.0.1:1")
    for _ in range(2):
        assert json.loads(command("migrate", "--json", **variables).stdout) == {"migrated": True}
    assert "0 pending" in command("status", **variables).stdout


def test_worker_once_does_what_is_due_and_ends(reactor, house):
    house.open_shop()
    house.approve()
    assert read(reactor, "worker", "--once") == {"turns": 1, "failed": 0}
    assert house.only_release()["state"] == "released"


def test_worker_once_says_when_a_person_must_look(reactor, house):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.platform.reject(SHOP, "no")
    house.push_approval()
    assert "a person must look" in reactor("worker", "--once", code=1).stdout


@contextlib.contextmanager
def process(*words, **variables):
    """A command as a process of its own, killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "reactor", *words],
        env={"PATH": os.environ["PATH"], **variables},
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_process_works_until_it_is_told_to_stop(database_url, face, house, number):
    house.open_shop()
    house.approve()
    with process("worker", **environment(database_url, face.url)) as worker:
        wait_until(lambda: house.only_release()["state"] == "released", what="the release")
        worker.send_signal(number)
        told, log = worker.communicate(timeout=10)
    assert (worker.returncode, told) == (0, "the worker has stopped\n")
    assert "Traceback" not in log


def test_a_worker_may_start_before_the_web_process(tmp_path, face):
    variables = environment(f"sqlite:///{tmp_path / 'new.db'}", face.url)
    with process("worker", **variables) as worker:
        assert "the worker runs" in worker.stderr.readline()
        assert "1" in command("status", **variables).stdout
        worker.terminate()
        assert worker.wait(10) == 0


@contextlib.contextmanager
def a_pulse_of_another_machine(file):
    """A file with a schema in which somebody far away says again and again that it lives."""
    ended = threading.Event()

    def beat(connection):
        at = time.time()
        row = {"at": at, "machine": "elsewhere"}
        connection.execute("INSERT OR REPLACE INTO pulses VALUES ('web', :at, :machine)", row)

    def go_on():
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
            while not ended.wait(0.2):
                beat(connection)

    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        beat(connection)
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def on_a_file(tmp_path, face):
    """A file with a schema, and the variables that name it."""
    variables = environment(f"sqlite:///{tmp_path / 'shared.db'}", face.url)
    command("migrate", **variables)
    return tmp_path / "shared.db", variables


@pytest.mark.parametrize("words", ["worker", "worker --once", "migrate"])
def test_on_a_file_that_another_machine_uses_nothing_starts_and_nothing_is_changed(on_a_file, words):
    file, variables = on_a_file
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with a_pulse_of_another_machine(file), process(*words.split(), **variables) as started:
        told, log = started.communicate(timeout=20)
    assert (started.returncode, told) == (2, "")
    assert "another machine uses now" in log
    assert "Traceback" not in log
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


def test_a_worker_ends_when_another_machine_begins_to_use_its_file(on_a_file):
    file, variables = on_a_file
    with process("worker", **variables) as worker:
        assert "the worker runs" in worker.stderr.readline()
        with a_pulse_of_another_machine(file):
            told, log = worker.communicate(timeout=20)
    assert (worker.returncode, told) == (2, "")
    assert "another machine uses now" in log
    assert "Traceback" not in log


# -- rehearsing ------------------------------------------------------------------------------------------


class Silent(WSGIRequestHandler):
    def log(self, *args):
        pass


@pytest.fixture
def url(house):
    """The house behind a real port."""
    server = make_server("127.0.0.1", 0, house.app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def push(reactor, url):
    return lambda event, *more, code=0: reactor("push", event, "--url", url, *more, code=code)


@pytest.fixture
def opened(push, face, house):
    """A shop opened by rehearsed pushes alone; how to speak of it, simulator included."""
    words = ("--authorizer", SHOP, "--simulator", face.url)
    push("ticket", "--simulator", face.url)
    push("authorized", *words)
    house.run()
    return words


def test_a_whole_day_can_be_rehearsed_by_pushes_that_a_simulator_agrees_with(push, house, opened):
    assert push("audit-success", *opened, "--times", 3).stdout.count("← 200 success") == 3
    house.run()
    release = house.only_release()
    assert (release["state"], release["user_version"]) == ("released", "1.0.0")
    assert house.api("/events")["items"][0]["deliveries"] == 3
    push("audit-fail", *opened, "--reason", "the page is empty")
    push("audit-delay", *opened)
    push("updateauthorized", *opened)
    push("text", *opened)
    push("unauthorized", *opened)
    kinds = [event["kind"] for event in house.api("/events")["items"]]
    assert kinds[:4] == ["unauthorized", "updateauthorized", "audit_delay", "audit_fail"]
    assert house.api("/events")["items"][3]["reason"] == "the page is empty"


def test_what_the_simulator_cannot_agree_with_is_not_pushed(push, face, house):
    told = push("audit-success", "--authorizer", OTHER, "--simulator", face.url, code=1).stderr
    assert "nothing was pushed" in told
    told = push("audit-success", "--authorizer", OTHER, "--simulator", "http://127.0.0.1:1", code=1).stderr
    assert "nothing was pushed" in told
    assert house.api("/events")["items"] == []


def test_without_a_simulator_the_database_knows_the_user_name(push, house, opened):
    push("audit-success", "--authorizer", SHOP, "--succeeded-at", 1_700_000_000)
    event = house.api("/events")["items"][0]
    assert event["verdict"] == "accepted"
    assert house.only_release()["approved_at"] == "2023-11-14T22:13:20.000Z"
    push("audit-success", "--authorizer", SHOP, "--user-name", "gh_another")
    assert house.api("/events")["items"][0]["verdict"] == "misdirected"


def test_a_mini_program_that_nobody_knows_gets_a_made_up_name(push, house):
    push("audit-success", "--authorizer", OTHER)
    assert house.api("/events")["items"][0]["authorizer_appid"] == OTHER
    push("authorized", "--authorizer", OTHER, "--code", "a-code")
    assert house.api("/authorizers")["items"][0]["state"] == "code_waiting"
    push("ticket")
    assert house.api("/status")["ticket_age_seconds"] is not None


def test_a_forged_push_is_refused_and_that_is_as_it_should_be(push, house, opened):
    before = house.api("/events")
    assert "← 403 (empty)" in push("audit-success", "--authorizer", SHOP, "--bad-signature").stdout
    assert house.api("/events") == before


def test_a_push_to_another_path_and_a_late_one_are_flagged(push, house, opened):
    push("audit-success", *opened, "--other-path", OTHER)
    push("audit-success", *opened, "--stale")
    late, astray = house.api("/events")["items"][:2]
    assert (late["stale"], late["verdict"]) == (True, "accepted")
    assert (astray["stale"], astray["authorizer_appid"]) == (False, OTHER)


def test_an_answer_that_is_none_is_exit_code_1(reactor):
    words = ("push", "text", "--authorizer", SHOP, "--url", "http://127.0.0.1:1", "--json")
    told = json.loads(reactor(*words, code=1).stdout)
    assert (told["as_it_should"], told["answers"][0]["status"]) == (False, None)


@pytest.mark.parametrize(
    "words",
    [
        *("audit-success", "nothing --authorizer wx000000000000000a", "audit-fail --authorizer wx1"),
        *("ticket --url ftp://x", "ticket --url http://reactor.example", "ticket --times 0"),
    ],
)
def test_a_push_that_makes_no_sense_is_wrong_usage(reactor, words):
    reactor("push", *words.split(), code=2)


def test_a_simulator_of_its_own_pushes_tickets_and_takes_gestures(house, url, database_url, face):
    words = ("simulator", "--port", "0", "--push-to", url, "--json")
    variables = environment(database_url, face.url, PYTHONUNBUFFERED="1")
    with process(*words, **variables) as running:
        told = json.loads("".join(running.stdout.readline() for _ in range(5)))
        wait_until(lambda: house.api("/status")["ticket_age_seconds"] is not None, what="the ticket")
        status, state = ask("GET", f"{told['control']}state")
        running.terminate()
        assert running.wait(10) == 0
    assert (status, state["authorizers"]) == (200, [])


def test_a_port_that_is_taken_is_told(reactor, face):
    port = face.url.rsplit(":", 1)[1]
    assert f"port {port} cannot be opened" in reactor("simulator", "--port", port, code=1).stderr


def test_the_api_token_of_the_environment_is_never_printed(reactor, house):
    for words in ("status", "releases ls", "authorizers ls"):
        assert API_TOKEN not in reactor(*words.split()).output

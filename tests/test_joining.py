"""The commands by which merchants join, and the acceptance test, as people and programs use them."""

import json
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from invited import PUBLIC, get, links_on
from known import COMPONENT, SHOP, SHOP_NAME, environment
from stories import ask, count
from werkzeug.serving import WSGIRequestHandler, make_server

from reactor.cli.program import program
from reactor.simulator.faults import Fault

MANY = 30


@pytest.fixture(autouse=True)
def today(clock):
    """Commands know only the time of day."""
    clock.now = time.time()


@pytest.fixture
def house(build_house):
    house = build_house(REACTOR_PUBLIC_URL=PUBLIC)
    house.push_ticket()
    return house


@pytest.fixture
def reactor(database_url, face):
    """Run commands against the same database and WeChat as `house`."""

    def run(*words, code=0, **more):
        usual = {"REACTOR_PUBLIC_URL": PUBLIC, "REACTOR_RETRY_SCALE": "0.01"}
        variables = environment(database_url, face.url, **(usual | more))
        variables = {name: value for name, value in variables.items() if value is not None}
        done = CliRunner().invoke(program, list(map(str, words)), env=variables, prog_name="reactor")
        assert done.exit_code == code, done.output
        return done

    return run


# -- authorize-link --------------------------------------------------------------------------------------


def test_a_link_is_made_without_any_worker_and_leads_to_a_page_that_has_it(reactor, house):
    told = json.loads(reactor("authorize-link", "--json").stdout)
    assert told.keys() == {"url", "expires_at", "pc", "mobile", "links_good_for_seconds", "reason"}
    assert told["url"].startswith(f"{PUBLIC}/authorize/")
    assert parse_qs(urlsplit(told["pc"]).query)["redirect_uri"] == [f"{told['url']}/back"]
    assert parse_qs(urlsplit(told["mobile"]).query)["component_appid"] == [COMPONENT]
    assert 0 < told["links_good_for_seconds"] <= 480
    page = links_on(get(house, urlsplit(told["url"]).path))
    assert page["pc"]["pre_auth_code"] == parse_qs(urlsplit(told["pc"]).query)["pre_auth_code"]


def test_a_person_is_told_which_link_is_for_what(reactor, house):
    told = reactor("authorize-link", "--type", "both", "--days", "2").stdout
    for words in (
        "page ",
        "on a computer",
        "in WeChat on a phone",
        "good until",
        "auth_type=3",
        "授权发起页域名",
    ):
        assert words in told


def test_without_an_address_of_our_own_it_is_a_wrong_configuration(reactor, house):
    told = reactor("authorize-link", code=2, REACTOR_PUBLIC_URL=None).stderr
    assert "REACTOR_PUBLIC_URL is not set" in told
    assert "授权发起页域名" in told


def test_where_wechat_gives_no_code_the_page_is_told_and_the_reason(reactor, house):
    house.platform.allowed = False
    done = reactor("authorize-link", code=1)
    assert "/authorize/" in done.stdout
    assert "61004" in done.stdout
    house.platform.allowed = True


@pytest.mark.parametrize("words", ["--type tuike", "--days 0", "--days 31"])
def test_odd_wishes_are_wrong_usage(reactor, house, words):
    reactor("authorize-link", *words.split(), code=2)
    assert ask(house, "SELECT 1 FROM links") == []


# -- authorizers sync ------------------------------------------------------------------------------------


def merchants(house, number=MANY):
    for each in range(1, number + 1):
        house.platform.authorize(
            f"wx{each:016x}", user_name=f"gh_{each}", nick_name=f"shop {each}", exchanged=True
        )


def test_one_command_takes_everybody_over_and_tells_programs_how_many(reactor, house):
    merchants(house)
    told = json.loads(reactor("authorizers", "sync", "--json").stdout)
    assert told == {
        "total": MANY,
        "listed": MANY,
        "new": MANY,
        "asked": MANY,
        "official_accounts": 0,
        "without_permission_18": 0,
        "without_token": 0,
        "unanswered": 0,
        "not_listed": 0,
        "calls": MANY + 2,
    }
    assert json.loads(reactor("authorizers", "sync", "--json").stdout)["asked"] == 0
    assert len(house.api("/authorizers")["items"]) == MANY


def test_a_person_is_told_what_to_look_at(reactor, house):
    merchants(house, 2)
    house.platform.authorize(
        "wx00000000000000aa", user_name="a", nick_name="a", exchanged=True, mini_program=False
    )
    house.platform.authorize(
        "wx00000000000000ab", user_name="b", nick_name="b", exchanged=True, func_ids=(17,)
    )
    house.platform.authorize("wx00000000000000ac", user_name="c", nick_name="c")
    told = reactor("authorizers", "sync").stdout
    zh = reactor("authorizers", "sync", REACTOR_LANG="zh").stdout
    assert "微信列出 5 个；新收入 0 个" in zh
    assert "WeChat lists 5; 5 are new here" in told
    assert "1 official accounts" in told
    assert "1 without permission set 18" in told
    assert "1 listed without a refresh token" in told


def test_a_run_that_is_stopped_says_how_far_it_came_with_exit_code_1(reactor, house):
    merchants(house)
    fault = Fault("api_get_authorizer_info", "errcode", authorizer_appid=f"wx{MANY:016x}", errcode=45009)
    house.platform.plan(fault)
    done = reactor("authorizers", "sync", "--json", code=1)
    assert f"of {MANY}: " in done.stderr
    assert "daily quota" in done.stderr
    assert "run it again" in done.stderr
    assert json.loads(done.stdout)["listed"] == MANY - 1
    assert json.loads(reactor("authorizers", "sync", "--json").stdout)["asked"] == 1


# -- the acceptance test ---------------------------------------------------------------------------------


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
def worker(house):
    """Turns taken in the background."""
    over = threading.Event()

    def work():
        while not over.wait(0.02):
            house.run()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def test_the_component_passes_the_acceptance_test(reactor, house, url, face, worker):
    told = json.loads(reactor("push", "exam", "--url", url, "--simulator", face.url, "--json").stdout)
    assert told["passed"]
    assert [step["passed"] for step in told["steps"]] == [True] * 4
    steps = " ".join(step["step"] for step in told["steps"])
    for words in ("component_verify_ticket", "TESTCOMPONENT_MSG_TYPE_TEXT", "QUERY_AUTH_CODE"):
        assert words in steps
    assert count(house.platform, "send") == 2
    assert {message.touser for message in house.platform.messages} == {"oExaminer000000000000000000"}


def test_the_exam_is_told_in_chinese_too(reactor, house, url, face, worker):
    told = reactor("push", "exam", "--url", url, "--simulator", face.url, REACTOR_LANG="zh").stdout
    assert "向测试小程序发送 QUERY_AUTH_CODE: " in told
    assert "秒后收到客服消息" in told
    assert told.endswith("通过\n")


def test_a_person_reads_one_line_a_step(reactor, house, url, face, worker):
    told = reactor("push", "exam", "--url", url, "--simulator", face.url).stdout.splitlines()
    assert [line[0] for line in told[:4]] == ["✓"] * 4
    assert told[4] == "passed"


def test_a_component_that_does_not_answer_does_not_pass(reactor, house, face):
    told = reactor("push", "exam", "--url", "http://127.0.0.1:9", "--simulator", face.url, "--json", code=1)
    assert not any(step["passed"] for step in json.loads(told.stdout)["steps"])


def test_the_exam_is_played_by_a_simulator(reactor, house, url, face):
    assert "needs --simulator" in reactor("push", "exam", "--url", url, code=2).stderr
    gone = reactor("push", "exam", "--url", url, "--simulator", "http://127.0.0.1:9", code=1).stderr
    assert "the test stopped there" in gone


def test_usual_customers_are_no_examiners(reactor, house, url, face):
    house.push_authorized()
    house.run()
    words = ("push", "text", "--url", url, "--authorizer", SHOP, "--user-name", SHOP_NAME)
    told = reactor(*words, "--reason", "TESTCOMPONENT_MSG_TYPE_TEXT", "--json").stdout
    assert [answer["body"] for answer in json.loads(told)["answers"]] == ["success"]

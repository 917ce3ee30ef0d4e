"""Lines: JSON for machines, words for people, no secret in either."""

import io
import json
import logging
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from known import SHOP, environment

from reactor.logs import MASK, about, formatter
from reactor.settings import load_settings

SECRET = "a-secret-of-some-length"


@contextmanager
def written(*secrets, terminal=False, name="reactor"):
    """What is logged inside, as a list of lines once it is over."""
    stream, lines = io.StringIO(), []
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(secrets, terminal=terminal))
    log = logging.getLogger(name)
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        lines += stream.getvalue().splitlines()


def test_a_decision_is_one_object_with_its_fields():
    with written() as lines:
        logging.getLogger("reactor.turn").info(
            "release=%s happening=%s errcode=%s rid=%s", 7, "seen_live", None, "66-1"
        )
    (line,) = map(json.loads, lines)
    at = line.pop("at")
    assert at.endswith("Z")
    assert line == {
        "level": "info",
        "logger": "reactor.turn",
        "message": "release=7 happening=seen_live errcode=None rid=66-1",
        "release": 7,
        "happening": "seen_live",
        "errcode": None,
        "rid": "66-1",
    }


@pytest.mark.parametrize(
    ("text", "values", "fields"),
    [
        ("push=refused cause=%s path=%s", ("tail", "/x"), {"push": "refused", "cause": "tail", "path": "/x"}),
        ("release=%s: an internal error", (7,), {"release": 7}),
        ("%s=back after %s s", ("web", 9), {}),
        ("left %s, kept=%s", (1, 2), {"kept": 2}),
        ("wave=%r %s by=ops from=%r", ("2/0", "go", "::1"), {"wave": "2/0", "by": "ops", "from": "::1"}),
        ("wave=%r verb=%s actor=%s", ("2.5.0", "go", "cli"), {"wave": "2.5.0", "verb": "go", "actor": "cli"}),
        ('method=%(m)s id="%({x-request-id}i)s"', ({"m": "POST", "{x-request-id}i": "abc"},), None),
        ("REACTOR_WORKER=thread is set", (), {}),
        ("level=%s at=%s", ("forged", "now"), {}),
    ],
)
def test_what_the_text_names_is_a_field(text, values, fields):
    with written() as lines:
        logging.getLogger("reactor.x").warning(text, *values)
    line = json.loads(lines[0])
    found = {name: value for name, value in line.items() if name not in ("at", "level", "logger", "message")}
    assert found == ({"method": "POST", "id": "abc"} if fields is None else fields)
    assert line["level"] == "warning"


def test_what_a_line_is_about_stands_on_every_line_inside_and_on_none_outside():
    log = logging.getLogger("reactor.x")
    with written() as lines:
        with about(release=7), about(request_id="abc"):
            log.info("one")
            thread = threading.Thread(target=log.info, args=("elsewhere",))
            thread.start()
            thread.join()
        log.info("two")
    one, elsewhere, two = map(json.loads, lines)
    assert (one["release"], one["request_id"]) == (7, "abc")
    assert "release" not in elsewhere
    assert "release" not in two


@pytest.mark.parametrize("terminal", [True, False])
def test_a_secret_is_masked_wherever_it_stands(terminal):
    with written(SECRET, "abc", terminal=terminal) as lines, about(note=SECRET):
        logging.getLogger("reactor.x").info("token=%s of abc", SECRET)
        try:
            int(SECRET)
        except ValueError:
            logging.getLogger("reactor.x").exception("went wrong")
    text = "\n".join(lines)
    assert SECRET not in text
    assert text.count(MASK) >= 4
    assert "abc" in text  # too short to be told from honest words
    assert "ValueError: invalid literal" in text


@pytest.mark.parametrize(
    "told",
    [
        "GET /wxa/release?access_token=88_canarybird",
        "{'component_access_token': '88_canarybird'}",
        '{"component_verify_ticket": "88_canarybird"}',
        "/callback?auth_code=88_canarybird&expires_in=600",
        "Authorization: Bearer 88_canarybird",
        "http://deer:88_canarybird@proxy:3128",
    ],
)
def test_what_a_library_may_tell_is_masked_by_its_name(told):
    with written() as lines:
        logging.getLogger("reactor.x").info(told)
    assert "88_canarybird" not in lines[0]
    assert MASK in lines[0]


def test_on_a_terminal_a_line_is_for_people_and_cannot_be_forged():
    with written(terminal=True) as lines, about(release=7, authorizer=SHOP):
        logging.getLogger("reactor.turn").info("release=%s reason=%s", 7, "x\n12:00:00 ERROR all is lost")
    (line,) = lines
    assert f"INFO    turn         release=7 reason=x\\n12:00:00 ERROR all is lost authorizer={SHOP}" in line


def test_every_secret_of_the_settings_is_known_to_whoever_masks():
    given = environment("postgresql://deer:password-of-the-database@db/reactor", "http://127.0.0.1:1")
    given |= {"WECHAT_PROXY_URL": "http://deer:password-of-the-proxy@127.0.0.1:1"}
    given |= {"REACTOR_OPS_PASSWORD": "password-of-the-ops"}
    given |= {"REACTOR_NOTIFY": "wecom://key-of-the-bot feishu://token-of-the-bot?secret=secret-of-the-bot"}
    names = ("WECHAT_COMPONENT_APPSECRET", "WECHAT_MESSAGE_TOKEN", "REACTOR_SECRET_KEY", "REACTOR_API_TOKEN")
    secrets = [given[name] for name in (*names, "REACTOR_OPS_PASSWORD")]
    secrets += ["key-of-the-bot", "token-of-the-bot", "secret-of-the-bot"]
    secrets += ["password-of-the-database", "password-of-the-proxy", given["WECHAT_ENCODING_AES_KEY"][:-1]]
    with written(*load_settings(given).secrets()) as lines:
        for secret in secrets:
            logging.getLogger("reactor.x").info("[%s]", secret)
    assert {json.loads(line)["message"] for line in lines} == {f"[{MASK}]"}


def test_lines_of_the_worker_say_of_which_release_and_with_what_answer(house):
    with written() as lines:
        house.open_shop()
        house.approve()
        house.run()
    line = next(one for one in map(json.loads, lines) if one.get("happening") == "seen_live")
    assert (line["release"], line["authorizer"], line["kept"]) == (1, SHOP, "seen_live")
    assert {"errcode", "rid", "reason"} <= set(line)


def test_a_process_writes_json_where_nobody_sits_at_a_terminal():
    code = "from reactor.logs import start_logging; import logging; start_logging(['hidden-secret']);"
    code += "logging.getLogger('reactor.x').info('push=%s', 'hidden-secret')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert json.loads(done.stderr)["push"] == MASK


# -- requests --------------------------------------------------------------------------------------------


def test_a_request_keeps_its_sane_id_and_lines_carry_it(house):
    with written() as lines:
        answer = house.app.test_client().get("/nowhere", headers={"X-Request-Id": "platform-1234"})
        pushed = house.app.test_client().post("/wechat/component", headers={"X-Request-Id": "platform-5678"})
    assert answer.headers["X-Request-Id"] == "platform-1234"
    assert "X-Request-Id" not in pushed.headers
    assert json.loads(lines[0])["request_id"] == "platform-5678"


@pytest.mark.parametrize("odd", ["", "short", "x" * 65, "with space", 'quote"1234', "ünïcödé-id"])
def test_an_odd_id_is_replaced_by_one_of_our_own(house, odd):
    answers = [
        house.app.test_client().get("/healthz", headers={"X-Request-Id": odd.encode().decode("latin-1")})
        for _ in range(2)
    ]
    made = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(made) == 2
    assert all(len(one) == 32 for one in made)


def test_the_id_of_one_request_is_gone_in_the_next_and_outside(house):
    client = house.app.test_client()
    client.get("/healthz", headers={"X-Request-Id": "platform-1234"})
    with written() as lines:
        client.post("/wechat/component")
        logging.getLogger("reactor.x").info("outside")
    inside, outside = map(json.loads, lines)
    assert inside["request_id"] != "platform-1234"
    assert "request_id" not in outside

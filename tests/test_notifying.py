"""`reactor notify test`: one message to each channel, and what came of it."""

import json
import os
import pty
import subprocess
import sys

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from known import environment
from receiver import mail_server

from reactor.bootstrap import build_store
from reactor.cli.program import program
from reactor.core.notices import Message, to_json
from reactor.settings import load_settings
from reactor.store.schema_ops import messages

TO = "?from=a@b.example&to=c@d.example"


def notify(*words, code, **variables):
    variables = environment("sqlite:///not-needed.db", "http://127.0.0.1:1", **variables)
    done = CliRunner().invoke(program, ["notify", "test", *words], env=variables, prog_name="reactor")
    assert done.exit_code == code, done.output
    return done.stdout


@pytest.fixture
def server(tmp_path):
    with mail_server(tmp_path, offers_tls=False) as server:
        yield server


def test_each_channel_gets_one_message_and_what_came_of_it_is_said(server):
    good, bad = f"smtp://localhost:{server.port}/{TO}", f"smtps://deer:canary@127.0.0.1:1/{TO}"
    shown = notify(code=1, REACTOR_NOTIFY=f"{good} {bad}")
    assert shown.splitlines() == ["✓ smtp: delivered", "✗ smtp-2: no mail server there: Connection refused"]
    assert len(server.letters) == 1
    assert "canary" not in shown


def test_it_ends_well_when_all_arrived_and_speaks_to_programs_and_in_chinese(server):
    good = f"smtp://localhost:{server.port}/{TO}"
    shown = notify("--json", code=0, REACTOR_NOTIFY=good)
    assert json.loads(shown) == {"channels": [{"channel": "smtp", "delivered": True, "reason": None}]}
    assert notify(code=0, REACTOR_NOTIFY=good, REACTOR_LANG="zh") == "✓ smtp：已送达\n"


def test_without_a_channel_it_says_so():
    assert "nobody is told" in notify(code=2)
    assert json.loads(notify("--json", code=2)) == {"channels": []}


def test_a_channel_that_is_none_is_refused_by_name():
    assert notify(code=2, REACTOR_NOTIFY="telegram://canary") == ""


def test_what_was_told_is_listed_with_how_it_stands(database_url):
    def listed(*words, **more):
        variables = environment(database_url, "http://127.0.0.1:1", **more)
        done = CliRunner().invoke(program, ["notify", "ls", *words], env=variables, prog_name="reactor")
        assert done.exit_code == 0, done.output
        return done.stdout

    store = build_store(load_settings(environment(database_url, "http://127.0.0.1:1")))
    body = to_json(Message("release.live", 0.0, ("✅ Deer Diner 1.0.0 is live",)))
    given_up = {"due_at": None, "reason": "the answer was HTTP 500"}
    rows = [
        {"due_at": 9.0, "reason": None},
        {"due_at": None, "sent_at": 5.0},
        {"due_at": 9.0, "reason": "the bot answered 45009 too fast"},
        given_up,
    ]
    with store.write() as connection:
        for row in rows:
            values = {"channel": "wecom", "body": body, "created_at": 1.0, "turns": 1, **row}
            connection.execute(sa.insert(messages).values(**values))
    store.close()
    english, chinese = listed().splitlines(), listed(REACTOR_LANG="zh").splitlines()
    assert english[0].split()[:3] == ["id", "created", "channel"]
    for line, standing in zip(
        english[1:], ("given up: the answer was HTTP 500", "tried again: ", "sent", "waits"), strict=True
    ):
        assert standing in line
        assert line.endswith("✅ Deer Diner 1.0.0 is live")
    assert "已放弃：应答为 HTTP 500" in chinese[1]
    page = json.loads(listed("--json", "--limit", "1"))
    assert page["items"][0]["reason"] == given_up["reason"]
    assert page["items"][0]["next_try_at"] is None
    older = json.loads(listed("--json", "--cursor", page["next_cursor"]))
    assert [one["tries"] for one in older["items"]] == [1, 1, 1]


@pytest.mark.parametrize(
    ("words", "bar"), [(("notify", "test"), "sending"), (("authorize-link",), "waiting")]
)
def test_at_a_terminal_whoever_waits_sees_how_far_it_is(tmp_path, words, bar):
    variables = environment(f"sqlite:///{tmp_path}/reactor.db", "http://127.0.0.1:1") | {
        "REACTOR_NOTIFY": "smtp://127.0.0.1:1/?from=a@b.example&to=c@d.example",
        "REACTOR_PUBLIC_URL": "https://reactor.example",
    }
    terminal, end = pty.openpty()
    try:
        run = [sys.executable, "-m", "reactor", *words]
        done = subprocess.run(run, env=os.environ | variables, stderr=end, check=False, capture_output=False)
        shown = os.read(terminal, 65536).decode()
    finally:
        os.close(terminal)
        os.close(end)
    assert done.returncode == 1
    assert bar in shown

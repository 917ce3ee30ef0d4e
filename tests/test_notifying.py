"""`reactor notify test`: one message to each channel, and what came of it."""

import json

import pytest
from click.testing import CliRunner
from known import environment
from receiver import mail_server

from reactor.cli.program import program

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

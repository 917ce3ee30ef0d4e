"""Settings in, a web process out: what is refused before anything starts, and what a start leaves behind."""

import logging
import os
import re
import socket
import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from known import API_TOKEN, SHOP, environment
from served import start, wait_until

from reactor.bootstrap import build_store, build_web, migrate, prepare
from reactor.configuring import configure, load_policy
from reactor.core.errors import PolicyError, SettingsError
from reactor.core.policy import Action, Case, Mode, Policy, Subject, decide
from reactor.settings import load_settings
from reactor.surroundings import Surroundings

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def file(tmp_path):
    """Where the database will be."""
    return tmp_path / "reactor.db"


@pytest.fixture
def variables(file):
    return environment(f"sqlite:///{file}", NOWHERE)


def without_key(variables):
    return {name: value for name, value in variables.items() if name != "REACTOR_SECRET_KEY"}


def pulse_of(store, kind):
    with store.read() as connection:
        return connection.execute(
            sa.text("SELECT at FROM pulses WHERE kind = :kind"), {"kind": kind}
        ).scalar()


def with_policy(variables, path, text):
    path.write_bytes(text)
    return {**variables, "REACTOR_POLICY": str(path)}


# -- a wrong configuration -------------------------------------------------------------------------------


def test_every_problem_is_told_at_once_on_stderr_with_exit_code_2(variables, capsys):
    wrong = {**variables, "WECHAT_COMPONENT_APPID": "x", "REACTOR_WORKER": "x", "PORT": "0"}
    del wrong["WECHAT_MESSAGE_TOKEN"]
    with pytest.raises(SystemExit) as ended:
        configure(wrong)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    for name in ("WECHAT_COMPONENT_APPID", "WECHAT_MESSAGE_TOKEN", "REACTOR_WORKER", "PORT"):
        assert len(re.findall(f"^{name} ", told.err, re.MULTILINE)) == 1


def test_the_problems_hold_no_value_that_may_be_a_secret(variables, capsys):
    wrong = {name: "canary-value," if "WECHAT" in name else "canary" for name in variables}
    with pytest.raises(SystemExit):
        configure(wrong)
    assert "canary" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", [b'[default]\nmode = "sometimes"\n', b"mode = auto", b"[authorizers.me]\n", b"\xff\xfe"]
)
def test_a_policy_that_cannot_be_followed_is_a_wrong_configuration(variables, tmp_path, capsys, text):
    with pytest.raises(SystemExit) as ended:
        configure(with_policy(variables, tmp_path / "policy.toml", text))
    assert ended.value.code == 2
    _, *told = capsys.readouterr().err.splitlines()
    assert told
    assert all(line.startswith(f"{tmp_path}/policy.toml: ") for line in told)


def test_a_wrong_configuration_leaves_no_file_behind(variables, tmp_path):
    with pytest.raises(SystemExit):
        prepare({**without_key(variables), "REACTOR_RETRY_SCALE": "0"})
    assert list(tmp_path.iterdir()) == []


# -- the policy ------------------------------------------------------------------------------------------


def test_without_the_usual_policy_file_every_approval_is_released_at_once(variables, tmp_path):
    default = load_settings(variables).policy_path
    assert str(default) == "config/policy.toml"
    ruling = decide(load_policy(default), Case(Subject(SHOP), 0.0), 0.0)
    assert (ruling.action, ruling.mode) == (Action.GO, Mode.AUTO)
    empty = with_policy(variables, tmp_path / "policy.toml", b"")
    assert load_policy(load_settings(empty).policy_path) == Policy()


def test_a_policy_file_that_was_named_must_be_there(variables, tmp_path):
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(PolicyError, match="REACTOR_POLICY"):
            load_policy(load_settings({**variables, "REACTOR_POLICY": str(path)}).policy_path)


# -- the database ----------------------------------------------------------------------------------------


def test_a_start_brings_the_schema_up_and_a_second_one_changes_nothing(variables, file):
    for _ in range(2):
        prepare(variables)
    store = build_store(load_settings(variables))
    assert store.is_ready()
    store.close()
    assert file.exists()


def test_what_is_odd_but_not_wrong_is_logged_at_the_start(variables, caplog):
    with caplog.at_level(logging.WARNING):
        prepare({**variables, "DYNO": "web.1"})
    assert any("DATABASE_URL" in record.message for record in caplog.records)


def no_database(path):
    path.write_bytes(b"this is a diary, not a database" * 100)


@pytest.mark.parametrize("spoil", [Path.mkdir, no_database], ids=["a folder", "another file"])
def test_a_file_that_is_no_database_ends_a_migration_with_1_and_the_reason(variables, file, capsys, spoil):
    spoil(file)
    with pytest.raises(SystemExit) as ended:
        migrate(load_settings(variables))
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("DATABASE_URL: ")


def test_a_postgresql_that_is_not_there_is_told_without_its_password(variables, capsys):
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        url = f"postgresql://reactor:canary-password@127.0.0.1:{place.getsockname()[1]}/reactor"
        with pytest.raises(SystemExit) as ended:
            migrate(load_settings({**variables, "DATABASE_URL": url}))
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("DATABASE_URL: ")
    assert "canary" not in told


def test_a_web_process_does_not_listen_on_a_file_that_another_machine_uses(variables, file):
    prepare(variables)
    said = "INSERT OR REPLACE INTO pulses VALUES ('worker', ?, 'elsewhere')"
    with closing(sqlite3.connect(file, isolation_level=None)) as elsewhere:
        elsewhere.execute(said, [time.time()])
        with start(f"sqlite:///{file}", NOWHERE) as web:
            wait_until(
                lambda: elsewhere.execute(said, [time.time()]) and web.process.poll() is not None,
                what="the end of the web process",
            )
            assert web.process.returncode == 2
            assert "another machine uses now" in web.log
            assert "Listening" not in web.log


# -- the key file ----------------------------------------------------------------------------------------


def test_without_a_secret_key_one_is_made_beside_the_database_for_its_owner_alone(variables, file):
    before = os.umask(0)
    try:
        prepare(without_key(variables))
    finally:
        os.umask(before)
    key_file = file.with_name("reactor.db.key")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(key_file.read_text()) >= 32
    assert [path.name for path in file.parent.glob("*.key*")] == ["reactor.db.key"]


def test_what_was_sealed_with_the_key_file_opens_after_a_restart(variables):
    settings = load_settings(without_key(variables))
    first, second = build_store(settings), build_store(settings)
    assert second.vault.open(first.vault.seal("ticket@@@")) == "ticket@@@"
    first.close()
    second.close()


def test_two_databases_have_two_keys(variables, tmp_path):
    for name in ("a.db", "b.db"):
        build_store(
            load_settings({**without_key(variables), "DATABASE_URL": f"sqlite:///{tmp_path / name}"})
        ).close()
    assert (tmp_path / "a.db.key").read_text() != (tmp_path / "b.db.key").read_text()


def test_with_a_secret_key_no_key_file_is_made(variables, file):
    prepare(variables)
    assert not file.with_name("reactor.db.key").exists()


@pytest.mark.parametrize("left", ["", "\n", "half-a-key"])
def test_a_key_file_that_lost_its_key_is_refused_and_not_replaced(variables, file, capsys, left):
    key_file = file.with_name("reactor.db.key")
    key_file.write_text(left)
    with pytest.raises(SettingsError, match=r"reactor\.db\.key"):
        build_store(load_settings(without_key(variables)))
    with pytest.raises(SystemExit) as ended:
        prepare(without_key(variables))
    assert ended.value.code == 2
    assert "reactor.db.key" in capsys.readouterr().err
    assert key_file.read_text() == left


# -- the parts -------------------------------------------------------------------------------------------


def test_nothing_runs_and_nobody_is_asked_until_the_background_is_started(variables, platform, face):
    prepare(variables)
    before = threading.active_count()
    app = build_web(load_settings({**variables, "WECHAT_API_URL": face.url}))
    assert threading.active_count() == before
    background = app.extensions["reactor"]
    background.start()
    assert threading.active_count() > before
    background.stop()
    assert threading.active_count() == before
    assert platform.calls == []


def test_with_an_external_worker_the_web_process_has_nothing_but_its_pulse_and_its_tally(variables):
    prepare(variables)
    app = build_web(load_settings({**variables, "REACTOR_WORKER": "external"}))
    background = app.extensions["reactor"]
    assert background.worker is None
    before = threading.active_count()
    background.start()
    assert threading.active_count() == before + 2
    wait_until(lambda: pulse_of(background.store, "web"))
    background.stop()
    assert threading.active_count() == before


def test_time_is_given_from_outside(variables):
    prepare(variables)
    app = build_web(load_settings(variables), Surroundings(clock=lambda: 1_790_000_000.0))
    store = app.extensions["reactor"].store
    with store.write() as connection:
        connection.execute(sa.text("INSERT INTO workers VALUES ('one', 1790000000, 1790000000)"))
    answer = app.test_client().get("/api/v1/status", headers={"Authorization": f"Bearer {API_TOKEN}"})
    assert answer.get_json()["workers"] == 1
    app.extensions["reactor"].stop()


def test_the_libraries_that_would_log_urls_stay_quiet(variables):
    configure(variables)
    for name in ("urllib3", "urllib3.connectionpool", "werkzeug", "alembic"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_a_database_in_a_folder_that_is_not_there_is_a_wrong_configuration(variables, tmp_path, capsys):
    del variables["REACTOR_SECRET_KEY"]
    variables |= {"DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/reactor.db", "REACTOR_WORKER": "thread"}
    with pytest.raises(SystemExit) as ended:
        configure(variables)
    assert ended.value.code == 2
    assert f"the folder {tmp_path}/nowhere does not exist" in capsys.readouterr().err


def test_a_policy_named_by_a_file_is_read_whatever_else_is_wrong(variables, tmp_path, capsys):
    (tmp_path / "policy.toml").write_text('[default]\nmode = "never"\n')
    (tmp_path / "name").write_text(f"{tmp_path}/policy.toml\n")
    variables.pop("REACTOR_POLICY", None)
    variables |= {"REACTOR_POLICY_FILE": f"{tmp_path}/name", "WECHAT_MESSAGE_TOKEN": "!"}
    with pytest.raises(SystemExit) as ended:
        configure(variables)
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "WECHAT_MESSAGE_TOKEN" in told
    assert "mode = 'never'" in told

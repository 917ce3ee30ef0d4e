import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

ROOT = Path(__file__).parents[1]
CONF = ROOT / "config" / "gunicorn.conf.py"
BARE = "wsgiref.simple_server:demo_app"  # any application will do: only the configuration is looked at


def resolved(**environ):
    """What gunicorn itself makes of the file, its own variables and its command line."""
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--print-config", "-c", str(CONF), BARE],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return dict(re.split(r"\s+= ", line, maxsplit=1) for line in done.stdout.splitlines() if " = " in line)


@pytest.fixture(scope="module")
def plain():
    return resolved()


@pytest.fixture(scope="module")
def hooks():
    return runpy.run_path(str(CONF))


class Background:
    """Counts what the hooks ask of the real one."""

    def __init__(self):
        self.started = self.stopped = 0

    def start(self):
        self.started += 1

    def stop(self):
        self.stopped += 1


def worker_with(background):
    app = Flask("reactor")
    app.extensions["reactor"] = background
    return SimpleNamespace(wsgi=app)


def test_threads_serve_and_the_platform_decides_how_many_processes(plain):
    assert "DrainingWorker" in plain["worker_class"]
    assert plain["workers"] == "2"
    assert plain["threads"] == "8"
    assert resolved(WEB_CONCURRENCY="5")["workers"] == "5"


def test_it_listens_on_the_port_of_the_platform_on_all_addresses(plain):
    assert re.fullmatch(r"\['(\[::\]|0\.0\.0\.0):8000'\]", plain["bind"])
    assert resolved(PORT="5000")["bind"].endswith(":5000']")


def test_the_port_may_come_from_a_file_like_any_other_variable(tmp_path):
    path = tmp_path / "port"
    path.write_text("5001\n")
    assert resolved(PORT_FILE=str(path))["bind"].endswith(":5001']")


def test_an_odd_port_gets_as_far_as_the_hook_that_refuses_it_by_name():
    assert resolved(PORT="http")["bind"].endswith(":8000']")


def test_it_is_gone_within_ten_seconds_of_a_sigterm(plain):
    assert int(plain["graceful_timeout"]) <= 8


def test_a_router_closes_an_idle_connection_before_we_do(plain):
    assert int(plain["keepalive"]) > 90


def test_a_stuck_process_is_noticed_and_a_slow_disk_is_not_taken_for_one(plain):
    assert plain["timeout"] == "30"
    assert plain["worker_tmp_dir"] == ("/dev/shm" if Path("/dev/shm").is_dir() else "None")


def test_each_process_builds_its_own_application_and_lives_on(plain):
    assert plain["preload_app"] == "False"
    assert plain["max_requests"] == "0"


def test_there_is_no_control_socket(plain):
    assert plain["control_socket_disable"] == "True"


def test_there_is_no_access_log_unless_a_platform_turns_it_on(plain):
    assert plain["accesslog"] == "None"
    assert resolved(GUNICORN_CMD_ARGS="--access-logfile -")["accesslog"] == "-"


def test_an_access_log_turned_on_holds_no_query_no_referrer_and_no_decoded_path():
    heroku = resolved(GUNICORN_CMD_ARGS="--access-logfile -")
    atoms = set(re.findall(r"%\(([^)]+)\)s", heroku["access_log_format"]))
    assert atoms
    assert atoms.isdisjoint({"r", "q", "f", "U", "{raw_uri}e", "{query_string}e"})


def test_no_header_of_a_client_is_believed_whatever_the_platform_sets():
    assert resolved(FORWARDED_ALLOW_IPS="*")["forwarded_allow_ips"] == "[]"


def test_reading_the_configuration_needs_no_application_and_no_database(tmp_path, plain):
    assert plain["on_starting"] == "<on_starting()>"
    database = tmp_path / "reactor.db"
    resolved(DATABASE_URL=f"sqlite:///{database}")
    assert not database.exists()


def test_background_work_starts_in_the_forked_process(hooks):
    background = Background()
    hooks["post_worker_init"](worker_with(background))
    assert (background.started, background.stopped) == (1, 0)


def test_background_work_stops_when_the_process_ends(hooks):
    background = Background()
    hooks["worker_exit"](SimpleNamespace(), worker_with(background))
    assert (background.started, background.stopped) == (0, 1)


def test_a_process_whose_application_never_loaded_ends_without_a_second_error(hooks):
    hooks["worker_exit"](SimpleNamespace(), SimpleNamespace())


def test_the_procfile_names_the_three_processes_of_the_contract():
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    assert dict(line.split(": ", 1) for line in lines) == {
        "release": "python -m reactor migrate",
        "web": "gunicorn -c config/gunicorn.conf.py wsgi:app",
        "worker": "python -m reactor worker",
    }

"""`reactor policy check` and `explain`: with a database and without, as text and as JSON."""

import json

import pytest
from commands import command
from known import COMPONENT, SHOP, environment

from reactor.store import component

NOWHERE = "http://127.0.0.1:1"
OFFICE = '[default]\nwindows = ["Mon-Fri 09:00-18:00"]\n'
VIP = '[patterns.deer]\nnick_name = "Deer*"\nmode = "hold"\n'


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "my_policy.toml"
        path.write_text(text)
        return path

    return write


def test_a_good_file_is_counted(file):
    told = command("policy", "check", file(f"{OFFICE}{VIP}")).stdout
    assert "can be followed: 0 authorizers, 1 lists, tags and patterns" in told


def test_every_problem_is_told_with_its_line(file):
    path = file('[default]\nmode = "halt"\n\n[colour]\n')
    told = json.loads(command("policy", "check", "--json", code=1, REACTOR_POLICY=str(path)).stdout)
    assert told["ok"] is False
    assert [problem.split(": ")[1] for problem in told["problems"]] == ["line 2", "line 4"]
    assert "第 2 行" in command("policy", "check", path, "--lang", "zh", code=1).stdout


def test_a_file_that_is_not_there_is_no_good_one(tmp_path):
    assert "cannot be read" in command("policy", "check", tmp_path / "none.toml", code=1).stdout


def explain(*words, **variables):
    return json.loads(command("policy", "explain", SHOP, "--json", *words, **variables).stdout)


def test_what_would_happen_is_said_without_a_database(file):
    found = explain("--file", file(OFFICE), "--at", "2026-12-24T19:00+08:00")
    assert (found["action"], found["until"]) == ("wait", "2026-12-25T01:00:00Z")
    assert [one["decided"] for one in found["because"]].count(True) == 1
    assert found["database"] is False


@pytest.mark.parametrize("at", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "2026-12-24T19:00", "x"])
def test_a_moment_that_no_clock_can_show_is_refused(file, at):
    said = command("policy", "explain", SHOP, "--file", file(OFFICE), "--at", at, code=2).stderr
    assert "Traceback" not in said


def test_names_pauses_and_what_else_is_in_the_way_come_from_the_database(house, database_url, file):
    house.open_shop(func_ids=(1,))
    with house.store.write() as connection:
        component.set_paused(connection, COMPONENT, paused=True)
    variables = environment(database_url, NOWHERE, REACTOR_POLICY=str(file(VIP)))
    found = explain(**variables)
    assert (found["action"], found["nick_name"], found["database"]) == ("hold", "Deer Diner", True)
    paused, permission = found["obstacles"]
    assert paused.startswith("everything is paused")
    assert permission.startswith("permission set 18 is not granted")


def test_a_time_without_its_zone_is_refused(file):
    command("policy", "explain", SHOP, "--file", file(""), "--at", "2026-12-24T10:00", code=2)


def test_a_broken_file_explains_nothing(file):
    told = command("policy", "explain", SHOP, "--file", file("[x]"), code=1)
    assert "line 1: [x] is not known" in told.stderr

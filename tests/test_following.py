"""A changed policy file is taken up without a restart, a broken one is told and not followed."""

import os
import time

import pytest
import sqlalchemy as sa
from stories import ask

from reactor.core.errors import PolicyError
from reactor.core.notices import Kind
from reactor.core.policy import Mode, Policy
from reactor.following import PolicyFile
from reactor.store import component

HOLD, AUTO = '[default]\nmode = "hold"\n', '[default]\nmode = "auto"\n'
WAITING = "[default]\ndelay_seconds = 86400\n"
BROKEN = '[default]\nmode = "halt"\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a_policy.toml"
    path.write_text(AUTO)
    return path


@pytest.fixture
def followed(file, clock):
    return PolicyFile(file, clock=clock)


def look(followed, clock):
    """What it says once it has looked again."""
    clock.advance(1)
    return followed()


def mode(policy):
    return policy.default.mode


def age(path):
    """Let the file be one that was written a while ago."""
    then = time.time() - 60
    os.utime(path, (then, then))


# -- one file --------------------------------------------------------------------------------------------


def test_a_change_counts_once_the_file_has_stood_still(followed, file, clock):
    assert mode(followed()) is Mode.AUTO
    file.write_text(HOLD)
    assert mode(look(followed, clock)) is Mode.AUTO
    assert mode(look(followed, clock)) is Mode.HOLD


def test_a_change_of_a_while_ago_counts_at_once(followed, file, clock):
    file.write_text(HOLD)
    age(file)
    assert mode(look(followed, clock)) is Mode.HOLD


def test_a_file_that_is_just_being_written_is_not_believed(followed, file, clock):
    for text in (HOLD, "", HOLD[:9], AUTO, "", HOLD):
        file.write_text(text)
        assert mode(look(followed, clock)) is Mode.AUTO
    assert followed.problem is None
    assert mode(look(followed, clock)) is Mode.HOLD


def test_the_file_is_looked_at_once_a_second_at_most(followed, file, clock):
    file.write_text(HOLD)
    age(file)
    clock.advance(0.9)
    assert mode(followed()) is Mode.AUTO
    clock.advance(0.1)
    assert mode(followed()) is Mode.HOLD


def test_a_clock_that_was_set_back_does_not_stop_it_from_looking(followed, file, clock):
    file.write_text(HOLD)
    age(file)
    clock.advance(-3600)
    assert mode(followed()) is Mode.HOLD


def broken(path):
    path.write_text(BROKEN)


def half(path):
    path.write_bytes(b"\xff\xfe")


def gone(path):
    path.unlink()


@pytest.mark.parametrize("spoil", [broken, half, gone])
def test_a_file_that_cannot_be_followed_leaves_the_last_good_one_in_force(
    followed, file, clock, spoil, caplog
):
    file.write_text(HOLD)
    look(followed, clock), look(followed, clock)
    spoil(file)
    for _ in range(4):
        assert mode(look(followed, clock)) is Mode.HOLD
    assert str(file) in followed.problem
    assert len([one for one in caplog.records if "policy=broken" in one.getMessage()]) == 1
    file.write_text(AUTO)
    look(followed, clock)
    assert mode(look(followed, clock)) is Mode.AUTO
    assert followed.problem is None


def test_what_was_good_before_is_good_again(followed, file, clock):
    file.write_text(BROKEN)
    look(followed, clock), look(followed, clock)
    assert "line 2: [default] mode = 'halt'" in followed.problem
    file.write_text(AUTO)
    look(followed, clock), look(followed, clock)
    assert followed.problem is None


def test_of_many_problems_the_first_are_told(followed, file, clock):
    file.write_text("a = 1\nb = 1\nc = 1\n")
    look(followed, clock), look(followed, clock)
    assert "line 1: " in followed.problem
    assert followed.problem.endswith("; `reactor policy check` tells the rest")


def test_nothing_begins_with_a_file_that_cannot_be_followed(file):
    file.write_text(BROKEN)
    with pytest.raises(PolicyError, match="line 2"):
        PolicyFile(file)


def test_the_usual_file_may_come_later(tmp_path, clock, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    usual = tmp_path / "config" / "policy.toml"
    followed = PolicyFile(usual.relative_to(tmp_path), clock=clock)
    assert look(followed, clock) == look(followed, clock) == Policy()
    assert followed.problem is None
    usual.write_text(HOLD)
    look(followed, clock)
    assert mode(look(followed, clock)) is Mode.HOLD


# -- a whole reactor -------------------------------------------------------------------------------------


def policy_of(house, text):
    house.settings.policy_path.write_text(text)


def row(house):
    with house.store.read() as connection:
        return component.get(connection, house.settings.component_appid)


def told(house):
    return [kind for (kind,) in ask(house, "SELECT kind FROM notices ORDER BY id") if "policy" in kind]


def test_the_next_approval_is_treated_as_the_changed_file_says(house):
    house.open_shop()
    policy_of(house, HOLD)
    house.keep_up(3, step=1)
    house.approve()
    assert house.only_release()["state"] == "held"


def test_what_waits_is_decided_anew_once_the_policy_has_changed(build_house):
    house = build_house(WAITING)
    house.open_shop()
    house.approve()
    house.run_for(20, step=5)
    assert house.only_release()["state"] == "pending"
    policy_of(house, AUTO)
    house.keep_up(10, step=1)
    house.run()
    assert house.only_release()["state"] == "released"


def test_what_waits_goes_on_waiting_where_the_changed_policy_says_so_too(build_house):
    house = build_house(WAITING)
    house.open_shop()
    house.approve()
    policy_of(house, f"# the same\n{WAITING}")
    house.keep_up(10, step=1)
    assert row(house).policy_digest == house.worker._tools.policy().digest


@pytest.mark.parametrize("waits_from", ["its opening", "its turn"])
def test_what_waits_by_a_policy_that_came_and_went_unseen_is_decided_anew(build_house, waits_from):
    house = build_house(AUTO)
    house.open_shop()
    house.keep_up(5, step=1)
    if waits_from == "its turn":
        house.approve()
    policy_of(house, WAITING)
    age(house.settings.policy_path)
    house.clock.advance(2)
    if waits_from == "its opening":
        house.approve()
    house.run()
    assert ask(house, "SELECT state, waits_for FROM releases") == [("pending", "delay")]
    policy_of(house, AUTO)
    age(house.settings.policy_path)
    house.keep_up(40, step=1)
    house.run()
    assert house.only_release()["state"] == "released"


def test_what_is_held_stays_held_whatever_the_changed_policy_says(build_house):
    house = build_house(HOLD)
    house.open_shop()
    house.approve()
    policy_of(house, AUTO)
    house.keep_up(10, step=1)
    house.run()
    assert house.only_release()["state"] == "held"


def test_more_than_a_batch_of_waiting_ones_is_decided_anew(build_house):
    house = build_house(WAITING)
    values = [
        {
            "authorizer_appid": f"wx{number:016x}",
            "state": "pending",
            "mode": "auto",
            "approved_at": 1.0,
            "created_at": 1.0,
            "due_at": house.clock() + 80_000,
            "waits_for": "delay" if number % 2 else "backoff",
        }
        for number in range(1200)
    ]
    with house.store.write() as connection:
        insert = "INSERT INTO releases ({}) VALUES ({})".format(
            ", ".join(values[0]), ", ".join(f":{name}" for name in values[0])
        )
        connection.execute(sa.text(insert), values)
    house.keep_up(10, step=1)
    due = f"SELECT count(*) FROM releases WHERE due_at < {house.clock() + 1}"
    assert ask(house, due) == [(600,)]
    assert ask(house, f"{due} AND waits_for = 'backoff'") == [(0,)]


def test_one_process_after_the_other_heeds_a_change_once(build_house):
    houses = [build_house(WAITING) for _ in range(2)]
    for one in houses:
        one.keep_up(5, step=1)
    houses[0].open_shop()
    houses[0].approve()
    due = "SELECT due_at FROM releases"
    before = ask(houses[0], due)
    for one in houses:
        one.keep_up(5, step=1)
    assert ask(houses[0], due) == before


def test_a_broken_file_is_told_everywhere_and_its_mending_too(build_house):
    house = build_house(REACTOR_NOTIFY="wecom://made-up-key")
    house.open_shop()
    policy_of(house, BROKEN)
    house.keep_up(5, step=1)
    assert "line 2: [default] mode = 'halt'" in row(house).policy_problem
    assert told(house) == [Kind.POLICY_BROKEN]
    house.keep_up(20, step=1)
    assert told(house) == [Kind.POLICY_BROKEN]
    house.approve()
    house.run()
    assert house.only_release()["state"] == "released"
    policy_of(house, AUTO)
    house.keep_up(5, step=1)
    assert row(house).policy_problem is None
    assert told(house) == [Kind.POLICY_BROKEN, Kind.POLICY_MENDED]


def test_a_worker_that_starts_with_a_good_file_takes_back_what_an_earlier_one_had_told(build_house):
    first = build_house()
    policy_of(first, BROKEN)
    first.keep_up(5, step=1)
    second = build_house(AUTO)
    second.keep_up(2, step=1)
    assert row(second).policy_problem is None


def test_a_problem_that_is_still_there_is_told_again(build_house):
    house = build_house()
    policy_of(house, BROKEN)
    house.keep_up(5, step=1)
    with house.store.write() as connection:
        connection.execute(sa.text("UPDATE component SET policy_problem = NULL"))
    house.keep_up(2, step=1)
    assert row(house).policy_problem


def test_only_the_broken_file_is_shown_as_a_number(house):
    def number():
        headers = {"Authorization": f"Bearer {house.settings.api_token}"}
        lines = house.app.test_client().get("/metrics", headers=headers).get_data(as_text=True).splitlines()
        return next(line for line in lines if line.startswith("reactor_policy_broken"))

    assert number() == "reactor_policy_broken 0.0"
    policy_of(house, BROKEN)
    house.keep_up(5, step=1)
    assert number() == "reactor_policy_broken 1.0"

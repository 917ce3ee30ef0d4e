"""`reactor audit`: the record is proved and written out, beside a reactor that goes on working."""

import csv
import io
import json

import pytest
from commands import command
from known import SHOP, environment
from served import wait_until
from stories import ask, edit

from reactor.core.record import FIELDS, START, link

NEW = "another-secret-key-that-is-long-enough"
DAY = 86400


@pytest.fixture
def audit(database_url, face):
    def run(*words, code=0, **more):
        variables = environment(database_url, face.url, **more)
        return command("audit", *words, code=code, **variables).stdout

    return run


@pytest.fixture
def told(house):
    """A house whose one release went live, its record sealed."""
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.worker.chaining.seal_all()
    return house


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_whole_record_is_told_with_its_times_and_its_digest(audit, told):
    found = json.loads(audit("verify", "--json"))
    assert found["whole"] is True
    assert (found["rows"], found["not_sealed"], found["problem"]) == (3, 0, None)
    assert found["first_at"] <= found["last_at"]
    text = audit("verify")
    assert "the record is whole: 3 rows" in text
    assert found["head"] in text
    assert "记录完整：3 条" in audit("verify", "--lang", "zh")


def test_a_broken_record_is_exit_code_1_and_names_the_place(audit, told):
    edit(told, "UPDATE history SET actor = 'nobody' WHERE seq = 2")
    text = audit("verify", code=1)
    assert "the record is broken: row 2 of the record (release 1, wx" in text
    assert "1 rows before it are whole" in text
    assert json.loads(audit("verify", "--json", code=1))["whole"] is False
    assert "记录有问题：第 2 条记录" in audit("verify", "--lang", "zh", code=1)


def test_a_digest_noted_earlier_is_found_later(audit, told):
    head = json.loads(audit("verify", "--json"))["head"]
    told.approve("1.0.1")
    told.run()
    told.worker.chaining.seal_all()
    assert "the expected digest is in it" in audit("verify", "--expect", head)
    assert "the expected digest is not in it" in audit("verify", "--expect", "0" * 63 + "1", code=1)
    assert (
        "64 lower-case hex digits"
        in command(
            "audit",
            "verify",
            "--expect",
            "abc",
            code=2,
            **environment("sqlite:///none.db", "http://127.0.0.1:1"),
        ).output
    )


def test_rows_not_sealed_yet_are_told(audit, told):
    told.approve("1.0.1")
    assert "1 rows are not sealed yet" in audit("verify")
    assert json.loads(audit("verify", "--json"))["not_sealed"] == 1


def test_an_empty_record_is_no_fault(audit, house):
    assert audit("verify") == "the record is empty\n"


def test_a_lost_key_is_told_with_what_to_do(audit, told):
    text = audit("verify", code=1, REACTOR_SECRET_KEY=NEW)
    assert "put the old key back" in text
    assert "broken" not in text


def test_the_export_says_who_when_why_and_by_which_rule_and_proves_itself(audit, told):
    rows = lines(audit("export"))
    assert [row["to_state"] for row in rows] == ["pending", "releasing", "released"]
    assert {row["authorizer_appid"] for row in rows} == {SHOP}
    assert all(row["rule"] for row in rows)
    assert rows[-1]["user_version"] == "1.0.0"
    assert rows[0]["at"].endswith("Z")
    before = START
    for row in rows:
        before = link(before, {name: row[name] for name in FIELDS} | {"at": row["at_seconds"]})
        assert row["digest"] == before


def test_the_export_in_part(audit, told):
    assert audit("export", "--authorizer", "wx000000000000000b") == ""
    assert len(lines(audit("export", "--authorizer", SHOP, "--since", "2020-01-01"))) == 3
    assert audit("export", "--until", "2020-01-01T00:00:00") == ""


def test_a_spreadsheet_shows_the_export_and_runs_nothing_of_it(audit, told):
    edit(told, "UPDATE history SET detail = '=HYPERLINK(\"http://x\")' WHERE seq = 1")
    edit(told, "UPDATE history SET detail = 'a, \"b\"' WHERE seq = 2")
    rows = list(csv.DictReader(io.StringIO(audit("export", "--format", "csv"))))
    assert [row["detail"] for row in rows[:2]] == ['\'=HYPERLINK("http://x")', 'a, "b"']
    assert [row["seq"] for row in rows] == ["1", "2", "3"]


def test_the_record_outlives_its_release_and_leaves_in_its_own_time(audit, build_house):
    house = build_house("[retention]\ndays = 30\nhistory_days = 60\n")
    house.open_shop()
    house.approve("1.0.0")
    house.run()
    house.worker.chaining.seal_all()
    for days, releases, rows in ((0, 1, 3), (31, 0, 3), (30, 0, 0)):
        house.clock.advance(days * DAY)
        house.push_ticket()
        house.keep_up(20, step=2.1)
        assert len(house.releases()) == releases
        assert len(lines(audit("export"))) == rows
        assert json.loads(audit("verify", "--json"))["whole"] is True


def test_a_spoilt_record_stops_no_release_and_is_told_by_the_doctor(told, database_url, face):
    edit(told, "UPDATE chain SET last_seq = 99")
    told.approve("1.0.1")
    told.run()
    told.worker.chaining.seal_all()
    assert {release["state"] for release in told.releases()} == {"released"}
    found = command("doctor", "--offline", "--json", code=1, **environment(database_url, face.url)).stdout
    (check,) = [check for check in json.loads(found)["checks"] if check["name"] == "record"]
    assert check["health"] == "bad"
    assert "the signature of the record is wrong" in check["text"]


def test_keys_rotate_signs_the_record_anew(audit, told, database_url, face):
    old = environment(database_url, face.url)["REACTOR_SECRET_KEY"]
    both = environment(database_url, face.url, REACTOR_SECRET_KEY=f"{NEW},{old}")
    assert json.loads(command("keys", "rotate", "--json", **both).stdout)["complete"] is True
    assert "the record is whole" in audit("verify", REACTOR_SECRET_KEY=NEW)
    edit(told, "UPDATE chain SET last_seq = 99")
    assert "somebody changed where it begins or ends" in command("keys", "rotate", code=1, **both).stdout


def test_the_worker_on_its_threads_seals_within_about_a_second(house):
    house.open_shop()
    house.approve()
    house.worker.start()
    house.worker.wake()
    wait_until(lambda: ask(house, "SELECT count(*) FROM history WHERE seq IS NOT NULL") == [(3,)])

"""The list of releases as CSV: the filtered rows, all of them, and no cell that a spreadsheet carries out."""

import csv
import io

from crowds import approvals_wait
from stories import CAFE, SHOP, edit

FORMULAS = ("=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1", "  =1")


def rows(operator, query=""):
    """The sheet as a program reads it, by its headings."""
    answer = operator.get(f"/ops/releases.csv?{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="releases.csv"'
    text = answer.get_data().decode()
    assert text[0] == "\ufeff"
    assert text.replace("\r\n", "").count("\n") == 0
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def put(office, number, **values):
    row = {"state": "released", "appid": SHOP, "version": "1.0.0", "reason": None, "errcode": None, **values}
    edit(
        office,
        "INSERT INTO releases (authorizer_appid, state, mode, user_version, reason, errcode, approved_at, "
        "created_at) VALUES (:appid, :state, 'auto', :version, :reason, :errcode, :at, :at)",
        at=1_700_000_000.0 + number,
        **row,
    )


def test_the_sheet_holds_what_the_api_shows_and_the_name(office, operator):
    office.open_shop()
    office.approve()
    office.run()
    (row,) = rows(operator)
    release = office.only_release()
    assert row.pop("nick_name") == "Deer Diner"
    assert row == {
        name: "" if value is None else str(value)
        for name, value in release.items()
        if name not in ("history", "calls")
    }


def test_no_cell_is_a_formula_and_no_text_is_lost(office, operator):
    office.open_shop(nick_name="=HYPERLINK(1)")
    for number, formula in enumerate(FORMULAS):
        put(office, number, version=formula, reason=f'{formula},"quoted"', errcode=-1)
    found = rows(operator)
    assert [row["user_version"] for row in reversed(found)] == [f"'{formula}" for formula in FORMULAS]
    assert {row["nick_name"] for row in found} == {"'=HYPERLINK(1)"}
    assert {row["errcode"] for row in found} == {"-1"}  # a number of ours is a number
    assert found[-1]["reason"] == f'\'{FORMULAS[0]},"quoted"'


def test_the_sheet_follows_the_filters(office, operator):
    for number in range(12):
        put(office, number, appid=CAFE if number % 3 else SHOP, state="failed" if number % 2 else "released")
    found = rows(operator, f"state=failed&authorizer_appid={CAFE}")
    assert [int(row["id"]) for row in found] == [12, 8, 6, 2]
    assert rows(operator, "since=2199-01-01") == []


def test_a_long_sheet_holds_every_row_once(office, operator):
    approvals_wait(office, 2003)
    assert [int(row["id"]) for row in rows(operator)] == list(range(2003, 0, -1))
    assert [int(row["id"]) for row in rows(operator, "before=1004")] == list(range(1003, 0, -1))

import re

import pytest

from reactor.core.errcodes import ROWS, Verdict, lookup

CJK = re.compile(r"[\u4e00-\u9fff]")
BESIDE_LATIN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")

COMPONENT_ONLY = (
    "api_component_token",
    "api_start_push_ticket",
    "api_create_preauthcode",
    "api_query_auth",
    "api_get_authorizer_list",
)
OF_ONE_AUTHORIZER = ("api_authorizer_token", "api_get_authorizer_info")
WITH_AUTHORIZER_TOKEN = (
    "release",
    "get_latest_auditstatus",
    "getversioninfo",
    "getgrayreleaseplan",
    "grayrelease",
    "revertcoderelease",
    "undocodeaudit",
    "submit_audit",
)
TOKENLESS = ("api_component_token", "api_start_push_ticket")
CALLS = (*COMPONENT_ONLY, *OF_ONE_AUTHORIZER, *WITH_AUTHORIZER_TOKEN)

# What WeChat can answer while tokens are fetched, and what each answer asks for.
TOKEN_LAYER = [
    ("api_authorizer_token", -1, "retry"),
    ("api_component_token", -1, "retry"),
    ("api_component_token", 40001, "blocked"),
    ("api_start_push_ticket", 40001, "blocked"),
    ("api_create_preauthcode", 40001, "renew"),
    ("api_query_auth", 40001, "renew"),
    ("api_authorizer_token", 40001, "renew"),
    ("api_get_authorizer_list", 40001, "renew"),
    ("api_get_authorizer_info", 40001, "renew"),
    ("api_authorizer_token", 40014, "renew"),
    ("api_authorizer_token", 42001, "renew"),
    ("api_authorizer_token", 42002, "heal"),
    ("api_authorizer_token", 40030, "heal"),
    ("api_authorizer_token", 42006, "renew"),
    ("api_get_authorizer_list", 42006, "renew"),
    ("api_authorizer_token", 42007, "reauthorize"),
    ("api_component_token", 40013, "blocked"),
    ("api_start_push_ticket", 40013, "blocked"),
    ("api_authorizer_token", 40013, "person"),
    ("api_component_token", 40125, "blocked"),
    ("api_component_token", 41004, "blocked"),
    ("api_component_token", 40091, "ticket"),
    ("api_component_token", 40094, "blocked"),
    ("api_component_token", 40164, "blocked"),
    ("api_component_token", 45035, "blocked"),
    ("api_component_token", 45009, "quota"),
    ("api_component_token", 47001, "bug"),
    ("api_component_token", 48001, "blocked"),
    ("api_get_authorizer_list", 48001, "person"),
    ("api_authorizer_token", 61003, "reauthorize"),
    ("api_component_token", 61004, "blocked"),
    ("api_component_token", 61005, "ticket"),
    ("api_component_token", 61006, "ticket"),
    ("api_authorizer_token", 61007, "reauthorize"),
    ("api_query_auth", 61009, "code_used"),
    ("api_query_auth", 61010, "code_used"),
    ("api_component_token", 61011, "blocked"),
    ("api_authorizer_token", 61014, "bug"),
    ("api_authorizer_token", 61015, "bug"),
    ("api_authorizer_token", 61016, "person"),
    ("api_authorizer_token", 61017, "person"),
    ("api_authorizer_token", 61023, "heal"),
    ("api_authorizer_token", 61024, "bug"),
    ("api_authorizer_token", 61028, "blocked"),
    ("api_authorizer_token", 61029, "blocked"),
    ("api_authorizer_token", 61030, "person"),
    ("api_get_authorizer_list", 40170, "bug"),
]

# The same for the calls that publish, submit and ask.
RELEASE_FAMILY = [
    ("release", 0, "done"),
    ("release", -1, "retry"),
    ("release", 40001, "renew"),
    ("release", 40014, "renew"),
    ("release", 42001, "renew"),
    ("release", 41001, "bug"),
    ("release", 40013, "bug"),
    ("release", 40166, "bug"),
    ("release", 42007, "reauthorize"),
    ("release", 61003, "reauthorize"),
    ("release", 61004, "blocked"),
    ("release", 40164, "blocked"),
    ("release", 45035, "blocked"),
    ("release", 61007, "reauthorize"),
    ("get_latest_auditstatus", 61007, "reauthorize"),
    ("release", 48001, "reauthorize"),
    ("release", 48004, "person"),
    ("release", 50002, "person"),
    ("release", 45501, "person"),
    ("release", 89013, "person"),
    ("release", 43002, "bug"),
    ("release", 43003, "bug"),
    ("release", 44002, "bug"),
    ("getversioninfo", 44002, "bug"),
    ("release", 47001, "bug"),
    ("release", 45009, "quota"),
    ("release", 45011, "slow"),
    ("release", 85019, "look"),
    ("release", 85020, "look"),
    ("release", 85021, "look"),
    ("release", 85052, "look"),
    ("release", 85080, "look"),
    ("submit_audit", 85020, "person"),
    ("undocodeaudit", 85019, "person"),
    ("get_latest_auditstatus", 85058, "person"),
    ("get_latest_auditstatus", 85012, "person"),
    ("submit_audit", 85009, "person"),
    ("submit_audit", 85064, "person"),
    ("submit_audit", 85065, "person"),
    ("submit_audit", 85077, "person"),
    ("grayrelease", 85079, "person"),
    ("grayrelease", 85080, "look"),
    ("grayrelease", 85052, "look"),
    ("grayrelease", 85081, "bug"),
    ("grayrelease", 85082, "look"),
    ("grayrelease", 40097, "bug"),
    ("get_latest_auditstatus", 86000, "bug"),
    ("get_latest_auditstatus", 86001, "person"),
    ("submit_audit", 86002, "person"),
    ("grayrelease", 86002, "person"),
    ("submit_audit", 86007, "person"),
    ("submit_audit", 86008, "person"),
    ("submit_audit", 86009, "person"),
    ("submit_audit", 86010, "person"),
    ("submit_audit", 87006, "person"),
    ("revertcoderelease", 87011, "person"),
    ("revertcoderelease", 87012, "person"),
    ("undocodeaudit", 87013, "person"),
    ("release", 89258, "person"),
    ("submit_audit", 9400001, "person"),
    ("submit_audit", 9402202, "retry"),
    ("release", 53010, "person"),
    ("release", 53011, "person"),
    ("release", 53012, "person"),
    ("release", 53013, "person"),
    ("release", 53014, "person"),
    ("release", 53015, "person"),
    ("release", 53016, "person"),
    ("release", 53017, "person"),
    ("release", 53018, "person"),
    ("release", 53019, "person"),
    ("release", 53200, "person"),
    ("release", 53201, "person"),
    ("release", 53202, "person"),
    ("release", 53203, "person"),
    ("release", 53204, "person"),
    ("release", 53300, "person"),
    ("release", 53301, "person"),
    ("release", 53302, "person"),
    ("release", 53303, "person"),
    ("release", 53304, "person"),
    ("release", 53305, "person"),
    ("release", 53306, "person"),
    ("release", 53307, "person"),
    ("release", 53308, "person"),
    ("release", 53309, "person"),
    ("release", 53310, "person"),
    ("release", 53311, "person"),
    ("release", 20002, "person"),
    ("release", 20003, "person"),
    ("release", 89501, "person"),
    ("release", 89502, "person"),
    ("release", 89503, "person"),
    ("release", 89504, "person"),
    ("release", 89505, "person"),
    ("release", 89506, "person"),
    ("release", 89507, "person"),
]


@pytest.mark.parametrize(("call", "errcode", "verdict"), TOKEN_LAYER + RELEASE_FAMILY)
def test_every_documented_answer_has_its_verdict(call, errcode, verdict):
    assert lookup(call, errcode).verdict == verdict


def test_no_code_of_the_table_goes_unexpected_by_these_lists():
    assert {row.errcode for row in ROWS} == {errcode for _, errcode, _ in TOKEN_LAYER + RELEASE_FAMILY}


def test_no_answer_is_listed_twice():
    keys = [(row.call, row.errcode) for row in ROWS]
    assert len(keys) == len(set(keys))


def test_rows_name_only_calls_that_exist():
    assert {row.call for row in ROWS} <= {None, *CALLS}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_reached_by_some_answer(verdict):
    reached = {row.verdict for row in ROWS} | {lookup("release", 1).verdict}
    assert verdict in reached


@pytest.mark.parametrize(
    "row", [*ROWS, lookup("release", 12345)], ids=lambda row: f"{row.call}-{row.errcode}"
)
def test_words_are_there_in_both_languages_and_quiet(row):
    assert CJK.search(row.zh)
    assert not BESIDE_LATIN.search(row.en)
    assert row.zh.endswith("。")
    assert row.en.endswith(".")
    assert row.en.strip() == row.en
    assert not set("!！") & set(row.zh + row.en)
    assert len(row.en) <= 220
    assert len(row.zh) <= 110
    assert row.source.startswith("https://developers.weixin.qq.com/")


@pytest.mark.parametrize("call", CALLS)
def test_a_dead_access_token_is_renewed_only_where_one_was_sent(call):
    expected = Verdict.BLOCKED if call in TOKENLESS else Verdict.RENEW
    assert {lookup(call, errcode).verdict for errcode in (40001, 40014, 42001, 42006)} == {expected}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("errcode", [61004, 40164, 45035, 40094, 61011, 40125, 41004, 61028, 61029])
def test_what_stops_the_component_stops_every_call(call, errcode):
    assert lookup(call, errcode).verdict is Verdict.BLOCKED


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("errcode", [61005, 61006, 40091])
def test_a_bad_ticket_is_a_bad_ticket_whoever_says_so(call, errcode):
    assert lookup(call, errcode).verdict is Verdict.TICKET


def test_an_invalid_appid_stops_everything_only_when_it_is_the_components():
    blocking = {call for call in CALLS if lookup(call, 40013).verdict is Verdict.BLOCKED}
    assert blocking == set(COMPONENT_ONLY)


def test_a_component_without_a_right_is_no_matter_for_a_merchant():
    asking = {call for call in CALLS if lookup(call, 48001).verdict is Verdict.REAUTHORIZE}
    assert asking == {*OF_ONE_AUTHORIZER, *WITH_AUTHORIZER_TOKEN}


@pytest.mark.parametrize("errcode", [61009, 61010, 61023, 42002, 40030, 85052, 85080])
def test_a_code_outside_the_call_it_belongs_to_is_unknown(errcode):
    assert lookup("getversioninfo", errcode).verdict is Verdict.UNKNOWN


def test_the_row_of_the_call_wins_over_the_row_of_any_call():
    assert lookup("release", 85020).call == "release"
    assert lookup("submit_audit", 85020).call is None
    assert lookup("submit_audit", 85020).errcode == 85020


def test_a_call_of_a_later_day_still_has_the_rows_of_any_call():
    assert lookup("getvisitstatus", 61004).verdict is Verdict.BLOCKED


@pytest.mark.parametrize("errcode", [1, -2, 47009, 99999999])
def test_a_code_in_no_table_is_unknown_and_said_by_number(errcode):
    row = lookup("release", errcode)
    assert (row.call, row.errcode, row.verdict) == ("release", errcode, Verdict.UNKNOWN)
    assert str(errcode) in row.zh
    assert str(errcode) in row.en


def test_the_words_of_quota_name_the_midnight_they_wait_for():
    row = lookup("release", 45009)
    assert "Asia/Shanghai" in row.en
    assert "北京时间零点" in row.zh


def test_a_row_cannot_be_changed():
    with pytest.raises(AttributeError):
        lookup("release", 85020).zh = "x"

"""Releases on the pages: the list, one story after the other in both languages, and what may be done."""

import re

import pytest
from operator_at import PASSWORD, Operator, text_of
from stories import CAFE, CAFE_NAME, SHOP, SHOP_NAME, edit, skip_to_due

from reactor.core.lifecycle import TRANSITIONS, State
from reactor.desk import DECISIONS
from reactor.simulator import pusher
from reactor.simulator.faults import Fault

OPEN = {
    "approve": "Approve the release…",
    "hold": "Hold it back",
    "retry": "Try again now",
    "cancel": "Cancel it…",
}


def story_of(house, operator, release_id=1):
    """The steps of the story as a person reads them, each in one line."""
    page = operator.get(f"/ops/releases/{release_id}")
    assert page.status_code == 200
    body = page.get_data(as_text=True)
    timeline = body[body.index('<ol class="timeline">') : body.index("</ol>")]
    heads = re.findall(r'<p class="head">(.*?)</p>', timeline, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", head)).strip() for head in heads]


def in_order(steps, *wanted):
    """Each of the wanted words begins a step, one after the other."""
    left = iter(steps)
    missing = [words for words in wanted if not any(words in step for step in left)]
    assert missing == [], steps


@pytest.fixture
def chinese(office):
    """Somebody who logged in and reads Chinese."""
    reader = Operator(office.app, lang="zh-CN")
    assert reader.log_in(PASSWORD).status_code == 303
    return reader


# -- stories ---------------------------------------------------------------------------------------------


def test_a_good_day_is_told_from_the_push_to_live(office, operator, chinese):
    office.open_shop()
    office.approve(times=3)
    office.run()
    steps = story_of(office, operator)
    in_order(
        steps, "WeChat approved it", "The push came", "The release was opened", "A worker took it up · turn 1"
    )
    in_order(steps, "Looked at the latest audit", "Looked at what is live", "Called release", "Seen live")
    page = text_of(operator.get("/ops/releases/1"))
    assert "Version 1.0.0: Approved" in page
    assert "It came 3 times; once counts." in page
    assert "Live is version 1.0.0" in page
    assert "POST /wxa/release?access_token=•••" in page
    assert "weapp_audit_success" in page
    told = story_of(office, chinese)
    in_order(
        told, "微信审核通过", "收到推送", "工作进程开始处理 · 第 1 轮", "调用 release 发布", "已确认上线"
    )
    assert "共收到 3 次，只算一次。" in text_of(chinese.get("/ops/releases/1"))


def test_busy_then_live_shows_the_errcode_in_words_and_how_long_was_waited(office, operator, chinese):
    office.open_shop()
    office.platform.plan(Fault("release", "errcode", errcode=-1))
    office.approve()
    office.run()
    coming = text_of(operator.get("/ops/releases/1"))
    assert "It waits for the next turn, as planned" in coming
    skip_to_due(office, office.only_release())
    steps = story_of(office, operator)
    in_order(
        steps,
        "Called release",
        "Put back for another turn",
        "Waited as planned",
        "A worker took it up · turn 2",
    )
    in_order(steps, "turn 2", "Called release", "Seen live")
    assert any(step.startswith("1 s · Waited as planned") for step in steps)
    page = text_of(operator.get("/ops/releases/1"))
    assert "WeChat is busy; it may have acted. What to do: It is looked up and tried again" in page
    assert "微信系统繁忙" in text_of(chinese.get("/ops/releases/1"))
    assert any(step.startswith("1 秒 · 按计划等待") for step in story_of(office, chinese))


def test_a_lost_answer_that_was_found_live_tells_that_it_was_looked_for(office, operator):
    office.open_shop()
    office.platform.plan(Fault("release", "reset_after"))
    office.approve()
    office.run()
    skip_to_due(office, office.only_release())
    steps = story_of(office, operator)
    assert sum("Called release" in step for step in steps) == 1
    in_order(steps, "Called release", "Put back", "turn 2", "Looked at what is live", "Seen live")
    assert "No usable answer: it may have happened" in text_of(operator.get("/ops/releases/1"))


def test_what_was_taken_over_says_so(office, operator):
    office.open_shop()
    office.approve()
    edit(
        office,
        "UPDATE releases SET state = 'releasing', lease_holder = 'dead', lease_until = 1, attempts = 1",
    )
    office.run()
    in_order(story_of(office, operator), "Another worker took it over", "Called release", "Seen live")


def test_held_approved_and_superseded_and_cancelled_are_told_with_who_did_it(build_house):
    office = build_house("[default]\nmode = 'hold'\n", REACTOR_OPS_PASSWORD=PASSWORD)
    operator = Operator(office.app)
    operator.log_in()
    office.open_shop()
    office.approve("1.0.0")
    office.clock.advance(60)
    office.approve("2.0.0")
    assert "Ended: a newer approval takes its place" in story_of(office, operator, 1)[-1]
    office.clock.advance(60)
    assert operator.send("/ops/releases/2/approve").status_code == 303
    office.run()
    steps = story_of(office, operator, 2)
    in_order(
        steps,
        "The release was opened",
        "Waited for a person",
        "Approved by a person · on these pages",
        "Seen live",
    )
    office.clock.advance(60)
    office.approve("3.0.0")
    assert "A person must approve or cancel it" in story_of(office, operator, 3)[-1]
    assert operator.send("/ops/releases/3/cancel").status_code == 303
    assert "Cancelled by a person · on these pages" in story_of(office, operator, 3)[-1]


def test_what_failed_says_why_and_what_to_do(office, operator):
    office.open_shop()
    office.platform.plan(Fault("release", "errcode", errcode=61007))
    office.approve()
    office.run()
    page = text_of(operator.get("/ops/releases/1"))
    assert "A person must look, then retry or cancel it" in page
    assert "What to do: The merchant must authorize again." in page
    assert "61007" in page
    assert 'href="https://developers.weixin.qq.com' in operator.get("/ops/releases/1").get_data(as_text=True)


def test_one_found_by_the_sweep_is_told_without_a_push(office, operator):
    office.open_shop()
    office.platform.submit_audit(SHOP, "1.0.0", "x")
    office.clock.advance(60)
    office.platform.approve(SHOP)
    office.clock.advance(86400)
    office.push_ticket()
    office.keep_up(5)
    office.run()
    operator.log_in()
    steps = story_of(office, operator)
    in_order(steps, "Submitted for audit", "Found by asking WeChat: its push never came")
    in_order(steps, "Called release", "Seen live")


def test_a_story_of_thousands_of_turns_is_read_part_by_part_and_nothing_is_left_out(office, operator):
    office.open_shop()
    office.approve()
    many = 150
    for number in range(many):
        at = office.clock() + 60 * number
        for offset, before, after, happening in (
            (0, "pending", "releasing", "claimed"),
            (2, "releasing", "pending", "put_back"),
        ):
            edit(
                office,
                "INSERT INTO history (release_id, at, from_state, to_state, happening, actor, detail) "
                "VALUES (1, :at, :before, :after, :happening, 'worker', 'x')",
                at=at + offset,
                before=before,
                after=after,
                happening=happening,
            )
        edit(
            office,
            "INSERT INTO calls (release_id, at, call, outcome, request, answer) "
            "VALUES (1, :at, 'release', 'unknown', :long, :long)",
            at=at + 1,
            long="x" * 4000,
        )
    address, turns, pages = "/ops/releases/1", [], 0
    while address:
        page = operator.get(address)
        assert len(page.data) < 100_000
        turns[:0] = [int(one) for one in re.findall(r"· turn (\d+)", text_of(page))]
        found = re.search(r'href="(/ops/releases/1\?until=[^"]+)"', page.get_data(as_text=True))
        address, pages = found and found[1], pages + 1
    assert turns == list(range(1, many + 1))
    assert pages > 5
    assert "The push came" in text_of(page)


def test_answers_that_grow_when_they_are_laid_out_do_not_make_the_page_too_large(office, operator):
    office.open_shop()
    office.approve()
    for number in range(20):
        edit(
            office,
            "INSERT INTO calls (release_id, at, call, outcome, answer) "
            "VALUES (1, :at, 'release', 'unknown', :long)",
            at=office.clock() + number,
            long='{"a":' * 14 + "[" + ",".join("1" * 1900) + "]" + "}" * 14,
        )
    assert len(operator.get("/ops/releases/1").data) < 100_000


def test_texts_without_measure_do_not_make_the_pages_too_large(office, operator):
    office.open_shop()
    office.approve()
    edit(
        office,
        "UPDATE releases SET user_version = :long, user_desc = :long, reason = :long, errmsg = :long",
        long="<&\"'" * 4000,
    )
    edit(office, "UPDATE authorizers SET nick_name = :long", long="<&\"'" * 4000)
    for path in ("/ops", "/ops/releases", "/ops/releases/1", "/ops/authorizers", f"/ops/authorizers/{SHOP}"):
        page = operator.get(path).data
        assert b"&lt;&amp;&#34;" in page
        assert len(page) < 100_000, path


# -- what may be done ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(State))
def test_buttons_stand_where_the_lifecycle_allows_the_change_and_nowhere_else(office, operator, state):
    office.open_shop()
    office.approve()
    edit(office, "UPDATE releases SET state = :state", state=str(state))
    page = text_of(operator.get("/ops/releases/1"))
    for deed, happening in DECISIONS.items():
        possible = happening in TRANSITIONS[state] and state is not State.RELEASING  # that is the worker's
        assert (OPEN[deed] in page) == possible
        if deed in ("approve", "cancel"):
            asked = text_of(operator.get(f"/ops/releases/1/{deed}"))
            assert ("Yes, " in asked) == possible
        answer = operator.send(f"/ops/releases/1/{deed}")
        assert answer.status_code == (303 if possible else 409)
        if not possible:
            assert "Nothing was changed." in text_of(answer)
        edit(office, "UPDATE releases SET state = :state", state=str(state))


def test_a_change_leads_back_to_where_it_was_asked_for(office, operator):
    office.open_shop()
    office.approve()
    assert operator.send("/ops/releases/1/retry").headers["Location"] == "/ops/releases/1"
    assert operator.send("/ops/releases/1/retry", {"next": "/ops"}).headers["Location"] == "/ops"
    elsewhere = operator.send("/ops/releases/1/retry", {"next": "//evil.example"})
    assert elsewhere.headers["Location"] == "/ops/releases/1"


def test_without_the_forms_token_nothing_is_changed(office, operator):
    office.open_shop()
    office.approve()
    for deed in DECISIONS:
        assert operator.send(f"/ops/releases/1/{deed}", token="x").status_code == 403
    assert office.only_release()["state"] == "pending"


@pytest.mark.parametrize(
    "path",
    [
        *("/ops/releases", "/ops/releases.csv", "/ops/releases/1", "/ops/releases/1/approve"),
        *("/ops/authorizers", f"/ops/authorizers/{SHOP}", "/ops/events", "/ops/events/1"),
    ],
)
def test_a_stranger_is_sent_to_the_door(office, stranger, path):
    office.open_shop()
    office.approve()
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/ops/login?next=")
    assert stranger.send("/ops/releases/1/cancel").status_code == 303
    assert office.only_release()["state"] == "pending"


@pytest.mark.parametrize("number", ["1", "99", "9223372036854775808", "9" * 30])
def test_what_is_not_there_is_said_to_be_not_there(operator, number):
    for path in (f"/ops/releases/{number}", f"/ops/releases/{number}/cancel", f"/ops/events/{number}"):
        assert operator.get(path).status_code == 404
    assert operator.send(f"/ops/releases/{number}/cancel").status_code == 404
    assert operator.get("/ops/authorizers/wx00000000000000ff").status_code == 404


# -- the list --------------------------------------------------------------------------------------------


def ids(page):
    """The releases that a page lists, by their links."""
    return [int(one) for one in re.findall(r'href="/ops/releases/(\d+)"', page.get_data(as_text=True))]


@pytest.fixture
def crowded(office):
    """120 releases of two mini programs, one a day, each state in turn."""
    office.open_shop()
    office.push_authorized(CAFE, CAFE_NAME, "Cafe")
    office.run()
    for number in range(1, 121):
        edit(
            office,
            "INSERT INTO releases (authorizer_appid, state, mode, user_version, approved_at, created_at) "
            "VALUES (:appid, :state, 'auto', :version, :at, :at)",
            appid=SHOP if number % 3 else CAFE,
            state=(*("released", "failed", "pending", "superseded", "cancelled", "held"),)[number % 6],
            version=f"1.0.{number}",
            at=1_700_000_000.0 + 86400 * number,
        )
    return office


def walk(operator, address):
    """Every release of a list, page after page."""
    found = []
    while address:
        page = operator.get(address)
        assert page.status_code == 200
        found += ids(page)
        older = re.search(r'href="([^"]+)" rel="next"', page.get_data(as_text=True))
        address = older and older[1].replace("&amp;", "&")
    return found


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", lambda n: True),
        ("state=failed", lambda n: n % 6 == 1),
        ("state=failed&state=held", lambda n: n % 6 in (1, 5)),
        (f"authorizer_appid={CAFE}", lambda n: n % 3 == 0),
        (f"authorizer_appid={CAFE}&state=released", lambda n: n % 6 == 0),
        ("since=2023-12-31&until=2024-01-02", lambda n: 46 <= n <= 48),
        ("since=2024-01-01&state=failed&until=", lambda n: n >= 47 and n % 6 == 1),
        ("until=2023-11-14", lambda n: False),
        ("since=2199-01-01", lambda n: False),
    ],
)
def test_the_list_shows_what_its_filters_say_through_all_its_pages(crowded, operator, query, wanted):
    assert walk(operator, f"/ops/releases?{query}") == [n for n in range(120, 0, -1) if wanted(n)]


@pytest.mark.parametrize(
    "query",
    [
        *("state=nonsense", "authorizer_appid=wx1", "since=yesterday", "until=2024-13-01", "before=x"),
        *("before=0", "before=99999999999999999999", "odd=1", "since=2024-1-1", "until=0001-01-01"),
        *("since=2024-01-01&since=2024-01-02", "since=9999-12-31", "state=failed&state=x"),
    ],
)
def test_an_odd_filter_is_refused_in_words(operator, query):
    for path in ("/ops/releases", "/ops/releases.csv"):
        answer = operator.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert "Nothing was changed." in text_of(answer)


def test_what_a_filter_may_be_is_told_in_both_languages(operator, chinese):
    assert "The filter 'state' takes one of these: held, pending" in text_of(
        operator.get("/ops/releases?state=x")
    )
    assert "筛选条件 'state' 只能是" in text_of(chinese.get("/ops/releases?state=x"))


def test_an_empty_list_says_what_will_come_and_an_empty_search_how_to_leave_it(operator):
    assert "It appears here by itself" in text_of(operator.get("/ops/releases"))
    assert "Clear the filters" in text_of(operator.get("/ops/releases?state=failed"))


# -- foreign words ---------------------------------------------------------------------------------------

CANARY = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&{{7*7}}"


def test_markup_in_names_versions_and_reasons_stays_text_on_every_page(office, operator):
    office.open_shop(nick_name=CANARY)
    office.approve(CANARY)
    edit(
        office,
        "UPDATE releases SET reason = :x, user_desc = :x, errmsg = :x, errcode = 1, rid = :x",
        x=f"1:<br>{CANARY}",
    )
    edit(office, "UPDATE releases SET state = 'failed', user_version = :x", x=CANARY)
    edit(office, "UPDATE events SET reason = :x, message = :x, to_user_name = :x", x=f"1:<br>{CANARY}")
    edit(office, "UPDATE history SET detail = :x", x=CANARY)
    edit(office, "UPDATE authorizers SET live_version = :x, reason = :x", x=CANARY)
    edit(
        office,
        "INSERT INTO calls (release_id, at, call, outcome, errcode, errmsg, rid, request, answer) "
        "VALUES (1, 1, :call, 'answered', 7, :x, :x, :x, :x)",
        call=CANARY[:40],
        x=CANARY,
    )
    paths = ("/ops/releases", "/ops/releases/1", "/ops/releases/1/cancel", "/ops/authorizers", "/ops/events")
    for path in (
        *paths,
        f"/ops/authorizers/{SHOP}",
        "/ops/events/1",
        "/ops/events/2",
        "/ops/authorizers?q=<script>",
    ):
        page = operator.get(path)
        assert page.status_code == 200
        body = page.get_data(as_text=True)
        assert "<script>" not in body, path
        assert "<img src=x" not in body, path
        assert "49" not in re.findall(r"&amp;(\d+)", body)
    assert "&lt;script&gt;" in operator.get("/ops/releases/1").get_data(as_text=True)


def test_wechats_line_breaks_are_line_breaks(office, operator):
    office.open_shop()
    office.deliver(
        pusher.audit_fail(
            user_name=SHOP_NAME,
            created_at=int(office.clock()),
            failed_at=int(office.clock()),
            reason="1:类目不符<br>(1):页面内容<br/>2:名称",
        ),
        SHOP,
    )
    assert ">1:类目不符\n(1):页面内容\n2:名称<" in operator.get("/ops/events/2").get_data(as_text=True)


def test_a_refused_filter_is_quoted_as_text(operator):
    answer = operator.get("/ops/releases?<script>alert(1)</script>=1")
    assert answer.status_code == 400
    assert "<script>alert" not in answer.get_data(as_text=True)


def test_names_of_pages_are_in_the_readers_language(office, chinese):
    office.open_shop()
    office.approve()
    office.run()
    for path in (
        "/ops/releases",
        "/ops/releases/1",
        "/ops/authorizers",
        f"/ops/authorizers/{SHOP}",
        "/ops/events",
    ):
        page = chinese.get(path)
        assert '<html lang="zh-CN">' in page.get_data(as_text=True)
    assert SHOP_NAME in text_of(chinese.get(f"/ops/authorizers/{SHOP}"))

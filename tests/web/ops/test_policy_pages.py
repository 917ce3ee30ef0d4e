"""The policy on the pages: what would happen and why, pauses, hold and rollback, gray steps, rings, waves."""

import re

import pytest
from operator_at import PASSWORD, Operator, text_of
from stories import CAFE, CAFE_NAME, SHOP, edit

from reactor.core.lifecycle import State

RULES = """
[default]
delay_seconds = 600

[authorizers.wx000000000000000b]
mode = "hold"
reason = "the merchant asked for it"

[[versions]]
user_desc = "[hold]*"
mode = "hold"

[[freezes]]
from = 2026-10-01T00:00:00
to = 2026-10-08T00:00:00
reason = "National Day"
"""
RINGS = """
[[rings]]
name = "canaries"
authorizers = ["wx000000000000000a"]

[[rings]]
name = "early"
first = 20
max_failures = 2
"""


@pytest.fixture
def at_pages(build_house):
    """Make a reactor with a policy and somebody who logged in at its pages, in a language."""

    def build(policy="", lang="en"):
        house = build_house(policy, REACTOR_OPS_PASSWORD=PASSWORD)
        operator = Operator(house.app, lang=lang)
        assert operator.log_in().status_code == 303
        return house, operator

    return build


def shop_page(operator, query="", appid=SHOP):
    page = operator.get(f"/ops/authorizers/{appid}{query}")
    assert page.status_code == 200, text_of(page)
    return text_of(page)


# -- what would happen -----------------------------------------------------------------------------------


def test_the_page_of_a_mini_program_says_what_would_happen_now_and_why(at_pages):
    house, operator = at_pages(RULES)
    house.open_shop()
    told = shop_page(operator)
    assert "Released by itself, 10 min later" in told
    assert "[default], line 2 the policy waits 600 s after the approval this decides" in told
    house.open_shop(CAFE, CAFE_NAME)
    told = shop_page(operator, appid=CAFE)
    assert "A person decides" in told
    assert "[authorizers.wx000000000000000b], line 5" in told
    assert "the merchant asked for it" in told


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("?at=2026-10-02T10:00", "frozen until 2026-10-07T16:00Z: National Day this decides"),
        ("?at=2026-10-09T10:00", "the policy waits 600 s after the approval this decides"),
        ("?desc=%5Bhold%5D+wait", "[[versions]], line 9 the policy holds it until a person approves"),
        ("?version=1.0.0&desc=fine&at=", "the policy waits 600 s after the approval this decides"),
    ],
)
def test_what_would_happen_is_asked_of_a_version_a_description_and_a_moment(at_pages, query, wanted):
    house, operator = at_pages(RULES)
    house.open_shop()
    assert wanted in shop_page(operator, query)


@pytest.mark.parametrize("query", ["at=tomorrow", "at=2026-10-02", "at=0001-01-01T00:00", "odd=1", "at=9"])
def test_an_odd_moment_is_refused_in_words(at_pages, query):
    house, operator = at_pages()
    house.open_shop()
    answer = operator.get(f"/ops/authorizers/{SHOP}?{query}")
    assert answer.status_code == 400
    assert "Nothing was changed." in text_of(answer)


def test_what_would_happen_is_told_in_chinese(at_pages):
    house, operator = at_pages(RULES, lang="zh-CN")
    house.open_shop()
    told = shop_page(operator, "?at=2026-10-02T10:00")
    assert "如果有版本过审" in told
    assert "由此决定" in told
    assert "frozen" not in told


# -- pauses ----------------------------------------------------------------------------------------------


def test_one_mini_program_is_paused_and_resumed_from_its_page(at_pages):
    house, operator = at_pages()
    house.open_shop()
    house.open_shop(CAFE, CAFE_NAME)
    assert operator.send(f"/ops/authorizers/{SHOP}/pause").status_code == 303
    told = shop_page(operator)
    assert "Nothing of this mini program is released until somebody resumes it" in told
    assert "Pause paused by an operator; resume lets it go on this decides" in told
    listed = operator.get("/ops/authorizers?state=paused").get_data(as_text=True)
    assert re.findall(r'href="/ops/authorizers/(wx\w+)"', listed) == [SHOP]
    house.approve()
    house.run()
    assert house.only_release()["state"] == "pending"
    assert operator.send(f"/ops/authorizers/{SHOP}/resume").status_code == 303
    house.run()
    assert house.only_release()["state"] == "released"
    assert "Nothing of this mini program" not in shop_page(operator)


def test_only_a_known_mini_program_can_be_paused_and_only_with_the_forms_token(at_pages):
    house, operator = at_pages()
    assert operator.send(f"/ops/authorizers/{SHOP}/pause").status_code == 404
    house.open_shop()
    assert operator.send(f"/ops/authorizers/{SHOP}/pause", token="x").status_code == 403
    assert "Nothing of this mini program" not in shop_page(operator)


def test_a_release_says_that_its_mini_program_is_paused_before_its_next_turn_and_after_it(at_pages):
    house, operator = at_pages()
    house.open_shop()
    house.approve()
    operator.send(f"/ops/authorizers/{SHOP}/pause")
    for _ in range(2):
        told = text_of(operator.get("/ops/releases/1"))
        assert "paused by an operator; resume lets it go on" in told
        assert "Paused by an operator; it goes on when somebody resumes" in told
        sheet = operator.get("/ops/releases.csv").get_data(as_text=True)
        assert "paused by an operator; resume lets it go on" in sheet
        house.run()
    house.clock.advance(60)
    operator.send(f"/ops/authorizers/{SHOP}/resume")
    house.run()
    assert "Waited for the end of the pause" in text_of(operator.get("/ops/releases/1"))


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
@pytest.mark.parametrize(
    ("waits_for", "english", "chinese"),
    [
        ("pause", "It waits for the end of the pause", "正在等恢复发布"),
        ("ring", "It waits for its ring", "正在等所在批次放行"),
        ("gray", "It waits for the next step of the gray release", "正在等下一步灰度"),
    ],
)
def test_a_release_that_waits_says_what_for(at_pages, lang, waits_for, english, chinese):
    house, operator = at_pages(lang=lang)
    house.open_shop()
    house.approve()
    edit(house, "UPDATE releases SET waits_for = :what, due_at = NULL", what=waits_for)
    assert (english if lang == "en" else chinese) in text_of(operator.get("/ops/releases/1"))


# -- one release -----------------------------------------------------------------------------------------


def test_a_release_that_waits_is_held_back_and_let_go_by_buttons(at_pages):
    house, operator = at_pages("[default]\ndelay_seconds = 600\n")
    house.open_shop()
    house.approve()
    assert "Hold it back" in text_of(operator.get("/ops/releases/1"))
    assert operator.send("/ops/releases/1/hold").status_code == 303
    assert house.only_release()["state"] == "held"
    assert "Hold it back" not in text_of(operator.get("/ops/releases/1"))
    assert operator.send("/ops/releases/1/approve").status_code == 303
    house.run()
    assert house.only_release()["state"] == "released"


def test_the_story_names_the_rule_where_it_began_to_decide(at_pages):
    house, operator = at_pages('[default]\nmode = "hold"\n')
    house.open_shop()
    house.approve()
    page = operator.get("/ops/releases/1").get_data(as_text=True)
    assert page.count("<code>[default], line 1</code>") == 2  # among the facts, and in the story


def test_a_rollback_asks_for_the_name_or_the_version_first(at_pages):
    house, operator = at_pages()
    house.open_shop()
    for version in ("1.0.0", "2.0.0"):
        house.approve(version)
        house.run()
        house.clock.advance(60)
    assert "Roll back…" in text_of(operator.get("/ops/releases/2"))
    assert "Roll back…" not in text_of(operator.get("/ops/releases/1"))  # no longer live
    asked = operator.get("/ops/releases/2/rollback")
    assert "type the mini program's name or the version: Deer Diner or 2.0.0" in text_of(asked)
    for typed in ("", "1.0.0", "deer"):
        wrong = operator.send("/ops/releases/2/rollback", {"typed": typed})
        assert wrong.status_code == 400
        assert "Nothing was changed." in text_of(wrong)
    assert house.api("/releases/2")["state"] == "released"
    assert operator.send("/ops/releases/2/rollback", {"typed": " 2.0.0 "}).status_code == 303
    house.run()
    assert house.api("/releases/2")["state"] == "cancelled"
    assert "Rolled back: the version before is live again" in text_of(operator.get("/ops/releases/2"))
    assert operator.send("/ops/releases/2/rollback", {"typed": "2.0.0"}).status_code == 409


def test_a_gray_release_shows_its_steps_and_how_far_it_is(at_pages):
    house, operator = at_pages('[default]\nmode = "gray"\ngray = [{percentage = 5}, {percentage = 30}]\n')
    house.open_shop()
    edit(
        house,
        "INSERT INTO releases (authorizer_appid, state, mode, approved_at, created_at, gray_percentage) "
        "VALUES (:appid, 'pending', 'gray', 1, 1, 5)",
        appid=SHOP,
    )
    page = operator.get("/ops/releases/1").get_data(as_text=True)
    steps = re.findall(r'<li class="([a-z ]*)">(\d+) %', page)
    assert [(marks.split(), share) for marks, share in steps] == [
        (["done", "now"], "5"),
        ([], "30"),
        ([], "100"),
    ]


# -- waves -----------------------------------------------------------------------------------------------


def wave(house, version="2.0.0", state="open", ring=0):
    edit(
        house,
        "INSERT INTO waves (user_version, opened_at, ring, state, reason, rings) "
        "VALUES (:version, 1790000000, :ring, :state, 'too many of it failed', :rings)",
        rings='["canaries", "early"]',
        version=version,
        ring=ring,
        state=state,
    )


def ringed(house, number, state, ring, version="2.0.0"):
    edit(
        house,
        "INSERT INTO releases (authorizer_appid, state, mode, approved_at, created_at, user_version, ring) "
        "VALUES (:appid, :state, 'auto', 1, 1, :version, :ring)",
        appid=f"wx{number:016x}",
        state=state,
        version=version,
        ring=ring,
    )


def cells(page):
    rows = re.findall(r"<tr>(.*?)</tr>", page.get_data(as_text=True).replace("\n", " "), re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    return [row for row in cells if row]


def test_without_rings_and_waves_the_pages_say_nothing_of_them(at_pages):
    _, operator = at_pages()
    assert "/ops/waves" not in operator.get("/ops").get_data(as_text=True)


def test_with_rings_the_page_of_waves_is_there_and_names_them(at_pages):
    _, operator = at_pages(RINGS)
    assert 'href="/ops/waves"' in operator.get("/ops").get_data(as_text=True)
    told = text_of(operator.get("/ops/waves"))
    assert "No version is on its way through the rings" in told
    assert "the first 20" in told
    assert "at most 2 may fail" in told


def test_a_wave_shows_its_rings_and_how_many_are_where(at_pages):
    house, operator = at_pages(RINGS)
    wave(house, ring=1)
    where = ((State.RELEASED, 0), (State.RELEASED, 1), (State.RELEASING, 1), (State.FAILED, 1))
    where += ((State.PENDING, 1), (State.HELD, 2), (State.CANCELLED, 2), (State.PENDING, 2))
    for number, (state, ring) in enumerate(where):
        ringed(house, number, state, ring)
    assert cells(operator.get("/ops/waves")) == [
        ["canaries", "gone through", "1", "0", "0", "0"],
        ["early", "its turn", "1", "2", "1", "0"],
        ["the rest", "not yet", "0", "2", "0", "1"],
    ]


def test_a_stopped_wave_says_why_and_offers_to_go_on_and_one_that_is_over_offers_nothing(at_pages):
    house, operator = at_pages(RINGS)
    wave(house, state="stopped")
    told = text_of(operator.get("/ops/waves"))
    assert "too many of it failed" in told
    assert "Let it go on" in told
    assert "Stop it" not in told
    edit(house, "UPDATE waves SET state = 'done'")
    told = text_of(operator.get("/ops/waves"))
    assert "End it…" not in told
    assert "Let it go on" not in told


def test_to_end_a_wave_is_asked_twice(at_pages):
    house, operator = at_pages(RINGS)
    wave(house, version="2/0 <b>")
    asked = operator.get("/ops/waves/cancel?version=2/0+%3Cb%3E")
    assert "To be sure, type the version: 2/0 <b>" in text_of(asked)
    wrong = operator.send("/ops/waves/cancel", {"version": "2/0 <b>", "typed": "2"})
    assert wrong.status_code == 400
    assert "That is not the version. Nothing was changed." in text_of(wrong)
    assert operator.get("/ops/waves/cancel?version=9").status_code == 404
    assert operator.send("/ops/waves/go", {}).status_code == 400
    assert operator.send("/ops/waves/go", {"version": "2/0 <b>"}, token="x").status_code == 403


def test_waves_are_told_in_chinese(at_pages):
    house, operator = at_pages(RINGS, lang="zh-CN")
    wave(house)
    told = text_of(operator.get("/ops/waves"))
    for words in ("批次发布", "进行中", "轮到它", "终止…"):
        assert words in told


# -- health ----------------------------------------------------------------------------------------------


def test_health_shows_how_the_policy_file_and_the_record_stand(at_pages):
    house, operator = at_pages()
    house.open_shop()
    house.approve()
    house.run()
    house.worker.chaining.seal_all()
    told = text_of(operator.get("/ops/health"))
    assert "whole as far as looked at: 3 rows, head " in told
    assert "policy" in told.lower()
    edit(house, "UPDATE history SET actor = 'nobody' WHERE seq = 2")
    assert "row 2 of the record" in text_of(operator.get("/ops/health"))

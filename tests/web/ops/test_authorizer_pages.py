"""Authorizers on the pages: the list, the search, and one mini program in full."""

import re
from urllib.parse import quote

import pytest
from operator_at import PASSWORD, Operator, text_of
from stories import CAFE, CAFE_NAME, SHOP, SHOP_NAME, edit

SHOPS = 120


def appids(page):
    """The mini programs that a page lists, by their links."""
    return re.findall(r'href="/ops/authorizers/(wx[0-9a-f]{16})"', page.get_data(as_text=True))


def number_of(appid):
    return int(appid.removeprefix("wx"), 16)


def walk(operator, address):
    """Every mini program of a list, page after page."""
    found = []
    while address:
        page = operator.get(address)
        assert page.status_code == 200
        found += appids(page)
        older = re.search(r'href="([^"]+)" rel="next"', page.get_data(as_text=True))
        address = older and older[1].replace("&amp;", "&")
    return [number_of(one) for one in found]


STATES = ("authorized", "unauthorized", "needs_reauthorization", "authorized", "code_waiting")


@pytest.fixture
def crowded(office):
    """So many mini programs: each state in turn, some under audit, some without permission set 18."""
    for number in range(1, SHOPS + 1):
        edit(
            office,
            "INSERT INTO authorizers (authorizer_appid, user_name, nick_name, state, audit_status, func_ids) "
            "VALUES (:appid, :user_name, :nick_name, :state, :audit_status, :func_ids)",
            appid=f"wx{number:016x}",
            user_name=f"gh_{number:012x}",
            nick_name=("小鹿点餐", "小鹿", "Deer", "deer", None, "100%_off")[number % 6],
            state=STATES[number % 5],
            audit_status=(0, 1, 2, 3, 4, None)[number % 6],
            func_ids=("1,18", "1,180,118", "18", None)[number % 4],
        )
    return office


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", lambda n: True),
        ("state=authorized", lambda n: n % 5 in (0, 3)),
        ("state=unauthorized", lambda n: n % 5 == 1),
        ("state=needs_reauthorization", lambda n: n % 5 == 2),
        ("state=code_waiting", lambda n: n % 5 == 4),
        ("state=under_audit", lambda n: n % 5 in (0, 3) and n % 6 in (2, 4)),
        ("state=cannot_release", lambda n: n % 4 == 1),
    ],
)
def test_the_list_shows_what_its_filter_says_through_all_its_pages(crowded, operator, query, wanted):
    expected = [n for n in range(SHOPS, 0, -1) if wanted(n)]
    assert walk(operator, f"/ops/authorizers?{query}") == expected
    if query:
        count = re.search(r'aria-current="true">[^<]*<span class="count">(\d+)', "".join(
            operator.get(f"/ops/authorizers?{query}").get_data(as_text=True).splitlines()))  # fmt: skip
        assert int(count[1]) == len(expected)


@pytest.mark.parametrize(
    ("searched", "wanted"),
    [
        ("小鹿", lambda n: n % 6 in (0, 1)),
        ("小鹿点", lambda n: n % 6 == 0),
        ("Deer", lambda n: n % 6 == 2),
        ("100%_", lambda n: n % 6 == 5),
        ("%", lambda n: False),
        ("gh_00000000000a", lambda n: n == 10),
        ("wx000000000000000b", lambda n: n == 11),
        ("wx000000000000000B", lambda n: False),
        ("' OR 1=1 --", lambda n: False),
    ],
)
def test_a_search_finds_names_by_their_beginning_and_ids_whole(crowded, operator, searched, wanted):
    page = operator.get(f"/ops/authorizers?q={quote(searched)}")
    assert page.status_code == 200
    assert sorted(number_of(one) for one in appids(page)) == [n for n in range(1, SHOPS + 1) if wanted(n)]


def test_a_search_that_finds_too_many_asks_for_more_of_the_name(crowded, operator):
    for number in range(1, 60):
        edit(crowded, "UPDATE authorizers SET nick_name = 'Same' WHERE id = :id", id=number)
    page = operator.get("/ops/authorizers?q=Same")
    assert len(appids(page)) == 50
    assert "There are more: write more of the name." in text_of(page)


@pytest.mark.parametrize("query", ["state=held", "before=x", "q=" + "x" * 101, "odd=1", "q=a%00b", "q=a&q=b"])
def test_an_odd_filter_is_refused_in_words(operator, query):
    answer = operator.get(f"/ops/authorizers?{query}")
    assert answer.status_code == 400
    assert "Nothing was changed." in text_of(answer)


def test_the_list_shows_the_last_release_of_each(office, operator):
    office.open_shop()
    office.push_authorized(CAFE, CAFE_NAME, "Cafe")
    office.run()
    for version in ("1.0.0", "2.0.0"):
        office.approve(version)
        office.run()
        office.clock.advance(60)
    page = operator.get("/ops/authorizers").get_data(as_text=True)
    assert 'href="/ops/releases/2">2.0.0</a>' in page
    assert 'href="/ops/releases/1"' not in page
    assert text_of(operator.get("/ops/authorizers")).count("granted") == 2


def test_one_mini_program_shows_its_names_its_policy_its_releases_and_its_events(build_house):
    policy = f'[authorizers.{SHOP}]\nmode = "hold"\n[default]\ndelay_seconds = 3600\n'
    office = build_house(policy, REACTOR_OPS_PASSWORD=PASSWORD)
    operator = Operator(office.app)
    operator.log_in()
    office.open_shop()
    office.approve()
    page = operator.get(f"/ops/authorizers/{SHOP}")
    told = text_of(page)
    for words in ("Deer Diner", SHOP_NAME, "A person decides", "granted", "Approved", "audit success"):
        assert words in told
    assert 'href="/ops/releases/1"' in page.get_data(as_text=True)
    assert 'href="/ops/events/2"' in page.get_data(as_text=True)
    assert f'href="/ops/releases?authorizer_appid={SHOP}"' in page.get_data(as_text=True)
    assert "A person decides" in text_of(operator.get("/ops/authorizers"))
    office.push_approval(CAFE, CAFE_NAME)
    stranger = text_of(operator.get(f"/ops/authorizers/{CAFE}"))
    assert "has not authorized the platform" in stranger
    assert "Released by itself, 1 h later" in stranger


def test_a_missing_permission_set_is_told_with_its_remedy(office, operator):
    office.open_shop()
    assert "Permission set 18 is missing." not in text_of(operator.get(f"/ops/authorizers/{SHOP}"))
    edit(office, "UPDATE authorizers SET func_ids = '1,180'")
    page = text_of(operator.get(f"/ops/authorizers/{SHOP}"))
    assert "Permission set 18 is missing." in page
    assert "must authorize again and tick 小程序开发与数据分析" in page
    chinese = Operator(office.app, lang="zh-CN")
    chinese.log_in()
    assert "缺少权限集 18。" in text_of(chinese.get(f"/ops/authorizers/{SHOP}"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("access_token_sealed = NULL", "an access token is fetched when it is needed"),
        ("access_token_expires_at = 1", "the next call fetches another one by itself"),
        ("refresh_token_sealed = NULL", "There is no refresh token"),
        ("state = 'needs_reauthorization'", "does not take its refresh token any more"),
        ("code_sealed = 'x', code_due_at = 1", "the code is about to be exchanged"),
        ("state = state", "The access token is good for another"),
    ],
)
def test_the_health_of_the_tokens_is_told_in_words(office, operator, changed, words):
    office.open_shop()
    office.approve()
    office.run()
    edit(office, f"UPDATE authorizers SET {changed}")
    assert words in text_of(operator.get(f"/ops/authorizers/{SHOP}"))

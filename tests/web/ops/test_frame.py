"""The frame: the reader's language, banners, and pages that say what went wrong."""

import pytest
import sqlalchemy as sa
from operator_at import PASSWORD, Operator, text_of


def lang_of(page):
    return page.get_data(as_text=True).partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("wanted", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("fr, zh;q=0.5", "zh-CN"),
        ("fr", "en"),
        ("", "en"),
        ("!!", "en"),
    ],
)
def test_the_page_speaks_the_browsers_language(office, wanted, lang):
    assert lang_of(Operator(office.app, lang=wanted).get("/ops/login")) == lang


def test_where_the_browser_wants_neither_the_configured_language_is_spoken(build_house):
    house = build_house(REACTOR_OPS_PASSWORD=PASSWORD, REACTOR_LANG="zh")
    page = Operator(house.app, lang="fr").get("/ops/login")
    assert lang_of(page) == "zh-CN"
    assert "登录" in text_of(page)


def test_the_switch_of_languages_holds_and_leads_back(operator):
    answer = operator.send("/ops/language", {"lang": "zh", "next": "/ops/health"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops/health")
    assert lang_of(operator.get("/ops")) == "zh-CN"
    operator.send("/ops/language", {"lang": "en"})
    assert lang_of(operator.get("/ops")) == "en"


def test_a_stranger_may_switch_as_well_and_no_other_language_counts(stranger):
    assert stranger.send("/ops/language", {"lang": "zh", "next": "/ops/login"}).status_code == 303
    assert lang_of(stranger.get("/ops/login")) == "zh-CN"
    assert stranger.send("/ops/language", {"lang": "xx"}).status_code == 400
    stranger.keep("reactor-lang", "<script>")
    assert lang_of(stranger.get("/ops/login")) == "en"


def test_while_paused_every_page_says_so_and_offers_to_resume(office, operator):
    answer = operator.send("/ops/pause", {"next": "/ops/health"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops/health")
    assert office.api("/status")["paused"] is True
    for path in ("/ops", "/ops/health", "/ops/nothing"):
        page = operator.get(path)
        assert "Nothing is released until somebody resumes" in text_of(page)
        assert 'action="/ops/resume"' in page.get_data(as_text=True)
    operator.send("/ops/resume")
    assert office.api("/status")["paused"] is False
    assert "banner" not in operator.get("/ops").get_data(as_text=True)


def test_while_calls_are_stopped_every_page_says_why(office, operator):
    with office.store.write() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO component (component_appid, blocked_by, blocked_reason, blocked_since, "
                "next_probe_at) VALUES (:appid, 'blocked', '<b>61004</b> of 203.0.113.9', :now, :next)"
            ),
            {"appid": office.settings.component_appid, "now": office.clock(), "next": office.clock() + 60},
        )
    for path in ("/ops", "/ops/health", "/ops/nothing"):
        page = operator.get(path)
        assert "Calls to WeChat are stopped" in text_of(page)
        assert "&lt;b&gt;61004&lt;/b&gt; of 203.0.113.9" in page.get_data(as_text=True)
        assert "in 1 min" in text_of(page)


def test_what_is_not_there_is_told_in_words_with_the_way_back(operator):
    page = operator.get("/ops/nothing")
    assert page.status_code == 404
    assert page.mimetype == "text/html"
    told = text_of(page)
    for part in ("There is nothing here", "Is anything lost?", "What to do", "To the overview"):
        assert part in told


def test_without_a_store_the_page_says_that_nothing_is_lost(office, operator):
    with office.store.write() as connection:
        connection.execute(sa.text("ALTER TABLE component RENAME TO gone"))
    page = operator.get("/ops")
    with office.store.write() as connection:
        connection.execute(sa.text("ALTER TABLE gone RENAME TO component"))
    assert page.status_code == 503
    told = text_of(page)
    assert "The database cannot be reached now" in told
    assert "WeChat repeats" in told
    assert "component" not in told


def test_without_the_table_of_sessions_nobody_is_let_in(office, operator):
    with office.store.write() as connection:
        connection.execute(sa.text("ALTER TABLE sessions RENAME TO gone"))
    page = operator.get("/ops")
    with office.store.write() as connection:
        connection.execute(sa.text("ALTER TABLE gone RENAME TO sessions"))
    assert page.status_code == 503


def test_a_fault_of_our_own_is_told_without_its_inside(office, operator, caplog):
    def fail():
        raise RuntimeError("canarybird")

    office.app.view_functions["ops.health"] = fail
    page = operator.get("/ops/health")
    assert page.status_code == 500
    assert "Something went wrong inside" in text_of(page)
    assert "canarybird" not in page.get_data(as_text=True)
    assert "canarybird" in caplog.text


def test_what_went_wrong_is_told_with_the_id_that_the_log_has(operator):
    page = operator.get("/ops/nothing", **{"X-Request-Id": "platform-4711"})
    assert "Request platform-4711" in text_of(page)
    page = operator.get("/ops/nothing")
    assert f"Request {page.headers['X-Request-Id']}" in text_of(page)


def test_a_host_that_is_none_is_refused_without_a_traceback(operator):
    for path in ("/ops", "/ops/login", "/ops/health", "/ops/nothing"):
        page = operator.get(path, Host="..")
        assert (page.status_code, page.mimetype) == (400, "application/problem+json")
    assert operator.get("/ops").status_code == 200


def test_a_form_too_large_is_refused_in_words(operator):
    page = operator.send("/ops/pause", {"next": "x" * 70_000}, token="x")
    assert page.status_code == 413
    assert "too much" in text_of(page)

"""What protects every page: each route for strangers and operators, forms that are ours alone, headers."""

import re

import pytest
from operator_at import HTTPS, PASSWORD, Operator, text_of

from reactor.web.ops.guards import HEADERS

OPEN = {"/ops/login", "/ops/language"}


def routes(house, method):
    """The paths of the pages that answer this method, with 1 or an appid for what is variable."""
    for rule in house.app.url_map.iter_rules():
        if rule.rule.startswith("/ops") and "static" not in rule.rule and method in rule.methods:
            path = re.sub(r"<(\w+:)?appid[^>]*>|<appid:[^>]*>", "wx000000000000000a", rule.rule)
            yield re.sub(r"<any\((\w+)[^>]*>", r"\1", re.sub(r"<int:[^>]*>", "1", path))


def test_a_stranger_gets_no_page_but_the_door(office, stranger):
    pages = {path for path in routes(office, "GET") if path not in OPEN}
    assert {"/ops", "/ops/health"} <= pages
    for path in (*pages, "/ops/nothing/at/all"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["Location"][:10]) == (303, "/ops/login"), path


def test_a_stranger_changes_nothing(office, stranger):
    changes = {path for path in routes(office, "POST") if path not in OPEN}
    assert {"/ops/pause", "/ops/resume", "/ops/logout"} <= changes
    for path in changes:
        assert stranger.send(path).headers["Location"].startswith("/ops/login"), path
    assert office.api("/status")["paused"] is False


def test_no_form_counts_without_the_token_of_its_session(office, operator):
    other = Operator(office.app)
    other.log_in()
    for path in routes(office, "POST"):
        for token in ("", "x", "0" * 64, other.form_token(), "密"):
            answer = operator.send(path, {"lang": "zh", "password": PASSWORD}, token=token)
            assert answer.status_code == 403, path
            assert "Nothing was changed" in text_of(answer)
    assert office.api("/status")["paused"] is False


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
    ],
)
def test_even_with_the_token_a_form_of_another_site_is_refused(operator, office, headers, status):
    assert operator.send("/ops/pause", headers=headers).status_code == status
    assert office.api("/status")["paused"] is (status == 303)


def test_the_public_url_is_ours_whatever_name_the_proxy_gives_us(build_house):
    house = build_house(REACTOR_OPS_PASSWORD=PASSWORD, REACTOR_PUBLIC_URL=HTTPS)
    operator = Operator(house.app, at="https://inner.example")
    operator.log_in()
    assert operator.send("/ops/pause", headers={"Origin": HTTPS}).status_code == 303


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_change_nothing_either(operator, office, method):
    for path in ("/ops/pause", "/ops", "/ops/health"):
        assert operator.send(path, method=method).status_code == 405
    assert office.api("/status")["paused"] is False


def answers_of(someone):
    yield someone.get("/ops/login")
    yield someone.get("/ops")
    yield someone.get("/ops/health")
    yield someone.get("/ops/nothing")
    yield someone.send("/ops/pause", token="wrong")
    yield someone.send("/ops/pause")
    yield someone.send("/ops/health")
    yield someone.get("/ops/static/style.css")
    yield someone.get("/ops/static/nothing.css")


def test_every_answer_carries_the_headers(stranger, operator):
    for answer in (*answers_of(stranger), *answers_of(operator)):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "Strict-Transport-Security" not in answer.headers
        if answer.mimetype == "text/html" or answer.status_code >= 300:
            assert answer.headers["Cache-Control"] == "no-store"


def test_behind_a_proxy_that_cuts_off_a_path_every_link_has_it(build_house):
    house = build_house(REACTOR_OPS_PASSWORD=PASSWORD, REACTOR_PUBLIC_URL="https://reactor.example/wechat-x")
    operator = Operator(house.app, at=HTTPS)
    assert operator.get("/ops/health").headers["Location"].startswith("/wechat-x/ops/login?next=/ops/health")
    assert operator.log_in(next_page="/ops/health").headers["Location"] == "/wechat-x/ops/health"
    html = operator.get("/ops").get_data(as_text=True)
    assert re.findall(r'(?:src|href|action)="(?!/wechat-x/ops|#main)[^"]*"', html) == []
    assert operator.send("/ops/pause").headers["Location"] == "/wechat-x/ops/health"


def test_behind_tls_browsers_are_told_to_insist_on_it(office):
    for answer in answers_of(Operator(office.app, at=HTTPS)):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_what_is_not_under_ops_is_left_as_it_was(office):
    for path in ("/healthz", "/opsx", "/api/v1/status"):
        answer = office.app.test_client().get(path)
        assert "Content-Security-Policy" not in answer.headers
        assert answer.mimetype != "text/html"


def test_a_push_that_is_refused_looks_as_ever(office, house):
    asked = {"path": "/wechat/component", "data": b"x"}
    answers = [one.app.test_client().post(**asked) for one in (office, house)]
    assert answers[0].status_code == answers[1].status_code == 403
    assert answers[0].data == answers[1].data == b""
    kept = [{k: v for k, v in answer.headers.items() if k != "Date"} for answer in answers]
    assert kept[0] == kept[1]


def test_no_page_brings_script_or_style_or_anything_foreign_with_it(office, operator, stranger):
    for someone, path in ((stranger, "/ops/login"), (operator, "/ops"), (operator, "/ops/health")):
        page = someone.get(path).get_data(as_text=True)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
        assert re.findall(r"<script(?! src=\"/ops/static/)", page) == []
        assert re.findall(r'(?:src|href|action)="(?!/ops|#main)[^"]*"', page) == []


def test_static_files_are_kept_for_long_under_the_name_of_their_content(stranger):
    page = stranger.get("/ops/login").get_data(as_text=True)
    for url in re.findall(r'(?:src|href)="(/ops/static/[^"]*)"', page):
        answer = stranger.get(url)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in answer.headers
    assert "immutable" not in stranger.get("/ops/static/style.css?v=000000000000").headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../templates/frame.html", "..%2ftemplates%2fframe.html", "../office.py"])
def test_nothing_but_static_files_is_served_as_such(stranger, path):
    assert stranger.get(f"/ops/static/{path}").status_code in (303, 404)

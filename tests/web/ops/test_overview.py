"""The overview and health as operators see them, in both languages, whatever the names hold."""

import re

import pytest
from full_house import LONG, XSS, fill
from known import APPSECRET, COMPONENT, SHOP, TOKEN, environment
from operator_at import PASSWORD, Operator, text_of

from reactor.bootstrap import build_desk
from reactor.core.checks import Check, Health
from reactor.core.crypto import MessageKeys
from reactor.core.policy import Policy
from reactor.intake import Intake
from reactor.settings import VARIABLES, describe, load_settings
from reactor.store import presence
from reactor.store.asking import Plan
from reactor.web.app import create_app
from reactor.web.ops.office import Furnishing


def furnished(house, **more):
    """An operator of the house's pages, furnished with more than the settings say."""
    reactor = house.app.extensions["reactor"]
    app = create_app(
        store=reactor.store,
        intake=Intake(reactor.store, COMPONENT, Policy, wake=lambda: None, tally=reactor.tally),
        desk=build_desk(house.settings, reactor.store),
        keys=MessageKeys(COMPONENT, house.settings.message_tokens, house.settings.aes_keys),
        plan=Plan.of(600, 21600, 20.0),
        api_token=None,
        tally=reactor.tally,
        furnishing=Furnishing.of(house.settings, **more),
        clock=house.clock,
    )
    operator = Operator(app)
    operator.log_in()
    return operator


def test_a_new_house_says_what_it_waits_for(operator):
    told = text_of(operator.get("/ops"))
    assert "Waiting for WeChat's first ticket" in told
    assert "No mini program has authorized this platform yet" in told


def test_a_good_day_is_told_in_one_sentence(office, operator):
    office.open_shop()
    office.approve("1.0.0")
    office.run()
    with office.store.write() as connection:
        presence.beat(
            connection, "w", office.clock()
        )  # the house's own worker takes turns, but is not started
    told = text_of(operator.get("/ops"))
    assert "All is well" in told
    assert "1 went live in the last 24 hours, nothing needs a person" in told
    assert "Deer Diner" in told
    assert "released" in told
    assert "100 % answered" in told


def test_what_needs_a_person_stands_there_with_its_one_action(office, operator):
    fill(office)
    page = operator.get("/ops")
    told, html = text_of(page), page.get_data(as_text=True)
    assert "Needs a person" in told
    assert "could not be released" in told
    assert re.search(r'action="/ops/releases/\d+/retry"', html)
    assert "Look and decide" in told
    assert 'href="/ops/authorizers?state=needs_reauthorization"' in html
    assert "85052" in told


def test_nothing_that_others_wrote_is_markup(office, operator):
    fill(office, blocked=True)
    for path in ("/ops", "/ops/health"):
        html = operator.get(path).get_data(as_text=True)
        assert XSS not in html
        assert "<img src=x" not in html
        assert re.findall(r"<script(?! src=\"/ops/static/page\.js\?v=)", html) == []
    told = text_of(operator.get("/ops"))
    assert XSS in told
    assert LONG in told


def test_both_languages_tell_the_same(office, operator):
    fill(office)
    chinese = Operator(office.app, lang="zh-CN")
    chinese.log_in()
    told = text_of(chinese.get("/ops"))
    for word in ("需要处理", "最近发布", "等待人工确认", "已上线", "重新授权", "重试", "票据", "分钟前"):
        assert word in told
    assert re.findall(r"\d+ (?:min|s|h) ago", told) == []


def test_the_pictures_are_drawn_in_the_readers_language(office, operator):
    html = operator.get("/ops").get_data(as_text=True)
    assert html.count('<figure class="drawn">') == html.count('role="img"') == 4
    chinese = Operator(office.app, lang="zh-CN")
    chinese.log_in()
    titles = re.findall(r"<figcaption>([^<]*)", chinese.get("/ops").get_data(as_text=True))
    assert [title for title in titles if not re.search("[一-鿿]", title)] == []


# -- health --------------------------------------------------------------------------------------------


def test_health_shows_what_was_checked_with_the_remedy(office):
    checks = [
        Check("ticket", Health.OK, "It came {span} ago", "Nothing to do", {"span": "3 min"}),
        Check("egress", Health.BAD, "{ip} is not in the whitelist", "Add {ip}", {"ip": "<203.0.113.9>"}),
    ]
    page = furnished(office, examine=lambda: checks).get("/ops/health")
    told = text_of(page)
    assert "1 passed, 0 warnings, 1 failed" in told
    assert "It came 3 min ago" in told
    assert "Nothing to do" not in told
    assert "<203.0.113.9> is not in the whitelist Add <203.0.113.9>" in told
    assert "<203.0.113.9>" not in page.get_data(as_text=True)


def test_health_shows_the_urls_to_copy(build_house, operator):
    html = operator.get("/ops/health").get_data(as_text=True)
    assert "http://localhost/wechat/authorizers/$APPID$" in html
    assert "guessed" in html
    house = build_house(REACTOR_OPS_PASSWORD=PASSWORD, REACTOR_PUBLIC_URL="https://reactor.example")
    someone = Operator(house.app)
    someone.log_in()
    html = someone.get("/ops/health").get_data(as_text=True)
    assert "https://reactor.example/wechat/component" in html
    assert "guessed" not in html


def test_health_shows_the_configuration_and_no_secret(office, operator):
    page = operator.get("/ops/health")
    told, html = text_of(page), page.get_data(as_text=True)
    for variable in VARIABLES:
        assert variable.name in told
    settings = office.settings
    for secret in (APPSECRET, TOKEN, PASSWORD, settings.api_token, settings.secret_keys[0]):
        assert secret not in html
    assert "environment" in told
    assert "default" in told


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:canary@db.example:5432/reactor", "postgresql://db.example:5432/reactor"),
        ("postgresql://db.example/reactor?password=canary", "postgresql://db.example/reactor"),
        ("postgresql://u:c@nary/canary@db.example/reactor", "••••••"),
        ("postgresql://db.example/reactor?password=a@canary", "postgresql://db.example/reactor"),
    ],
)
def test_of_a_url_is_shown_what_is_surely_no_secret(url, shown):
    described = describe(load_settings(environment(url, "http://127.0.0.1:1")))
    (found,) = (one for one in described if one.name == "DATABASE_URL")
    assert found.shown == shown
    assert found.source == "environment"


def test_the_source_of_a_value_is_told(tmp_path):
    file = tmp_path / "token"
    file.write_text("message-token".replace("-", ""))
    variables = environment("sqlite:///x.db", "http://127.0.0.1:1")
    del variables["WECHAT_MESSAGE_TOKEN"]
    described = describe(load_settings(variables | {"WECHAT_MESSAGE_TOKEN_FILE": str(file)}))
    sources = {one.name: (one.source, one.shown) for one in described}
    assert sources["WECHAT_MESSAGE_TOKEN"] == ("file", "••••••")
    assert sources["PORT"] == ("default", "8000")
    assert sources["REACTOR_OPS_PASSWORD"] == ("unset", None)
    assert sources["WECHAT_COMPONENT_APPID"] == ("environment", COMPONENT)


def test_the_shop_of_the_tests_is_linked_from_the_overview(office, operator):
    fill(office)
    assert f'href="/ops/authorizers/{SHOP}"' in operator.get("/ops").get_data(as_text=True)

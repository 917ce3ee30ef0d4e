"""A merchant is invited from the pages: the address is shown once, and leads to the merchant's own page."""

import re

import pytest
from operator_at import PASSWORD, Operator, text_of
from stories import SHOP

URL = "https://reactor.example"


@pytest.fixture
def open_office(build_house):
    house = build_house(REACTOR_OPS_PASSWORD=PASSWORD, REACTOR_PUBLIC_URL=URL)
    house.push_ticket()
    return house


def test_an_invitation_is_made_shown_once_and_leads_to_the_merchants_page(open_office):
    operator = Operator(open_office.app)
    operator.log_in()
    assert "/ops/invite" in operator.get("/ops/authorizers").get_data(as_text=True)
    made = operator.send("/ops/invite", {"kind": "both"})
    address = re.search(rf"{URL}(/authorize/[0-9A-Za-z_-]+)", made.get_data(as_text=True))[1]
    assert address not in operator.get("/ops/invite").get_data(as_text=True)
    open_office.run()
    merchant = open_office.app.test_client().get(address, base_url=URL).get_data(as_text=True)
    assert "auth_type=3" in merchant
    assert "mp.weixin.qq.com" in merchant


def test_without_a_public_url_the_page_says_what_to_set_and_makes_nothing(build_house):
    house = build_house(REACTOR_OPS_PASSWORD=PASSWORD)
    for lang, words in (("en", "REACTOR_PUBLIC_URL is not set"), ("zh", "未设置 REACTOR_PUBLIC_URL")):
        operator = Operator(house.app, lang=lang)
        operator.log_in()
        assert words in text_of(operator.get("/ops/invite"))
        assert operator.send("/ops/invite", {"kind": "both"}).status_code == 409


def test_an_odd_kind_of_account_is_refused(open_office):
    operator = Operator(open_office.app)
    operator.log_in()
    assert operator.send("/ops/invite", {"kind": SHOP}).status_code == 400

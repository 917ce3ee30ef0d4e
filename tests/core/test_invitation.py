"""The links WeChat wants, to the letter, and a digest that leads nowhere."""

from urllib.parse import parse_qs, urlsplit

from reactor.core.invitation import AUTH_TYPES, digest_of, links

BACK = "https://shop.example/authorize/n0nce/back"
MADE = links("wx00000000000000c0", "preauthcode@@@a+b/c", BACK, AUTH_TYPES["mini-program"])
NAMED = {
    "component_appid": ["wx00000000000000c0"],
    "pre_auth_code": ["preauthcode@@@a+b/c"],
    "redirect_uri": [BACK],
    "auth_type": ["2"],
}


def test_the_link_for_a_computer_names_everything_and_nothing_else():
    url = urlsplit(MADE.pc)
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://mp.weixin.qq.com/cgi-bin/componentloginpage"
    assert parse_qs(url.query, strict_parsing=True) == NAMED
    assert url.fragment == ""


def test_the_link_for_a_phone_also_says_that_nothing_is_scanned_and_where_it_leads():
    url = urlsplit(MADE.mobile)
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://open.weixin.qq.com/wxaopen/safe/bindcomponent"
    assert parse_qs(url.query, strict_parsing=True) == {
        "action": ["bindcomponent"],
        "no_scan": ["1"],
        **NAMED,
    }
    assert url.fragment == "wechat_redirect"


def test_the_code_stays_out_of_a_repr():
    assert "preauthcode" not in repr(MADE)


def test_a_digest_is_the_same_for_one_secret_and_another_for_another():
    assert digest_of("a") == digest_of("a") != digest_of("b")
    assert len(digest_of("a")) == 64
    assert "secret" not in digest_of("secret")


def test_the_types_are_those_of_wechat():
    assert AUTH_TYPES == {"official-account": 1, "mini-program": 2, "both": 3}

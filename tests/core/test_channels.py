import base64

import pytest

from reactor.core.channels import (
    Apprise,
    DingTalk,
    Feishu,
    Mail,
    OddChannelError,
    Slack,
    Webhook,
    WeCom,
    parse_channels,
)

KEY = bytes(range(24))
WHSEC = f"whsec_{base64.b64encode(KEY).decode()}"
MAIL = "?from=a@b.example&to=c@d.example"


@pytest.mark.parametrize(
    ("url", "channel"),
    [
        ("wecom://canary-4F-key", WeCom("wecom", "canary-4F-key")),
        ("feishu://canary-Token", Feishu("feishu", "canary-Token", None)),
        ("feishu://canary-Token?secret=s%2B/x", Feishu("feishu", "canary-Token", "s+/x")),
        ("dingtalk://canary-token?secret=SECx", DingTalk("dingtalk", "canary-token", "SECx")),
        ("slack://T0/B0/canaryX", Slack("slack", "T0/B0/canaryX")),
        (
            f"smtp://u%40x:canary%2Fp@mail.example/{MAIL},e@f.example",
            Mail(
                "smtp",
                "mail.example",
                587,
                implicit_tls=False,
                user="u@x",
                password="canary/p",
                sender="a@b.example",
                recipients=("c@d.example", "e@f.example"),
            ),
        ),
        (
            f"smtps://mail.example:4650/{MAIL}",
            Mail(
                "smtp",
                "mail.example",
                4650,
                implicit_tls=True,
                user=None,
                password=None,
                sender="a@b.example",
                recipients=("c@d.example",),
            ),
        ),
        (f"webhook+https://h.example?secret={WHSEC}", Webhook("webhook", "h.example", "/", KEY)),
        (
            f"webhook+https://H.example:443/canary/p?a=1&secret={WHSEC}&b=%E5%AE%A1",
            Webhook("webhook", "h.example", "/canary/p?a=1&b=%E5%AE%A1", KEY),
        ),
        (
            f"webhook+https://bücher.example/?secret={WHSEC}",
            Webhook("webhook", "xn--bcher-kva.example", "/", KEY),
        ),
        ("apprise+tgram://canary/123", Apprise("apprise", "tgram://canary/123")),
        ("apprise+mailto://user:canary@example", Apprise("apprise", "mailto://user:canary@example")),
    ],
)
def test_a_url_is_a_channel_that_shows_no_secret(url, channel):
    assert parse_channels(url) == (channel,)
    assert "canary" not in repr(channel)
    assert repr(KEY) not in repr(channel)


@pytest.mark.parametrize("between", [" ", ",", ", ", "  ,  "])
def test_several_are_separated_by_spaces_or_commas_also_where_a_url_holds_one(between):
    urls = (
        "wecom://canary-one",
        f"smtp://mail.example/{MAIL},x@y.example",
        "wecom://canary-two",
        "slack://T/B/C",
    )
    found = parse_channels(between.join(urls))
    assert [channel.name for channel in found] == ["wecom", "smtp", "wecom-2", "slack"]
    assert found[1].recipients == ("c@d.example", "x@y.example")


@pytest.mark.parametrize(
    "url",
    [
        "canary",
        "telegram://canary",
        "http://canary.example/",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary",
        "wecom://",
        "wecom://canary",
        "wecom://canary-key/more",
        "wecom://canary-key?secret=x",
        "wecom://canary-key#x",
        "wecom://user@canary-key",
        "feishu://canary-token?sekret=x",
        "feishu://canary-token?secret=",
        "feishu://canary-token?secret=a&secret=b",
        "dingtalk://canary%token",
        "dingtalk://canary-token/robot/send",
        "slack://T0/B0",
        "slack://T0/B0/canary/more",
        "slack://T0/B0/canary?x=1",
        "smtp://mail.example",
        f"smtp:///{MAIL}",
        f"smtp://canary@mail.example/{MAIL}",
        f"smtp://mail.example:canary/{MAIL}",
        f"smtp://mail.example/canary{MAIL}",
        "smtp://mail.example/?from=canary&to=c@d.example",
        "smtp://mail.example/?from=a@b.example&to=",
        "smtp://mail.example/?from=a@b.example&to=c@d.example,",
        "smtp://mail.example/?from=a@b.example&to=c@d.example%0d%0aBcc:canary@x.example",
        "webhook+https://canary.example/",
        "webhook+https://canary.example/?secret=canary",
        "webhook+https://canary.example/?secret=whsec_Y2FuYXJ5",
        f"webhook+https://canary.example/?secret={WHSEC}&secret={WHSEC}",
        f"webhook+https://canary.example/?secret={WHSEC.replace('whsec_', '')}",
        f"webhook+https://canary.example/?secret={WHSEC}!",
        f"webhook+https://canary.example/?secret=whsec_{base64.b64encode(bytes(65)).decode()}",
        f"webhook+https://canary.example/审?secret={WHSEC}",
        f"webhook+https:///canary?secret={WHSEC}",
        f"webhook+http://canary.example/?secret={WHSEC}",
        "apprise+json://canary.example/",
        "apprise+JSONS://canary.example/",
        "wecom://canary-one,wecom://canary-one",
        "wecom://canary-one,,wecom",
        " ".join(f"wecom://canary-{number:04}" for number in range(21)),
    ],
)
def test_what_is_no_channel_is_refused_with_what_to_write_and_never_quoted(url):
    with pytest.raises(OddChannelError) as caught:
        parse_channels(url)
    assert str(caught.value).startswith("has ")
    assert "; " in str(caught.value)
    assert "canary" not in str(caught.value)

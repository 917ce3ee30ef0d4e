"""What messages say, in both languages."""

import pytest

from reactor.core.notices import Kind, Notice
from reactor.telling import _MANY, _ONE, _TYPES, Teller, lasting
from reactor.words.chinese import CHINESE

SHOP = "wx000000000000000a"
DEER = {"authorizer_appid": SHOP, "nick_name": "小鹿点餐", "user_version": "2.3.1", "release_id": 7}
TIMES = {"submitted_at": 1000.0, "approved_at": 10660.0, "released_at": 10666.0}
URL = "https://reactor.example"
STOPPED_ZH = "版本 1.0.0 的批次发布已停止：批次 canary 有 1 个失败，最多允许 0 个"
STOPPED = "the wave of version 1.0.0 is stopped: 1 of ring canary failed, and at most 0 may"
LOST_EN = "nothing is lost, it goes on by itself once that is mended"
STOP_EN = "nothing can be released any more"
DUE_ZH = "应每 10 分钟一次，请检查授权事件接收URL"
DUE_EN = "one is due every 10 minutes; check the 授权事件接收URL"
DECIDE_ZH = "发布请执行 `reactor releases approve 7`，取消请用 `cancel 7`"
DECIDE_EN = "to decide: `reactor releases approve 7`, or `cancel 7`"
HOLDS = "the policy holds it until a person approves"
EXPIRED = "nobody decided within 72 hours; it was not released"


def told(kind, lang="zh", number=1, **more):
    facts = {**DEER, **more}
    notices = [Notice(one, 20_000.0 + one, kind, **facts) for one in range(number)]
    return Teller(lang, URL).tell(notices)


@pytest.mark.parametrize(
    ("kind", "more", "zh", "en"),
    [
        (
            Kind.LIVE,
            TIMES,
            "✅ 小鹿点餐 2.3.1 已上线 · 审核 2 小时 41 分 · 通过后 6 秒上线",
            "✅ 小鹿点餐 2.3.1 is live · audit 2 h 41 min · live 6 s after the approval",
        ),
        (Kind.LIVE, {}, "✅ 小鹿点餐 2.3.1 已上线", "✅ 小鹿点餐 2.3.1 is live"),
        (
            Kind.REJECTED,
            {"detail": "1:服务类目与页面内容不一致<br>", "user_version": None},
            "❌ 小鹿点餐 审核不通过 · 原因：1:服务类目与页面内容不一致",
            "❌ 小鹿点餐 was rejected · reason: 1:服务类目与页面内容不一致",
        ),
        (
            Kind.DELAYED,
            {},
            "⏳ 小鹿点餐 2.3.1 审核延后",
            "⏳ 小鹿点餐 2.3.1: the audit takes longer than usual",
        ),
        (
            Kind.HELD,
            {"detail": "held"},
            "⏸ 小鹿点餐 2.3.1 审核通过，等待人工确认 · 原因：等待人工确认",
            "⏸ 小鹿点餐 2.3.1 is approved and waits for a person · reason: held",
        ),
        (
            Kind.FAILED,
            {"detail": "release answered 85052: x", "nick_name": None},
            f"⚠️ {SHOP} 2.3.1 发布失败，需要人工处理 · 原因：release 返回 85052：x",
            f"⚠️ {SHOP} 2.3.1 was not released, a person must look · reason: release answered 85052: x",
        ),
        (
            Kind.BLOCKED,
            {"detail": "61004"},
            "🚫 已停止调用微信接口 · 原因：61004 · 不会丢失，修好后自动继续",
            f"🚫 All calls to WeChat are stopped · reason: 61004 · {LOST_EN}",
        ),
        (Kind.UNBLOCKED, {}, "✅ 微信接口调用已恢复", "✅ Calls to WeChat flow again"),
        (
            Kind.NEEDS_REAUTHORIZATION,
            {"user_version": None},
            "🔑 小鹿点餐 需要商家重新授权",
            "🔑 小鹿点餐 needs its merchant to authorize again",
        ),
        (
            Kind.TICKET_OLD,
            {"detail": "1860.2"},
            f"🔑 微信票据已 31 分未更新 · {DUE_ZH} · 再过 11 小时 29 分将无法发布",
            f"🔑 No ticket from WeChat for 31 min · {DUE_EN} · in 11 h 29 min {STOP_EN}",
        ),
        (
            Kind.TICKET_OLD,
            {"detail": "43300"},
            f"🔑 微信票据已 12 小时 1 分未更新 · {DUE_ZH} · 现在无法发布",
            f"🔑 No ticket from WeChat for 12 h 1 min · {DUE_EN} · nothing can be released now",
        ),
        (
            Kind.TICKET_OLD,
            {"detail": None},
            f"🔑 还没有收到过微信票据 · {DUE_ZH}",
            f"🔑 No ticket from WeChat has come yet · {DUE_EN}",
        ),
        (Kind.TICKET_BACK, {}, "✅ 微信票据已恢复推送", "✅ The ticket from WeChat is back"),
        (
            Kind.HELD_REMINDER,
            {"detail": HOLDS, "held_since": 20_000 - 86400.0},
            f"⏸ 小鹿点餐 2.3.1 仍在等待人工确认 · 已等 1 天 · 原因：按策略等待人工确认 · {DECIDE_ZH}",
            f"⏸ 小鹿点餐 2.3.1 still waits for a person · for 1 d · reason: {HOLDS} · {DECIDE_EN}",
        ),
        (
            Kind.EXPIRED,
            {"detail": EXPIRED},
            "⌛ 小鹿点餐 2.3.1 未发布：到期无人确认 · 原因：72 小时内无人确认，没有发布",
            f"⌛ 小鹿点餐 2.3.1 was not released, nobody decided in time · reason: {EXPIRED}",
        ),
        (
            Kind.WAVE_STOPPED,
            {"detail": STOPPED},
            f"✋ 有版本停止分批发布，需人工处理 · 原因：{STOPPED_ZH}",
            f"✋ A version goes no further through its rings, a person must look · reason: {STOPPED}",
        ),
    ],
)
def test_each_kind_says_what_happened(kind, more, zh, en):
    assert told(kind, "zh", **more).lines == (zh,)
    assert told(kind, "en", **more).lines == (en,)


def test_a_wave_says_how_many_and_names_a_few():
    message = told(Kind.LIVE, number=37)
    assert message.lines == ("✅ 37 个版本已上线", *["– 小鹿点餐 2.3.1"] * 5, "另有 32 个")
    assert message.count == len(message.items) == 37
    assert message.link == f"{URL}/ops/releases"


def test_a_wave_of_failures_keeps_the_reasons():
    message = told(Kind.FAILED, "en", number=6, detail="x" * 500)
    assert message.lines[1] == f"– 小鹿点餐 2.3.1 · {'x' * 99}…"


def test_one_link_leads_to_the_release_if_there_is_one():
    assert told(Kind.LIVE).link == f"{URL}/ops/releases/7"
    assert told(Kind.WAVE_STOPPED, release_id=None).link == f"{URL}/ops/waves"
    assert told(Kind.REJECTED, release_id=None).link == f"{URL}/ops"
    notice = Notice(1, 0.0, Kind.LIVE, **DEER)
    assert Teller("en").tell([notice]).link is None


def test_programs_get_the_type_the_time_and_the_item():
    message = told(Kind.FAILED, detail="why<br>", number=1)
    assert (message.type, message.at, message.count) == ("release.failed", 20_000.0, 1)
    assert message.items == ({**DEER, "reason": "why<br>"},)


def test_what_merchants_call_themselves_does_no_harm():
    name = "<script>alert(1)</script>@all\n<!channel> [x](https://evil.example)" + "x" * 500
    (line,) = told(Kind.LIVE, nick_name=name, user_version="<b>1</b>").lines
    assert line.startswith("✅ alert(1) ＠all [x](https://evil.example)")
    assert line.endswith("… 1 已上线")
    assert "\n" not in line
    assert len(line) < 100


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (-3, "0 s", "0 秒"),
        (0.4, "0 s", "0 秒"),
        (59.6, "1 min", "1 分"),
        (3600, "1 h", "1 小时"),
        (9660, "2 h 41 min", "2 小时 41 分"),
        (90061, "1 d 1 h", "1 天 1 小时"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds, en, zh):
    assert (lasting(seconds, "en"), lasting(seconds, "zh")) == (en, zh)


def test_every_kind_has_its_words_in_both_languages():
    for texts in (_ONE, _MANY):
        assert set(texts) == set(Kind)
        assert set(texts.values()) <= set(CHINESE)
    assert set(_TYPES) == set(Kind)
    assert len(set(_TYPES.values())) == len(Kind)


def test_the_test_message_says_so():
    assert Teller("zh").test(1.0).lines == ("🔔 reactor 测试消息：这里能收到通知",)
    assert Teller("en", URL).test(1.0).link == f"{URL}/ops"

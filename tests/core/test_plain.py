import pytest

from reactor.core.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1:服务类目<br>2:页面<br/>", "1:服务类目 2:页面"),
        ("<a href='x'>here</a>", "here"),
        ("a &lt;script&gt;alert(1)&lt;/script&gt; b", "a alert(1) b"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ('<at user_id="all">所有人</at>', "所有人"),
        ("<!channel> <@U1> <https://evil.example|click>", ""),
        ("@all @everyone @channel", "＠all ＠everyone ＠channel"),
        ("1 < 2 > 0", "1 0"),
        ("a <3", "a ‹3"),
        ("one\ntwo\r\nthree\x00\x1b[2J", "one two three [2J"),
        ("gnp\u202egpj.exe\u200b\ufeff", "gnp gpj.exe"),
        ("", ""),
    ],
)
def test_others_words_become_one_harmless_line(text, shown):
    assert plain(text) == shown


def test_what_is_too_long_loses_its_end():
    assert plain("审" * 400, 10) == "审" * 9 + "…"
    assert plain("审" * 10, 10) == "审" * 10


def test_many_open_brackets_cost_no_time():
    assert len(plain("<" * 100_000)) == 300

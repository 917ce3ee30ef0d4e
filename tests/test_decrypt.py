"""`reactor decrypt`: a captured push explained from files, standard input or a URL, with nothing but keys."""

import json
import time

import pytest
from commands import command
from known import COMPONENT, SHOP, SHOP_NAME, environment
from web.forgeries import on_the_wire, seal

from reactor.simulator import pusher

NOW = int(time.time())
APPROVAL = pusher.audit_success(user_name=SHOP_NAME, created_at=NOW, succeeded_at=NOW)
TICKET = pusher.ticket(component_appid=COMPONENT, created_at=NOW, ticket="ticket@@@secret")


@pytest.fixture
def decrypt(tmp_path):
    """Run it on a message as WeChat would have sealed it; the database and WeChat are out of reach."""

    def run(*words, message=APPROVAL, code=0, query=None, **changes):
        good, body = on_the_wire(seal(message, NOW, **changes))
        (tmp_path / "body.xml").write_bytes(body)
        variables = environment(f"sqlite:///{tmp_path / 'none.db'}", "http://127.0.0.1:1")
        given = query or ("--query", good)
        done = command("decrypt", "--file", tmp_path / "body.xml", *given, *words, code=code, **variables)
        assert [path.name for path in tmp_path.iterdir()] == ["body.xml"]
        return done.stdout

    return run


def test_a_good_push_is_explained_step_by_step_without_a_database(decrypt):
    told = decrypt()
    for line in ("✓ signature  made with token 1 of 1", "✓ AES key    key 1 of 1 opens it", "200 success"):
        assert line in told
    assert "audit_success: a release is opened" in told
    assert "<Event>" in told


def test_a_push_that_would_be_refused_is_exit_code_1_with_the_likely_cause(decrypt):
    told = decrypt(code=1, token="another")
    assert "✗ signature" in told
    assert "→ the token is another" in told
    assert "403, refused for its signature" in told


def test_it_is_explained_in_chinese_and_programs_read_the_same(decrypt):
    told = decrypt("--lang", "zh", code=1, aes_key=bytes(32))
    assert "✗ AES 密钥" in told
    assert "→ 密钥不同" in told
    assert "403，因填充被拒绝" in told
    english, chinese = (json.loads(decrypt("--json", "--lang", lang)) for lang in ("en", "zh"))
    assert english == chinese
    assert english["accepted"] is True


def test_tickets_and_codes_are_masked_unless_asked_for(decrypt):
    assert "secret" not in decrypt(message=TICKET)
    assert "secret" not in decrypt("--json", message=TICKET)
    assert "ticket@@@secret" in decrypt("--show-secrets", message=TICKET)


def test_the_whole_url_tells_about_the_path_as_well(decrypt):
    query, _ = on_the_wire(seal(APPROVAL, NOW))
    url = f"https://reactor.example/wechat/authorizers/{SHOP}?{query}"
    assert f"path       /wechat/authorizers/{SHOP}" in decrypt(query=("--url", url))
    wrong = f"/wechat/authorizers/$APPID$?{query}"
    assert "→ write $APPID$" in decrypt(query=("--url", wrong))


def test_the_body_may_come_on_standard_input():
    query, body = on_the_wire(seal(APPROVAL, NOW))
    variables = environment("sqlite:///none.db", "http://127.0.0.1:1")
    assert "200 success" in command("decrypt", "--query", f"?{query}", given=body, **variables).stdout


@pytest.mark.parametrize("words", [(), ("--query", "a", "--url", "b"), ("--url", "http://[")])
def test_what_is_not_given_rightly_is_wrong_usage(words):
    variables = environment("sqlite:///none.db", "http://127.0.0.1:1")
    assert command("decrypt", *words, code=2, given=b"", **variables).stdout == ""


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"<xml>" * 40_000, b"x" * (1 << 20)])
def test_no_body_makes_it_stumble(body):
    variables = environment("sqlite:///none.db", "http://127.0.0.1:1")
    told = command("decrypt", "--query", "a=\udcff&b=é", given=body, code=1, **variables)
    assert "403" in told.stdout

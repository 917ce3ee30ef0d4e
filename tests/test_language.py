"""Commands in Chinese: where the language comes from, and that no English sentence is left."""

import json
import re

import pytest
from commands import command
from known import SHOP, environment

HOLD = '[default]\nmode = "hold"\n'
NOWHERE = "http://127.0.0.1:1"
SENTENCE = re.compile(r"[A-Za-z']{2,} [a-z']{2,} [a-z']{2,}")


@pytest.fixture
def reactor(database_url, face):
    def run(*words, code=0, **more):
        return command(*words, code=code, **(environment(database_url, face.url) | more))

    return run


def chinese(text):
    """The text, which must be Chinese."""
    assert re.search("[\u4e00-\u9fff]", text), text
    assert not SENTENCE.search(text), text
    return text


# -- where the language comes from -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (("status", "--lang", "zh"), {}),
        (("--lang", "zh", "status"), {}),
        (("status",), {"REACTOR_LANG": "zh"}),
        (("status", "--lang", "zh"), {"REACTOR_LANG": "en"}),
        (("--lang", "en", "status", "--lang", "zh"), {"REACTOR_LANG": "en"}),
    ],
)
def test_the_language_is_the_nearest_one_said(reactor, store, words, variables):
    assert "没有到期未办的" in reactor(*words, **variables).stdout


def test_english_may_be_asked_for_as_well(reactor, store):
    assert "nothing is due" in reactor("status", "--lang", "en", REACTOR_LANG="zh").stdout


def test_a_language_from_a_file_gives_way_to_the_one_said(reactor, store, tmp_path):
    (tmp_path / "lang").write_text("en")
    told = reactor("status", "--lang", "zh", REACTOR_LANG_FILE=str(tmp_path / "lang")).stdout
    assert "没有到期未办的" in told


def test_one_command_does_not_speak_for_the_next(reactor, store):
    reactor("--lang", "zh", "status")
    assert "nothing is due" in reactor("status").stdout


@pytest.mark.parametrize("words", ["releases ls", "events ls", "authorizers ls", "status", "releases show 1"])
def test_programs_read_the_same_in_every_language(reactor, house, words):
    house.open_shop()
    house.approve()
    house.run()
    english, other = (
        json.loads(reactor(*words.split(), "--json", "--lang", lang).stdout) for lang in ("en", "zh")
    )
    for found in (english, other):
        found.pop("ticket_age_seconds", None)  # it grows
    assert english == other


# -- what people read ------------------------------------------------------------------------------------


def test_what_happened_is_told_in_chinese(reactor, build_house):
    house = build_house(HOLD)
    house.open_shop()
    house.approve()
    for words in ("status", "releases ls", "releases show 1", "authorizers ls", f"authorizers show {SHOP}"):
        told = chinese(reactor(*words.split(), "--lang", "zh").stdout)
    assert "等待人工确认" in reactor("releases", "ls", "--lang", "zh").stdout
    for words in ("events ls", "events show 2"):
        chinese(reactor(*words.split(), "--lang", "zh").stdout)
    told = chinese(reactor("releases", "approve", 1, "--lang", "zh").stdout)
    assert told == "发布 1：等待发布；操作员已确认\n"
    assert "(人工确认, cli)" in chinese(reactor("releases", "show", 1, "--lang", "zh").stdout)
    chinese(reactor("pause", "--lang", "zh").stdout)
    chinese(reactor("resume", "--lang", "zh").stdout)


def test_a_block_and_what_failed_are_told_in_chinese(reactor, house):
    house.open_shop()
    house.platform.allowed = False
    house.approve()
    house.run()
    assert "不在白名单" in reactor("status", "--lang", "zh").stdout
    assert "不在白名单" in reactor("releases", "ls", "--lang", "zh").stdout


def test_empty_lists_are_told_in_chinese(reactor, store):
    for noun in ("releases", "authorizers", "events"):
        chinese(reactor(noun, "ls", "--lang", "zh").stdout)


@pytest.mark.parametrize("words", ["migrate", "worker --once"])
def test_what_was_done_is_told_in_chinese(reactor, store, words):
    chinese(reactor(*words.split(), "--lang", "zh").stdout)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        *(
            ("releases show 7", 1),
            ("releases retry 7", 1),
            ("events show 7", 1),
            (f"authorizers show {SHOP}", 1),
        ),
        *(
            ("releases show x", 2),
            ("releases show 0", 2),
            ("releases show", 2),
            ("releases ls --limit 201", 2),
        ),
        *(("releases ls --state new", 2), ("releases ls --nothing", 2), ("releases nothing", 2)),
        *(
            ("push audit-success", 2),
            ("push ticket --url ftp://x", 2),
            ("push ticket --url http://a.example", 2),
        ),
        *(
            ("push audit-fail --authorizer wx1", 2),
            ("status more", 2),
            ("decrypt", 2),
            ("releases ls --limit", 2),
        ),
    ],
)
def test_what_is_refused_is_told_in_chinese(reactor, store, words, code):
    done = reactor("--lang", "zh", *words.split(), code=code)
    assert done.stdout == ""
    chinese(done.stderr.split("错误:")[1])


def test_a_refusal_of_the_lifecycle_is_told_in_chinese(reactor, house):
    house.open_shop()
    house.approve()
    house.run()
    told = reactor("releases", "cancel", 1, "--lang", "zh", code=1).stderr
    assert told == "发布处于“已上线”，不能“已取消”；没有任何改动\n"


@pytest.mark.parametrize(
    "words", ["--help", "push --help", "releases ls --help", "keys rotate --help", "doctor -h"]
)
def test_the_help_is_chinese(words):
    told = command("--lang", "zh", *words.split()).stdout
    usage, rest = told.split("\n\n", 1)
    assert usage.startswith("用法: reactor")
    chinese(rest)


def test_the_help_documents_the_exit_codes():
    assert "Exit codes: 0 fine, 1 the thing asked for failed" in command("--help").stdout
    assert "退出码：0 正常" in command("--lang", "zh", "--help").stdout


# -- a wrong configuration -------------------------------------------------------------------------------

ODD = (
    {"WECHAT_COMPONENT_APPID": "x", "WECHAT_COMPONENT_APPSECRET": "a b", "WECHAT_MESSAGE_TOKEN": "a,,b"},
    {"WECHAT_MESSAGE_TOKEN": "!!", "WECHAT_ENCODING_AES_KEY": "short", "WECHAT_API_URL": "http://a.example"},
    {"WECHAT_MESSAGE_TOKEN": "abc,abc", "WECHAT_API_URL": "https://a@b", "WECHAT_PROXY_URL": "socks://x"},
    {
        "DATABASE_URL": "mysql://x",
        "REACTOR_WORKER": "x",
        "REACTOR_LANG": "zh",
        "PORT": "0",
        "WEB_CONCURRENCY": "a",
    },
    {"DATABASE_URL": "postgres://host", "REACTOR_RETRY_SCALE": "0", "REACTOR_SWEEP_SECONDS": "-1"},
    {"DATABASE_URL": "sqlite://", "REACTOR_OPS_PASSWORD": "short", "REACTOR_API_TOKEN": "short"},
    {
        "REACTOR_SECRET_KEY": "short",
        "TRUSTED_PROXIES": "9",
        "REACTOR_PUBLIC_URL": "ftp://x",
        "WECHAT_API_URL": "a:b:c",
    },
    {"REACTOR_SECRET_KEY": "", "PORT": " 1", "PORT_FILE": "/x", "WECHAT_COMPONENT_APPID_FILE": "/x"},
    {"REACTOR_POLICY": "/nowhere/policy.toml"},
)
LOST = ({"REACTOR_OPS_PASSWORD_FILE": "/nowhere"}, {"REACTOR_OPS_PASSWORD_FILE": "/"})


@pytest.mark.parametrize("odd", [*ODD, *LOST])
def test_every_problem_of_a_configuration_is_told_in_chinese(odd, tmp_path):
    variables = environment(f"sqlite:///{tmp_path / 'x.db'}", NOWHERE) | odd
    told = command("status", "--lang", "zh", code=2, **variables).stderr.splitlines()
    assert told[0] == "配置有误，什么都没有启动："
    assert len(told) > 1
    for line in told[1:]:
        chinese(line)


def test_what_is_not_set_at_all_is_told_in_chinese():
    told = command("status", "--lang", "zh", code=2).stderr
    for line in told.splitlines():
        chinese(line)
    assert "WECHAT_COMPONENT_APPSECRET 没有设（第三方平台的 AppSecret）" in told


@pytest.mark.parametrize(
    "text",
    [
        *(
            '[default]\nmode = "sometimes"\n',
            "mode = auto",
            "[authorizers.me]\n",
            "[more]\n",
            "default = 1\n",
        ),
        *(
            "authorizers = 1\n",
            "[pace]\nconcurrency = 0.5\n",
            "[pace]\nreleases_per_second = 0\n",
            "[pace]\nx = 1\n",
        ),
        *("[default]\nx = 1\n", "[default]\ndelay_seconds = -1\n", "[retention]\ndays = 0\n"),
    ],
)
def test_every_problem_of_a_policy_is_told_in_chinese(tmp_path, text):
    (tmp_path / "policy.toml").write_text(text)
    variables = environment(
        f"sqlite:///{tmp_path / 'x.db'}", NOWHERE, REACTOR_POLICY=str(tmp_path / "policy.toml")
    )
    told = command("status", "--lang", "zh", code=2, **variables).stderr.splitlines()
    assert told[0] == "配置有误，什么都没有启动："
    for line in told[1:]:
        chinese(line.split(" (at line")[0])


def test_a_database_that_is_not_there_is_told_in_chinese(tmp_path):
    variables = environment(f"sqlite:///{tmp_path / 'none.db'}", NOWHERE)
    told = command("status", "--lang", "zh", code=1, **variables).stderr
    assert "还没有数据库；请运行 `reactor migrate`" in told
    variables = environment("postgresql://nobody@127.0.0.1:1/none", NOWHERE)
    for words in ("status", "migrate"):
        assert "数据库没有完成" in command(words, "--lang", "zh", code=1, **variables).stderr


def test_a_lost_key_file_is_told_in_chinese(tmp_path):
    variables = environment(f"sqlite:///{tmp_path / 'x.db'}", NOWHERE)
    del variables["REACTOR_SECRET_KEY"]
    (tmp_path / "x.db.key").write_text("")
    assert "里没有密钥了" in command("status", "--lang", "zh", code=2, **variables).stderr

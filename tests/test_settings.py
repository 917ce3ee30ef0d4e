import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from reactor.core.crypto import decode_aes_key
from reactor.core.errors import SettingsError
from reactor.settings import VARIABLES, Settings, load_settings, web_server

ROOT = Path(__file__).parents[1]
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_AES_KEY = AES_KEY[::-1]
MINIMAL = {
    "WECHAT_COMPONENT_APPID": "wx0123456789abcdef",
    "WECHAT_COMPONENT_APPSECRET": "canary-appsecret",
    "WECHAT_MESSAGE_TOKEN": "canarytoken",
    "WECHAT_ENCODING_AES_KEY": AES_KEY,
}
POSTGRES = "postgres://reactor:canary-database@db.example:5432/reactor"
SECRET_KEY = "canary-secret-key-of-32-characters"
SECRETS = {
    "WECHAT_COMPONENT_APPSECRET": "canary-appsecret",
    "WECHAT_MESSAGE_TOKEN": "canarytoken",
    "WECHAT_ENCODING_AES_KEY": AES_KEY,
    "WECHAT_PROXY_URL": "http://fixie:canary-proxy@proxy.example:8080",
    "DATABASE_URL": POSTGRES,
    "REACTOR_SECRET_KEY": SECRET_KEY,
    "REACTOR_OPS_PASSWORD": "canary-ops-password",
    "REACTOR_API_TOKEN": "canary-api-token-of-20",
}


def problems(environ):
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return caught.value.problems


def the_problem(**odd):
    found = problems(MINIMAL | odd)
    assert len(found) == 1
    return found[0]


def test_four_variables_are_enough_and_the_rest_has_the_documented_defaults():
    assert load_settings(MINIMAL) == Settings(
        component_appid="wx0123456789abcdef",
        component_appsecret="canary-appsecret",
        message_tokens=("canarytoken",),
        aes_keys=(decode_aes_key(AES_KEY),),
        wechat_api_url="https://api.weixin.qq.com",
        wechat_proxy_url=None,
        database_url="sqlite:///reactor.db",
        secret_keys=None,
        ops_password=None,
        api_token=None,
        worker="thread",
        policy_path=Path("config/policy.toml"),
        sweep_seconds=600,
        sweep_all_seconds=21600,
        retry_scale=1.0,
        web_concurrency=2,
        port=8000,
        public_url=None,
        lang="en",
        trusted_proxies=0,
        warnings=(),
    )


def test_every_variable_reaches_its_own_field():
    settings = load_settings(
        {
            "WECHAT_COMPONENT_APPID": "wxfedcba9876543210",
            **SECRETS,
            "WECHAT_API_URL": "http://127.0.0.1:9000/",
            "REACTOR_WORKER": "external",
            "REACTOR_POLICY": "elsewhere/policy.toml",
            "REACTOR_SWEEP_SECONDS": "7",
            "REACTOR_SWEEP_ALL_SECONDS": "77",
            "REACTOR_RETRY_SCALE": "0.01",
            "WEB_CONCURRENCY": "3",
            "PORT": "5000",
            "REACTOR_PUBLIC_URL": "https://reactor.example/",
            "REACTOR_LANG": "zh",
            "TRUSTED_PROXIES": "1",
        }
    )
    assert settings == Settings(
        component_appid="wxfedcba9876543210",
        component_appsecret="canary-appsecret",
        message_tokens=("canarytoken",),
        aes_keys=(decode_aes_key(AES_KEY),),
        wechat_api_url="http://127.0.0.1:9000",
        wechat_proxy_url="http://fixie:canary-proxy@proxy.example:8080",
        database_url=POSTGRES,
        secret_keys=(SECRET_KEY,),
        ops_password="canary-ops-password",
        api_token="canary-api-token-of-20",
        worker="external",
        policy_path=Path("elsewhere/policy.toml"),
        sweep_seconds=7,
        sweep_all_seconds=77,
        retry_scale=0.01,
        web_concurrency=3,
        port=5000,
        public_url="https://reactor.example",
        lang="zh",
        trusted_proxies=1,
    )


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        load_settings(MINIMAL).port = 1


def test_rotated_values_keep_their_order_newest_first():
    settings = load_settings(
        MINIMAL
        | {
            "WECHAT_MESSAGE_TOKEN": "newtoken,oldtoken",
            "WECHAT_ENCODING_AES_KEY": f"{AES_KEY},{OLD_AES_KEY}",
            "REACTOR_SECRET_KEY": f"{'n' * 32},{'o' * 32}",
        }
    )
    assert settings.message_tokens == ("newtoken", "oldtoken")
    assert settings.aes_keys == (decode_aes_key(AES_KEY), decode_aes_key(OLD_AES_KEY))
    assert settings.secret_keys == ("n" * 32, "o" * 32)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_MESSAGE_TOKEN", "abc"),
        ("WECHAT_MESSAGE_TOKEN", "a" * 32),
        ("WECHAT_API_URL", "https://gateway.example:8443/wechat"),
        ("WECHAT_API_URL", "http://localhost:9000"),
        ("WECHAT_API_URL", "http://127.9.9.9"),
        ("WECHAT_API_URL", "http://[::1]:9000"),
        ("WECHAT_PROXY_URL", "https://proxy.example"),
        ("DATABASE_URL", "sqlite:////var/lib/reactor/reactor.db"),
        ("DATABASE_URL", "sqlite:///with space/reactor.db"),
        ("REACTOR_SECRET_KEY", "any text" + "密" * 24),
        ("REACTOR_OPS_PASSWORD", "correct horse"),
        ("REACTOR_SWEEP_SECONDS", "1"),
        ("REACTOR_SWEEP_ALL_SECONDS", "999999999"),
        ("REACTOR_RETRY_SCALE", "0.000000001"),
        ("REACTOR_RETRY_SCALE", "10"),
        ("REACTOR_RETRY_SCALE", "10.0"),
        ("WEB_CONCURRENCY", "1"),
        ("WEB_CONCURRENCY", "64"),
        ("PORT", "1"),
        ("PORT", "65535"),
    ],
)
def test_values_at_the_edge_of_the_rules_are_taken(name, value):
    load_settings(MINIMAL | {name: value})


@pytest.mark.parametrize(
    "url", ["postgres://u:p@db/reactor", "postgresql://db/reactor", "postgresql://u:@/reactor?host=/run/pg"]
)
def test_postgresql_is_taken_under_both_names_and_over_a_local_socket(url):
    assert (
        load_settings(MINIMAL | {"DATABASE_URL": url, "REACTOR_SECRET_KEY": SECRET_KEY}).database_url == url
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_COMPONENT_APPID", "wx0123456789abcde"),
        ("WECHAT_COMPONENT_APPID", "wx0123456789abcdeff"),
        ("WECHAT_COMPONENT_APPID", "wx0123456789ABCDEF"),
        ("WECHAT_COMPONENT_APPID", "gh0123456789abcdef"),
        ("WECHAT_COMPONENT_APPSECRET", "canary secret"),
        ("WECHAT_MESSAGE_TOKEN", "ab"),
        ("WECHAT_MESSAGE_TOKEN", "a" * 33),
        ("WECHAT_MESSAGE_TOKEN", "canary-token"),
        ("WECHAT_MESSAGE_TOKEN", "canarynew,"),
        ("WECHAT_MESSAGE_TOKEN", "canarynew,,canaryold"),
        ("WECHAT_MESSAGE_TOKEN", "canarynew, canaryold"),
        ("WECHAT_MESSAGE_TOKEN", "canarysame,canarysame"),
        ("WECHAT_ENCODING_AES_KEY", AES_KEY[:-1]),
        ("WECHAT_ENCODING_AES_KEY", AES_KEY + "="),
        ("WECHAT_ENCODING_AES_KEY", AES_KEY[:-1] + "+"),
        ("WECHAT_ENCODING_AES_KEY", f"{AES_KEY},canary"),
        ("WECHAT_API_URL", "http://api.weixin.qq.com"),
        ("WECHAT_API_URL", "http://127.0.0.1.example.com"),
        ("WECHAT_API_URL", "http://0.0.0.0:9000"),
        ("WECHAT_API_URL", "ftp://127.0.0.1"),
        ("WECHAT_API_URL", "api.weixin.qq.com"),
        ("WECHAT_API_URL", "https://"),
        ("WECHAT_API_URL", "https://user:canary@api.weixin.qq.com"),
        ("WECHAT_API_URL", "https://api.weixin.qq.com?access_token=canary"),
        ("WECHAT_API_URL", "https://api.weixin.qq.com/#canary"),
        ("WECHAT_API_URL", "https://api.weixin.qq.com:canary"),
        ("WECHAT_API_URL", "https://api.weixin .qq.com"),
        ("WECHAT_PROXY_URL", "proxy.example:8080"),
        ("WECHAT_PROXY_URL", "socks5://proxy.example:1080"),
        ("WECHAT_PROXY_URL", "http://user:canary@"),
        ("WECHAT_PROXY_URL", "http://user:canary@proxy.example:99999"),
        ("WECHAT_PROXY_URL", "http://proxy.example:8080/path"),
        ("DATABASE_URL", "reactor.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///file:canary?mode=memory&uri=true"),
        ("DATABASE_URL", "sqlite:///folder/"),
        ("DATABASE_URL", "sqlite://host/reactor.db"),
        ("DATABASE_URL", "mysql://user:canary@db/reactor"),
        ("DATABASE_URL", "postgresql+psycopg://user:canary@db/reactor"),
        ("DATABASE_URL", "postgres://user:canary@db"),
        ("DATABASE_URL", "postgres://user:can/ary@db/reactor"),
        ("DATABASE_URL", "postgres://user:canary[@db/reactor"),
        ("REACTOR_SECRET_KEY", "canary" + "x" * 25),
        ("REACTOR_SECRET_KEY", "x" * 32 + ",canary"),
        ("REACTOR_OPS_PASSWORD", "canary12345"),
        ("REACTOR_API_TOKEN", "canary-api-token-19"),
        ("REACTOR_API_TOKEN", "canary api token of 20"),
        ("REACTOR_API_TOKEN", "canary-api-token-of-20-密"),
        ("REACTOR_WORKER", "threads"),
        ("REACTOR_WORKER", "Thread"),
        ("REACTOR_SWEEP_SECONDS", "0"),
        ("REACTOR_SWEEP_SECONDS", "-1"),
        ("REACTOR_SWEEP_SECONDS", "1.5"),
        ("REACTOR_SWEEP_SECONDS", "٣"),
        ("REACTOR_SWEEP_ALL_SECONDS", "1000000000"),
        ("REACTOR_RETRY_SCALE", "0"),
        ("REACTOR_RETRY_SCALE", "0.0"),
        ("REACTOR_RETRY_SCALE", "-1"),
        ("REACTOR_RETRY_SCALE", "10.1"),
        ("REACTOR_RETRY_SCALE", "11"),
        ("REACTOR_RETRY_SCALE", "1e-2"),
        ("REACTOR_RETRY_SCALE", "nan"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "65"),
        ("WEB_CONCURRENCY", "two"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "08000"),
        ("PORT", "8_000"),
        ("REACTOR_PUBLIC_URL", "http://reactor.example"),
        ("REACTOR_PUBLIC_URL", "https://user:canary@reactor.example"),
        ("REACTOR_LANG", "de"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "6"),
    ],
)
def test_an_odd_value_is_refused_by_name_and_never_quoted(name, value):
    problem = the_problem(**{name: value})
    assert problem.startswith(f"{name} ")
    assert "; " in problem
    assert problem.endswith(".")
    assert "canary" not in problem


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES])
@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda value: "", "empty"),
        (lambda value: f" {value}", "space"),
        (lambda value: f"{value}\t", "invisible"),
        (lambda value: f"{value}\u200b", "invisible"),
        (lambda value: f"{value}\udcff", "invisible"),
    ],
)
def test_no_variable_may_be_empty_or_carry_what_nobody_sees(name, spoil, wrong):
    value = (MINIMAL | SECRETS).get(name, "8")
    problem = the_problem(**{name: spoil(value)})
    assert problem.startswith(f"{name} ")
    assert wrong in problem


def test_a_missing_required_variable_is_named_with_its_meaning():
    for name in MINIMAL:
        environ = {key: value for key, value in MINIMAL.items() if key != name}
        (problem,) = problems(environ)
        assert problem.startswith(f"{name} is not set (")
        assert f"{name}_FILE" in problem


def test_postgresql_needs_a_secret_key():
    problem = the_problem(DATABASE_URL=POSTGRES)
    assert problem.startswith("REACTOR_SECRET_KEY is not set")
    assert "openssl rand -hex 32" in problem


def test_all_problems_are_reported_at_once_one_a_line():
    odd = {
        "WECHAT_COMPONENT_APPID": "odd",
        "WECHAT_MESSAGE_TOKEN": "",
        "DATABASE_URL": POSTGRES,
        "REACTOR_WORKER": "both",
        "PORT_FILE": "no/such/file",
    }
    found = problems(odd)
    assert [problem.split(" ", 1)[0] for problem in found] == [
        "WECHAT_COMPONENT_APPID",
        "WECHAT_COMPONENT_APPSECRET",
        "WECHAT_MESSAGE_TOKEN",
        "WECHAT_ENCODING_AES_KEY",
        "REACTOR_WORKER",
        "PORT",
        "REACTOR_SECRET_KEY",
    ]
    assert str(SettingsError(found)).splitlines() == list(found)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_every_variable_may_come_from_a_file(tmp_path, ending):
    values = MINIMAL | SECRETS | {"REACTOR_PUBLIC_URL": "https://reactor.example"}
    values |= {v.name: v.default for v in VARIABLES if v.default and v.name not in SECRETS}
    environ = {}
    for name, value in values.items():
        path = tmp_path / name
        path.write_text(value + ending, encoding="utf-8", newline="")
        environ[f"{name}_FILE"] = str(path)
    assert len(environ) == len(VARIABLES)
    assert load_settings(environ) == load_settings(values)


def test_only_the_final_newline_of_a_file_is_dropped(tmp_path):
    path = tmp_path / "password"
    path.write_text("canary-ops-password\n\n")
    assert "invisible" in the_problem(REACTOR_OPS_PASSWORD_FILE=str(path))


def test_a_variable_and_its_file_together_are_refused(tmp_path):
    path = tmp_path / "appid"
    path.write_text(MINIMAL["WECHAT_COMPONENT_APPID"])
    problem = the_problem(WECHAT_COMPONENT_APPID_FILE=str(path))
    assert problem.startswith("WECHAT_COMPONENT_APPID is set and so is WECHAT_COMPONENT_APPID_FILE")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"\xff\xfe" + b"x" * 20, "not UTF-8"),
        (b"x" * 65537, "too large"),
        (b"", "empty"),
        (b"\n", "empty"),
    ],
)
def test_a_file_that_gives_no_value_is_refused_without_its_path(tmp_path, content, reason):
    path = tmp_path / "canary-path"
    if content is not None:
        path.write_bytes(content)
    problem = the_problem(REACTOR_API_TOKEN_FILE=str(path))
    assert problem.startswith("REACTOR_API_TOKEN ")
    assert reason in problem
    assert "canary" not in problem


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    assert "Is a directory" in the_problem(REACTOR_API_TOKEN_FILE=str(tmp_path))


def test_no_secret_shows_in_repr_or_str():
    settings = load_settings(MINIMAL | SECRETS)
    shown = repr(settings) + str(settings)
    for name, value in SECRETS.items():
        assert value not in shown, name
    assert "canary" not in shown
    assert repr(decode_aes_key(AES_KEY)) not in shown


def test_no_secret_shows_in_an_error_or_what_led_to_it():
    odd = {name: value + " " for name, value in SECRETS.items()}
    with pytest.raises(SettingsError) as caught:
        load_settings(
            odd | {"WECHAT_ENCODING_AES_KEY": "canary", "DATABASE_URL": "postgres://u:canary@db:x/d"}
        )
    assert "canary" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_undecodable_file_leaves_no_trace_in_the_error(tmp_path):
    path = tmp_path / "token"
    path.write_bytes(b"canary\xff")
    with pytest.raises(SettingsError) as caught:
        load_settings(MINIMAL | {"REACTOR_API_TOKEN_FILE": str(path)})
    assert caught.value.__context__ is None


@pytest.mark.parametrize("sign", ["DYNO", "RENDER", "RAILWAY_ENVIRONMENT_NAME", "FLY_APP_NAME", "K_SERVICE"])
def test_sqlite_on_a_disk_that_is_thrown_away_is_a_warning(sign):
    (warning,) = load_settings(MINIMAL | {sign: "1"}).warnings
    assert "SQLite" in warning
    assert sign in warning
    assert "PostgreSQL" in warning


def test_sqlite_with_worker_dynos_on_a_platform_is_refused():
    with pytest.raises(SettingsError, match=r"worker dynos a disk of their own.*PostgreSQL"):
        load_settings(MINIMAL | {"DYNO": "web.1", "REACTOR_WORKER": "external"})


@pytest.mark.parametrize(
    "environ",
    [
        {"REACTOR_WORKER": "external"},
        {"DYNO": "web.1", "DATABASE_URL": POSTGRES, "REACTOR_SECRET_KEY": SECRET_KEY},
        {"DYNO": ""},
    ],
)
def test_what_is_sound_gives_no_warning(environ):
    assert load_settings(MINIMAL | environ).warnings == ()


def test_the_server_gets_its_numbers_from_variables_and_files(tmp_path):
    port = tmp_path / "port"
    port.write_text("5000\n")
    assert web_server({"WEB_CONCURRENCY": "5", "PORT_FILE": str(port)}) == (5, 5000)


@pytest.mark.parametrize("odd", ["", "0", "many", "70000"])
def test_the_server_gets_defaults_where_a_number_will_be_refused(odd):
    assert web_server({"WEB_CONCURRENCY": odd, "PORT": odd}) == (2, 8000)


def test_each_field_of_settings_has_one_row():
    names = {variable.name for variable in VARIABLES}
    read = [field for field in fields(Settings) if field.compare and field.name != "warnings"]
    assert len(names) == len(VARIABLES) == len(read)


def test_the_secret_variables_are_these():
    assert {variable.name for variable in VARIABLES if variable.secret} == set(SECRETS)


def test_the_documented_default_is_what_an_unset_variable_reads_as():
    explicit = {variable.name: variable.default for variable in VARIABLES if variable.default is not None}
    assert load_settings(MINIMAL | explicit) == load_settings(MINIMAL)
    assert {variable.default_text for variable in VARIABLES if variable.default is None} == {
        "required",
        "none",
        "required with PostgreSQL; with SQLite made on first start beside the database, mode 0600",
        "unset: pages answer 404",
        "unset: both answer 404",
        "unset: pages go by the request, messages carry no links",
    }


def env_example():
    """(comment, name, value, commented out) for each variable."""
    lines = (ROOT / "config" / "env.example").read_text(encoding="utf-8").splitlines()
    rows = []
    for comment, line in zip(lines[::2], lines[1::2], strict=True):
        name, value = line.removeprefix("# ").split("=", 1)
        rows.append((comment.removeprefix("# "), name, value, line.startswith("# ")))
    return rows


def test_env_example_lists_every_variable_in_order_with_its_meaning():
    assert [row[:2] for row in env_example()] == [(v.meaning, v.name) for v in VARIABLES]


def test_env_example_shows_defaults_and_no_real_secret():
    rows = {name: (value, commented) for _, name, value, commented in env_example()}
    for variable in VARIABLES:
        value, commented = rows[variable.name]
        if variable.default is not None:
            assert (value, commented) == (variable.default, False)
        elif variable.unset == "required":
            assert (value, commented) == ("", False)
        else:
            assert commented
            assert re.search(r"made-up|\.example\b", value)


def test_env_example_starts_once_the_required_values_are_filled_in():
    environ = {name: value for _, name, value, commented in env_example() if not commented}
    assert {problem.split(" ", 1)[0] for problem in problems(environ)} == set(MINIMAL)
    assert load_settings(environ | MINIMAL) == load_settings(MINIMAL)
    shown = {name: value for _, name, value, commented in env_example()}
    load_settings(shown | MINIMAL)

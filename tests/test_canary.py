"""No secret shows anywhere: each is a canary, rich stories are lived through, everything is searched."""

import base64
import contextlib
import dataclasses
import gc
import logging
import traceback
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa
from canaries import (
    AES_KEYS,
    ANOTHER_KEY,
    DATABASE_PASSWORD,
    PROXY_PASSWORD,
    SECRETS,
    WORD,
    Aviary,
    canary,
    leaks,
)
from click.testing import CliRunner
from known import COMPONENT, SHOP, SHOP_NAME
from operator_at import Operator

from reactor.bootstrap import build_store, build_web
from reactor.cli.program import program
from reactor.core.channels import parse_channels
from reactor.core.crypto import MessageKeys, open_envelope, seal_envelope
from reactor.core.errors import ReactorError, SettingsError, WeChatError
from reactor.core.events import parse_event
from reactor.notify import Outside, send
from reactor.settings import VARIABLES, load_settings
from reactor.simulator import pusher
from reactor.simulator.faults import KINDS, Fault, Hold
from reactor.simulator.platform import Platform
from reactor.store import authorizers, component
from reactor.surroundings import Surroundings
from reactor.tokens import Tokens
from reactor.wechat import WeChatClient


def _dial_nobody(*_):
    raise ConnectionRefusedError(111, "refused")


NOWHERE = "127.0.0.1:1"
PATIENCE = (1.0, 0.1)
NO_WAY_OUT = Outside(resolve=lambda *_: ["93.184.216.34"], dial=_dial_nobody, seconds=1.0)
LOGGERS = ("alembic", "flask", "reactor", "requests", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool")
LOGGERS += ("urllib3", "urllib3.connectionpool", "werkzeug")


# -- the places --------------------------------------------------------------------------------------------


class Watched:
    """A reactor whose every secret is a canary, and all that it let out so far."""

    def __init__(self, house, caplog, build):
        self.house, self.caplog, self.another = house, caplog, build
        self.answers, self.errors, self.commands, self.kept = [], [], [], []

    def ask(self, path, method="GET", app=None, **more):
        """One request, as the operator unless `headers` say otherwise; the answer is kept."""
        more.setdefault("headers", {"Authorization": f"Bearer {SECRETS['REACTOR_API_TOKEN']}"})
        return self._keep((app or self.house.app).test_client().open(path, method=method, **more))

    def push(self, message, appid=None):
        """One genuine push; the answer is kept."""
        return self._keep(self.house.deliver(message, appid))

    def _keep(self, answer):
        self.answers.append(f"{answer.status}\n{answer.headers}\n{answer.get_data(as_text=True)}")
        return answer

    @contextlib.contextmanager
    def failing(self, kind=ReactorError):
        """Keep what an error shows to whoever prints it."""
        try:
            yield
        except kind as error:
            shown = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
            self.errors.append("\n".join(shown))

    def command(self, *arguments, **environ):
        """One command in this environment; what it prints on both streams is kept."""
        result = CliRunner().invoke(program, arguments, env=self.house.environ | environ)
        self.commands.append(f"{result.output}{result.stderr}{result.exception!r}")
        return result

    def database(self):
        """Every byte of the SQLite files, or every row of PostgreSQL."""
        url = sa.make_url(self.house.settings.database_url)
        if url.get_backend_name() == "sqlite":
            path = Path(url.database)
            return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))
        with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
            query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            tables = [name for (name,) in connection.execute(query).fetchall()]
            return repr(
                [connection.execute(f"SELECT t::text FROM {t} t").fetchall() for t in tables]
            ).encode()

    def reprs(self):
        """The app, what was kept, and every living object of the reactor's own classes."""
        app = self.house.app
        alive = [one for one in gc.get_objects() if _is_ours(type(one))]
        return "\n".join(repr(one) for one in (app, app.extensions, app.config, *self.kept, *alive))

    def places(self):
        return {
            "log": self.caplog.text,
            "answers": "\n".join(self.answers),
            "errors": "\n".join(self.errors),
            "commands": "\n".join(self.commands),
            "reprs": self.reprs(),
            "database": self.database(),
        }


def _is_ours(kind):
    module = str(getattr(kind, "__module__", ""))
    return module.startswith("reactor.") and not module.startswith("reactor.simulator")


@pytest.fixture
def platform(clock):
    appsecret = SECRETS["WECHAT_COMPONENT_APPSECRET"]
    return Platform(component_appid=COMPONENT, component_appsecret=appsecret, clock=clock, random=Aviary(7))


@pytest.fixture
def build_watched(caplog, build_house, face, clock, database_url):
    """Make a watched reactor; its calls go through a proxy with a password, which the simulator plays."""
    caplog.set_level(logging.DEBUG)
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    url = sa.make_url(database_url)
    if url.get_backend_name() != "sqlite":
        url = url.set(password=DATABASE_PASSWORD)
    built = []

    def build(**more):
        environ = {
            **SECRETS,
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "WECHAT_PROXY_URL": face.url.replace("//", f"//deer:{PROXY_PASSWORD}@"),
            **more,
        }
        house = build_house(**environ)
        around = Surroundings(clock, clock.advance, lambda: 0.5, PATIENCE, outside=NO_WAY_OUT)
        house = dataclasses.replace(house, app=build_web(house.settings, around))
        house.environ = {
            "WECHAT_COMPONENT_APPID": COMPONENT,
            "WECHAT_API_URL": face.url,
            "REACTOR_POLICY": str(house.settings.policy_path),
            **environ,
        }
        built.append(house.app)
        return Watched(house, caplog, build)

    yield build
    for app in built:
        app.extensions["reactor"].stop()


@pytest.fixture
def watched(build_watched):
    return build_watched()


# -- the stories -------------------------------------------------------------------------------------------


def fault(call, kind, **more):
    """A misfortune of any kind that is over by itself."""
    gate = Hold()
    gate.drop()
    errcode = -1 if kind.startswith("errcode") else None
    return Fault(call, kind, errcode=errcode, seconds=0.2 if "timeout" in kind else 0.0, gate=gate, **more)


def good_days(watched):
    """A ticket, an authorization, an approval that goes live, bad news, a message, strangers, a goodbye."""
    house = watched.house
    house.open_shop()
    house.approve(times=4)
    house.run()
    assert house.only_release()["state"] == "released"
    now = int(house.clock())
    news = {"user_name": SHOP_NAME, "created_at": now}
    watched.push(pusher.audit_fail(failed_at=now, reason="a broken link", **news), SHOP)
    watched.push(pusher.audit_delay(delayed_at=now, reason="a long queue", **news), SHOP)
    watched.push(pusher.text(content="hello", **news), SHOP)
    house.push_approval("wx00000000000000ff", "gh_stranger")
    house.push_authorized("wx00000000000000bb", "gh_leaving")
    house.run()
    house.push_unauthorized("wx00000000000000bb")
    house.run()
    check_the_evidence(watched)


def bad_days(watched):
    """Every kind of misfortune at every step of an authorization and of a release."""
    house, plan = watched.house, watched.house.platform.plan
    house.open_shop()
    for number, kind in enumerate(sorted(KINDS)):
        appid, user_name = f"wx{number:015x}f", f"gh_{number:012x}"
        if kind in ("errcode", "reset_after", "http_500", "not_json"):
            house.platform.expire_component_token()
            for call in ("api_component_token", "api_query_auth", "api_get_authorizer_info"):
                plan(fault(call, kind))
        house.push_authorized(appid, user_name)
        house.run_for(5, step=5)
        plan(fault("api_authorizer_token", kind))
        plan(fault("release", kind, authorizer_appid=appid))
        house.approve("1.0.0", appid, user_name)
    house.run_for(60, step=10)
    assert house.platform.faults_left() == []
    house.platform.rotate_refresh_token(SHOP, grace=0)
    house.platform.expire_access_tokens()
    house.approve("2.0.0")
    house.run_for(600, step=60)
    assert {release["state"] for release in house.releases()} == {"released"}


def wrong_secrets(watched):
    """WeChat knows another appsecret, IP or ticket; the database was sealed with another key."""
    house, platform = watched.house, watched.house.platform
    house.open_shop()
    for number, wrong in enumerate(("secret", "ip", "ticket")):
        platform.expire_component_token()
        platform.component_appsecret = "another" if wrong == "secret" else house.settings.component_appsecret
        platform.allowed = wrong != "ip"
        if wrong == "ticket":
            facts = {"component_appid": COMPONENT, "created_at": int(house.clock())}
            watched.push(pusher.ticket(ticket=platform.credentials.mint("ticket@@@"), **facts))
        house.push_authorized(f"wx{number:015x}f", f"gh_{number:012x}")
        house.run_for(120, step=30)
        assert watched.ask("/api/v1/status").get_json()["blocked"]
        platform.allowed = True
    house.clock.advance(1)
    house.push_ticket()
    house.run_for(120, step=10)
    assert not watched.ask("/api/v1/status").get_json()["blocked"]
    stranger = watched.another(REACTOR_SECRET_KEY=ANOTHER_KEY).house
    stranger.push_authorized()
    stranger.run_for(5, step=1)
    assert "sealed with another REACTOR_SECRET_KEY" in watched.caplog.text


def bad_pushes(watched):
    """Forged, spoiled, half in the clear, unreadable: nothing of it is quoted."""
    house, now = watched.house, int(watched.house.clock())
    ticket = pusher.ticket(component_appid=COMPONENT, created_at=now, ticket=canary(20, 60))
    sealed = seal_envelope(
        ticket,
        component_appid=COMPONENT,
        token=house.settings.message_tokens[1],
        aes_key=house.settings.aes_keys[1],
        timestamp=now,
        nonce="123",
        random16=bytes(16),
        recipient=("AppId", COMPONENT),
    )
    clear = sealed.body.replace(b"<xml>", ticket.removesuffix(b"</xml>").replace(b"AppId>", b"Appid>"), 1)
    spoiled = [spoil(sealed) for spoil in (pusher.bad_signature, pusher.bad_timestamp, pusher.bad_body)]
    refused = [(one.query, one.body) for one in spoiled]
    refused += [(sealed.query, body) for body in (ticket, clear[:-9], b"")]
    for query, body in refused:
        answer = watched.ask("/wechat/component", "POST", query_string=query, data=body, headers={})
        assert answer.status_code == 403
    for body in (sealed.body, clear):
        answer = watched.ask("/wechat/component", "POST", query_string=sealed.query, data=body, headers={})
        assert answer.data == b"success"
    assert watched.ask(f"/wechat/component?token={canary(21, 32)}", "POST", data=ticket).status_code == 403
    for unreadable in (b"<!DOCTYPE a>" + ticket, ticket[:-9], ticket.replace(b"CreateTime>", b"Time>")):
        assert watched.push(unreadable).data == b"success"
        assert watched.push(unreadable, SHOP).data == b"success"
    opened = open_envelope(
        "&".join(f"{name}={quote(value)}" for name, value in sealed.query.items()).encode(),
        sealed.body,
        keys=MessageKeys(COMPONENT, house.settings.message_tokens, house.settings.aes_keys),
    )
    watched.kept += [opened, parse_event(opened.message)]
    assert WORD.encode() in opened.message


def no_store(watched):
    """The database is not there; its password is."""
    where = f"deer:{DATABASE_PASSWORD}@{NOWHERE}"
    missing = Path(sa.make_url("sqlite:///nowhere/reactor.db").database)
    assert not missing.exists()
    for url in (f"sqlite:///{missing}", f"postgresql://{where}/a", f"postgres://{where}/a?bogus=1"):
        settings = dataclasses.replace(watched.house.settings, database_url=url)
        around = Surroundings(watched.house.clock, watched.house.clock.advance)
        lost = dataclasses.replace(watched.house, settings=settings, app=build_web(settings, around))
        assert lost.push_ticket().status_code == 503
        for path in ("/readyz", "/api/v1/status", "/api/v1/releases"):
            assert watched.ask(path, app=lost.app).status_code == 503
        for act in (lost.worker.step, build_store(settings).migrate):
            with watched.failing():
                act()
        for command in ("migrate", "status"):
            assert watched.command(command, DATABASE_URL=url).exit_code == 1
        lost.app.extensions["reactor"].stop()
    assert len(watched.errors) == 6


def calls_by_hand(watched):
    """Each call to WeChat with each misfortune, and without a way to WeChat."""
    house, platform = watched.house, watched.house.platform
    house.open_shop()
    issue, refresh = platform.credentials.issue_token, platform.credentials.newest_refresh
    calls = {
        "api_component_token": lambda at: at.component_token(platform.issue_ticket()),
        "api_query_auth": lambda at: at.query_auth(
            issue(None), platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="")
        ),
        "api_authorizer_token": lambda at: at.authorizer_token(issue(None), SHOP, refresh(SHOP)),
        "api_get_authorizer_list": lambda at: at.authorizer_list(issue(None), 0, 500),
        "api_get_authorizer_info": lambda at: at.authorizer_info(issue(None), SHOP),
        "api_create_preauthcode": lambda at: at.create_preauthcode(issue(None)),
        "api_start_push_ticket": lambda at: at.start_push_ticket(),
        "release": lambda at: at.release(issue(SHOP), SHOP),
        "getversioninfo": lambda at: at.version_info(issue(SHOP), SHOP),
        "get_latest_auditstatus": lambda at: at.latest_audit(canary(40, 120), SHOP),
    }
    near = _client(house, house.face.url, house.settings.wechat_proxy_url)
    ways = [
        near,
        _client(house, f"http://{NOWHERE}"),
        _client(house, house.face.url, f"http://a:{WORD}@{NOWHERE}"),
    ]
    for name, call in calls.items():
        for kind in KINDS:
            if "timeout" not in kind or name == "release":
                platform.plan(fault(name, kind))
                with watched.failing(WeChatError):
                    watched.kept.append(call(near))
        for way in ways:
            with watched.failing(WeChatError):
                watched.kept.append(call(way))
    assert len(watched.errors) > 80
    watched.kept += [*ways, *(way.transport for way in ways)]


def _client(house, url, proxy_url=None):
    return WeChatClient(
        api_url=url,
        component_appid=COMPONENT,
        component_appsecret=SECRETS["WECHAT_COMPONENT_APPSECRET"],
        proxy_url=proxy_url,
        clock=house.clock,
        timeout=PATIENCE,
    )


def values_in_hand(watched):
    """Settings, rows, tokens and the sealed forms that the vault opens."""
    house = watched.house
    house.open_shop()
    house.approve()
    house.run()
    tokens = Tokens(house.store, _client(house, house.face.url), COMPONENT, clock=house.clock)
    held = [tokens._component_token(), tokens._authorizer_token(SHOP)]
    with house.store.read() as connection:
        shop, row = authorizers.get(connection, SHOP), component.get(connection, COMPONENT)
    sealed = [row.ticket_sealed, row.access_token_sealed, shop.refresh_token_sealed, shop.access_token_sealed]
    assert all(WORD in house.store.vault.open(one) for one in sealed)
    assert all(WORD in token.value for token in held)
    watched.kept += [house.settings, house.worker, house.store, house.store.vault, tokens, *held, shop, row]


def mistaken_variables(watched):
    """A secret in the place of each other variable: refused by name, never quoted."""
    wrong = (
        SECRETS["REACTOR_API_TOKEN"],
        f"https://deer:{canary(60, 30)}@host:{canary(61, 20)}/a",
        f"{WORD} ",
    )
    for variable in VARIABLES:
        for value in wrong:
            with watched.failing(SettingsError):
                load_settings(watched.house.environ | {variable.name: value})
            with watched.failing(SettingsError):
                load_settings({f"{variable.name}_FILE": f"/nowhere/{variable.name}", variable.name: value})
    assert len(watched.errors) > 60
    for name in ("DATABASE_URL", "PORT", "WECHAT_API_URL", "WECHAT_PROXY_URL"):
        assert watched.command("status", **{name: f"{canary(62, 40)} @"}).exit_code == 2


def messages_to_people(watched):
    """Every kind of channel: bots and webhooks that answer oddly or not at all, mail, Apprise."""
    words = f"{canary(70, 40)} "
    whsec = base64.b64encode(AES_KEYS[0]).decode().replace("+", "%2B")
    channels = (
        f"wecom://{canary(71, 40)}",
        f"feishu://{canary(72, 40)}?secret={canary(73, 40)}",
        f"dingtalk://{canary(74, 40)}?secret={canary(75, 40)}",
        f"slack://T0/B0/{canary(76, 40)}",
        f"smtps://deer:{canary(77, 40)}@127.0.0.1:1/?from=a@b.example&to=c@d.example",
        f"webhook+https://hooks.example/{canary(78, 40)}?secret=whsec_{whsec}",
        f"apprise+nonesuch://{canary(79, 40)}",
    )
    house = watched.another(REACTOR_NOTIFY=" ".join(channels)).house
    house.open_shop()
    house.approve()
    house.run()
    house.clock.advance(2)
    assert house.worker.post.run_due() > len(channels)
    with house.store.read() as connection:
        tried = connection.execute(sa.text("SELECT turns, reason FROM messages")).all()
    assert len(tried) == len(channels)
    assert all(turns == 1 and reason for turns, reason in tried)
    for channel in parse_channels(" ".join(channels)):
        with watched.failing():
            send(channel, house.worker.post.duties[0]._teller.test(0.0), NO_WAY_OUT, now=0.0, message_id="m")
        watched.kept.append(channel)
    with watched.failing(SettingsError):
        load_settings(house.environ | {"REACTOR_NOTIFY": f"{channels[0]} {words}"})
    for channel in channels[4:5]:
        assert watched.command("notify", "test", REACTOR_NOTIFY=channel).exit_code == 1


STORIES = (
    good_days,
    bad_days,
    wrong_secrets,
    bad_pushes,
    no_store,
    calls_by_hand,
    values_in_hand,
    mistaken_variables,
    messages_to_people,
)


def check_the_evidence(watched):
    """What was said on both sides is in the rows that are searched: requests, answers, pushes."""
    with watched.house.store.read() as connection:
        said = connection.execute(sa.text("SELECT call, request, answer FROM calls")).all()
        pushes = connection.execute(sa.text("SELECT kind, message FROM events")).all()
    assert all(request for _, request, _ in said)
    assert all(answer for call, _, answer in said if call == "release")
    assert {kind for kind, _ in pushes} >= {"audit_success", "audit_fail", "authorized", "unauthorized"}
    assert all(message.endswith("</xml>") for _, message in pushes)
    assert all("Code>•••</" in message for kind, message in pushes if kind == "authorized")


def read_everything(watched):
    """Every page and command: as the operator, as nobody, and as who mistakes the query for a header."""
    ids = [str(release["id"]) for release in watched.house.releases(limit=200)]
    pages = [f"/api/v1/{name}" for name in ("releases", "events", "authorizers", "status", "releases/99999")]
    for path in (*pages, *(f"/api/v1/releases/{one}" for one in ids), "/healthz", "/readyz", "/metrics", "/"):
        assert watched.ask(path).status_code < 500
        watched.ask(path, headers={"Authorization": f"Bearer {canary(30, 30)}"})
        watched.ask(f"{path}?access_token={SECRETS['REACTOR_API_TOKEN']}")
    for act in ("pause", "resume", *(f"releases/{one}/retry" for one in ids)):
        assert watched.ask(f"/api/v1/{act}", "POST").status_code in (200, 409)
    read_pages(watched)
    commands = [
        "status",
        "releases ls",
        "events ls",
        "authorizers ls",
        *(f"releases show {one}" for one in ids),
    ]
    for command in commands:
        for form in ((), ("--json",)):
            assert watched.command(*command.split(), *form).exit_code == 0, watched.commands[-1]


def read_pages(watched):
    """The operator's pages, after a secret was taken for the password."""
    operator = Operator(watched.house.app)
    watched._keep(operator.log_in(canary(31, 30)))
    assert watched._keep(operator.log_in(SECRETS["REACTOR_OPS_PASSWORD"])).status_code == 303
    for path in ("/ops", "/ops/health", "/ops/nothing", "/ops/releases", "/ops/authorizers", "/ops/events"):
        assert watched._keep(operator.get(path)).status_code < 500
    for kind in ("releases", "events"):
        for item in watched.house.api(f"/{kind}?limit=200")["items"]:
            assert watched._keep(operator.get(f"/ops/{kind}/{item['id']}")).status_code == 200


@pytest.mark.parametrize("story", STORIES)
def test_no_secret_shows_anywhere(watched, story):
    story(watched)
    read_everything(watched)
    assert leaks(watched.places()) == []


# -- and a leak would be found ------------------------------------------------------------------------------


def plant_in_a_log(watched, secret):
    logging.getLogger("reactor.somewhere").debug("token=%s", secret)
    return "log"


def plant_in_a_traceback(watched, secret):
    try:
        {}[secret]
    except KeyError:
        logging.getLogger("reactor.somewhere").exception("it went wrong")
    return "log"


def plant_in_an_error(watched, secret):
    with watched.failing():
        raise ReactorError("it went wrong") from ValueError(secret)
    return "errors"


def plant_in_a_row(watched, secret):
    with watched.house.store.write() as connection:
        authorizers.update(connection, SHOP, nick_name=base64.b64encode(secret.encode()).decode())
    return "database"


def plant_in_an_answer(watched, secret):
    with watched.house.store.write() as connection:
        authorizers.update(connection, SHOP, nick_name=secret)
    watched.ask("/api/v1/authorizers")
    return "answers"


def plant_in_a_command(watched, secret):
    with watched.house.store.write() as connection:
        authorizers.update(connection, SHOP, nick_name=secret)
    watched.command("authorizers", "ls", "--json")
    return "commands"


def plant_in_a_repr(watched, secret):
    watched.kept.append(dataclasses.replace(watched.house.settings, warnings=(secret,)))
    return "reprs"


PLANTS = (
    plant_in_a_log,
    plant_in_a_traceback,
    plant_in_an_error,
    plant_in_a_row,
    plant_in_an_answer,
    plant_in_a_command,
    plant_in_a_repr,
)


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_leak_is_found_where_it_was_planted(watched, plant):
    watched.house.open_shop()
    assert leaks(watched.places()) == []
    place = plant(watched, watched.house.platform.issue_ticket())
    assert place in {found for found, _ in leaks(watched.places())}

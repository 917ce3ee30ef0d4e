"""The web process as a platform runs it: real gunicorn, real sockets, real signals, real time."""

import os
import re
import resource
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
from fleet import away
from forgeries import forgeries, on_the_wire, seal
from known import AES_KEY_TEXT, API_TOKEN, APPSECRET, COMPONENT, SHOP, SHOP_NAME, TOKEN
from served import ROOT, start, wait_until

from reactor.core.crypto import decode_aes_key
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform

SHOP_PATH = f"/wechat/authorizers/{SHOP}"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def serving():
    """Start gunicorns; whatever a test does, none of them outlives it."""
    with ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(start(*args, **more))


@pytest.fixture
def sqlite_url(tmp_path):
    """A database that is not there yet."""
    return f"sqlite:///{tmp_path / 'reactor.db'}"


@pytest.fixture
def web(serving, sqlite_url):
    """One web process without a worker."""
    return serving(sqlite_url, NOWHERE, REACTOR_WORKER="external").wait_ready()


@pytest.fixture
def wechat():
    """A small WeChat in real time."""
    platform = Platform(component_appid=COMPONENT, component_appsecret=APPSECRET)
    with serve(platform) as face:
        yield face


def pushing_to(web):
    key = decode_aes_key(AES_KEY_TEXT)
    return pusher.Pusher(web.url, component_appid=COMPONENT, token=TOKEN, aes_key=key)


def api(web, path, method="GET"):
    answer = web.request(method, f"/api/v1{path}", headers={"Authorization": f"Bearer {API_TOKEN}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def approval(user_name=SHOP_NAME):
    now = int(time.time())
    return pusher.audit_success(user_name=user_name, created_at=now, succeeded_at=now)


def raw_post(path, query, body, *headers):
    """A request as bytes, on a connection that is closed behind it."""
    lines = [f"POST {path}?{query} HTTP/1.1", "Host: reactor", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def with_length(path, query, body):
    return raw_post(path, query, body, f"Content-Length: {len(body)}")


def chunked(path, query, body, size=8000):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    wrapped = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
    return raw_post(path, query, wrapped, "Transfer-Encoding: chunked")


def without_date(answer):
    return re.sub(rb"\r\nDate: [^\r]+", b"", answer)


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


def open_shop(wechat, web):
    """A ticket and an authorization, pushed and worked through."""
    push = pushing_to(web).push
    now = int(time.time())
    ticket = wechat.platform.issue_ticket()
    code = wechat.platform.authorize(SHOP, user_name=SHOP_NAME, nick_name="Deer Diner")
    granted = pusher.authorized(
        component_appid=COMPONENT, created_at=now, authorizer_appid=SHOP, authorization_code=code
    )
    assert push(pusher.ticket(component_appid=COMPONENT, created_at=now, ticket=ticket)).body == b"success"
    assert push(granted).body == b"success"
    wait_until(lambda: api(web, "/authorizers")["items"][0]["state"] == "authorized", what="the exchange")


def approve(wechat, web, version="1.0.0"):
    wechat.platform.submit_audit(SHOP, version)
    succeeded_at = wechat.platform.approve(SHOP)
    message = pusher.audit_success(
        user_name=SHOP_NAME, created_at=int(time.time()), succeeded_at=succeeded_at
    )
    assert pushing_to(web).push(message, authorizer_appid=SHOP).body == b"success"


def locked(web, database_url):
    """Somebody holds what every push needs; what gives it back."""
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    else:
        connection = psycopg.connect(database_url)
        connection.execute("LOCK TABLE events")
    return connection.close


def gone(web, database_url):
    """SQLite's disk is full, PostgreSQL takes no connections; what mends it."""
    if database_url.startswith("sqlite"):
        return full_disk(web)
    closed = ExitStack()
    closed.enter_context(away(database_url))
    return closed.close


def full_disk(web):
    """No file of its processes may grow."""

    def limit(size):
        for pid in children(web.process.pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    limit(4096)
    return lambda: limit(resource.RLIM_INFINITY)


# -- bytes on a socket -----------------------------------------------------------------------------------


def test_every_forgery_gets_the_same_bytes_but_for_the_date(web):
    wrong = forgeries(time.time())
    for path in ("/wechat/component", SHOP_PATH):
        answers = {name: without_date(web.send(with_length(path, *push))) for name, push in wrong.items()}
        assert answers == dict.fromkeys(wrong, answers["another token"])
        head, _, body = answers["another token"].partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 ")
        assert body == b""
    assert api(web, "/events")["items"] == []
    assert web.log.count("push=refused") == 2 * len(wrong)


def test_a_body_that_breaks_off_is_one_of_the_forgeries(web):
    query, body = on_the_wire(seal(approval(), time.time()))
    half = body[: len(body) // 2]
    reference = without_date(web.send(with_length(SHOP_PATH, query, half)))
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as connection:
        connection.sendall(raw_post(SHOP_PATH, query, half, f"Content-Length: {len(body)}"))
        connection.shutdown(socket.SHUT_WR)
        assert without_date(connection.recv(65536)) == reference
    assert api(web, "/events")["items"] == []


def test_the_limit_of_64_kib_holds_with_a_length_and_chunked(web):
    query, body = on_the_wire(seal(approval(), time.time()))
    whole = body.replace(b"</xml>", b" " * (65536 - len(body)) + b"</xml>")
    for write in (with_length, chunked):
        answer = web.send(write(SHOP_PATH, query, whole))
        assert status_of(answer) == 200
        assert answer.endswith(b"\r\n\r\nsuccess")
        for extra in (1, 2, 300_000):
            answer = web.send(write(SHOP_PATH, query, whole + b" " * extra))
            assert status_of(answer) == 413
            assert answer.endswith(b"\r\n\r\n")
    answer = web.send(chunked(SHOP_PATH, query, whole + b" ", size=1))
    assert status_of(answer) == 413
    (event,) = api(web, "/events")["items"]
    assert event["deliveries"] == 2


def test_a_length_of_many_gigabytes_is_413_before_anything_is_read(web):
    head = raw_post(SHOP_PATH, "", b"", "Content-Length: 99999999999")
    assert status_of(web.send(head)) == 413


def test_what_stands_behind_the_limit_is_not_taken_for_another_request(web):
    hidden = b"GET /healthz HTTP/1.1\r\nHost: reactor\r\nConnection: close\r\n\r\n"
    for write in (with_length, chunked):
        request = write(SHOP_PATH, "", b"x" * 65537 + hidden).replace(b"Connection: close\r\n", b"", 1)
        statuses = re.findall(rb"HTTP/1.1 (\d+)", web.send(request + with_length(SHOP_PATH, "", b"")))
        assert statuses in ([b"413"], [b"413", b"403"])


def test_nothing_that_is_nearly_right_is_redirected(web):
    query, body = on_the_wire(seal(approval(), time.time()))
    paths = (
        *("/wechat/component/", "/wechat//component", "/wechat/COMPONENT"),
        *("/wechat/authorizers/wx000000000000000A", "/wechat/../wechat/component", "/wechat"),
        *(SHOP_PATH + "/", SHOP_PATH + "%0A", SHOP_PATH + "%2F", SHOP_PATH + "//"),
    )
    for path in paths:
        for method in (b"POST", b"GET"):
            answer = web.send(with_length(path, query, body).replace(b"POST", method, 1))
            assert status_of(answer) == 404, (method, path)
            assert b"\r\nLocation:" not in answer
    for method in (b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"):
        for path in ("/wechat/component", SHOP_PATH):
            answer = web.send(with_length(path, query, body).replace(b"POST", method, 1))
            assert status_of(answer) == 405, (method, path)
    assert api(web, "/events")["items"] == []


def test_an_answer_to_a_push_leaves_the_connection_in_order_for_the_next(web):
    query, body = on_the_wire(seal(approval(), time.time()))
    good = with_length(SHOP_PATH, query, body).replace(b"Connection: close\r\n", b"")
    bad = with_length(SHOP_PATH, query + "0", body).replace(b"Connection: close\r\n", b"")
    last = with_length(SHOP_PATH, query, body)
    answer = web.send(good + bad + last)
    assert [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", answer)] == [200, 403, 200]


# -- what is written down --------------------------------------------------------------------------------


def test_the_log_holds_no_query_no_token_and_no_secret(web):
    query, body = on_the_wire(seal(approval(), time.time()))
    for path in (SHOP_PATH, "/wechat/component", "/nowhere"):
        web.send(with_length(path, query, body))
        web.send(with_length(path, query + "&code=canary", body))
    web.request("GET", "/api/v1/status?token=canary", headers={"Authorization": "Bearer canary"})
    api(web, "/status")
    assert web.terminate() == 0
    signature = re.search("msg_signature=([0-9a-f]+)", query)[1]
    for secret in (signature, "msg_signature", "canary", API_TOKEN, TOKEN, AES_KEY_TEXT, APPSECRET, "GET /"):
        assert secret not in web.log


def test_no_control_socket_is_opened_and_nothing_is_bound_but_the_port(web):
    here = {web.process.pid, *children(web.process.pid)}
    inodes = {inode for pid in here for inode in sockets_of(pid)}
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    assert [line for line in lines if line.split()[6] in inodes and "/" in line] == []
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[9] in inodes
    }
    assert listening == {f"0100007F:{web.port:04X}"}
    assert list(ROOT.glob("*.ctl")) == list(ROOT.glob("*.sock")) == []


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def sockets_of(pid):
    targets = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            targets.append(str(link.readlink()))
    return [target[8:-1] for target in targets if target.startswith("socket:[")]


# -- the beginning ---------------------------------------------------------------------------------------

WRONG = {
    "WECHAT_COMPONENT_APPID": "gh_nothing",
    "WECHAT_MESSAGE_TOKEN": None,
    "WECHAT_ENCODING_AES_KEY": "too-short",
    "WECHAT_API_URL": "http://api.example.com",
    "REACTOR_API_TOKEN": "short",
    "REACTOR_WORKER": "maybe",
    "WEB_CONCURRENCY": "65",
}


def test_a_wrong_configuration_ends_it_with_2_and_every_problem_before_a_port_is_bound(serving, sqlite_url):
    web = serving(sqlite_url, NOWHERE, **WRONG)
    assert web.process.wait(20) == 2
    for name in WRONG:
        assert web.log.count(f"{name} ") == 1, web.log
    assert "Listening at" not in web.log
    assert "Traceback" not in web.log
    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()


def test_the_problems_are_told_on_stderr(sqlite_url):
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.conf.py", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": sqlite_url, "PORT": "0"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    for name in ("WECHAT_COMPONENT_APPID", "WECHAT_COMPONENT_APPSECRET", "WECHAT_ENCODING_AES_KEY", "PORT"):
        assert f"\n{name} " in done.stderr
    assert done.stdout == ""


def test_a_policy_that_cannot_be_followed_ends_it_with_2(serving, sqlite_url, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[default]\nmode = "sometimes"\n')
    web = serving(sqlite_url, NOWHERE, REACTOR_POLICY=str(policy))
    assert web.process.wait(20) == 2
    assert "Listening at" not in web.log


def test_a_database_that_cannot_be_opened_ends_it_before_a_port_is_bound(serving, tmp_path):
    web = serving(f"sqlite:///{tmp_path / 'no' / 'folder' / 'reactor.db'}", NOWHERE)
    assert web.process.wait(20) == 1
    assert "DATABASE_URL" in web.log
    assert "Listening at" not in web.log
    assert "Traceback" not in web.log


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, sqlite_url):
    """A database of each kind that was never migrated."""
    if request.param == "sqlite":
        yield sqlite_url
        return
    uri = request.getfixturevalue("postgresql_server")
    name = f"empty_{os.getpid()}_{time.time_ns()}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield uri.replace("/postgres?", f"/{name}?")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_two_that_start_at_once_both_migrate_and_serve_one_database(serving, empty_url):
    both = [serving(empty_url, NOWHERE, WEB_CONCURRENCY="2") for _ in range(2)]
    for web in both:
        web.wait_ready()
    query, body = on_the_wire(seal(approval(), time.time()))
    for web in both:
        assert web.send(with_length(SHOP_PATH, query, body)).endswith(b"success")
        assert "Traceback" not in web.log
    for web in both:
        (event,) = api(web, "/events")["items"]
        assert event["deliveries"] == 2


def test_two_that_start_at_once_make_one_key_file_that_only_its_owner_reads(serving, sqlite_url, tmp_path):
    both = [serving(sqlite_url, NOWHERE, REACTOR_SECRET_KEY=None, WEB_CONCURRENCY="2") for _ in range(2)]
    for web in both:
        web.wait_ready()
    key_file = tmp_path / "reactor.db.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(key_file.read_text()) >= 32
    assert [path.name for path in tmp_path.glob("*key*")] == ["reactor.db.key"]
    assert key_file.read_text() not in both[0].log + both[1].log
    before = key_file.read_bytes()
    again = serving(sqlite_url, NOWHERE, REACTOR_SECRET_KEY=None)
    again.wait_ready()
    assert key_file.read_bytes() == before


# -- the work --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_pushed_approval_goes_live_by_itself(serving, database_url, wechat, processes):
    web = serving(database_url, wechat.url, WEB_CONCURRENCY=processes).wait_ready()
    open_shop(wechat, web)
    approve(wechat, web)
    wait_until(lambda: api(web, "/releases?state=released")["items"], what="the release")
    assert wechat.platform.live(SHOP)[0] == "1.0.0"
    assert len(wechat.platform.effective_releases(SHOP)) == 1
    assert wait_until(lambda: api(web, "/status")["workers"] == int(processes), what="the heartbeats")


def test_a_worker_elsewhere_leaves_the_web_process_without_one(serving, sqlite_url, wechat):
    web = serving(sqlite_url, wechat.url, REACTOR_WORKER="external").wait_ready()
    ticket = pusher.ticket(component_appid=COMPONENT, created_at=int(time.time()), ticket="ticket@@@1")
    assert pushing_to(web).push(ticket).body == b"success"
    assert pushing_to(web).push(approval(), authorizer_appid=SHOP).body == b"success"
    (release,) = api(web, "/releases")["items"]
    assert (release["state"], api(web, "/status")["workers"]) == ("pending", 0)
    assert wechat.platform.calls == []


def test_a_push_is_answered_at_once_while_wechat_is_silent(serving, sqlite_url, wechat):
    web = serving(sqlite_url, wechat.url).wait_ready()
    open_shop(wechat, web)
    held = wechat.platform.plan(Fault("get_latest_auditstatus", "hold_before"))
    approve(wechat, web)
    assert held.gate.reached.wait(10)
    result = pushing_to(web).push(approval(), authorizer_appid=SHOP)
    assert (result.body, result.tries) == (b"success", 1)
    assert result.seconds < 1
    held.gate.go.set()


@pytest.mark.parametrize("spoil", [locked, gone])
def test_without_the_store_wechat_hears_503_in_time_and_success_once_it_is_back(serving, database_url, spoil):
    web = serving(database_url, NOWHERE, REACTOR_WORKER="external").wait_ready()
    mend = spoil(web, database_url)
    result = pushing_to(web).push(approval(), authorizer_appid=SHOP, tries=1)
    assert (result.status, result.body) == (503, b"")
    assert result.seconds < 4.5
    mend()
    assert pushing_to(web).push(approval(), authorizer_appid=SHOP).body == b"success"
    assert web.request("GET", "/readyz").status_code == 200
    assert len(api(web, "/events")["items"]) == 1


# -- the end ---------------------------------------------------------------------------------------------


def unread_by(port, connection):
    """How many bytes of the connection the process at this port has not read yet; None before it accepted."""
    ends = [f"{number:04X}" for number in (port, connection.getsockname()[1])]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, state, queues, *_, inode = line.split()[:10]
        if [here[-4:], there[-4:]] == ends and state == "01" and inode != "0":
            return int(queues.split(":")[1], 16)
    return None


def test_sigterm_ends_it_with_0_in_time_although_a_connection_is_kept_alive(serving, sqlite_url):
    web = serving(sqlite_url, NOWHERE, WEB_CONCURRENCY="2").wait_ready()
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: reactor\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
        assert web.terminate() == 0
        assert time.monotonic() - began < 10
    assert "Traceback" not in web.log


def test_sigterm_in_the_middle_of_a_call_to_wechat_ends_it_in_time(serving, sqlite_url, wechat):
    web = serving(sqlite_url, wechat.url).wait_ready()
    open_shop(wechat, web)
    held = wechat.platform.plan(Fault("release", "hold_before"))
    approve(wechat, web)
    assert held.gate.reached.wait(10)
    began = time.monotonic()
    assert web.terminate() == 0
    assert time.monotonic() - began < 10


def test_a_push_in_the_middle_of_a_sigterm_is_still_answered(web):
    query, body = on_the_wire(seal(approval(), time.time()))
    request = with_length(SHOP_PATH, query, body)
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as connection:
        connection.sendall(request[:-10])
        # Accepted is not enough: the request is under way once a thread has read what there is of it.
        wait_until(lambda: unread_by(web.port, connection) == 0, what="the request's beginning to be read")
        web.process.terminate()
        wait_until(lambda: "Handling signal: term" in web.log, what="the signal")
        connection.sendall(request[-10:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.endswith(b"success")
    assert web.process.wait(10) == 0

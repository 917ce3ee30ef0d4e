"""`python -m tests.bench`: what acknowledging costs against a bare view, and how soon `release` leaves.

Absolute figures mean nothing on a shared machine; the ratios are between runs that take turns.
"""

import argparse
import contextlib
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path

from reactor.simulator import pusher
from reactor.simulator.face import serve
from tests.bench.load import approvals, request_of, requests_per_second
from tests.bench.serving import databases, environment, new_platform, sender_to, served, wait_until
from tests.known import COMPONENT

CONNECTIONS = 16
AIMS = {"no action": 0.6, "approval on SQLite": 0.35}


def texts(count, start):
    """Pushes that ask for nothing."""
    now = time.time()
    for number in range(start, start + count):
        message = pusher.text(user_name="gh_000000000000", created_at=int(now), content="hello")
        yield request_of(message, "/wechat/authorizers/wx0000000000000001", number=number, now=now)


def acknowledging(folder, rounds, seconds):
    """Requests per second of the three, taking turns; the median of each."""
    found = {"bare": [], "no action": [], "approval on SQLite": [], "approval on PostgreSQL": []}
    numbers = itertools.count(1, 1_000_000)
    most = int(seconds * 6000)
    nowhere = "http://127.0.0.1:1"
    with contextlib.ExitStack() as stack:
        urls = {}
        for kind in ("sqlite", "postgresql"):
            (store,) = stack.enter_context(databases(kind, folder, "bench"))
            variables = environment(store, nowhere)
            urls[kind], _ = stack.enter_context(served(variables, folder))
        bare, _ = stack.enter_context(served(variables, folder, "tests.bench.bare:app"))
        plans = [
            ("bare", bare, texts),
            ("no action", urls["sqlite"], texts),
            ("approval on SQLite", urls["sqlite"], approvals),
            ("approval on PostgreSQL", urls["postgresql"], approvals),
        ]
        for _ in range(rounds):
            for name, url, make in plans:
                prepared = list(make(most, next(numbers)))
                rate = requests_per_second(url, prepared, connections=CONNECTIONS, seconds=seconds)
                found[name].append(rate)
    return {name: statistics.median(rates) for name, rates in found.items()}


def latency(folder, pushes):
    """Milliseconds from the push being sent to `release` arriving at WeChat, one at a time."""
    platform = new_platform()
    with contextlib.ExitStack() as stack:
        (store,) = stack.enter_context(databases("sqlite", folder, "bench"))
        api_url = stack.enter_context(serve(platform)).url
        inside = environment(store, api_url, REACTOR_WORKER="thread")
        url, _ = stack.enter_context(served(inside, folder))
        sender = sender_to(url)
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

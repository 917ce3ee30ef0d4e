"""`python -m tests.bench.takeover`: an existing platform is taken over by one command, and asked again.

A web process takes the ticket; then `reactor authorizers sync` runs as a process of its own, twice. One
merchant in ten is an official account. WeChat is a simulator that answers at once.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reactor.simulator import pusher
from reactor.simulator.face import serve
from tests.bench.serving import databases, environment, new_platform, sender_to, served
from tests.known import COMPONENT


def crowd(count):
    """A WeChat that so many accounts authorized long ago."""
    platform = new_platform()
    for number in range(1, count + 1):
        name = {"user_name": f"gh_{number:012x}", "nick_name": f"shop {number}"}
        platform.authorize(f"wx{number:016x}", **name, exchanged=True, mini_program=number % 10 > 0)
    return platform


def sync(variables):
    """Seconds that the command took, and what it says of itself."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "reactor", "authorizers", "sync", "--json"],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return time.monotonic() - began, json.loads(done.stdout)


def takeover(kind, folder, count, pace):
    """Play it on one database."""
    policy = Path(folder) / "policy.toml"
    policy.write_text(f"[pace]\nreleases_per_second = {pace}\n")
    with contextlib.ExitStack() as stack:
        (store,) = stack.enter_context(databases(kind, folder, "takeover"))
        api = stack.enter_context(serve(crowd(count)))
        variables = environment(store, api.url, REACTOR_POLICY=str(policy))
        with served(variables, folder) as (url, _):
            ticket = {"component_appid": COMPONENT, "ticket": api.platform.issue_ticket()}
            sender_to(url).push(pusher.ticket(created_at=int(time.time()), **ticket))
        for name in ("first run", "second run"):
            seconds, told = sync(variables)
            print(
                f"{kind}, pace {pace}, {name}: {seconds:.0f} s, {told['calls']} calls, {told['new']} new, "
                f"{told['asked']} asked about, {told['official_accounts']} official accounts",
                flush=True,
            )


def main():
    """Run it on both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--merchants", type=int, default=10_000)
    parser.add_argument("--pace", type=int, default=20, help="releases_per_second of the policy")
    given = parser.parse_args()
    for kind in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder:
            takeover(kind, folder, given.merchants, given.pace)


if __name__ == "__main__":
    main()

"""`python -m tests.bench.wave`: 10,000 approvals within a minute, and what becomes of every one of them.

Two web processes and a worker process on one database, WeChat a simulator. Its side, not ours,
tells how many releases took effect, how many a second began, and whether one took effect twice.
"""

import argparse
import collections
import contextlib
import sys
import tempfile
import time

from reactor.simulator import pusher
from reactor.simulator.face import serve
from tests.bench.load import acknowledged, approvals
from tests.bench.serving import databases, environment, new_platform, running, sender_to, served, wait_until
from tests.known import COMPONENT

CONNECTIONS = 16
PACE = 20  # releases_per_second of config/policy.toml
WAIT = 5.0  # WeChat waits so many seconds for an answer


def fleet(count):
    """A WeChat with so many mini programs, each with an approved version."""
    platform = new_platform()
    for number in range(1, count + 1):
        appid = f"wx{number:016x}"
        platform.authorize(appid, user_name=f"gh_{number:012x}", nick_name="shop", exchanged=True)
        platform.submit_audit(appid, "1.0.0")
        platform.approve(appid)
    return platform


def wave(kind, folder, count, seconds):
    """Play it; whether every one was acknowledged in time and took effect once."""
    platform = fleet(count)
    with contextlib.ExitStack() as stack:
        (store,) = stack.enter_context(databases(kind, folder, "wave"))
        variables = environment(store, stack.enter_context(serve(platform)).url)
        url, _ = stack.enter_context(served(variables, folder))
        stack.enter_context(running("reactor", ["worker"], variables, folder))
        ticket = {"component_appid": COMPONENT, "ticket": platform.issue_ticket()}
        sender_to(url).push(pusher.ticket(created_at=int(time.time()), **ticket))
        prepared = list(approvals(count, 1))
        began = time.time()
        took = sorted(acknowledged(url, prepared, connections=CONNECTIONS, rate=count / seconds))
        print(
            f"{kind}: {len(took)} acknowledged in {time.time() - began:.0f} s, "
            f"median {took[len(took) // 2] * 1e3:.0f} ms, p99 {took[len(took) * 99 // 100] * 1e3:.0f} ms, "
            f"slowest {took[-1] * 1e3:.0f} ms (WeChat waits {WAIT:g} s)",
            flush=True,
        )
        with contextlib.suppress(RuntimeError):  # the figures say it better
            wait_until(lambda: effective(platform)[0] == count, 60 + 3 * count / PACE, every=1)
        wait_until(lambda: quiet_for(platform, 3), 60, every=1)
        released, twice = effective(platform)
    begun = [call.at - began for call in platform.calls if call.call == "release"]
    busiest = max(collections.Counter(map(int, begun)).values())
    print(
        f"  released {released} in {max(begun):.0f} s ({len(begun) / max(begun):.1f} a second, "
        f"{busiest} in the busiest; the pace is {PACE}), twice {twice}, lost {count - released}; "
        f"{len(begun)} calls of release, {len(platform.calls) / len(begun):.1f} calls for each",
        flush=True,
    )
    return len(took) == released == count and not twice and took[-1] < WAIT


def effective(platform):
    """How many mini programs had a release that took effect, and how many had more than one."""
    each = collections.Counter(
        call.authorizer_appid for call in list(platform.calls) if call.call == "release" and call.effective
    )
    return len(each), sum(number > 1 for number in each.values())


def quiet_for(platform, seconds):
    """Whether nobody released anything for so long."""
    last = max((call.at for call in list(platform.calls) if call.call == "release"), default=0.0)
    return time.time() - last > seconds


def main():
    """Both databases, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--approvals", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="within which they are pushed")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    well = []
    for kind in given.database or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory() as folder:
            well.append(wave(kind, folder, given.approvals, given.seconds))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())

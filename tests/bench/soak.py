"""`python -m tests.bench.soak --minutes 60 --rate 20`: whether memory and descriptors stay flat under pushes.

Web processes (REACTOR_WORKER=external) and a worker process on one database, WeChat a simulator. Of four
pushes one is an approval of a fresh version, one its repetition; the others ask for nothing, or bring a
ticket.
"""

import argparse
import contextlib
import itertools
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reactor.simulator import pusher
from reactor.simulator.face import serve
from tests.bench.serving import databases, environment, new_platform, running, sender_to, served
from tests.known import COMPONENT

SHOPS = 200
SAMPLES = 40
MOST_GROWTH = 0.05
MOST_GROWTH_KB = 4096  # a small process may grow by more than the share
PUSHERS = 8


class Load:
    """Pushes at a steady rate; what was not acknowledged in time is counted."""

    def __init__(self, platform, url, rate):
        self.platform = platform
        self.rate = rate
        self.sent = self.refused = 0
        self.slowest = 0.0
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._sender = sender_to(url)
        self._appids = [f"wx{number:016x}" for number in range(1, SHOPS + 1)]

    def open_shops(self):
        self._push_ticket()
        for appid in self._appids:
            code = self.platform.authorize(appid, user_name=f"gh_{appid[6:]}", nick_name=appid)
            about = {"component_appid": COMPONENT, "authorizer_appid": appid, "authorization_code": code}
            self._push(pusher.authorized(created_at=int(time.time()), **about))

    def run(self):
        """Until it is over; late pushes are not made up for."""
        began = time.monotonic()
        with ThreadPoolExecutor(PUSHERS) as pool:
            for number in itertools.count():
                if self.over.wait(max(0.0, began + number / self.rate - time.monotonic())):
                    return
                pool.submit(self._one, number)

    def _one(self, number):
        appid = self._appids[number // 4 % SHOPS]
        if number % 4 == 0:
            message = self._approval(appid)
            self._push(message, appid)
            self._push(message, appid)
        elif number % (4 * 600) == 2:
            self._push_ticket()
        elif number % 4 != 1:  # the repetition above stands for it
            now = int(time.time())
            self._push(pusher.text(user_name=f"gh_{appid[6:]}", created_at=now, content="hello"), appid)

    def _approval(self, appid):
        """A fresh version passes; when the last one is not published yet, that one is pushed once more."""
        with self.platform.lock:
            audits = self.platform.authorizer(appid).audits
            if not audits or audits[-1].released:
                self.platform.submit_audit(appid, f"1.0.{len(audits)}")
                self.platform.approve(appid)
        now = int(time.time())
        return pusher.audit_success(user_name=f"gh_{appid[6:]}", created_at=now, succeeded_at=now)

    def _push_ticket(self):
        ticket = self.platform.issue_ticket()
        message = pusher.ticket(component_appid=COMPONENT, created_at=int(time.time()), ticket=ticket)
        self._push(message)

    def _push(self, message, appid=None):
        result = self._sender.push(message, authorizer_appid=appid)
        with self._lock:
            self.sent += 1
            self.refused += not result.acknowledged
            self.slowest = max(self.slowest, result.seconds)


def family(pid):
    """A process and its children, by a name each; gunicorn's arbiter before its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def seen(pid):
    """Resident kilobytes and open descriptors."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def watch(names, seconds, load):
    """Sample every process; rows of (seconds since the start, {name: (kB, descriptors)})."""
    rows, began = [], time.monotonic()
    for number in range(SAMPLES + 1):
        time.sleep(max(0.0, began + number * seconds / SAMPLES - time.monotonic()))
        row = {name: seen(pid) for name, pid in names.items()}
        rows.append((time.monotonic() - began, row))
        told = "  ".join(f"{kb / 1024:7.1f} MB {fds:3d} fd" for kb, fds in row.values())
        print(
            f"{rows[-1][0]:8.0f} s {told}  {load.sent:8d} pushes, {load.refused} not acknowledged", flush=True
        )
    return rows


def verdict(rows, name):
    """The second quarter against the last: what is warm by then should not grow any more."""
    quarter = max(1, len(rows) // 4)
    early, late = rows[quarter : 2 * quarter], rows[-quarter:]
    kb = [statistics.mean(row[name][0] for _, row in part) for part in (early, late)]
    fds = [max(row[name][1] for _, row in part) for part in (early, late)]
    flat = kb[1] - kb[0] <= max(MOST_GROWTH * kb[0], MOST_GROWTH_KB) and fds[1] <= fds[0] + 2
    growth = kb[1] / kb[0] - 1
    told = "flat" if flat else "GROWS"
    print(f"{name:<10}{growth:+7.1%} memory  {fds[0]:4d} → {fds[1]:d} descriptors  {told}")
    return flat


def soak(database_url, folder, minutes, rate):
    platform = new_platform()
    with contextlib.ExitStack() as stack:
        variables = environment(database_url, stack.enter_context(serve(platform)).url)
        url, serving = stack.enter_context(served(variables, folder))
        working = stack.enter_context(running("reactor", ["worker"], variables, folder))
        load = Load(platform, url, rate)
        load.open_shops()
        arbiter, *others = family(serving.pid)
        names = {"arbiter": arbiter} | {f"web {n}": pid for n, pid in enumerate(others, 1)}
        names["worker"] = working.pid
        print("           " + "  ".join(f"{name:<17}" for name in names))
        pushing = threading.Thread(target=load.run)
        pushing.start()
        try:
            rows = watch(names, minutes * 60, load)
        finally:
            load.over.set()
            pushing.join(30)
    flat = [verdict(rows, name) for name in names]
    live = sum(len(shop.past) for shop in platform.authorizers())
    print(
        f"{load.sent} pushes, {load.refused} not acknowledged, slowest {load.slowest:.2f} s; {live} released"
    )
    return all(flat) and not load.refused


def main():
    """Run, print a line now and then, and say at the end whether all is flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=20.0, help="pushes a second")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(given.database, folder, "soak") as urls:
        flat = soak(urls[0], folder, given.minutes, given.rate)
    print("flat" if flat else "NOT FLAT")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())

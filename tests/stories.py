"""What the stories share: shorthand for an operator's eyes, and what must hold when a story is over."""

import copy
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from xml.sax.saxutils import escape

import requests
import sqlalchemy as sa

from reactor.core.errcodes import Verdict, lookup
from reactor.core.lifecycle import TRANSITIONS, Happening, State
from reactor.simulator.faults import Fault, Hold
from reactor.words import retell
from reactor.worker import Worker

SHOP, SHOP_NAME = "wx000000000000000a", "gh_00000000000a"
CAFE, CAFE_NAME = "wx000000000000000b", "gh_00000000000b"
LOOK = ["get_latest_auditstatus", "getversioninfo"]
BACKOFF = (1, 5, 30, 120, 600, 1800, 7200)


def seconds(moment):
    """An RFC 3339 moment of the API in Unix seconds."""
    return datetime.fromisoformat(moment).timestamp()


def waits(house, release):
    """How long the release is put off, as the API tells it."""
    return round(seconds(release["due_at"]) - house.clock(), 3)


def whole(house, release):
    """The release as it is now, with history and calls."""
    return house.api(f"/releases/{release['id']}")


def skip_to_due(house, release):
    """Let the time pass until the release is due, and take the turn."""
    house.clock.now = max(house.clock(), seconds(whole(house, release)["due_at"]) + 0.001)
    house.run()
    return whole(house, release)


def walk_to_the_end(house, release, most=12):
    """Take turn after turn until the release waits for nothing any more; also the waits in between."""
    waited = []
    for _ in range(most):
        release = whole(house, release)
        if release["state"] != "pending":
            return release, waited
        waited.append(waits(house, release))
        skip_to_due(house, release)
    raise AssertionError(f"still pending after {most} turns: {release['reason']}")


def names(platform, since=0):
    """The calls that arrived, by name."""
    return [call.call for call in platform.calls[since:]]


def count(platform, call):
    """How often WeChat was asked this."""
    return names(platform).count(call)


def authorizer(house, appid=SHOP):
    """The authorizer as the API shows it."""
    (found,) = [one for one in house.api("/authorizers")["items"] if one["authorizer_appid"] == appid]
    return found


def edit(house, statement, **values):
    """Change the database behind the reactor's back."""
    with house.store.write() as connection:
        connection.execute(sa.text(statement), values)


def ask(house, statement):
    """Read the database behind the reactor's back."""
    with house.store.read() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def patient_tools(house):
    """A turn's tools that wait for a call that a test holds, whatever else this machine does."""
    tools = house.worker._tools
    wechat = copy.copy(tools.wechat)
    wechat.transport = replace(wechat.transport, timeout=(10.0, 30.0))
    return replace(tools, wechat=wechat, sleep=time.sleep)


@contextmanager
def held(house, call, kind, run=None):
    """A turn under way, stopped in this call; it goes on, and ends, when the block does."""
    gate = Hold()
    house.platform.plan(Fault(call, kind, gate=gate))
    thread = threading.Thread(target=run or Worker(patient_tools(house), threads=1).step)
    thread.start()
    assert gate.reached.wait(20)
    try:
        yield gate
    finally:
        gate.go.set()
        thread.join(20)
        assert not thread.is_alive()


def rival_release(house, appid=SHOP):
    """Another job of the same component releases, unseen by the reactor."""
    with house.platform.lock:
        token = house.platform.credentials.issue_token(appid)
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{house.face.url}/wxa/release", params={"access_token": token}, data=b"{}")
    assert answer.json()["errcode"] == 0


def second_push(house, appid=SHOP, user_name=SHOP_NAME, *, succeeded_at, from_user_name="oAnother", **more):
    """An approval that differs from the usual push of the same audit."""
    created_at = more.pop("created_at", int(house.clock()))
    parts = {"ToUserName": user_name, "FromUserName": from_user_name, "CreateTime": created_at}
    parts |= {"MsgType": "event", "Event": "weapp_audit_success", "SuccTime": succeeded_at}
    text = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in parts.items())
    return house.deliver(f"<xml>{text}</xml>".encode(), appid, **more)


def check_the_end(house):
    """What every story must leave behind: nothing planned, nothing unwritten, nothing done twice."""
    platform = house.platform
    assert platform.faults_left() == []
    _nothing_malformed(platform)
    _every_call_recorded(house)
    for row in house.releases(limit=200):
        replay(whole(house, row))
    for one in platform.authorizers():
        effective = platform.effective_releases(one.appid)
        assert len(effective) <= len([audit for audit in one.audits if audit.released])


_SENTENCE = re.compile(r"[A-Za-z']{2,} [a-z']{2,} [a-z']{2,}")


def untold(house):
    """Stored reasons that are not wholly retold in Chinese."""
    found = ask(house, "SELECT reason FROM releases UNION SELECT detail FROM history")
    return [reason for (reason,) in found if reason and _SENTENCE.search(retell(reason, "zh"))]


def replay(release):
    """Follow the history by the table of transitions; it must end in the state the release shows."""
    first, *steps = release["history"]
    assert first["from"] is None
    state = State(first["to"])
    for step in steps:
        assert step["from"] == state
        state = TRANSITIONS[state][Happening(step["happening"])]
        assert step["to"] == state
    assert state == release["state"]
    assert release["reason"] or not steps or state in ("pending", "releasing")


def _nothing_malformed(platform):
    for call in platform.calls:
        if call.fault is None and call.errcode:
            assert lookup(call.call, call.errcode).verdict is not Verdict.BUG, call


def _every_call_recorded(house):
    recorded = Counter(name for (name,) in ask(house, "SELECT call FROM calls WHERE outcome <> 'not_sent'"))
    made = Counter(names(house.platform))
    rivals = made.pop("release", 0) - recorded.pop("release", 0)
    assert rivals >= 0
    if ask(house, "SELECT 1 FROM authorizers WHERE asked_at > 0"):
        made &= recorded  # a sweep's look that shows nothing new leaves no row
    assert recorded == made

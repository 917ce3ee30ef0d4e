"""A house in which everything has happened: releases in every state, names and reasons that bite."""

import json

from known import COMPONENT, SHOP

from reactor.core.lifecycle import State
from reactor.core.policy.waves import WaveState
from reactor.store.schema import authorizers, calls, component, events, history, releases, workers
from reactor.store.schema_ops import waves

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
LONG = "averylongwordwithoutanyspace" * 4
REASON = f"1:服务类目与你提交代码审核时设置的功能页面内容不一致<br>(1):页面{XSS}"


def fill(house, *, blocked=False):
    """One release of every state and a few pushes; rows are written as they are."""
    now = house.clock()
    with house.store.write() as connection:
        connection.execute(authorizers.insert(), list(_authorizers(now)))
        connection.execute(events.insert(), list(_events(now)))
        connection.execute(releases.insert(), list(_releases(now)))
        connection.execute(calls.insert(), list(_calls(now)))
        connection.execute(history.insert(), list(_history(now)))
        connection.execute(waves.insert(), list(_waves(now)))
        connection.execute(workers.insert().values(holder="w", started_at=now - 60, seen_at=now))
        stopped = {"blocked_by": "blocked", "blocked_reason": f"61004 {XSS}", "blocked_since": now - 90}
        connection.execute(
            component.insert().values(
                component_appid=COMPONENT,
                ticket_received_at=now - 240,
                ticket_created_at=now - 241,
                ticket_sealed="x",
                **(stopped if blocked else {}),
            )
        )


def _appid(number):
    return SHOP if number == 0 else f"wx{number:016x}"


def _authorizers(now):
    names = ("Deer Diner", "小鹿点餐", XSS, LONG, None, "Tea & Co", "Bakery")
    for number, name in enumerate(names):
        yield {
            "authorizer_appid": _appid(number),
            "user_name": f"gh_{number:012x}",
            "nick_name": name,
            "state": "needs_reauthorization" if number == 6 else "authorized",
            "func_ids": "17,18,25" if number != 5 else "17",
            "live_version": "1.0.0",
            "audit_status": 2,
            "asked_at": now - 100,
        }


def _events(now):
    for number, kind in enumerate(("audit_success", "audit_fail", "audit_delay", "authorized", "unreadable")):
        yield {
            "identity": f"{number}",
            "received_at": now - 600 + number,
            "created_at": now - 601 + number,
            "kind": kind,
            "authorizer_appid": _appid(number),
            "to_user_name": f"gh_{number:012x}",
            "verdict": "unreadable" if kind == "unreadable" else "accepted",
            "reason": REASON if kind != "audit_success" else None,
            "message": f"<xml><Reason>{REASON}</Reason></xml>",
        }


def _waves(now):
    for number, state in enumerate(WaveState):
        yield {
            "user_version": (XSS, LONG, "1.4.2", "1.4.3")[number],
            "opened_at": now - 4000 + number,
            "changed_at": now - 300,
            "rings": json.dumps(["canary", XSS, LONG]),
            "ring": number % 3,
            "state": state,
            "forgiven": 0,
            "reason": REASON if state is WaveState.STOPPED else None,
        }


def _releases(now):
    for number, state in enumerate(State):
        over = state is State.RELEASED
        yield {
            "authorizer_appid": _appid(number % 7),
            "event_id": 1 if number == 0 else None,
            "state": state,
            "mode": "auto",
            "audit_id": 400_000_000 + number,
            "user_version": (XSS, "1.4.2", LONG, "2.3.1", "2.3.0", "1.0", "0.9")[number],
            "user_desc": XSS,
            "approved_at": now - 4000 + number,
            "created_at": now - 4000 + number,
            "due_at": now + 30 if state is State.PENDING else None,
            "waits_for": "quota" if state is State.PENDING else None,
            "released_at": now - 3991 if over else None,
            "attempts": 2,
            "errcode": 85052 if state is State.FAILED else None,
            "errmsg": XSS if state is State.FAILED else None,
            "rid": "65f0-1a2b" if state is State.FAILED else None,
            "reason": REASON,
        }


def _calls(now):
    for number in range(40):
        failed = number % 13 == 5
        yield {
            "release_id": 1 + number % 7,
            "authorizer_appid": SHOP,
            "at": now - 4000 + number,
            "call": "release" if number % 2 else "get_latest_auditstatus",
            "outcome": "unknown" if failed else "answered",
            "http_status": None if failed else 200,
            "errcode": None if failed else 0,
            "errmsg": XSS if failed else "ok",
            "ms": 80 + number * 7,
        }


def _history(now):
    for number, state in enumerate(State):
        yield {
            "release_id": number + 1,
            "at": now - 4000,
            "from_state": None,
            "to_state": state,
            "happening": "opened",
            "actor": "intake",
            "detail": REASON,
        }

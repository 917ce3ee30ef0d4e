"""The API's JSON, told to people."""

from typing import Any

from reactor.cli.output import facts, plain, second, table

Json = dict[str, Any]


def status(found: Json) -> str:
    """The whole at a glance, one fact a line."""
    blocked, age, due = found["blocked"], found["ticket_age_seconds"], found["oldest_due_seconds"]
    if found["paused"]:
        calls = "paused by an operator; `reactor resume` lets them go on"
    elif blocked:
        calls = f"stopped since {second(blocked['since'])}: {blocked['reason']}"
    else:
        calls = "flow"
    return facts(
        [
            ("version", found["version"]),
            ("calls", calls),
            ("ticket", "none yet; WeChat pushes one every 10 minutes" if age is None else f"{age:.0f} s old"),
            ("releases", " · ".join(f"{found[state]} {state}" for state in ("pending", "held", "failed"))),
            ("oldest due", "nothing is due" if due is None else f"{due:.0f} s late"),
            ("workers", found["workers"]),
            ("sweep", _sweep(found["sweep"])),
        ]
    )


def _sweep(found: Json) -> str:
    round_ = f"{found['authorizers']} mini programs in {found['round_seconds'] / 3600:.1f} h"
    return f"{round_}, {found['to_ask_soon']} of them to be asked soon" if found["to_ask_soon"] else round_


def releases(page: Json) -> str:
    """A page of releases."""
    columns = ("id", "state", "authorizer_appid", "user_version", "attempts", "errcode", "reason")
    rows = [
        [*(item[name] for name in columns[:4]), second(item["approved_at"]), second(item["released_at"])]
        + [item[name] for name in columns[4:]]
        for item in page["items"]
    ]
    return _page(page, [*columns[:4], "approved", "released", *columns[4:]], rows, "no releases")


def release(found: Json) -> str:
    """One release: what it is, then everything that happened to it, by time."""
    names = (
        "authorizer_appid",
        "user_version",
        "user_desc",
        "state",
        "reason",
        "audit_id",
        "mode",
        "attempts",
    )
    times = ("approved_at", "created_at", "due_at", "released_at")
    refusal = ("errcode", "errmsg", "rid")
    about = [
        ("release", found["id"]),
        *((name, found[name]) for name in names),
        *((name, second(found[name])) for name in times if found[name]),
        *((name, found[name]) for name in refusal if found[name] is not None),
    ]
    return "\n".join([facts(about), "", *_story(found)])


def _story(found: Json) -> list[str]:
    """Steps and calls by time; within one millisecond a claim comes before its calls, its end after them."""
    moments = [
        (step["at"], 0 if step["to"] in ("releasing", None) else 2, _step(step)) for step in found["history"]
    ]
    moments[:1] = [(at, -1, text) for at, _, text in moments[:1]]
    moments += [(call["at"], 1, _call(call)) for call in found["calls"]]
    return [f"{plain(at)}  {text}" for at, _, text in sorted(moments, key=lambda moment: moment[:2])]


def _step(step: Json) -> str:
    before = f"{step['from']} → " if step["from"] else ""
    detail = f": {plain(step['detail'])}" if step["detail"] else ""
    return f"{before}{step['to']}  ({step['happening']}, {plain(step['actor'])}){detail}"


def _call(call: Json) -> str:
    answer = call["outcome"]
    if call["errcode"]:
        answer = f"{answer} {call['errcode']} {plain(call['errmsg'])}"
    elif call["http_status"] not in (None, 200):
        answer = f"{answer}, HTTP {call['http_status']}"
    took = "" if call["ms"] is None else f"  {call['ms']} ms"
    return f"  {call['call']}  {answer}{took}"


def authorizers(page: Json) -> str:
    """A page of authorizers."""
    shown = {"items": [_with_words(item) for item in page["items"]]}
    return _page(page, *_columns(shown, _AUTHORIZER), "no authorizers")


def authorizer(found: Json) -> str:
    """One authorizer."""
    shown = _with_words(found)
    return facts([(name, shown[name]) for name in _AUTHORIZER])


def _with_words(found: Json) -> Json:
    """The audit's status in words; numbers that WeChat may add later stay numbers."""
    status = found["audit_status"]
    known = status is not None and 0 <= status < len(_AUDIT_WORDS)
    return {**found, "audit_status": _AUDIT_WORDS[status] if known else status}


def events(page: Json) -> str:
    """A page of events."""
    shown = {"items": [{**item, "received_at": second(item["received_at"])} for item in page["items"]]}
    return _page(page, *_columns(shown, _EVENT), "no events")


def event(found: Json) -> str:
    """One event."""
    times = {name: second(found[name]) for name in ("received_at", "created_at")}
    return facts(list({**found, **times}.items()))


_AUDIT_WORDS = ("approved", "rejected", "under audit", "withdrawn", "delayed")
_AUTHORIZER = (
    "authorizer_appid",
    "user_name",
    "nick_name",
    "state",
    "live_version",
    "audit_status",
    "can_release",
)
_EVENT = (
    "id",
    "received_at",
    "kind",
    "authorizer_appid",
    "verdict",
    "deliveries",
    "stale",
    "release_id",
    "reason",
)


def _columns(page: Json, names: tuple[str, ...]) -> tuple[tuple[str, ...], list[list[object]]]:
    return names, [[item[name] for name in names] for item in page["items"]]


def _page(page: Json, headings: Any, rows: list[list[object]], nothing: str) -> str:
    if not rows:
        return nothing
    more = f"\nmore: --cursor {page['next_cursor']}" if page["next_cursor"] else ""
    return table(headings, rows) + more

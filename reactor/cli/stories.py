"""The API's JSON, told to people in their language."""

from collections.abc import Collection
from typing import Any

from reactor.cli.output import facts, plain, second, table
from reactor.words import Lang, retell, say

Json = dict[str, Any]


def status(found: Json, lang: Lang) -> str:
    """The whole at a glance, one fact a line."""
    blocked, age, due = found["blocked"], found["ticket_age_seconds"], found["oldest_due_seconds"]
    counts = {state: found[state] for state in ("pending", "held", "failed")}
    if found["paused"]:
        calls = say("paused by an operator; `reactor resume` lets them go on", lang)
    elif blocked:
        since, reason = second(blocked["since"]), retell(blocked["reason"], lang)
        calls = say("stopped since {since}: {reason}", lang, since=since, reason=reason)
    else:
        calls = say("flow", lang)
    if one_by_one := found["paused_authorizers"]:
        calls = say("{calls}; mini programs paused one by one: {count}", lang, calls=calls, count=one_by_one)
    ticket = say("none yet; WeChat pushes one every 10 minutes", lang)
    if age is not None:
        ticket = say("{seconds} s old", lang, seconds=f"{age:.0f}")
    oldest = say("nothing is due", lang)
    if due is not None:
        oldest = say("{seconds} s late", lang, seconds=f"{due:.0f}")
    return facts(
        [
            (say("version", lang), found["version"]),
            (say("calls", lang), calls),
            (say("ticket", lang), ticket),
            (say("releases", lang), say("{pending} pending · {held} held · {failed} failed", lang, **counts)),
            (say("oldest due", lang), oldest),
            (say("workers", lang), found["workers"]),
            (say("sweep", lang), _sweep(found["sweep"], lang)),
        ]
    )


def _sweep(found: Json, lang: Lang) -> str:
    hours, count, soon = f"{found['round_seconds'] / 3600:.1f}", found["authorizers"], found["to_ask_soon"]
    told = say("{count} mini programs in {hours} h", lang, count=count, hours=hours)
    return say("{told}, {soon} of them to be asked soon", lang, told=told, soon=soon) if soon else told


def decided(found: Json, lang: Lang) -> str:
    """A release after an operator's decision."""
    return say(
        "release {number} is {state}: {reason}",
        lang,
        number=found["id"],
        state=say(found["state"], lang),
        reason=retell(found["reason"] or "", lang),
    )


_RELEASE = (
    *("id", "state", "authorizer_appid", "user_version", "approved_at", "released_at"),
    *("attempts", "errcode", "reason"),
)


def releases(page: Json, lang: Lang) -> str:
    """A page of releases."""
    return _page(page, _RELEASE, say("no releases", lang), lang)


def release(found: Json, lang: Lang) -> str:
    """One release: what it is, then everything that happened to it, by time."""
    names = (
        *("authorizer_appid", "user_version", "user_desc", "state", "reason", "audit_id", "mode", "attempts"),
        *("approved_at", "created_at", "due_at", "released_at", "errcode", "errmsg", "rid"),
    )
    optional = names[8:]
    about = [(name, found[name]) for name in names if name not in optional or found[name] is not None]
    told = [(say(name, lang), _cell(name, value, lang)) for name, value in [("id", found["id"]), *about]]
    return "\n".join([facts(told), "", *_story(found, lang)])


def _story(found: Json, lang: Lang) -> list[str]:
    """Steps and calls by time; within one millisecond a claim comes before its calls, its end after them."""
    moments = [
        (step["at"], 0 if step["to"] in ("releasing", None) else 2, _step(step, lang))
        for step in found["history"]
    ]
    moments[:1] = [(at, -1, text) for at, _, text in moments[:1]]
    moments += [(call["at"], 1, _call(call, lang)) for call in found["calls"]]
    return [f"{plain(at)}  {text}" for at, _, text in sorted(moments, key=lambda moment: moment[:2])]


def _step(step: Json, lang: Lang) -> str:
    # "approved" alone is what WeChat says of an audit.
    before = f"{say(step['from'], lang)} → " if step["from"] else ""
    happening = "approved by a person" if step["happening"] == "approved" else step["happening"]
    who = f"{say(happening, lang)}, {say(plain(step['actor']), lang)}"
    detail = f": {plain(retell(step['detail'], lang))}" if step["detail"] else ""
    return f"{before}{say(step['to'], lang)}  ({who}){detail}"


def _call(call: Json, lang: Lang) -> str:
    answer = say(call["outcome"], lang)
    if call["errcode"]:
        answer = f"{answer} {call['errcode']} {plain(call['errmsg'])}"
    elif call["http_status"] not in (None, 200):
        answer = f"{answer}, HTTP {call['http_status']}"
    took = "" if call["ms"] is None else f"  {call['ms']} ms"
    return f"  {call['call']}  {answer}{took}"


_AUTHORIZER = (
    *("authorizer_appid", "user_name", "nick_name", "state", "live_version", "audit_status", "can_release"),
)


def authorizers(page: Json, paused: Collection[str], lang: Lang) -> str:
    """A page of authorizers, of which some are paused."""
    items = [_standing(one, paused, lang) for one in page["items"]]
    return _page({**page, "items": items}, _AUTHORIZER, say("no authorizers", lang), lang)


def authorizer(found: Json, paused: Collection[str], lang: Lang) -> str:
    """One authorizer, and whether it is paused."""
    one = _standing(found, paused, lang)
    return facts([(say(name, lang), _cell(name, one[name], lang)) for name in _AUTHORIZER])


def _standing(one: Json, paused: Collection[str], lang: Lang) -> Json:
    """Its state, in words, with the pause."""
    if one["authorizer_appid"] not in paused:
        return one
    return {**one, "state": say("{state}, paused", lang, state=say(one["state"], lang))}


_EVENT = (
    *("id", "received_at", "kind", "authorizer_appid", "verdict", "deliveries", "stale", "release_id"),
    "reason",
)


def events(page: Json, lang: Lang) -> str:
    """A page of events."""
    return _page(page, _EVENT, say("no events", lang), lang)


def event(found: Json, lang: Lang) -> str:
    """One event."""
    return facts([(say(name, lang), _cell(name, value, lang)) for name, value in found.items()])


_AUDIT_WORDS = ("approved", "rejected", "under audit", "withdrawn", "delayed")
_SAID = frozenset({"state", "kind", "verdict", "mode"})


def _cell(name: str, value: object, lang: Lang) -> object:
    """One value, by the name it has in the API: times shortened, words said, reasons retold."""
    if isinstance(value, bool):
        return say("yes" if value else "no", lang)
    if isinstance(value, str):
        if name.endswith("_at"):
            return second(value)
        return say(value, lang) if name in _SAID else retell(value, lang) if name == "reason" else value
    if name == "audit_status" and isinstance(value, int) and 0 <= value < len(_AUDIT_WORDS):
        return say(_AUDIT_WORDS[value], lang)  # numbers that WeChat may add later stay numbers
    return value


def _page(page: Json, names: tuple[str, ...], nothing: str, lang: Lang) -> str:
    if not page["items"]:
        return nothing
    rows = [[_cell(name, item[name], lang) for name in names] for item in page["items"]]
    more = say("more: --cursor {cursor}", lang, cursor=page["next_cursor"]) if page["next_cursor"] else ""
    return "\n".join([table([say(name, lang) for name in names], rows), *([more] if more else [])])

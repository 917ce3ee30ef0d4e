"""The story of one release: what was recorded of it, put in order and told in the reader's language."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reactor.core.decisions import WaitsFor
from reactor.core.errcodes import Verdict, lookup
from reactor.core.lifecycle import AuditStatus, Happening, State
from reactor.store.component import Component
from reactor.store.events import EventRow
from reactor.store.releases import Release
from reactor.words import Lang, retell, say
from reactor.words.explaining import Explanation, explain

Tone = Literal["plain", "ok", "warn", "bad", "wait"]
SHORTEST_WAIT_SECONDS = 0.5
Row = Mapping[str, Any]

_OPENED, _FOUND, _RELEASE = "opened", "found", "release"
_BEGINS_A_TURN = (Happening.CLAIMED, Happening.TAKEN_OVER)
_ENDS_A_WAIT = (*_BEGINS_A_TURN, Happening.APPROVED, Happening.RETRIED)
_CHANGES: Mapping[str, tuple[Tone, str]] = {
    _OPENED: ("plain", "The release was opened"),
    _FOUND: ("plain", "Found by asking WeChat: its push never came"),
    Happening.CLAIMED: ("plain", "A worker took it up"),
    Happening.TAKEN_OVER: ("warn", "Another worker took it over, the one before fell silent"),
    Happening.PUT_BACK: ("warn", "Put back for another turn"),
    Happening.SEEN_LIVE: ("ok", "Seen live"),
    Happening.GAVE_UP: ("bad", "Handed to a person"),
    Happening.GRAY_FOUND: ("warn", "Held beside a gray release"),
    Happening.MISDIRECTED: ("warn", "Ended: the push was not meant for this mini program"),
    Happening.SUPERSEDED: ("plain", "Ended: a newer approval takes its place"),
    Happening.UNAUTHORIZED: ("warn", "Ended: the merchant took the authorization back"),
    Happening.APPROVED: ("plain", "Approved by a person"),
    Happening.RETRIED: ("plain", "A person asked for another try"),
    Happening.CANCELLED: ("plain", "Cancelled by a person"),
}
_DOORS = {"api": "through the API", "cli": "by a command", "ops": "on these pages"}
_CALLS = {
    "get_latest_auditstatus": "Looked at the latest audit",
    "getversioninfo": "Looked at what is live",
    "getgrayreleaseplan": "Looked for a gray release",
    _RELEASE: "Called release",
    "api_component_token": "Fetched a component_access_token",
    "api_authorizer_token": "Fetched an authorizer_access_token",
    "api_query_auth": "Exchanged the authorization code",
    "api_get_authorizer_info": "Asked who the mini program is",
    "api_get_authorizer_list": "Looked in the list of authorizers",
}
_OUTCOMES: Mapping[str, tuple[Tone, str]] = {
    "unknown": ("warn", "No usable answer: it may have happened, so the next turn looks first"),
    "not_sent": ("warn", "Nothing was sent, and nothing is lost"),
    "started": ("warn", "No end of this call is recorded: it is under way, or its process died"),
}
AUDITS = {
    AuditStatus.APPROVED: "Approved",
    AuditStatus.REJECTED: "Rejected",
    AuditStatus.UNDER_AUDIT: "Under audit",
    AuditStatus.WITHDRAWN: "Withdrawn",
    AuditStatus.DELAYED: "Delayed",
}
_REFUSAL = re.compile(r"(\w+) answered (-?\d+):")
# What a stored reason says of a wait that is over; else it was a backoff.
_WAITED = (
    ("the policy waits", "as the policy says"),
    ("a newer version (", "for the newer audit"),
    ("no component_verify_ticket", "for a ticket"),
    ("is not known yet", "for the authorizer"),
    ("is not exchanged yet", "for the authorizer"),
    ("took its authorization back", "for the authorizer"),
    ("as authorized (", "for the authorizer"),
)
_WAITED_AFTER = {
    Verdict.QUOTA: "for the quota",
    Verdict.SLOW: "for the quota",
    Verdict.TICKET: "for a ticket",
    Verdict.BLOCKED: "for calls to flow again",
}
WAITS = {
    WaitsFor.BACKOFF: "for the next turn, as planned",
    WaitsFor.SYSTEM: "for calls to flow again",
    WaitsFor.TICKET: "for a ticket",
    WaitsFor.OUTAGE: "for WeChat to answer again",
    WaitsFor.QUOTA: "for the quota",
    WaitsFor.NEWER_AUDIT: "for the newer audit",
    WaitsFor.AUTHORIZER: "for the authorizer",
    WaitsFor.DELAY: "as the policy says",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: `title` and `detail` are words; `after` seconds since the step before."""

    at: float
    title: str
    tone: Tone = "plain"
    detail: str = ""
    after: float | None = None
    ms: int | None = None
    errcode: int | None = None
    errmsg: str | None = None
    rid: str | None = None
    http_status: int | None = None
    explanation: Explanation | None = None
    request: str | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)
    message: str | None = field(default=None, repr=False)
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next: in words, and when (None: nobody knows, or nothing does)."""

    title: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What was recorded of one release, rows oldest first; a long story may lack its beginning."""

    release: Release
    history: Sequence[Row]
    calls: Sequence[Row]
    event: EventRow | None = None
    message: str | None = field(default=None, repr=False)
    turns_before: int = 0
    complete: bool = True


def tell(record: Record, lang: Lang) -> list[Step]:
    """The steps in order, with the waits between them."""
    steps = sorted([*_prologue(record, lang), *_told(record, lang)], key=lambda step: step.at)
    told: list[Step] = []
    for step in steps:
        told.append(replace(step, after=step.at - told[-1].at if told else None))
    return told


def upcoming(release: Release, system: Component, lang: Lang) -> Next | None:
    """What the release waits for now; None when it is over."""
    match release.state:
        case State.HELD:
            return Next(say("A person must approve or cancel it", lang))
        case State.FAILED:
            return Next(say("A person must look, then retry or cancel it", lang))
        case State.RELEASING:
            return Next(say("A worker is at it", lang))
        case State.PENDING:
            return _pending(release, system, lang)
    return None


def explained(record: Record, lang: Lang) -> Explanation | None:
    """The last errcode of the release, of the call that gave it."""
    code = record.release.errcode
    if not code:
        return None
    gave = [row["call"] for row in record.calls if row["errcode"] == code]
    return explain(gave[-1] if gave else _RELEASE, code, lang)


def is_refusal(reason: str | None) -> bool:
    """Whether the reason says no more than WeChat's errcode does."""
    found = _REFUSAL.match(reason or "")
    return found is not None and reason == f"{found[0]} {lookup(found[1], int(found[2])).en}"


def _pending(release: Release, system: Component, lang: Lang) -> Next:
    if system.paused:
        return Next(say("Paused by an operator; it goes on when somebody resumes", lang))
    if system.blocked_by:
        return Next(
            say("All calls to WeChat are stopped; it goes on once they flow again", lang),
            system.next_probe_at,
        )
    what = WAITS.get(WaitsFor(release.waits_for)) if release.waits_for else None
    return Next(say("It waits {what}", lang, what=say(what or "for a worker", lang)), release.due_at)


# -- how it began ----------------------------------------------------------------------------------------


def _prologue(record: Record, lang: Lang) -> list[Step]:
    release, event = record.release, record.event
    steps: list[Step] = []
    if not record.complete:
        return steps
    if release.submitted_at:
        steps.append(Step(release.submitted_at, say("Submitted for audit", lang)))
    if event is not None:
        steps.append(Step(release.approved_at, say("WeChat approved it", lang), "ok"))
        steps.append(_push(event, record.message, lang))
    return steps


def _push(event: EventRow, message: str | None, lang: Lang) -> Step:
    notes = []
    if event.deliveries > 1:
        notes.append(say("It came {times} times; once counts.", lang, times=event.deliveries))
    if event.stale:
        notes.append(say("It came more than five minutes after it was signed.", lang))
    title = say("The push came: verified, decrypted, stored, acknowledged", lang)
    detail = " ".join(notes)
    return Step(event.received_at, title, "ok", detail, message=message, event_id=event.id)


# -- what was done ---------------------------------------------------------------------------------------


def _told(record: Record, lang: Lang) -> list[Step]:
    """Changes and calls in order; a wait is told where nothing was done for a while."""
    steps: list[Step] = []
    turn, said = record.turns_before, None
    for row in _merged(record.history, record.calls):
        happening = row.get("happening")
        turn += happening in _BEGINS_A_TURN
        if said and happening in _ENDS_A_WAIT and row["at"] - said["at"] >= SHORTEST_WAIT_SECONDS:
            what = say(_waited_for(said), lang)
            steps.append(Step(row["at"], say("Waited {what}", lang, what=what), "wait"))
        steps.append(_change(row, turn, lang) if happening else _call(row, lang))
        said = row if happening else said
    return steps


def _merged(history: Sequence[Row], calls: Sequence[Row]) -> list[Row]:
    """By time; at one moment a turn begins before its calls, and ends after them."""
    begins = {*_BEGINS_A_TURN, _OPENED, _FOUND}
    changes = [(row["at"], 0 if row["happening"] in begins else 2, row) for row in history]
    rows = [*changes, *((row["at"], 1, row) for row in calls)]
    return [row for *_, row in sorted(rows, key=lambda one: one[:2])]


def _waited_for(said: Row) -> str:
    """What the wait after this change was for."""
    if said["to_state"] in (State.HELD, State.FAILED):
        return "for a person"
    detail = said["detail"] or ""
    if refusal := _REFUSAL.match(detail):
        verdict = lookup(refusal[1], int(refusal[2])).verdict
        return _WAITED_AFTER.get(verdict, "as planned")
    otherwise = "as planned" if said["happening"] == Happening.PUT_BACK else "for a worker"
    return next((words for part, words in _WAITED if part in detail), otherwise)


def _change(row: Row, turn: int, lang: Lang) -> Step:
    tone, title = _CHANGES.get(row["happening"], ("plain", row["happening"]))
    words = [say(title, lang)]
    if row["happening"] in _BEGINS_A_TURN:
        words.append(say("turn {turn}", lang, turn=turn))
    if row["actor"] in _DOORS:
        words.append(say(_DOORS[row["actor"]], lang))
    # A person's decision is told by its title already, and a refusal by the call that met it.
    told = row["actor"] in _DOORS or is_refusal(row["detail"])
    detail = "" if told else retell(row["detail"] or "", lang)
    return Step(row["at"], " · ".join(words), tone, detail)


def _call(row: Row, lang: Lang) -> Step:
    title = say(_CALLS[row["call"]], lang) if row["call"] in _CALLS else row["call"]
    tone, detail = _OUTCOMES.get(row["outcome"], ("plain", ""))
    found = "" if detail else _seen(row["call"], row["answer"], lang)
    explanation = explain(row["call"], row["errcode"], lang) if row["errcode"] else None
    if not detail:
        tone = "warn" if explanation else "ok" if row["call"] == _RELEASE else "plain"
    return Step(
        row["at"],
        title,
        tone,
        say(detail, lang) if detail else found,
        ms=row["ms"],
        errcode=row["errcode"],
        errmsg=row["errmsg"],
        rid=row["rid"],
        http_status=row["http_status"],
        explanation=explanation,
        request=row["request"],
        answer=row["answer"],
    )


def _seen(call: str, answer: str | None, lang: Lang) -> str:
    """What a look showed, in a few words."""
    try:
        fields = json.loads(answer or "")
    except ValueError:
        return ""
    if not isinstance(fields, dict):
        return ""
    if call == "get_latest_auditstatus" and fields.get("status") in tuple(AUDITS):
        status = say(AUDITS[fields["status"]], lang)
        return say(
            "Version {version}: {status}", lang, version=fields.get("user_version") or "–", status=status
        )
    live = fields.get("release_info")
    if call == "getversioninfo" and isinstance(live, dict) and live.get("release_version"):
        return say("Live is version {version}", lang, version=live["release_version"])
    return ""

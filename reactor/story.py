"""The story of one release: what was recorded of it, put in order and told in the reader's language."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reactor.core.lifecycle import Happening, State
from reactor.store.component import Component
from reactor.store.events import EventRow
from reactor.store.releases import Release
from reactor.words import Lang, retell, say, telling
from reactor.words.explaining import Explanation, explain
from reactor.words.telling import Tone

SHORTEST_WAIT_SECONDS = 0.5
Row = Mapping[str, Any]

_RELEASE = "release"
_BEGINS_A_TURN = (Happening.CLAIMED, Happening.TAKEN_OVER)
_ENDS_A_WAIT = (*_BEGINS_A_TURN, Happening.APPROVED, Happening.RETRIED)


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
    rule: str | None = None  # of the policy, where it began to decide


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


def upcoming(release: Release, system: Component, lang: Lang, *, paused: bool) -> Next | None:
    """What the release waits for now, `paused` if its mini program is; None when it is over."""
    match release.state:
        case State.HELD:
            return Next(say("A person must approve or cancel it", lang))
        case State.FAILED:
            return Next(say("A person must look, then retry or cancel it", lang))
        case State.RELEASING:
            return Next(say("A worker is at it", lang))
        case State.PENDING:
            return _pending(release, system, lang, paused=paused)
    return None


def explained(record: Record, lang: Lang) -> Explanation | None:
    """The last errcode of the release, of the call that gave it."""
    code = record.release.errcode
    if not code:
        return None
    gave = [row["call"] for row in record.calls if row["errcode"] == code]
    return explain(gave[-1] if gave else _RELEASE, code, lang)


def _pending(release: Release, system: Component, lang: Lang, *, paused: bool) -> Next:
    if system.paused or paused:
        return Next(say("Paused by an operator; it goes on when somebody resumes", lang))
    if system.blocked_by:
        return Next(
            say("All calls to WeChat are stopped; it goes on once they flow again", lang),
            system.next_probe_at,
        )
    what = telling.WAITS.get(release.waits_for or "")
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
    turn, said, ruled = record.turns_before, None, None
    for row in _merged(record.history, record.calls):
        happening = row.get("happening")
        turn += happening in _BEGINS_A_TURN
        if said and happening in _ENDS_A_WAIT and row["at"] - said["at"] >= SHORTEST_WAIT_SECONDS:
            what = say(telling.waited_for(said["happening"], said["to_state"], said["detail"]), lang)
            steps.append(Step(row["at"], say("Waited {what}", lang, what=what), "wait"))
        rule = row.get("rule")
        step = _change(row, turn, lang) if happening else _call(row, lang)
        steps.append(replace(step, rule=rule if rule != ruled else None))
        ruled = rule or ruled
        said = row if happening else said
    return steps


def _merged(history: Sequence[Row], calls: Sequence[Row]) -> list[Row]:
    """By time; at one moment a turn begins before its calls, and ends after them."""
    begins = {*_BEGINS_A_TURN, "opened", "found"}
    changes = [(row["at"], 0 if row["happening"] in begins else 2, row) for row in history]
    rows = [*changes, *((row["at"], 1, row) for row in calls)]
    return [row for *_, row in sorted(rows, key=lambda one: one[:2])]


def _change(row: Row, turn: int, lang: Lang) -> Step:
    tone, title = telling.CHANGES.get(row["happening"], ("plain", row["happening"]))
    words = [say(title, lang)]
    if row["happening"] in _BEGINS_A_TURN:
        words.append(say("turn {turn}", lang, turn=turn))
    if row["actor"] in telling.DOORS:
        words.append(say(telling.DOORS[row["actor"]], lang))
    # A person's decision is told by its title already, and a refusal by the call that met it.
    told = row["actor"] in telling.DOORS or telling.is_refusal(row["detail"])
    detail = "" if told else retell(row["detail"] or "", lang)
    return Step(row["at"], " · ".join(words), tone, detail)


def _call(row: Row, lang: Lang) -> Step:
    title = say(telling.CALLS[row["call"]], lang) if row["call"] in telling.CALLS else row["call"]
    tone, detail = telling.OUTCOMES.get(row["outcome"], ("plain", ""))
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
    if call == "get_latest_auditstatus" and fields.get("status") in tuple(telling.AUDITS):
        status = say(telling.AUDITS[fields["status"]], lang)
        return say(
            "Version {version}: {status}", lang, version=fields.get("user_version") or "–", status=status
        )
    live = fields.get("release_info")
    if call == "getversioninfo" and isinstance(live, dict) and live.get("release_version"):
        return say("Live is version {version}", lang, version=live["release_version"])
    return ""

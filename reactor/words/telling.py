"""How a release's story is put in words: changes, calls, waits. Texts are English keys of the twins."""

import re
from collections.abc import Mapping
from typing import Literal

from reactor.core.decisions import WaitsFor
from reactor.core.errcodes import Verdict, lookup
from reactor.core.lifecycle import AuditStatus, Happening, State

Tone = Literal["plain", "ok", "warn", "bad", "wait"]

CHANGES: Mapping[str, tuple[Tone, str]] = {
    "opened": ("plain", "The release was opened"),
    "found": ("plain", "Found by asking WeChat: its push never came"),
    Happening.CLAIMED: ("plain", "A worker took it up"),
    Happening.TAKEN_OVER: ("warn", "Another worker took it over, the one before fell silent"),
    Happening.PUT_BACK: ("warn", "Put back for another turn"),
    Happening.SEEN_LIVE: ("ok", "Seen live"),
    Happening.GAVE_UP: ("bad", "Handed to a person"),
    Happening.GRAY_FOUND: ("warn", "Held beside a gray release"),
    Happening.HELD_BACK: ("warn", "Held back: a person decides"),
    Happening.OBSERVED: ("plain", "Ended: the policy only observes"),
    Happening.LEFT_ALONE: ("plain", "Ended: the policy leaves it alone"),
    Happening.EXPIRED: ("warn", "Ended: nobody decided in time"),
    Happening.ROLLED_BACK: ("warn", "Rolled back: the version before is live again"),
    Happening.MISDIRECTED: ("warn", "Ended: the push was not meant for this mini program"),
    Happening.SUPERSEDED: ("plain", "Ended: a newer approval takes its place"),
    Happening.UNAUTHORIZED: ("warn", "Ended: the merchant took the authorization back"),
    Happening.APPROVED: ("plain", "Approved by a person"),
    Happening.RETRIED: ("plain", "A person asked for another try"),
    Happening.CANCELLED: ("plain", "Cancelled by a person"),
}
DOORS = {"api": "through the API", "cli": "by a command", "ops": "on these pages"}
CALLS = {
    "get_latest_auditstatus": "Looked at the latest audit",
    "getversioninfo": "Looked at what is live",
    "getgrayreleaseplan": "Looked for a gray release",
    "release": "Called release",
    "api_component_token": "Fetched a component_access_token",
    "api_authorizer_token": "Fetched an authorizer_access_token",
    "api_query_auth": "Exchanged the authorization code",
    "api_get_authorizer_info": "Asked who the mini program is",
    "api_get_authorizer_list": "Looked in the list of authorizers",
}
OUTCOMES: Mapping[str, tuple[Tone, str]] = {
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
WAITED = (
    ("paused by an operator", "for the end of the pause"),
    ("the policy waits", "as the policy says"),
    ("frozen until", "as the policy says"),
    ("outside of the release windows", "as the policy says"),
    ("waits for ring", "for its ring"),
    ("the wave of version", "for its ring"),
    ("gray release at", "for the next step of the gray release"),
    ("a newer version (", "for the newer audit"),
    ("no component_verify_ticket", "for a ticket"),
    ("is not known yet", "for the authorizer"),
    ("is not exchanged yet", "for the authorizer"),
    ("took its authorization back", "for the authorizer"),
    ("as authorized (", "for the authorizer"),
)
WAITED_AFTER = {
    Verdict.QUOTA: "for the quota",
    Verdict.SLOW: "for the quota",
    Verdict.TICKET: "for a ticket",
    Verdict.BLOCKED: "for calls to flow again",
}
WAITS: Mapping[str, str] = {
    WaitsFor.BACKOFF: "for the next turn, as planned",
    WaitsFor.SYSTEM: "for calls to flow again",
    WaitsFor.TICKET: "for a ticket",
    WaitsFor.OUTAGE: "for WeChat to answer again",
    WaitsFor.QUOTA: "for the quota",
    WaitsFor.NEWER_AUDIT: "for the newer audit",
    WaitsFor.AUTHORIZER: "for the authorizer",
    WaitsFor.DELAY: "as the policy says",
    WaitsFor.PAUSE: "for the end of the pause",
    WaitsFor.RING: "for its ring",
    WaitsFor.GRAY: "for the next step of the gray release",
}


def waited_for(happening: str, to_state: str, reason: str | None) -> str:
    """What the wait after this change was for."""
    if to_state in (State.HELD, State.FAILED):
        return "for a person"
    reason = reason or ""
    if refusal := _REFUSAL.match(reason):
        verdict = lookup(refusal[1], int(refusal[2])).verdict
        return WAITED_AFTER.get(verdict, "as planned")
    otherwise = "as planned" if happening == Happening.PUT_BACK else "for a worker"
    return next((words for part, words in WAITED if part in reason), otherwise)


def is_refusal(reason: str | None) -> bool:
    """Whether the reason says no more than WeChat's errcode does."""
    found = _REFUSAL.match(reason or "")
    return found is not None and reason == f"{found[0]} {lookup(found[1], int(found[2])).en}"

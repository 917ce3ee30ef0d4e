"""Rows as the API shows them: the contract's names, times as RFC 3339 in UTC."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from reactor import __version__
from reactor.core.lifecycle import State
from reactor.core.notices import of_json
from reactor.core.policy.waves import NOBODY, Tallies
from reactor.store import asking, authorizers, component, presence, releases
from reactor.store.authorizers import Authorizer
from reactor.store.component import Component
from reactor.store.events import EventRow
from reactor.store.messages import MessageRow
from reactor.store.releases import Release
from reactor.store.waves import Wave


def moment(at: float | None) -> str | None:
    """Unix seconds as RFC 3339, in UTC, to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def release(row: Release, system: Component, *, paused: bool) -> dict[str, Any]:
    """One release; what stands before all of them is shown on each that waits, as is a pause of its own."""
    reason, due_at = row.reason, row.due_at
    if row.state is State.PENDING and (system.paused or paused):
        reason = "paused by an operator; resume lets it go on"
    elif row.state is State.PENDING and system.blocked_by:
        reason = system.blocked_reason
        due_at = max(row.due_at or 0.0, system.next_probe_at or 0.0)
    return {
        "id": row.id,
        "authorizer_appid": row.authorizer_appid,
        "state": row.state,
        "mode": row.mode,
        "audit_id": row.audit_id,
        "user_version": row.user_version,
        "user_desc": row.user_desc,
        "approved_at": moment(row.approved_at),
        "created_at": moment(row.created_at),
        "due_at": moment(due_at),
        "released_at": moment(row.released_at),
        "attempts": row.attempts,
        "errcode": row.errcode,
        "errmsg": row.errmsg,
        "rid": row.rid,
        "reason": reason,
    }


def wave(row: Wave, counted: Tallies) -> dict[str, Any]:
    """One wave, with the counts of each of its rings; the last is of all who are in none, and has no name."""
    standing, names = row.standing, [*row.rings, None]
    rings = [(name, counted.get(number, NOBODY)) for number, name in enumerate(names)]
    return {
        "user_version": row.user_version,
        "state": standing.state,
        "ring": min(standing.ring, len(row.rings)),
        "reason": standing.reason,
        "opened_at": moment(row.opened_at),
        "changed_at": moment(row.changed_at),
        "rings": [
            {
                "name": name,
                "live": tally.live,
                "waiting": tally.waiting,
                "failed": tally.failed,
                "ended": tally.ended,
                "last_live_at": moment(tally.last_live_at),
            }
            for name, tally in rings
        ],
    }


def message(row: MessageRow) -> dict[str, Any]:
    """One message to one channel; neither sent nor to be tried again is given up."""
    told = of_json(row.body)
    return {
        "id": row.id,
        "created_at": moment(row.created_at),
        "channel": row.channel,
        "type": told.type,
        "text": "\n".join(told.lines),
        "tries": row.turns,
        "sent_at": moment(row.sent_at),
        "next_try_at": moment(row.due_at),
        "reason": row.reason,
    }


def step(row: Mapping[str, Any]) -> dict[str, Any]:
    """One change of state."""
    return {
        "at": moment(row["at"]),
        "from": row["from_state"],
        "to": row["to_state"],
        "happening": row["happening"],
        "actor": row["actor"],
        "detail": row["detail"],
    }


def call(row: Mapping[str, Any]) -> dict[str, Any]:
    """One call to WeChat."""
    names = ("call", "outcome", "http_status", "errcode", "errmsg", "rid", "ms")
    return {"at": moment(row["at"]), **{name: row[name] for name in names}}


def event(row: EventRow) -> dict[str, Any]:
    """One push."""
    return {
        "id": row.id,
        "received_at": moment(row.received_at),
        "created_at": moment(row.created_at),
        "kind": row.kind,
        "authorizer_appid": row.authorizer_appid,
        "verdict": row.verdict,
        "deliveries": row.deliveries,
        "reason": row.reason,
        "stale": row.stale,
        "release_id": row.release_id,
    }


def authorizer(row: Authorizer) -> dict[str, Any]:
    """One authorizer."""
    return {
        "authorizer_appid": row.authorizer_appid,
        "user_name": row.user_name,
        "nick_name": row.nick_name,
        "state": row.state,
        "live_version": row.live_version,
        "audit_status": row.audit_status,
        "can_release": row.can_release,
    }


def sweep(connection: sa.Connection, plan: asking.Plan, since: float | None, now: float) -> dict[str, Any]:
    """The sweep for missed pushes: who is asked, how long a full round takes, how many are to be soon.

    A round takes as long as planned, or if the plan is not kept, as long as somebody has been waiting.
    """
    authorizers = asking.count(connection)
    waiting_since = asking.longest_ago(connection)
    waited = 0.0 if waiting_since is None else now - waiting_since
    return {
        "authorizers": authorizers,
        "round_seconds": max(plan.everybody, authorizers * plan.gap, waited),
        "to_ask_soon": asking.count_soon(connection, now=now, ask_all_since=since),
    }


def status(
    connection: sa.Connection,
    component_appid: str,
    now: float,
    swept: Callable[[Component], dict[str, Any]],
) -> dict[str, Any]:
    """The whole at a glance."""
    row = component.get(connection, component_appid)
    counts = releases.counts(connection, (State.PENDING, State.HELD, State.FAILED))
    due = releases.oldest_due(connection)
    blocked = {
        "reason": row.blocked_reason,
        "since": moment(row.blocked_since),
        "next_probe_at": moment(row.next_probe_at),
    }
    return {
        "version": __version__,
        "paused": row.paused,
        "paused_authorizers": authorizers.count_paused(connection),
        "blocked": blocked if row.blocked_by else None,
        "ticket_age_seconds": None
        if row.ticket_received_at is None
        else max(0.0, now - row.ticket_received_at),
        "pending": counts[State.PENDING],
        "held": counts[State.HELD],
        "failed": counts[State.FAILED],
        "oldest_due_seconds": None if due is None else max(0.0, now - due),
        "workers": presence.living(connection, now),
        "sweep": swept(row),
    }

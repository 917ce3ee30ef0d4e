"""The breaker: a cause that stands before all calls stops them but for one probe an interval.

It is a row in the store, so it holds over all processes. No release is lost or counted by it: they stay
pending with the reason, and flow again by themselves once a probe succeeds.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from reactor.core.decisions import (
    OF_THE_COMPONENT,
    STRIKES,
    STRIKES_IN_SILENCE,
    SYSTEMIC,
    Decision,
    WaitsFor,
    is_useless,
    probe_wait,
    wait_for,
)
from reactor.core.errcodes import Verdict, lookup
from reactor.core.notices import Kind
from reactor.store import asking, authorizers, component, errands, notices, releases
from reactor.tools import Tools
from reactor.wechat import CallRecord

_SYSTEMIC = frozenset({Verdict.BLOCKED, Verdict.TICKET})
PROBE = "the probe"


def spared(connection: sa.Connection, tools: Tools, decision: Decision) -> Decision:
    """The same decision, unless all calls are stopped and this one only met what stops them."""
    row = component.get(connection, tools.component_appid)
    if row.blocked_by is None or not decision.transient:
        return decision
    reason = row.blocked_reason or decision.reason
    intervals = _round(connection) if row.blocked_by == WaitsFor.OUTAGE else 1
    return wait_for(WaitsFor(row.blocked_by), intervals * probe_wait(tools.scale), reason)


def _round(connection: sa.Connection) -> int:
    """So many intervals that, once all who wait for the end of an outage have been the probe, one is left."""
    return 2 + releases.count_waiting(connection, WaitsFor.OUTAGE) + authorizers.count_codes(connection)


def note(
    connection: sa.Connection,
    tools: Tools,
    who: str,
    decision: Decision | None,
    records: Sequence[CallRecord],
) -> None:
    """What the end of a turn (a probe, an exchange, an ask) says of the whole; `who` is the authorizer.

    A turn that called nobody has said nothing: the probe is still due.
    """
    appid, now = tools.component_appid, tools.clock()
    if decision is not None and decision.systemic:
        assert decision.waits_for is not None
        outage = decision.waits_for is WaitsFor.OUTAGE
        # A quota is over when it is over; everything else is probed once an interval.
        next_probe_at = now + (probe_wait(tools.scale) if outage else decision.wait_seconds)
        if outage and who != PROBE:
            asking.put_last(connection, who, now=now)  # the probe that has no work to do takes another
        _stop(connection, appid, decision.waits_for, decision.reason, now=now, next_probe_at=next_probe_at)
    elif decision is not None and decision.transient:
        if who != PROBE:
            _strike(connection, tools, who, decision, records)
    else:
        busy = decision is not None and not decision.counted and decision.waits_for is WaitsFor.BACKOFF
        _let_flow(connection, appid, records, now, probed=not busy)


def _strike(
    connection: sa.Connection, tools: Tools, who: str, decision: Decision, records: Sequence[CallRecord]
) -> None:
    appid, now = tools.component_appid, tools.clock()
    # That a token was to be had says nothing of the calls that it is for.
    told = [record for record in records if not record.call.startswith(OF_THE_COMPONENT)] or records
    silent = all(is_useless(record.outcome, record.call, record.errcode) for record in told)
    # What can be no one mini program's own fault counts by the turn, not by the mini program.
    strikes = component.strike(connection, appid, f"{who}@{now}" if _is_nobodys(records) else who)
    if strikes < (STRIKES_IN_SILENCE if silent else STRIKES):
        return
    reason = (
        f"WeChat, or the way there, is out of order for {strikes} turns in a row "
        f"({decision.reason}); nothing is lost, everything waits for a call that succeeds"
    )
    # Of silence the probe tells at once, by asking somebody else, whether it was theirs after all. Where only
    # some calls fail, it may well be answered, and what failed would go on failing without a pause.
    next_probe_at = now if silent else now + probe_wait(tools.scale)
    _stop(connection, appid, WaitsFor.OUTAGE, reason, now=now, next_probe_at=next_probe_at)


def _stop(  # noqa: PLR0913 - a row's worth of facts
    connection: sa.Connection,
    component_appid: str,
    by: WaitsFor,
    reason: str,
    *,
    now: float,
    next_probe_at: float,
) -> None:
    if component.block(
        connection, component_appid, by=by, reason=reason, now=now, next_probe_at=next_probe_at
    ):
        notices.add(connection, Kind.BLOCKED, at=now, detail=reason)


def _is_nobodys(records: Sequence[CallRecord]) -> bool:
    """Whether nothing of this mini program was even asked: no line to WeChat, or no component token."""
    return all(r.outcome == "not_sent" or r.call == "api_component_token" for r in records)


def _let_flow(
    connection: sa.Connection,
    component_appid: str,
    records: Sequence[CallRecord],
    now: float,
    *,
    probed: bool,
) -> None:
    row = component.get(connection, component_appid)
    if row.blocked_by is None:
        if row.strikers and any(_is_good(record, WaitsFor.OUTAGE) for record in records):
            component.forgive(connection, component_appid)
    elif any(_is_good(record, row.blocked_by) for record in records):
        if component.unblock(connection, component_appid):
            authorizers.make_codes_due(connection, now=now, skip_locked=True)
            errands.make_due(connection, now=now)
            releases.resume(connection, now=now, waits_for=SYSTEMIC)
            notices.add(connection, Kind.UNBLOCKED, at=now)
    elif not records and probed:
        component.probe_now(connection, component_appid, now)


def _is_good(record: CallRecord, blocked_by: str) -> bool:
    """Whether the answer shows that the cause is gone; a ticket proves itself only where it is used."""
    if blocked_by == WaitsFor.TICKET and record.call != "api_component_token":
        return False
    if is_useless(record.outcome, record.call, record.errcode):
        return record.outcome == "answered" and blocked_by == WaitsFor.SYSTEM
    return not record.errcode or lookup(record.call, record.errcode).verdict not in _SYSTEMIC

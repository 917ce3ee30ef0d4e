"""What is counted, and how a row of the record becomes numbers: pure, so that any process counts alike.

A number has a name and labels. A histogram is one number a bucket (its last label is the upper edge) and
one `…_sum`; a bucket holds what fell into it alone, not what is below.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Key = tuple[str, tuple[str, ...]]
Counts = dict[Key, float]

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
ACK_EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CALL_EDGES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LIVE_EDGES = (1.0, 2.0, 5.0, 10.0, 30.0, _MINUTE, 300.0, 1800.0, _HOUR, 6 * _HOUR, _DAY)
AUDIT_EDGES = tuple(hours * _HOUR for hours in (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0, 48.0, 96.0))
INFINITE = "+Inf"

SHANGHAI = timezone(timedelta(hours=8))  # all of China, and no summer time
OUTCOMES = ("released", "failed", "superseded", "cancelled")
_NOBODY_ANSWERED = ("started", "unknown")


def add(counts: Counts, name: str, *labels: str, amount: float = 1.0) -> None:
    """Count one more, or so many."""
    counts[name, labels] = counts.get((name, labels), 0.0) + amount


def observe(counts: Counts, name: str, edges: Sequence[float], value: float, *labels: str) -> None:
    """Count a value into its bucket; one below zero, which only a wrong clock makes, counts as zero."""
    value = max(0.0, value)
    edge = next((str(edge) for edge in edges if value <= edge), INFINITE)
    add(counts, name, *labels, edge)
    add(counts, f"{name}_sum", *labels, amount=value)


def quantile(buckets: Mapping[str, float], edges: Sequence[float], share: float) -> float | None:
    """The value below which this share lies, evenly spread inside its bucket; None where nothing is."""
    total = sum(buckets.values())
    if not total:
        return None
    below, lower = 0.0, 0.0
    for edge in edges:
        here = buckets.get(str(edge), 0.0)
        if here and below + here >= share * total:
            return lower + (edge - lower) * (share * total - below) / here
        below, lower = below + here, edge
    return lower


# -- rows of the record ----------------------------------------------------------------------------------


def of_event(counts: Counts, row: Any) -> None:
    """One stored push, once however often it came."""
    add(counts, "events", row.kind, row.verdict)


def of_call(counts: Counts, row: Any) -> None:
    """One call to WeChat that is over; a row left open belongs to a process that died."""
    outcome = "unknown" if row.outcome in _NOBODY_ANSWERED else row.outcome
    add(counts, "calls", row.call, outcome)
    if row.ms is not None:
        observe(counts, "call_seconds", CALL_EDGES, row.ms / 1000, row.call)
    if row.call == "release":
        add(counts, "attempts", str(row.errcode or 0) if outcome == "answered" else outcome)


def of_change(counts: Counts, row: Any) -> None:
    """One change of a release's state, with the release's own times."""
    if row.from_state is None:
        add(counts, "opened", row.actor)
    if row.to_state not in OUTCOMES or row.to_state == row.from_state:
        return
    add(counts, "outcomes", row.to_state)
    add(counts, "days", day_of(row.at), row.to_state)
    if row.to_state == "released" and row.approved_at is not None:
        observe(counts, "approval_to_live", LIVE_EDGES, row.at - row.approved_at, row.mode)
        # Of one that a sweep found nobody knows when it was approved.
        if row.submitted_at is not None and row.event_id is not None:
            weekday, hour = weekday_and_hour(row.submitted_at)
            wait = row.approved_at - row.submitted_at
            observe(counts, "audit_wait", AUDIT_EDGES, wait, str(weekday), str(hour))


def day_of(at: float) -> str:
    """The day in Asia/Shanghai, as 2026-11-23."""
    return datetime.fromtimestamp(at, SHANGHAI).date().isoformat()


def days_before(at: float, count: int) -> Iterator[str]:
    """The last `count` days, today's the last."""
    return (day_of(at - ago * _DAY) for ago in reversed(range(count)))


def weekday_and_hour(at: float) -> tuple[int, int]:
    """Monday is 0; in Asia/Shanghai."""
    moment = datetime.fromtimestamp(at, SHANGHAI)
    return moment.weekday(), moment.hour


# -- the heartbeat of the ticket -------------------------------------------------------------------------


def minute_of(at: float) -> str:
    """The minute, in UTC; sorts as text like time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M")


def of_minute(minute: str) -> float:
    """When that minute began, in Unix seconds."""
    return datetime.fromisoformat(f"{minute}+00:00").timestamp()

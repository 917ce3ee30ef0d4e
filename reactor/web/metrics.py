"""`GET /metrics` for Prometheus: everything from the store, so that any process shows the whole."""

import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import sqlalchemy as sa
from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from reactor import __version__
from reactor.core import counting
from reactor.core.counting import Counts
from reactor.core.lifecycle import State
from reactor.store import authorizers, component, numbers, presence, releases
from reactor.store.database import Store
from reactor.web.api import refusal_of

TOKEN_LIFE_SECONDS = 7200.0  # of a component_access_token, as WeChat gives it
_QUEUE = (State.PENDING, State.HELD, State.RELEASING, State.FAILED)
_CAUSES = ("query", "xml", "base64", "signature", "padding", "length", "tail")

# (number, metric, labels, what it counts, label values that are shown before the first)
COUNTERS: tuple[tuple[str, str, tuple[str, ...], str, tuple[str, ...]], ...] = (
    ("pushes", "reactor_pushes", ("kind",), "Pushes acknowledged, repetitions too.", ()),
    ("refused", "reactor_pushes_refused", ("cause",), "Pushes that were not verified.", _CAUSES),
    ("events", "reactor_events", ("kind", "verdict"), "Events stored, each once.", ()),
    ("opened", "reactor_releases_opened", ("by",), "Releases opened.", ("intake", "sweep")),
    ("outcomes", "reactor_release", ("result",), "Releases that ended.", counting.OUTCOMES),
    (
        "attempts",
        "reactor_release_attempts",
        ("errcode",),
        "Calls of release by WeChat's errcode, or by how they ended without one.",
        ("0",),
    ),
    ("calls", "reactor_wechat_calls", ("call", "outcome"), "Calls to WeChat on record.", ()),
)
# (number, metric, edges, labels, what it measures, label values that are shown before the first)
HISTOGRAMS: tuple[tuple[str, str, Sequence[float], tuple[str, ...], str, tuple[str, ...]], ...] = (
    ("ack", "reactor_ack_seconds", counting.ACK_EDGES, (), "From a push to its `success`.", ()),
    (
        "approval_to_live",
        "reactor_approval_to_live_seconds",
        counting.LIVE_EDGES,
        ("mode",),
        "From WeChat's approval to being seen live; mode hold waits for a person.",
        ("auto",),
    ),
    (
        "audit_wait",
        "reactor_audit_wait_seconds",
        counting.AUDIT_EDGES,
        (),
        "From submission to approval, of versions that went live.",
        (),
    ),
    (
        "call_seconds",
        "reactor_wechat_call_seconds",
        counting.CALL_EDGES,
        ("call",),
        "How long WeChat took to answer the calls on record.",
        (),
    ),
)


def add_metrics(
    app: Flask, *, store: Store, component_appid: str, api_token: str | None, clock: Callable[[], float]
) -> None:
    """Put /metrics on the app, behind the API's token."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Whole(store, component_appid, clock))

    @app.get("/metrics")
    def metrics() -> Response:
        return refusal_of(api_token) or Response(
            generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4
        )


class _Whole(Collector):
    """All metrics, read anew at each scrape."""

    def __init__(self, store: Store, component_appid: str, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._component_appid = component_appid
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing is known without the store, and registering must not ask it."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read everything in one view, then tell it."""
        with self._store.read() as connection:
            counts = numbers.read(connection, [one[0] for one in COUNTERS] + _of_histograms())
            gauges = list(_gauges(connection, self._component_appid, self._clock()))
        version, python = __version__, platform.python_version()
        yield InfoMetricFamily("reactor_build", "What runs.", {"version": version, "python": python})
        yield from gauges
        yield from _counters(counts)
        yield from _histograms(counts)


def _of_histograms() -> list[str]:
    return [name for one in HISTOGRAMS for name in (one[0], f"{one[0]}_sum")]


def _counters(counts: Counts) -> Iterator[Metric]:
    for number, name, labels, text, shown in COUNTERS:
        family = CounterMetricFamily(name, text, labels=labels)
        values: dict[tuple[str, ...], float] = {(label,): 0.0 for label in shown}
        values |= {told: value for (of, told), value in counts.items() if of == number}
        for told, value in sorted(values.items()):
            family.add_metric(told, value)
        yield family


def _histograms(counts: Counts) -> Iterator[Metric]:
    for number, name, edges, labels, text, shown in HISTOGRAMS:
        family = HistogramMetricFamily(name, text, labels=labels)
        sums: dict[tuple[str, ...], float] = {(label,): 0.0 for label in shown} if labels else {(): 0.0}
        buckets: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        for (of, told), value in counts.items():
            kept = told[: len(labels)]  # the audits' weekday and hour are for the picture
            if of == f"{number}_sum":
                sums[kept] = sums.get(kept, 0.0) + value
            elif of == number:
                buckets[kept][told[-1]] = buckets[kept].get(told[-1], 0.0) + value
        for kept, total in sorted(sums.items()):
            family.add_metric(kept, _cumulative(buckets[kept], edges), total)
        yield family


def _cumulative(buckets: dict[str, float], edges: Sequence[float]) -> list[tuple[str, float]]:
    told, below = [], 0.0
    for edge in (*map(str, edges), counting.INFINITE):
        below += buckets.get(edge, 0.0)
        told.append((edge, below))
    return told


def _gauges(connection: sa.Connection, component_appid: str, now: float) -> Iterator[Metric]:
    row = component.get(connection, component_appid)
    queue = releases.counts(connection, _QUEUE)
    lost = authorizers.count_in(connection, authorizers.NEEDS_REAUTHORIZATION)
    yield _labelled("reactor_queue_depth", "Releases that are not over.", "state", queue.items())
    due = releases.oldest_due(connection)
    oldest = 0.0 if due is None else max(0.0, now - due)
    yield _gauge("reactor_queue_oldest_seconds", "How long the oldest pending release has been due.", oldest)
    persons = queue[State.FAILED] + queue[State.HELD] + lost
    yield _gauge("reactor_needs_person", "Releases and authorizers that wait for a person.", persons)
    granted = authorizers.count_in(connection, authorizers.AUTHORIZED)
    states = {authorizers.AUTHORIZED: granted, authorizers.NEEDS_REAUTHORIZATION: lost}
    yield _labelled("reactor_authorizers", "Authorizers by state.", "state", states.items())
    if row.ticket_received_at is not None:
        age = max(0.0, now - row.ticket_received_at)
        yield _gauge("reactor_ticket_age_seconds", "Since the last component_verify_ticket.", age)
    if row.access_token_sealed is not None and row.access_token_expires_at is not None:
        age = max(0.0, now - (row.access_token_expires_at - TOKEN_LIFE_SECONDS))
        told = [("component_access_token", age)]
        yield _labelled("reactor_token_age_seconds", "Since the token was fetched.", "kind", told)
    yield _gauge("reactor_paused", "1 while an operator paused all releases.", float(row.paused))
    blocked = float(row.blocked_by is not None)
    yield _gauge("reactor_blocked", "1 while a cause before all calls stops them.", blocked)
    broken = float(row.policy_problem is not None)
    yield _gauge("reactor_policy_broken", "1 while a policy file cannot be followed.", broken)
    yield _gauge("reactor_workers", "Workers seen lately.", presence.living(connection, now))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _labelled(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for told, value in values:
        family.add_metric([told], value)
    return family

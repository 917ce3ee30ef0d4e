"""All pictures of the overview, from a store; cheap beside any history, for the numbers are there already."""

from collections import defaultdict

from reactor.core import counting
from reactor.core.counting import Counts
from reactor.pictures import audits, days, heartbeat, latency
from reactor.pictures.drawing import Picture
from reactor.store import numbers
from reactor.store.database import Store
from reactor.words import Lang


def pictures_of(store: Store, now: float, lang: Lang) -> list[Picture]:
    """Latency, releases per day, the waiting time for audits, the heartbeat of the ticket."""
    with store.read() as connection:
        waits = numbers.latest_waits(connection)
        counts = numbers.read(connection, ["days", "audit_wait", "ticket_minutes"])
    minutes = sorted(labels[0] for name, labels in counts if name == "ticket_minutes")
    return [
        latency.draw(waits, lang),
        days.draw(_days(counts, now), lang),
        audits.draw(_audits(counts), lang),
        heartbeat.draw([counting.of_minute(one) for one in minutes], now, lang),
    ]


def _days(counts: Counts, now: float) -> list[days.Day]:
    found = {labels: int(value) for (name, labels), value in counts.items() if name == "days"}
    return [
        days.Day(day, found.get((day, "released"), 0), found.get((day, "failed"), 0))
        for day in counting.days_before(now, days.COUNT)
    ]


def _audits(counts: Counts) -> dict[tuple[int, int], dict[str, float]]:
    waits: dict[tuple[int, int], dict[str, float]] = defaultdict(dict)
    for (name, labels), value in counts.items():
        if name == "audit_wait":
            weekday, hour, edge = labels
            waits[int(weekday), int(hour)][edge] = value
    return waits

"""When releasing is allowed: freezes, windows by the clock on the wall, delays. Times in Unix seconds.

A window is asked of the clock on the wall: in the hour that daylight saving takes away nothing lies, and the
hour that it gives back lies in the window twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from reactor.core.policy.rules import Freeze, Window

HORIZON_SECONDS = 400 * 86400.0  # farther nobody looks; then it is decided anew
# Every weekday comes twice: a window inside the hour that daylight saving takes away is missing once.
_SPAN_DAYS = 16


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands in the way at times; `next` gives the first moment, now or later, at which it does not."""

    rule: str
    says: str
    next: Callable[[float], float]

    @classmethod
    def of_freeze(cls, freeze: Freeze, says: str) -> "Bar":
        """Closed from the freeze's beginning to its end."""
        return cls(freeze.place, says, lambda at: freeze.until if freeze.since <= at < freeze.until else at)

    @classmethod
    def of_windows(cls, place: str, windows: Sequence[Window]) -> "Bar":
        """Closed outside of all these windows."""
        texts = ", ".join(window.text for window in windows)
        return cls(place, f"outside of the release windows ({texts})", lambda at: next_open(windows, at))

    @classmethod
    def of_moment(cls, place: str, moment: float, says: str) -> "Bar":
        """Closed before the moment."""
        return cls(place, says, lambda at: max(at, moment))


def opening(bars: Sequence[Bar], now: float) -> float:
    """The first moment, `now` or later, at which nothing stands in the way."""
    at = now
    while at < now + HORIZON_SECONDS:
        moved = max((bar.next(at) for bar in bars), default=at)
        if moved <= at:
            return at
        at = moved
    return now + HORIZON_SECONDS


def is_open(windows: Sequence[Window], at: float) -> bool:
    """Whether the moment lies in one of them."""
    return any(_shows(window, datetime.fromtimestamp(at, window.zone)) for window in windows)


def next_open(windows: Sequence[Window], at: float) -> float:
    """The first moment, `at` or later, that lies in one of them; the horizon if none does."""
    if is_open(windows, at):
        return at
    found = (moment for window in windows for moment in _openings(window, at))
    return min(found, default=at + HORIZON_SECONDS)


def _shows(window: Window, wall: datetime) -> bool:
    """Whether a clock on the wall that shows this stands inside."""
    minute = wall.hour * 60 + wall.minute
    if window.since < window.until:
        return wall.weekday() in window.days and window.since <= minute < window.until
    if minute >= window.since:
        return wall.weekday() in window.days
    return minute < window.until and (wall.weekday() - 1) % 7 in window.days


def _openings(window: Window, at: float) -> Iterator[float]:
    """The first moment after `at` at which the window opens, and the first shift of the clock into it."""
    begin = datetime.fromtimestamp(at, window.zone)
    for moments in (_beginnings(window, begin), _shifts(window.zone, begin)):
        inside = (m for m in moments if m > at and _shows(window, datetime.fromtimestamp(m, window.zone)))
        if (first := next(inside, None)) is not None:
            yield first


def _beginnings(window: Window, begin: datetime) -> Iterator[float]:
    """When the clock shows the window's beginning, day by day; twice where an hour comes twice."""
    midnight = datetime.combine(begin.date(), datetime.min.time(), window.zone)
    for number in range(_SPAN_DAYS):
        wall = midnight + timedelta(days=number, minutes=window.since)
        yield from (wall.replace(fold=fold).timestamp() for fold in (0, 1))


def _shifts(zone: tzinfo, begin: datetime) -> Iterator[float]:
    """The moments within the span at which the zone's clocks are changed."""

    def offset(second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, zone).utcoffset()

    start = int(begin.timestamp())
    for low in range(start, start + _SPAN_DAYS * 86400, 86400):
        before, after = low, low + 86400
        if offset(before) == offset(after):
            continue
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if offset(middle) == offset(before) else (before, middle)
        yield float(after)

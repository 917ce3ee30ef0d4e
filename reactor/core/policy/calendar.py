"""When releasing is allowed: freezes, windows by the clock on the wall, delays. Times in Unix seconds.

A window is asked of the clock on the wall: in the hour that daylight saving takes away nothing lies, and the
hour that it gives back lies in the window twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

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
    openings = (moment for window in windows for moment in _openings(window, at))
    return min(openings, default=at + HORIZON_SECONDS)


def _shows(window: Window, wall: datetime) -> bool:
    """Whether a clock on the wall that shows this stands inside."""
    minute = wall.hour * 60 + wall.minute
    if window.since < window.until:
        return wall.weekday() in window.days and window.since <= minute < window.until
    if minute >= window.since:
        return wall.weekday() in window.days
    return minute < window.until and (wall.weekday() - 1) % 7 in window.days


def _openings(window: Window, at: float) -> Iterator[float]:
    """Moments after `at` at which the window opens, or the clock is put forward or back into it."""
    begin = datetime.fromtimestamp(at, window.zone)
    day = begin.date()
    for number in range(_SPAN_DAYS):
        midnight = datetime.combine(day + timedelta(days=number), datetime.min.time(), window.zone)
        wall = midnight + timedelta(minutes=window.since)
        for fold in (0, 1):
            yield from _inside(window, wall.replace(fold=fold).timestamp(), at)
    yield from (moment for shift in _shifts(window.zone, begin) for moment in _inside(window, shift, at))


def _inside(window: Window, moment: float, at: float) -> Iterator[float]:
    if moment > at and _shows(window, datetime.fromtimestamp(moment, window.zone)):
        yield moment


def _shifts(zone: tzinfo, begin: datetime) -> Iterator[float]:
    """The moments within the span at which the zone's clocks are changed."""
    start = begin.astimezone(UTC)
    for number in range(_SPAN_DAYS):
        low, high = start + timedelta(days=number), start + timedelta(days=number + 1)
        if low.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
            continue
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
            low, high = (middle, high) if same else (low, middle)
        yield float(round(high.timestamp()))

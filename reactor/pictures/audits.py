"""How long WeChat's audit takes, by weekday and hour of the submission."""

from collections import defaultdict
from collections.abc import Mapping

from reactor.core.counting import AUDIT_EDGES, quantile
from reactor.pictures.drawing import Drawing, Picture, duration, nothing_yet
from reactor.words import Lang, say

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOUR = 3600.0
LEVELS = (1 * _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 24 * _HOUR)  # a colour up to each, one more above
CELL, SIZE = 13, 11  # with the gap, and without; pictures.css has the size as well
LEFT, TOP = 34, 8
_ENOUGH = 3  # fewer audits say nothing about an hour of the week
Buckets = Mapping[str, float]


def draw(waits: Mapping[tuple[int, int], Buckets], lang: Lang) -> Picture:
    """`waits` by weekday (Monday 0) and hour in Asia/Shanghai, each in buckets of AUDIT_EDGES."""
    title = say("Waiting for the audit, by the hour of submission", lang)
    whole: dict[str, float] = defaultdict(float)
    for buckets in waits.values():
        for edge, count in buckets.items():
            whole[edge] += count
    median = quantile(whole, AUDIT_EDGES, 0.5)
    if median is None:
        told = say("Nothing yet: no audit ended that led to a release", lang)
        return nothing_yet("audits", title, told)
    drawing = Drawing(150)
    _cells(drawing, waits)
    _names(drawing, lang)
    _legend(drawing, lang)
    return drawing.finished("audits", title, _summary(waits, sum(whole.values()), median, lang))


def _cells(drawing: Drawing, waits: Mapping[tuple[int, int], Buckets]) -> None:
    squares: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for weekday in range(7):
        for hour in range(24):
            wait = quantile(waits.get((weekday, hour), {}), AUDIT_EDGES, 0.5)
            name = "level-none" if wait is None else _level(wait)
            squares[name].append((LEFT + hour * CELL, TOP + weekday * CELL))
    for name, of in sorted(squares.items()):
        drawing.squares(of, SIZE, name)


def _level(wait: float) -> str:
    return f"level-{next((n for n, edge in enumerate(LEVELS) if wait <= edge), len(LEVELS))}"


def _names(drawing: Drawing, lang: Lang) -> None:
    for weekday, name in enumerate(WEEKDAYS):
        drawing.text(LEFT - 5, TOP + (weekday + 0.75) * CELL, say(name, lang), "end")
    for hour in (0, 6, 12, 18):
        drawing.text(LEFT + hour * CELL, TOP + 7 * CELL + 12, f"{hour:02}:00")


def _legend(drawing: Drawing, lang: Lang) -> None:
    edges = [f"≤{edge / _HOUR:g}" for edge in LEVELS]
    x, y = LEFT, TOP + 7 * CELL + 24
    for number, words in enumerate([*edges, f">{LEVELS[-1] / _HOUR:g} {say('hours', lang)}"]):
        drawing.squares([(x, y)], SIZE, f"level-{number}")
        drawing.text(x + 15, y + 9.5, words)
        x += 46


def _summary(waits: Mapping[tuple[int, int], Buckets], count: float, median: float, lang: Lang) -> str:
    told = say(
        "Half of {count} audits ended within {median}.",
        lang,
        count=round(count),
        median=duration(median, lang),
    )
    typical = {
        slot: wait
        for slot, buckets in waits.items()
        if sum(buckets.values()) >= _ENOUGH and (wait := quantile(buckets, AUDIT_EDGES, 0.5)) is not None
    }
    if not typical:
        return told
    (weekday, hour), wait = min(typical.items(), key=lambda one: (one[1], one[0]))
    quickest = say(
        "Quickest: submitted on {weekday} after {hour}, typically {wait}.",
        lang,
        weekday=say(WEEKDAYS[weekday], lang),
        hour=f"{hour:02}:00",
        wait=duration(wait, lang),
    )
    return f"{told} {quickest}" if lang == "en" else f"{told}{quickest}"

"""Releases of the last thirty days: what went live, and on top what failed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reactor.pictures.drawing import LEFT, RIGHT, Drawing, Picture, nothing_yet
from reactor.words import Lang, say

COUNT = 30
TOP, BOTTOM = 16.0, 128.0


@dataclass(frozen=True, slots=True)
class Day:
    """One day in Asia/Shanghai, as 2026-11-23."""

    day: str
    released: int
    failed: int


def draw(days: Sequence[Day], lang: Lang) -> Picture:
    """The oldest day first."""
    title = say("Releases of the last 30 days", lang)
    released, failed = sum(one.released for one in days), sum(one.failed for one in days)
    if not released + failed:
        told = say("Nothing yet: nothing was released in 30 days", lang)
        return nothing_yet("days", title, told)
    drawing = Drawing(168)
    unit = _scale(drawing, max(one.released + one.failed for one in days))
    _bars(drawing, days, unit)
    _names(drawing, days)
    _legend(drawing, lang)
    told = say(
        "In 30 days {released} went live and {failed} came before a person.",
        lang,
        released=released,
        failed=failed,
    )
    return drawing.finished("days", title, told)


def _scale(drawing: Drawing, most: int) -> float:
    """The lines of the axis, from zero on; returns the height of one release."""
    step = _step(most)
    lines = math.ceil(most / step)
    unit = (BOTTOM - TOP) / (lines * step)
    for count in range(0, lines * step + 1, step):
        y = BOTTOM - count * unit
        drawing.line(LEFT, y, RIGHT, y, "grid" if count else "zero")
        drawing.text(LEFT - 5, y + 4, f"{count}", "end")
    return unit


def _names(drawing: Drawing, days: Sequence[Day]) -> None:
    y, middle = BOTTOM + 14, COUNT // 2
    drawing.text(LEFT, y, days[0].day[5:])
    drawing.text(LEFT + (middle + 0.5) * _width(), y, days[middle].day[5:], "middle")
    drawing.text(RIGHT, y, days[-1].day[5:], "end")


def _width() -> float:
    return (RIGHT - LEFT) / COUNT


def _step(most: int) -> int:
    """A round distance of the lines, so that there are five at most."""
    rough = max(1, most / 4)
    power = 10 ** math.floor(math.log10(rough))
    return int(next(power * one for one in (1, 2, 5, 10) if power * one >= rough))


def _bars(drawing: Drawing, days: Sequence[Day], unit: float) -> None:
    left = [LEFT + n * _width() + 1 for n in range(len(days))]
    size = _width() - 2
    tops = [BOTTOM - one.released * unit for one in days]
    drawing.boxes(
        ((x, y, size, BOTTOM - y) for x, y, one in zip(left, tops, days, strict=True) if one.released), "good"
    )
    failed = [(x, y, one) for x, y, one in zip(left, tops, days, strict=True) if one.failed]
    drawing.boxes(((x, y - one.failed * unit, size, one.failed * unit) for x, y, one in failed), "bad")
    # A sign beside the colour, and to be seen where the bar is thin.
    signs = (
        f"M{x:.1f} {y - one.failed * unit - 3:.1f}h{size:.1f}l{-size / 2:.1f} -6z" for x, y, one in failed
    )
    drawing.path("".join(signs), "bad")


def _legend(drawing: Drawing, lang: Lang) -> None:
    y = BOTTOM + 24
    drawing.boxes([(LEFT, y, 10, 10)], "good")
    drawing.text(LEFT + 14, y + 9, say("went live", lang))
    drawing.path(f"M{LEFT + 110} {y + 9}h10l-5 -8z", "bad")
    drawing.text(LEFT + 124, y + 9, say("failed, before a person", lang))

"""How long from approval to live: a dot for each of the latest releases, on a logarithmic axis."""

import math
from collections.abc import Sequence

from reactor.pictures.drawing import LEFT, Drawing, Picture, duration, nothing_yet
from reactor.words import Lang, say

TOP, BOTTOM = 14.0, 138.0
RIGHT = 268.0  # beyond it the two lines are named
_LINE = 12.0  # of text
_TICKS = (1.0, 10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0, 604800.0)
_LEAST_TICKS = 3  # from a second to a minute, however fast it went
_EDGE = 8  # dots keep away from the frame


def draw(waits: Sequence[float], lang: Lang) -> Picture:
    """`waits` in seconds, of the oldest release first."""
    title = say("From approval to live", lang)
    if not waits:
        told = say("Nothing yet: no version went live by itself", lang)
        return nothing_yet("latency", title, told)
    drawing = Drawing(168)
    top = next((n for n, tick in enumerate(_TICKS) if tick >= max(waits)), len(_TICKS) - 1)
    ticks = _TICKS[: max(_LEAST_TICKS, top + 1)]
    for tick in ticks:
        drawing.line(LEFT, _y(tick, ticks), RIGHT, _y(tick, ticks), "grid")
        drawing.text(LEFT - 5, _y(tick, ticks) + 4, duration(tick, lang), "end")
    step = (RIGHT - LEFT - 2 * _EDGE) / max(1, len(waits) - 1)
    drawing.dots(
        ((RIGHT - _EDGE - step * (len(waits) - 1 - n), _y(wait, ticks)) for n, wait in enumerate(waits)),
        "dots",
    )
    half, most = percentile(waits, 0.5), percentile(waits, 0.95)
    y50, y95 = _y(half, ticks), _y(most, ticks)
    _mark(drawing, "p50", half, (y50, y50), lang)
    _mark(drawing, "p95", most, (y95, min(y95, y50 - _LINE)), lang)
    drawing.text(
        (LEFT + RIGHT) / 2, 160, say("oldest ← release by release → latest", lang), "middle", "quiet"
    )
    told = say(
        "Of the latest {count} releases half were live within {half}, 95 % within {most}.",
        lang,
        count=len(waits),
        half=duration(half, lang),
        most=duration(most, lang),
    )
    return drawing.finished("latency", title, told)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _mark(drawing: Drawing, name: str, value: float, at: tuple[float, float], lang: Lang) -> None:
    """A line at the one height, its name at the other."""
    drawing.line(LEFT, at[0], RIGHT, at[0], name)
    drawing.text(RIGHT + 5, at[1] + 4, f"{name} {duration(value, lang)}", "strong")


def _y(value: float, ticks: Sequence[float]) -> float:
    lowest, highest = math.log(ticks[0]), math.log(ticks[-1])
    share = (math.log(min(max(value, ticks[0]), ticks[-1])) - lowest) / (highest - lowest)
    return BOTTOM - share * (BOTTOM - TOP)

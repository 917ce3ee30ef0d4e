"""The pushes of the ticket in the last 24 hours: a stroke for each, and the gaps between."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from reactor.core.counting import SHANGHAI
from reactor.pictures.drawing import RIGHT, Drawing, Picture, duration, nothing_yet
from reactor.words import Lang, say

LEFT = 10.0
TOP, BOTTOM = 10.0, 52.0
DAY_SECONDS = 86400.0
# WeChat pushes every ten minutes: one that is late is no gap yet, two are.
GAP_SECONDS = 1500.0


def draw(arrivals: Sequence[float], now: float, lang: Lang) -> Picture:
    """`arrivals` in Unix seconds, the oldest first, from before the day too if known."""
    title = say("Ticket pushes of the last 24 hours", lang)
    since = now - DAY_SECONDS
    seen = [at for at in arrivals if since <= at <= now]
    gaps = list(_gaps(arrivals, since, now))
    if not seen and not gaps:
        return nothing_yet("heartbeat", title, say("Nothing yet: no ticket came, see the callback URL", lang))
    drawing = Drawing(90)
    drawing.boxes([(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP)], "floor")
    drawing.boxes(
        ((_x(a, since), TOP, max(1.5, _x(b, since) - _x(a, since)), BOTTOM - TOP) for a, b in gaps), "gap"
    )
    drawing.path("".join(f"M{_x(at, since):.1f} {TOP:.0f}v{BOTTOM - TOP:.0f}" for at in seen), "beat")
    _names(drawing, since, now, lang)
    return drawing.finished("heartbeat", title, _summary(seen, gaps, lang))


def _gaps(arrivals: Sequence[float], since: float, now: float) -> Iterator[tuple[float, float]]:
    """From one push to the next where that took too long; what was before the first nobody knows."""
    for one, after in pairwise([*arrivals, now]):
        if after > since and after - one > GAP_SECONDS:
            yield max(one, since), after


def _summary(seen: Sequence[float], gaps: Sequence[tuple[float, float]], lang: Lang) -> str:
    if not gaps:
        return say("{count} pushes in 24 hours, without a gap.", lang, count=len(seen))
    longest = max(end - begin for begin, end in gaps)
    return say(
        "{count} pushes in 24 hours; gaps: {gaps}, the longest {longest}.",
        lang,
        count=len(seen),
        gaps=len(gaps),
        longest=duration(longest, lang),
    )


def _names(drawing: Drawing, since: float, now: float, lang: Lang) -> None:
    for hours, held in ((0, ()), (6, ("middle",)), (12, ("middle",)), (18, ("middle",))):
        at = since + hours * 3600
        drawing.line(_x(at, since), BOTTOM, _x(at, since), BOTTOM + 4, "grid")
        drawing.text(_x(at, since), BOTTOM + 16, _clock(at), *held)
    drawing.text(RIGHT, BOTTOM + 16, f"{say('now', lang)} {_clock(now)}", "end")
    drawing.text(
        (LEFT + RIGHT) / 2,
        BOTTOM + 32,
        say("red: more than 25 minutes without a push", lang),
        "middle",
        "quiet",
    )


def _x(at: float, since: float) -> float:
    return LEFT + (at - since) / DAY_SECONDS * (RIGHT - LEFT)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%H:%M")

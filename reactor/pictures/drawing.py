"""A drawing: a few kinds of shapes with classes, on a sheet so narrow that a phone shows it in full size."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from reactor.words import Lang, say

WIDTH = 360  # of the sheet: on the narrowest phone one unit is one pixel
LEFT, RIGHT = 44, 350  # where the axes begin and end


@dataclass(frozen=True, slots=True)
class Picture:
    """`svg` is safe to put on a page as it is; `summary` says in words what it shows.

    An empty one shows its summary itself.
    """

    name: str
    title: str
    summary: str
    svg: str
    empty: bool = False


class Drawing:
    """Shapes on one sheet; colours come from pictures.css by class, so that they follow light and dark."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._shapes: list[str] = []

    def text(self, x: float, y: float, words: str, *classes: str) -> None:
        """Words from x on; the classes `end` and `middle` set where they are held."""
        told = f' class="{" ".join(classes)}"' if classes else ""
        self._shapes.append(f'<text x="{_number(x)}" y="{_number(y)}"{told}>{escape(words)}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, name: str) -> None:
        """A straight line."""
        self.path(f"M{_number(x1)} {_number(y1)}L{_number(x2)} {_number(y2)}", name)

    def dots(self, at: Iterable[tuple[float, float]], name: str) -> None:
        """Many dots in one shape: lines without length, with round ends."""
        self.path("".join(f"M{_number(x)} {_number(y)}h0" for x, y in at), name)

    def squares(self, at: Iterable[tuple[float, float]], size: float, name: str) -> None:
        """Many squares by their upper left corners; the class has a stroke as wide as they are."""
        middle = size / 2
        self.path("".join(f"M{_number(x)} {_number(y + middle)}h{_number(size)}" for x, y in at), name)

    def boxes(self, of: Iterable[tuple[float, float, float, float]], name: str) -> None:
        """Many boxes (x, y, width, height) in one shape."""
        self.path(
            "".join(
                f"M{_number(x)} {_number(y)}h{_number(w)}v{_number(h)}h{_number(-w)}z" for x, y, w, h in of
            ),
            name,
        )

    def path(self, way: str, name: str) -> None:
        """Any shape; nothing where there is no way."""
        if way:
            self._shapes.append(f'<path class="{name}" d="{way}"/>')

    def finished(self, name: str, title: str, summary: str, *, empty: bool = False) -> Picture:
        """The picture, with title and words for whoever does not see it."""
        head = (
            f'<svg class="picture" viewBox="0 0 {WIDTH} {self._height}" role="img" '
            f'aria-labelledby="{name}-title {name}-text" xmlns="http://www.w3.org/2000/svg">'
            f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-text">{escape(summary)}</desc>'
        )
        return Picture(name, title, summary, f"{head}{''.join(self._shapes)}</svg>", empty)


def nothing_yet(name: str, title: str, words: str) -> Picture:
    """A low sheet that says why there is nothing to see."""
    drawing = Drawing(48)
    drawing.boxes([(0, 0, WIDTH, 48)], "floor")
    drawing.text(WIDTH / 2, 28, words, "middle", "quiet")
    return drawing.finished(name, title, words, empty=True)


def duration(seconds: float, lang: Lang) -> str:
    """So long, in two units at most: 6.2 s, 41 min, 2 h 40 min, 3 d."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 10:  # noqa: PLR2004 - below ten a tenth is worth saying
        return say("{count} s", lang, count=f"{seconds:.1f}".removesuffix(".0"))
    if round(seconds) < 60:  # noqa: PLR2004 - seconds of a minute
        return say("{count} s", lang, count=round(seconds))
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return say("{count} min", lang, count=minutes)
    if minutes < 24 * 60:
        whole, rest = divmod(minutes, 60)
        told = say("{count} h", lang, count=whole)
        return f"{told} {say('{count} min', lang, count=rest)}" if rest else told
    whole, rest = divmod(hours, 24)
    told = say("{count} d", lang, count=whole)
    return f"{told} {say('{count} h', lang, count=rest)}" if rest else told


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")

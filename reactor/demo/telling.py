"""What the demonstration says, line by line as it happens."""

import time
from collections.abc import Callable, Mapping

import click

from reactor.words import Lang, retell

_MARKS = {"done": ("✓", "green"), "under way": ("…", "yellow"), "refused": ("■", "red"), "note": ("·", None)}


class Teller:
    """Prints a line with the seconds since it began; quiet, it only remembers. Colour is for terminals."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        quiet: bool,
        lang: Lang = "en",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet = quiet
        self.lang = lang
        self._clock = clock
        self._begun = clock()
        self._colour = False if environ.get("NO_COLOR") else None  # None: as the terminal can
        self.lines: list[dict[str, object]] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begun

    def done(self, text: str) -> None:
        """Something came to its end."""
        self._line("done", text)

    def under_way(self, text: str) -> None:
        """Something goes on."""
        self._line("under way", text)

    def refused(self, text: str) -> None:
        """Something was turned away, as it should be."""
        self._line("refused", text)

    def note(self, text: str) -> None:
        """Something to know."""
        self._line("note", text)

    def say(self, text: str = "") -> None:
        """Print without a time, each line in the reader's language."""
        if not self._quiet:
            lines = (retell(line, self.lang) for line in text.split("\n"))
            click.echo("\n".join(lines), color=self._colour)

    def _line(self, kind: str, text: str) -> None:
        seconds = self.elapsed
        mark, colour = _MARKS[kind]
        self.lines.append({"seconds": round(seconds, 2), "kind": kind, "text": text})
        self.say(f"{seconds:5.1f} s  {click.style(mark, fg=colour)} {retell(text, self.lang)}")

"""How commands speak: aligned tables for people, JSON for programs."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from reactor.words import places

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
row_id = click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
_LONGEST_CELL = 80


class _Appid(click.ParamType[str]):
    name = "appid"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"wx[0-9a-f]{16}", value):
            self.fail("an appid is wx and 16 lower-case hex digits", param, ctx)
        return value


appid = _Appid()


def say(data: Any, text: str, *, as_json: bool) -> None:
    """Print one answer, in the form that was asked for."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2) if as_json else text)


def say_to_any_terminal() -> None:
    """Let a terminal that cannot show a character show a question mark, instead of an error."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, if that is a terminal; what is given is called with how many more are done."""
    with click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty(), show_pos=True
    ) as bar:
        yield bar.update


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned columns under their headings; a cell that is None is a dash."""
    lines = [list(headings), *([shorten(plain(cell)) for cell in row] for row in rows)]
    widths = [max(places(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(pad(cell, widths[column]) for column, cell in enumerate(line)).rstrip() for line in lines
    )


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """One fact a line, the names aligned."""
    longest = max(places(name) for name, _ in pairs)
    return "\n".join(f"{pad(name, longest)}  {plain(value)}" for name, value in pairs)


def plain(value: object) -> str:
    """Make others' words readable, without what would move a terminal's cursor."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(letter if letter.isprintable() else " " for letter in str(value))


def second(at: str | None) -> str | None:
    """Shorten a time of the API to what a person reads, in UTC."""
    return at and f"{at[:10]} {at[11:19]}Z"


def shorten(text: str) -> str:
    """Keep a table a table."""
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def pad(text: str, wanted: int) -> str:
    """Fill up to a width on the screen, where a Chinese letter takes two places."""
    return text + " " * (wanted - places(text))

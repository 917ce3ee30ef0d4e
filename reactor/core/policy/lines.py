"""Where the tables and keys of a TOML text stand: its reader does not tell, and people look for lines."""

import re
import tomllib
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

# Of a text that is TOML, the parts that matter here; what is none of them is passed over.
_PARTS = re.compile(
    r'''(?P<text>"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')'''
    r"|(?P<comment>\#[^\n]*)|(?P<end>\n)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<is>=)|(?P<word>[\w-]+)",
    re.DOTALL,
)


def lines_of(text: str) -> Mapping[Path, int]:
    """The line, from 1, of every table and of every key outside of inline tables; `text` must be TOML.

    The path of the second `[[rings]]` is ("rings", 1); a table that is only spoken of stands where that is.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for line, opening, names in _statements(text):
        path = _within(names, counts) if opening else (*table, *names)
        if opening == 2:  # noqa: PLR2004 -- [[a table of many]]
            counts[path] = counts.get(path, -1) + 1
            path = (*path, counts[path])
        if opening:
            table = path
        for length in range(1, len(path) + 1):
            found.setdefault(path[:length], line)
    return found


def nearest(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line of this, or of the nearest thing around it that has one."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)


def _statements(text: str) -> Iterator[tuple[int, int, Path]]:
    """Line by line what begins there: how many brackets, and the names; values are passed over."""
    line, depth, opening, in_value = 1, 0, 0, False
    names: list[str] = []
    for part in _PARTS.finditer(text):
        kind, what = part.lastgroup, part[0]
        if kind == "end":
            if opening and names and not in_value:
                yield line, opening, tuple(names)
            if not depth:
                names, opening, in_value = [], 0, False
        elif in_value:
            depth += (kind == "open") - (kind == "close")
        elif kind == "is":
            yield line, 0, tuple(names)
            in_value = True
        elif kind == "open":
            opening += 1
        elif kind in ("word", "text"):
            names.append(_name(what))
        line += what.count("\n")
    if opening and names:
        yield line, opening, tuple(names)


def _name(written: str) -> str:
    if not written.startswith(("'", '"')):
        return written
    return str(tomllib.loads(f"name = {written}")["name"])


def _within(names: Path, counts: Mapping[Path, int]) -> Path:
    """The names of a table as a path: [a.b] below [[a]] means the latest a."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    return (*path, *names[-1:])

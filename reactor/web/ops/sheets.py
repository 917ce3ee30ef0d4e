"""Lists as CSV by RFC 4180, for spreadsheets: streamed, and no cell is ever a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response

# A spreadsheet carries out what begins so, the wide forms of East Asian keyboards included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for something else


def sheet(name: str, columns: Sequence[str], pages: Iterable[Sequence[Mapping[str, Any]]]) -> Response:
    """A file to download. The first page is read at once, so that what fails then can still be said."""
    ahead = iter(pages)
    first = next(ahead, ())

    def stream() -> Iterator[str]:
        yield _BYTE_ORDER_MARK + _lines([columns])
        yield _lines(_cells(columns, row) for row in first)
        for page in ahead:
            yield _lines(_cells(columns, row) for row in page)

    answer = Response(stream(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _cells(columns: Sequence[str], row: Mapping[str, Any]) -> list[object]:
    return [_plain(row[column]) for column in columns]


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _lines(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()

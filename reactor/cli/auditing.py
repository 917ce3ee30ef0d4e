"""The commands about the record: whether anybody altered it, and all of it written out."""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import click

from reactor.bootstrap import open_store
from reactor.cli.language import environ, speak
from reactor.cli.output import appid, json_option, plain, progress, say, second
from reactor.configuring import configure
from reactor.core.record import FIELDS
from reactor.store import audit as record
from reactor.store.audit import Finding

_COLUMNS = ("seq", "at", *(name for name in FIELDS if name not in ("id", "at")), "id", "at_seconds", "digest")
_FORMULA = re.compile(r"[=+\-@\t\r]")


class _Digest(click.ParamType[str]):
    name = "digest"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9a-f]{64}", value):
            self.fail("a digest is 64 lower-case hex digits", param, ctx)
        return value


@click.group()
def audit() -> None:
    """Read the record of every change of state: who, when, why, by which rule."""


@audit.command()
@click.option("--expect", type=_Digest(), help="A digest noted earlier, from this command or the log.")
@json_option
def verify(*, expect: str | None, as_json: bool) -> None:
    """Prove that nothing in the record was altered, put in, taken away or moved.

    Note the digest of its end somewhere else: with --expect it is proved later that the record of today is
    still in it. Exit code 1 names the first broken place.
    """
    with open_store(configure(environ())) as store, progress(speak("reading"), record.count(store)) as done:
        found = record.verify(store, done, expect)
    broken = found.fault is not None or found.expected is False
    data = {
        "whole": not broken,
        "rows": found.rows,
        "first_at": _moment(found.first_at),
        "last_at": _moment(found.last_at),
        "head": found.ends.last_digest,
        "not_sealed": found.loose,
        "problem": found.fault and found.fault.told,
        "expected_found": found.expected,
    }
    say(data, told(found), as_json=as_json)
    if broken:
        sys.exit(1)


def told(found: Finding) -> str:
    """What was found, for people."""
    lines = []
    if found.fault is not None:
        problem = plain(speak(found.fault.text, **found.fault.values))
        lines.append(
            problem if found.fault.key_missing else speak("the record is broken: {problem}", problem=problem)
        )
        lines.append(speak("{rows} rows before it are whole", rows=found.rows))
    elif found.rows:
        times = {"first": second(_moment(found.first_at)), "last": second(_moment(found.last_at))}
        lines.append(speak("the record is whole: {rows} rows, {first} to {last}", rows=found.rows, **times))
        lines.append(speak("its end has the digest {digest}", digest=found.ends.last_digest))
    else:
        lines.append(speak("the record is empty"))
    if found.loose:
        lines.append(
            speak("{count} rows are not sealed yet; a worker does it within a second", count=found.loose)
        )
    if found.expected is not None:
        text = "the expected digest is in it" if found.expected else "the expected digest is not in it"
        lines.append(speak(text))
    return "\n".join(lines)


@audit.command()
@click.option("--since", type=click.DateTime(), help="From this moment on, in UTC.")
@click.option("--until", type=click.DateTime(), help="Before this moment, in UTC.")
@click.option("--authorizer", type=appid, help="Of this mini program alone.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@json_option
def export(
    *, since: datetime | None, until: datetime | None, authorizer: str | None, form: str, as_json: bool
) -> None:
    """Write the record out, one change of state a line: who, when, why, by which rule."""
    write = _write_csv if form == "csv" and not as_json else _write_jsonl
    with open_store(configure(environ())) as store, progress(speak("reading"), record.count(store)) as done:
        found = record.entries(
            store, done, since=_seconds(since), until=_seconds(until), authorizer_appid=authorizer
        )
        write(map(_line, found), click.echo)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its time for people, and as the digest knows it."""
    whole = {**row, "at": _moment(row["at"]), "at_seconds": row["at"]}
    return {name: whole[name] for name in _COLUMNS}


def _write_jsonl(lines: Iterable[dict[str, Any]], write: Callable[[str], None]) -> None:
    for line in lines:
        write(json.dumps(line, ensure_ascii=False))


def _write_csv(lines: Iterable[dict[str, Any]], write: Callable[[str], None]) -> None:
    rows = csv.DictWriter(_To(write), _COLUMNS, lineterminator="")
    rows.writeheader()
    rows.writerows({name: _cell(value) for name, value in line.items()} for line in lines)


class _To:
    """What a CSV writer takes for a file."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write = write


def _cell(value: object) -> object:
    """A spreadsheet takes a text that begins so for a formula; with a quote before it, it is a text."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.replace(tzinfo=UTC).timestamp()


def _moment(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

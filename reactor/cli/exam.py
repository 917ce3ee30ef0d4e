"""The acceptance test that WeChat puts every component through, played by the simulator's examiner."""

import sys

import click

from reactor.cli.output import plain, say
from reactor.simulator.examiner import Examiner
from reactor.simulator.pusher import Pusher
from reactor.simulator.remote import Remote, RemoteError


def examine(pusher: Pusher, simulator: str | None, *, as_json: bool) -> None:
    """Run it and tell each step; exit code 1 when one was not answered as it must be."""
    if simulator is None:
        raise click.UsageError("exam needs --simulator: its codes and messages are the simulator's")
    marks = []
    try:
        for mark in Examiner(pusher, Remote(simulator)).examine():
            marks.append(mark)
            if not as_json:
                click.echo(f"{'✓' if mark.passed else '✗'} {mark.step}: {plain(mark.told)}")
    except RemoteError as error:
        raise click.ClickException(f"--simulator: {error}; the test stopped there") from None
    passed = all(mark.passed for mark in marks)
    data = {
        "passed": passed,
        "steps": [{"step": mark.step, "passed": mark.passed, "told": mark.told} for mark in marks],
    }
    say(data, "passed" if passed else "not passed", as_json=as_json)
    if not passed:
        sys.exit(1)

"""The acceptance test that WeChat puts every component through, played by the simulator's examiner."""

import sys

import click

from reactor import words
from reactor.cli.output import plain, say
from reactor.simulator.examiner import Examiner
from reactor.simulator.pusher import Pusher
from reactor.simulator.remote import Remote, RemoteError
from reactor.words import Lang


def examine(pusher: Pusher, simulator: str | None, lang: Lang, *, as_json: bool) -> None:
    """Run it and tell each step; exit code 1 when one was not answered as it must be."""
    if simulator is None:
        raise click.UsageError("exam needs --simulator: its codes and messages are the simulator's")
    marks = []
    try:
        for mark in Examiner(pusher, Remote(simulator)).examine():
            marks.append(mark)
            if not as_json:
                told = words.retell(plain(mark.told), lang)
                click.echo(f"{'✓' if mark.passed else '✗'} {words.retell(mark.step, lang)}: {told}")
    except RemoteError as error:
        raise click.ClickException(f"--simulator: {error}; the test stopped there") from None
    passed = all(mark.passed for mark in marks)
    data = {
        "passed": passed,
        "steps": [{"step": mark.step, "passed": mark.passed, "told": mark.told} for mark in marks],
    }
    say(data, words.say("passed" if passed else "not passed", lang), as_json=as_json)
    if not passed:
        sys.exit(1)

"""Commands that decide: approve, retry, cancel one release; pause and resume everything."""

import click

from reactor.bootstrap import open_console
from reactor.cli import stories
from reactor.cli.language import environ, lang
from reactor.cli.output import json_option, row_id, say
from reactor.configuring import configure


def _decision(name: str, words: str) -> click.Command:
    """Make the command of one decision; the lifecycle's refusal is an exit code 1 with its words."""

    @click.command(name, help=words)
    @row_id
    @json_option
    def decide(number: int, *, as_json: bool) -> None:
        with open_console(configure(environ())) as at:
            found = at.decide(name, number)
        if found is None:
            raise click.ClickException(f"there is no release {number}")
        say(found, stories.decided(found, lang()), as_json=as_json)

    return decide


approve = _decision("approve", "Let a held release go.")
retry = _decision("retry", "Give a release another try, due now.")
cancel = _decision("cancel", "End a release that waits; it is never called.")


def _set_paused(*, paused: bool, as_json: bool) -> None:
    with open_console(configure(environ())) as at:
        at.desk.set_paused(paused=paused)
        found = at.records.status()
    say(found, stories.status(found, lang()), as_json=as_json)


@click.command()
@json_option
def pause(*, as_json: bool) -> None:
    """Stop all releases; pushes are accepted and recorded meanwhile."""
    _set_paused(paused=True, as_json=as_json)


@click.command()
@json_option
def resume(*, as_json: bool) -> None:
    """Let paused releases go on."""
    _set_paused(paused=False, as_json=as_json)

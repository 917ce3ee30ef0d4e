"""Commands that decide: approve, hold, retry, cancel one release; pause, resume all or one mini program."""

from collections.abc import Callable

import click

from reactor.bootstrap import open_console
from reactor.cli import stories
from reactor.cli.language import environ, lang
from reactor.cli.output import appid, json_option, row_id, say
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
hold = _decision("hold", "Hold back a release that waits, until a person approves.")
retry = _decision("retry", "Give a release another try, due now.")
cancel = _decision("cancel", "End a release that waits; it is never called.")


def _set_paused(authorizer_appid: str | None, *, paused: bool, as_json: bool) -> None:
    with open_console(configure(environ())) as at:
        if authorizer_appid is None:
            at.desk.set_paused(paused=paused)
            found = at.records.status()
            return say(found, stories.status(found, lang()), as_json=as_json)
        at.desk.pause_authorizer(authorizer_appid, paused=paused, actor="cli")
        one, there = at.records.authorizer(authorizer_appid), at.records.paused([authorizer_appid])
    if one is None:
        raise click.ClickException(f"there is no authorizer {authorizer_appid}")
    return say(one, stories.authorizer(one, there, lang()), as_json=as_json)


def _whose(words: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--authorizer", "authorizer_appid", type=appid, help=words)


@click.command()
@_whose("Only this one, at once.")
@json_option
def pause(authorizer_appid: str | None, *, as_json: bool) -> None:
    """Stop all releases, or those of one mini program; pushes are accepted and recorded meanwhile."""
    _set_paused(authorizer_appid, paused=True, as_json=as_json)


@click.command()
@_whose("Only this one, which was paused alone.")
@json_option
def resume(authorizer_appid: str | None, *, as_json: bool) -> None:
    """Let paused releases go on, those that are still valid: each is looked at anew."""
    _set_paused(authorizer_appid, paused=False, as_json=as_json)

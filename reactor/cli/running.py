"""Commands that run: the worker as a process of its own, and the schema."""

import sys

import click

from reactor import bootstrap
from reactor.cli.language import environ, lang, speak
from reactor.cli.output import json_option, say
from reactor.cli.stopping import told_to_stop
from reactor.configuring import configure
from reactor.words import retell


@click.command()
@json_option
def migrate(*, as_json: bool) -> None:
    """Bring the schema to this version; safe to repeat, and from many processes at once."""
    bootstrap.migrate(configure(environ()))
    say({"migrated": True}, speak("the schema is this version's"), as_json=as_json)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@json_option
def worker(*, once: bool, as_json: bool) -> None:
    """Work on what is due until told to stop; brings the schema up first."""
    settings = configure(environ())
    for warning in settings.warnings:
        click.echo(retell(warning, lang()), err=True)
    if not once:
        with told_to_stop() as stop, bootstrap.open_worker(settings) as running:
            click.echo(speak("the worker runs; SIGTERM or Ctrl-C ends it"), err=True)
            running.run(stop)  # after the line, for its threads write lines of their own
        say({"stopped": True}, speak("the worker has stopped"), as_json=as_json)
        return
    with bootstrap.open_worker(settings) as running, bootstrap.open_console(settings) as at:
        before = at.records.status()["failed"]
        turns = running.run_all_due()
        failed = max(0, at.records.status()["failed"] - before)
    _report(turns, failed, as_json=as_json)


def _report(turns: int, failed: int, *, as_json: bool) -> None:
    told = speak("{turns} turns taken", turns=turns)
    if failed:
        told = speak(
            "{turns} turns taken; {failed} failed, a person must look: `reactor releases ls --state failed`",
            turns=turns,
            failed=failed,
        )
    say({"turns": turns, "failed": failed}, told, as_json=as_json)
    if failed:
        sys.exit(1)

"""The command that brings back the version before a live one, and waits for what came of it."""

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from reactor.bootstrap import Console, open_console
from reactor.cli import stories
from reactor.cli.language import environ, lang
from reactor.cli.output import json_option, progress, row_id, say
from reactor.configuring import configure
from reactor.words import say as in_words

POLL_SECONDS = 0.2


@click.command("rollback")
@row_id
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    help="How long to wait for the worker, in seconds.",
)
@json_option
def rollback(number: int, *, yes: bool, wait: int, as_json: bool) -> None:
    """Bring back the version before a live one; a worker does it, this waits for what came of it."""
    with open_console(configure(environ())) as at:
        found = at.records.release(number)
        if found is None:
            raise click.ClickException(f"there is no release {number}")
        if not (yes or _confirmed(found)):
            raise click.ClickException(in_words("nothing was changed", lang()))
        at.desk.roll_back(number, actor="cli")
        asked = at.records.release(number)
        assert asked is not None
        polls = int(wait / POLL_SECONDS)
        with progress(in_words("waiting for the rollback", lang()), polls) as done:
            came = _awaited(at, asked, polls, lambda: done(1))
    say(came, _told(came, asked), as_json=as_json)
    if came["state"] != "cancelled":
        sys.exit(1)


def _awaited(at: Console, asked: dict[str, Any], polls: int, waited: Callable[[], None]) -> dict[str, Any]:
    """The release once something came of it, or as it is when patience is over."""
    for _ in range(polls):
        found = at.records.release(asked["id"]) or asked
        if (found["state"], found["reason"]) != (asked["state"], asked["reason"]):
            return found
        time.sleep(POLL_SECONDS)
        waited()
    return asked


def _confirmed(found: dict[str, Any]) -> bool:
    question = (
        "WeChat brings back the version before {version}. This one is not released again from here. Go on?"
    )
    return click.confirm(in_words(question, lang(), version=found["user_version"] or found["id"]), err=True)


def _told(came: dict[str, Any], asked: dict[str, Any]) -> str:
    told = stories.decided(came, lang())
    if came is not asked:
        return told
    waits = (
        "no worker has done it yet; one does as soon as it runs, and `reactor releases show {number}` tells "
        "what came of it"
    )
    return f"{told}\n{in_words(waits, lang(), number=asked['id'])}"

"""The command that seals what is stored with the newest key."""

import sys

import click

from reactor.bootstrap import open_store
from reactor.cli.language import environ, speak
from reactor.cli.output import json_option, progress, say
from reactor.configuring import configure
from reactor.store.rotation import Rotation, count, rotate


@click.group()
def keys() -> None:
    """Look after REACTOR_SECRET_KEY."""


@keys.command("rotate")
@json_option
def rotate_keys(*, as_json: bool) -> None:
    """Seal every stored secret with the newest REACTOR_SECRET_KEY; safe to repeat, and while others work.

    First give every process the new key with the old one behind it, separated by a comma, and restart it.
    Where there was none before, the old one is the content of the file <database>.key.
    """
    with (
        open_store(configure(environ())) as store,
        progress(speak("sealing anew"), count(store)) as done,
    ):
        found = rotate(store, done)
    data = {
        "rotated": found.rotated,
        "current": found.current,
        "locked": found.locked,
        "left": found.left,
        "record": found.unsigned,
        "complete": found.is_complete,
    }
    say(data, _told(found), as_json=as_json)
    if not found.is_complete:
        sys.exit(1)


def _told(found: Rotation) -> str:
    counts = {"rotated": found.rotated, "current": found.current}
    told = [speak("{rotated} secrets sealed anew, {current} had the newest key already", **counts)]
    if found.locked:
        told.append(
            speak(
                "no key opens {locked}; put the key that sealed them back behind the others and run this "
                "again, or let what they were be fetched anew",
                locked=found.locked,
            )
        )
    if found.left:
        told.append(speak("{left} changed meanwhile; run this again", left=found.left))
    if found.unsigned is not None:
        told.append(speak(found.unsigned))
    if found.is_complete:
        told.append(speak("all are sealed with the newest key; the older ones may leave REACTOR_SECRET_KEY"))
    return "\n".join(told)

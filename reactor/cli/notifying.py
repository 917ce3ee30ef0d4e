"""The command that tries the channels of REACTOR_NOTIFY."""

import sys
import time
from typing import Any

import click

from reactor.bootstrap import open_console
from reactor.cli.language import environ, lang, speak
from reactor.cli.output import json_option, progress, say, second, table
from reactor.configuring import configure
from reactor.notify import Outside
from reactor.post import try_channels
from reactor.telling import Teller
from reactor.words import retell


@click.group()
def notify() -> None:
    """Show what people were told, or try the channels of REACTOR_NOTIFY."""


@notify.command("ls")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", type=click.IntRange(1, 2**63 - 1), help="Where the page before ended.")
@json_option
def list_messages(limit: int, cursor: int | None, *, as_json: bool) -> None:
    """List messages, newest first: what was sent, what is tried again, what was given up and why."""
    settings = configure(environ())
    with open_console(settings) as at:
        page = at.records.messages(before=cursor, limit=limit)
    columns = ("id", "created", "channel", "tries", "how it stands", "text")
    rows = [
        (
            one["id"],
            second(one["created_at"]),
            one["channel"],
            one["tries"],
            _standing(one),
            one["text"],
        )
        for one in page["items"]
    ]
    say(page, table([speak(name) for name in columns], rows), as_json=as_json)


def _standing(one: dict[str, Any]) -> str:
    if one["sent_at"]:
        return speak("sent")
    if one["next_try_at"] and not one["reason"]:
        return speak("waits")
    form = "tried again: {reason}" if one["next_try_at"] else "given up: {reason}"
    return speak(form, reason=retell(one["reason"], lang()))


@notify.command("test")
@json_option
def test_channels(*, as_json: bool) -> None:
    """Send one test message to each channel, and say what came of it.

    Exit code 1 when one did not arrive, 2 when there is no channel.
    """
    settings = configure(environ())
    if settings.notify is None:
        none = "REACTOR_NOTIFY is not set: nobody is told; write one or more channels into it"
        say({"channels": []}, speak(none), as_json=as_json)
        sys.exit(2)
    teller = Teller(settings.lang, settings.public_url)
    with progress(speak("sending"), len(settings.notify)) as done:
        results = try_channels(settings.notify, teller, Outside(), time.time, done=done)
    lines = [
        speak("✓ {channel}: delivered", channel=result["channel"])
        if result["delivered"]
        else speak(
            "✗ {channel}: {reason}", channel=result["channel"], reason=retell(result["reason"], lang())
        )
        for result in results
    ]
    say({"channels": results}, "\n".join(lines), as_json=as_json)
    if not all(result["delivered"] for result in results):
        sys.exit(1)

"""The command that tries the channels of REACTOR_NOTIFY."""

import os
import sys
import time

import click

from reactor.bootstrap import configure
from reactor.cli.output import json_option, say
from reactor.notify import Outside
from reactor.post import try_channels
from reactor.telling import Teller
from reactor.words import say as said


@click.group()
def notify() -> None:
    """Tell people; who they are stands in REACTOR_NOTIFY."""


@notify.command("test")
@json_option
def test_channels(*, as_json: bool) -> None:
    """Send one test message to each channel, and say what came of it.

    Exit code 1 when one did not arrive, 2 when there is no channel.
    """
    settings = configure(os.environ)
    if settings.notify is None:
        none = "REACTOR_NOTIFY is not set: nobody is told; write one or more channels into it"
        say({"channels": []}, said(none, settings.lang), as_json=as_json)
        sys.exit(2)
    teller = Teller(settings.lang, settings.public_url)
    results = try_channels(settings.notify, teller, Outside(), time.time)
    lines = [
        said("✓ {channel}: delivered", settings.lang, channel=result["channel"])
        if result["delivered"]
        else said("✗ {channel}: {reason}", settings.lang, channel=result["channel"], reason=result["reason"])
        for result in results
    ]
    say({"channels": results}, "\n".join(lines), as_json=as_json)
    if not all(result["delivered"] for result in results):
        sys.exit(1)

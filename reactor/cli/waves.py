"""Commands about waves: how far each version is in its rings, and the hands that move it."""

from typing import Any

import click

from reactor.bootstrap import open_console
from reactor.cli.language import environ, lang, speak
from reactor.cli.output import json_option, plain, second, table
from reactor.cli.output import say as answer
from reactor.configuring import configure
from reactor.words import Lang, retell, say

Json = dict[str, Any]


@click.group()
def waves() -> None:
    """Show how far each version is in the rings of the policy; let it go on, stop it, end it."""


@waves.command("ls")
@json_option
def list_waves(*, as_json: bool) -> None:
    """List the waves opened last, newest first, with the counts of each ring."""
    with open_console(configure(environ())) as at:
        found = at.records.waves()
    text = "\n\n".join(told(wave, lang()) for wave in found["items"])
    answer(found, text or speak("no waves"), as_json=as_json)


def _hand(verb: str, words: str) -> click.Command:
    @click.command(verb, help=words)
    @click.argument("user_version")
    @json_option
    def move(user_version: str, *, as_json: bool) -> None:
        with open_console(configure(environ())) as at:
            done = at.desk.wave(user_version, verb, actor="cli")
            found = at.records.wave(user_version)
        if done is None or found is None:
            raise click.ClickException(f"there is no wave of version {user_version}")
        answer(found, told(found, lang()), as_json=as_json)

    return move


for _verb, _words in (
    ("go", "Let a stopped wave go on, forgiving what failed; of one that goes, open the next ring now."),
    ("stop", "Stop a wave at once: nothing more of it is called."),
    ("cancel", "End a wave: what of it waits is cancelled; what is live stays live."),
):
    waves.add_command(_hand(_verb, _words))


_COUNTS = ("live", "waiting", "failed", "ended")


def told(wave: Json, lang: Lang) -> str:
    """One wave: where it stands, then a line for each ring."""
    state = say(f"wave {wave['state']}", lang)
    head = say("version {version}: {state}", lang, version=plain(wave["user_version"]), state=state)
    if wave["reason"]:
        head = f"{head} ({plain(retell(wave['reason'], lang))})"
    rows = []
    for number, ring in enumerate(wave["rings"]):
        stands = (
            "its turn" if number == wave["ring"] else "gone through" if number < wave["ring"] else "not yet"
        )
        name = ring["name"] if ring["name"] is not None else say("the rest", lang)
        counts = [ring[name] for name in _COUNTS]
        rows.append([name, say(stands, lang), *counts, second(ring["last_live_at"])])
    heads = ["Ring", "State", "Live", "Waiting", "Failed", "Ended", "last live"]
    return "\n".join([head, table([say(one, lang) for one in heads], rows)])

"""The command that examines this installation and says how to mend it."""

import sys
from collections.abc import Sequence

import click

from reactor.cli.language import environ, lang, speak
from reactor.cli.output import json_option, pad, plain, progress, say
from reactor.clinic import STEPS, consult
from reactor.configuring import configure, telling
from reactor.core.checks import Check, Health
from reactor.core.diagnosis import worst
from reactor.words import Lang, finding, label, places
from reactor.words import say as say_in

MARKS = {Health.OK: "✓", Health.WARN: "!", Health.BAD: "✗", Health.UNKNOWN: "?"}


@click.command()
@click.option("--offline", is_flag=True, help="Call nobody: neither WeChat nor the public URL.")
@json_option
def doctor(*, offline: bool, as_json: bool) -> None:
    """Examine this installation, and say how to mend what is not well.

    Exit codes: 0 well, or only warnings; 1 something must be mended; 2 the configuration is wrong.
    """
    settings = configure(environ())
    steps = 1 if offline else STEPS
    with telling(settings.lang), progress(speak("looking"), steps) as done:
        checks = consult(settings, offline=offline, done=done)
    health = worst(checks)
    data = {"health": health, "checks": [shown(check) for check in checks]}
    say(data, f"{sheet(checks, lang())}\n{_count(checks, lang())}", as_json=as_json)
    if health is Health.BAD:
        sys.exit(1)


def shown(check: Check) -> dict[str, object]:
    """A check for programs, who read English."""
    text, remedy = finding(check, "en")
    told = {"text": text, "remedy": remedy or None}
    return {"name": check.name, "health": check.health, **told, "values": check.values}


def sheet(checks: Sequence[Check], lang: Lang) -> str:
    """One line a check, and below it how to mend it where it is not fine."""
    names = [label(check, lang) for check in checks]
    longest = max(map(places, names))
    lines = []
    for name, check in zip(names, checks, strict=True):
        text, remedy = finding(check, lang)
        lines.append(f" {MARKS[check.health]} {pad(name, longest)}  {plain(text)}")
        if remedy and check.health is not Health.OK:
            lines.append(f"   {' ' * longest}  → {plain(remedy)}")
    return "\n".join(lines)


def _count(checks: Sequence[Check], lang: Lang) -> str:
    counts = {health.value: sum(check.health is health for check in checks) for health in Health}
    return say_in("{ok} fine · {warn} to look at · {bad} to mend · {unknown} not seen", lang, **counts)

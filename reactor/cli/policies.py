"""Commands that ask the policy: whether its file can be followed, and what it would do, and why."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from reactor.bootstrap import store_if_any
from reactor.cli.language import environ, lang, speak
from reactor.cli.output import appid, json_option, plain, say
from reactor.configuring import load_policy, tell
from reactor.core.errors import PolicyError
from reactor.core.policy import Action, Case, Policy, Ruling, Subject
from reactor.forecast import Forecast, foretell
from reactor.settings import policy_path
from reactor.words import retell

_AT = "must be as in 2026-12-24T10:00+08:00"


@click.group("policy")
def policies() -> None:
    """Ask the policy file what it would do, and whether it can be followed."""


@policies.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
def check(file: Path | None, *, as_json: bool) -> None:
    """Say every problem of the policy file with its line; FILE is the one of REACTOR_POLICY if not given.

    Exit codes: 0 it can be followed, 1 it cannot, 2 wrong usage.
    """
    path = file or policy_path(environ())
    problems: list[str] = []
    told = ""
    try:
        told = _counted(load_policy(path), path)
    except PolicyError as error:
        problems = str(error).splitlines()
        told = "\n".join(plain(retell(problem, lang())) for problem in problems)
    say({"file": str(path), "ok": not problems, "problems": problems}, told, as_json=as_json)
    if problems:
        sys.exit(1)


def _counted(policy: Policy, path: Path) -> str:
    return speak(
        "{file} can be followed: {authorizers} authorizers, {groups} lists, tags and patterns, "
        "{versions} version rules, {freezes} freezes, {rings} rings",
        file=path,
        authorizers=len(policy.authorizers),
        groups=len(policy.lists) + len(policy.tags) + len(policy.patterns),
        versions=len(policy.versions),
        freezes=len(policy.freezes),
        rings=len(policy.waves.rings),
    )


_YEARS = range(1971, 9999)  # whatever its time zone, it is a moment that a clock can show


class _Moment(click.ParamType[float]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(_AT, param, ctx)
        if at.tzinfo is None or at.year not in _YEARS:
            self.fail(_AT, param, ctx)
        return at.timestamp()


@policies.command()
@click.argument("authorizer_appid", metavar="AUTHORIZER", type=appid)
@click.option("--version", "user_version", help="Its user_version.")
@click.option("--desc", "user_desc", help="Its user_desc, what the submitter wrote.")
@click.option("--at", type=_Moment(), help="When it is approved.  [default: now]")
@click.option("--file", type=click.Path(path_type=Path), help="Another policy file, to try it out.")
@json_option
def explain(  # noqa: PLR0913 -- one option each
    authorizer_appid: str,
    user_version: str | None,
    user_desc: str | None,
    at: float | None,
    file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say what would happen if a version of AUTHORIZER were approved now, and why.

    Nothing need be running. Where there is a database, its name and pauses are looked up in it.
    """
    moment = time.time() if at is None else at
    case = Case(Subject(authorizer_appid), moment, user_version, user_desc)
    try:
        policy = load_policy(file or policy_path(environ()))
    except PolicyError as error:
        tell(str(error).splitlines(), lang())
        sys.exit(1)
    with store_if_any(environ()) as found:
        store, component_appid = found or (None, None)
        forecast = foretell(policy, case, moment, store=store, component_appid=component_appid)
    say(_json(forecast, asked=store is not None), _told(forecast, asked=store is not None), as_json=as_json)


def _json(forecast: Forecast, *, asked: bool) -> dict[str, Any]:
    ruling = forecast.ruling
    return {
        "authorizer_appid": forecast.case.subject.authorizer_appid,
        "nick_name": forecast.nick_name,
        "at": _time(forecast.at),
        "action": ruling.action,
        "mode": ruling.mode,
        "rule": ruling.rule,
        "reason": ruling.reason,
        "until": None if ruling.until is None else _time(ruling.until),
        "gray": [{"percentage": step.percentage, "wait_seconds": step.wait_seconds} for step in ruling.gray],
        "ring": forecast.ring,
        "because": [{"rule": one.rule, "says": one.says, "decided": one.decided} for one in ruling.because],
        "obstacles": list(forecast.obstacles),
        "database": asked,
    }


def _told(forecast: Forecast, *, asked: bool) -> str:
    appid, name = forecast.case.subject.authorizer_appid, forecast.nick_name
    lines = [f"{plain(name)} ({appid})" if name else appid, _outcome(forecast.ruling)]
    lines += [
        f"{'▸' if one.decided else ' '} {retell(one.rule, lang())}: {plain(retell(one.says, lang()))}"
        for one in forecast.ruling.because
    ]
    if forecast.ring is not None:
        lines.append(speak("stage of its wave: {ring}", ring=retell(forecast.ring, lang())))
    lines += [f"! {plain(retell(obstacle, lang()))}" for obstacle in forecast.obstacles]
    if not asked:
        lines.append(speak("no database was asked: names and pauses are not known"))
    return "\n".join(lines)


_OUTCOMES = {
    Action.OFF: "It would be left alone.",
    Action.HOLD: "It would wait for a person to approve it.",
    Action.OBSERVE: "It would be looked at, and what would be done be said; nothing is released.",
    Action.WAIT: "It would wait until somebody resumes.",
    Action.GO: "It would be released at once.",
}


def _outcome(ruling: Ruling) -> str:
    if ruling.until is not None:
        return speak("It would wait until {until}.", until=_time(ruling.until))
    if ruling.action is Action.GO and ruling.gray:
        steps = ", ".join(f"{step.percentage} %" for step in ruling.gray)
        return speak("It would go to more and more of its users at once: {steps}, all.", steps=steps)
    return speak(_OUTCOMES[ruling.action])


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

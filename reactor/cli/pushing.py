"""The command that pushes one event as WeChat does, for rehearsals."""

import ipaddress
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import click

from reactor.bootstrap import known_user_name
from reactor.cli.exam import examine
from reactor.cli.language import environ, speak
from reactor.cli.output import appid as appid_type
from reactor.cli.output import json_option, progress, say
from reactor.configuring import configure
from reactor.simulator.pusher import AUTHORIZER_PATH, COMPONENT_PATH, Pusher, PushResult, bad_signature
from reactor.simulator.rehearsal import (
    EVENTS,
    OF_AUTHORIZER,
    Facts,
    agree,
    compose,
    made_up_secret,
    made_up_user_name,
)
from reactor.simulator.remote import Remote, RemoteError

STALE_SECONDS = 3600
FORBIDDEN = 403
EXAM = "exam"  # not one event but the whole acceptance test


@dataclass(frozen=True, slots=True)
class _Way:
    """How the event is sent."""

    url: str
    path: str
    times: int
    bad_signature: bool
    stale: bool

    def as_told(self, results: list[PushResult]) -> bool:
        """Whether the reactor answered as it should: `success`, or an empty 403 to a forger."""
        if self.bad_signature:
            return all(result.status == FORBIDDEN and not result.body for result in results)
        return all(result.acknowledged for result in results)


def _url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise click.BadParameter("give http://host:port or https://host")
    return value


@click.command()
@click.argument("event", type=click.Choice((*EVENTS, EXAM)))
@click.option("--authorizer", "authorizer_appid", type=appid_type, help="The mini program it is about.")
@click.option("--url", callback=_url, help="The reactor.  [default: this machine, PORT]")
@click.option("--times", type=click.IntRange(1, 1000), default=1, help="The same event so often.")
@click.option("--user-name", help="ToUserName, gh_….  [default: the simulator's or the database's]")
@click.option("--reason", default="a made-up reason", help="WeChat's words; of `text`, the message.")
@click.option("--code", help="The authorization code.  [default: the simulator's, or made up]")
@click.option("--ticket", help="The component_verify_ticket.  [default: the simulator's, or made up]")
@click.option("--succeeded-at", type=click.IntRange(1), help="SuccTime, FailTime, DelayTime.  [default: now]")
@click.option("--user-version", help="With --simulator: the version, when none is under audit there.")
@click.option("--bad-signature", is_flag=True, help="As a forger would; refused is then as it should be.")
@click.option("--other-path", type=appid_type, metavar="APPID", help="To another authorizer's route.")
@click.option("--stale", is_flag=True, help="Signed an hour ago.")
@click.option("--simulator", callback=_url, help="A running simulator, which is made to agree first.")
@json_option
def push(event: str, *, as_json: bool, **given: Any) -> None:
    """Push an event as WeChat does, signed and encrypted with this environment's values.

    `exam` is the whole acceptance test of 全网发布; it needs --simulator.
    """
    settings = configure(environ())
    appid = given["authorizer_appid"]
    if appid is None and event not in ("ticket", EXAM):
        raise click.UsageError(f"{event} needs --authorizer wx…")
    url = given["url"] or f"http://127.0.0.1:{settings.port}"
    pusher = Pusher(
        url,
        component_appid=settings.component_appid,
        token=settings.message_tokens[0],
        aes_key=settings.aes_keys[0],
    )
    if event == EXAM:
        examine(pusher, given["simulator"], settings.lang, as_json=as_json)
        return
    facts = _facts(event, url, given)
    if facts.user_name is None and appid:
        facts = replace(facts, user_name=known_user_name(settings, appid) or made_up_user_name(appid))
    path = AUTHORIZER_PATH + appid if event in OF_AUTHORIZER else COMPONENT_PATH
    if given["other_path"]:
        path = AUTHORIZER_PATH + given["other_path"]
    way = _Way(url, path, given["times"], given["bad_signature"], given["stale"])
    results = _send(pusher, way, compose(event, facts, settings.component_appid))
    _report(event, way, results, as_json=as_json)
    if not way.as_told(results):
        sys.exit(1)


def _facts(event: str, url: str, given: dict[str, Any]) -> Facts:
    """What the event says; a simulator that is named is made to agree with it."""
    now = int(time.time())
    appid = given["authorizer_appid"] or ""
    facts = Facts(appid, given["user_name"], now, now, given["reason"], given["user_version"])
    if given["simulator"]:
        try:
            facts = agree(event, facts, Remote(given["simulator"]))
        except RemoteError as error:
            raise click.ClickException(f"--simulator: {error}; nothing was pushed") from None
    elif event == "ticket" and not given["ticket"] and not _is_near(url):
        # It would take the real one's place until WeChat pushes the next.
        raise click.UsageError("a reactor on another machine gets no made-up ticket; give --ticket")
    return replace(
        facts,
        happened_at=given["succeeded_at"] or facts.happened_at,
        code=given["code"] or facts.code or made_up_secret("queryauthcode@@@"),
        ticket=given["ticket"] or facts.ticket or made_up_secret("ticket@@@"),
    )


def _is_near(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _send(pusher: Pusher, way: _Way, message: bytes) -> list[PushResult]:
    appid = None if way.path == COMPONENT_PATH else way.path.removeprefix(AUTHORIZER_PATH)
    timestamp = int(time.time()) - STALE_SECONDS if way.stale else None
    spoil = bad_signature if way.bad_signature else None
    results = []
    with progress(speak("pushing"), way.times) as done:
        for _ in range(way.times):
            results.append(pusher.push(message, authorizer_appid=appid, timestamp=timestamp, spoil=spoil))
            done(1)
    return results


def _report(event: str, way: _Way, results: list[PushResult], *, as_json: bool) -> None:
    data = {
        "event": event,
        "url": way.url.rstrip("/") + way.path,
        "answers": [
            {
                "status": result.status,
                "body": result.body.decode("utf-8", "replace"),
                "ms": round(result.seconds * 1000),
                "tries": result.tries,
            }
            for result in results
        ],
        "as_it_should": way.as_told(results),
    }
    lines = [f"→ POST {data['url']}  {event}", *(f"← {_answer(result)}" for result in results)]
    if not data["as_it_should"]:
        wanted = speak("an empty 403") if way.bad_signature else "200 success"
        lines.append(speak("not as it should be: {wanted}", wanted=wanted))
    say(data, "\n".join(lines), as_json=as_json)


def _answer(result: PushResult) -> str:
    if result.status is None:
        return speak("no answer, {tries} tries", tries=result.tries)
    body = result.body[:200].decode("utf-8", "replace")
    return f"{result.status} {body or speak('(empty)')}  {result.seconds * 1000:.0f} ms"

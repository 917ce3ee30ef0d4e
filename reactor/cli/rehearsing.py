"""Commands that need no WeChat: the demonstration, and the simulator by itself."""

import os
import sys
import threading
from contextlib import closing
from pathlib import Path

import click

from reactor.cli.language import environ, lang, speak
from reactor.cli.output import facts, json_option, say
from reactor.cli.stopping import told_to_stop
from reactor.configuring import configure
from reactor.demo import play
from reactor.demo.stage import missing_files
from reactor.simulator import pusher
from reactor.simulator.face import serve
from reactor.simulator.platform import Platform

TICKET_EVERY_SECONDS = 600.0
AGAIN_AFTER_SECONDS = 5.0


@click.command()
@click.option("--stay", is_flag=True, help="Keep it running afterwards, and print the URLs.")
@json_option
def demo(*, stay: bool, as_json: bool) -> None:
    """Play the main job against a small WeChat: nothing to set up, nothing left behind."""
    root = Path.cwd()
    if missing := missing_files(root):
        names = ", ".join(missing)
        raise click.UsageError(f"{names} not found; run this from the project's root")
    with told_to_stop() as stop:
        outcome = play.run(root, os.environ, stop, stay=stay, quiet=as_json, lang=lang())
    if as_json:
        say(outcome.as_json(), "", as_json=True)
    sys.exit(0 if outcome.ok else 1)


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8900, show_default=True, help="0: any free one."
)
@click.option("--push-to", metavar="URL", help="A reactor, which gets a ticket now and every 10 minutes.")
@json_option
def simulator(*, port: int, push_to: str | None, as_json: bool) -> None:
    """Run a small WeChat on this machine, for the component of this environment."""
    settings = configure(environ())
    platform = Platform(
        component_appid=settings.component_appid, component_appsecret=settings.component_appsecret
    )
    try:
        face = serve(platform, port=port)
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be opened: {error.strerror}") from None
    with told_to_stop() as stop, closing(face):
        data = {
            "url": face.url,
            "control": f"{face.url}/_simulator/",
            "component_appid": platform.component_appid,
        }
        say(data, _welcome(face.url, platform.component_appid), as_json=as_json)
        if push_to:
            sender = pusher.Pusher(
                push_to,
                component_appid=settings.component_appid,
                token=settings.message_tokens[0],
                aes_key=settings.aes_keys[0],
            )
            _push_tickets(sender, platform, stop)
        stop.wait()


def _welcome(url: str, component_appid: str) -> str:
    found = [
        (speak("the reactor's WECHAT_API_URL"), url),
        (speak("what it knows"), f"GET  {url}/_simulator/state"),
        (speak("gestures, with JSON"), f"POST {url}/_simulator/<gesture>"),
        (speak("pushes that agree with it"), f"reactor push authorized --authorizer wx… --simulator {url}"),
    ]
    heading = speak("a small WeChat for {appid} is up; Ctrl-C ends it", appid=component_appid)
    return f"{heading}\n{facts(found)}"


def _push_tickets(sender: pusher.Pusher, platform: Platform, stop: threading.Event) -> None:
    while not stop.is_set():
        message = pusher.ticket(
            component_appid=sender.component_appid,
            created_at=int(platform.clock()),
            ticket=platform.issue_ticket(),
        )
        result = sender.push(message, tries=1)
        came = result.status or speak("no answer")
        click.echo(speak("ticket pushed to {url}: {came}", url=sender.url, came=came), err=True)
        stop.wait(TICKET_EVERY_SECONDS if result.acknowledged else AGAIN_AFTER_SECONDS)

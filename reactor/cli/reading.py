"""Commands that show what was recorded: status, releases, authorizers, events."""

from contextlib import AbstractContextManager
from typing import Any

import click

from reactor.bootstrap import Console, open_console
from reactor.cli import stories
from reactor.cli.back import rollback
from reactor.cli.hands import approve, cancel, hold, retry
from reactor.cli.language import environ, lang
from reactor.cli.output import appid, json_option, row_id, say
from reactor.configuring import configure

_limit = click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
_cursor = click.option("--cursor", type=click.IntRange(1, 2**63 - 1), help="Where the page before ended.")
_of_one = click.option(
    "--authorizer", "authorizer_appid", type=appid, help="Only those of this authorizer_appid."
)


def console() -> AbstractContextManager[Console]:
    """The record and the operator's hands, as this process's environment describes them."""
    return open_console(configure(environ()))


def _given(**filters: str | None) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value is not None}


def _found(what: str, one: dict[str, Any] | None) -> dict[str, Any]:
    if one is None:
        raise click.ClickException(f"there is no {what}")
    return one


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show the whole at a glance."""
    with console() as at:
        found = at.records.status()
    say(found, stories.status(found, lang()), as_json=as_json)


@click.group()
def releases() -> None:
    """Show releases, and decide about one."""


@releases.command("ls")
@click.option("--state", type=click.Choice(Console.RELEASE_STATES))
@_of_one
@_limit
@_cursor
@json_option
def list_releases(
    state: str | None, authorizer_appid: str | None, limit: int, cursor: int | None, *, as_json: bool
) -> None:
    """List releases, newest first."""
    with console() as at:
        page = at.records.releases(
            before=cursor, limit=limit, **_given(state=state, authorizer_appid=authorizer_appid)
        )
    say(page, stories.releases(page, lang()), as_json=as_json)


@releases.command("show")
@row_id
@json_option
def show_release(number: int, *, as_json: bool) -> None:
    """Tell the story of one release: its states and the calls to WeChat, by time."""
    with console() as at:
        found = _found(f"release {number}", at.records.release(number))
    say(found, stories.release(found, lang()), as_json=as_json)


for decision in (approve, hold, retry, cancel, rollback):
    releases.add_command(decision)


@click.group()
def authorizers() -> None:
    """Show the mini programs that authorized the component."""


@authorizers.command("ls")
@click.option("--state", type=click.Choice(Console.AUTHORIZER_STATES))
@_limit
@_cursor
@json_option
def list_authorizers(state: str | None, limit: int, cursor: int | None, *, as_json: bool) -> None:
    """List authorizers, newest first."""
    with console() as at:
        page = at.records.authorizers(before=cursor, limit=limit, **_given(state=state))
        paused = at.records.paused([one["authorizer_appid"] for one in page["items"]])
    say(page, stories.authorizers(page, paused, lang()), as_json=as_json)


@authorizers.command("show")
@click.argument("authorizer_appid")
@json_option
def show_authorizer(authorizer_appid: str, *, as_json: bool) -> None:
    """Show one authorizer."""
    with console() as at:
        found = _found(f"authorizer {authorizer_appid}", at.records.authorizer(authorizer_appid))
        paused = at.records.paused([authorizer_appid])
    say(found, stories.authorizer(found, paused, lang()), as_json=as_json)


@click.group()
def events() -> None:
    """Show what WeChat pushed."""


@events.command("ls")
@_of_one
@_limit
@_cursor
@json_option
def list_events(authorizer_appid: str | None, limit: int, cursor: int | None, *, as_json: bool) -> None:
    """List events, newest first."""
    with console() as at:
        page = at.records.events(before=cursor, limit=limit, **_given(authorizer_appid=authorizer_appid))
    say(page, stories.events(page, lang()), as_json=as_json)


@events.command("show")
@row_id
@json_option
def show_event(number: int, *, as_json: bool) -> None:
    """Show one event."""
    with console() as at:
        found = _found(f"event {number}", at.records.event(number))
    say(found, stories.event(found, lang()), as_json=as_json)

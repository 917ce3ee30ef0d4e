"""Commands by which merchants join: an invitation, and the takeover of those who are there already."""

import os
import sys
from datetime import UTC, datetime
from typing import Any

import click

from reactor.bootstrap import configure
from reactor.cli.output import facts, json_option, say
from reactor.joining import (
    AUTH_TYPES,
    DAYS,
    MOST_DAYS,
    Interrupted,
    Invitation,
    Takeover,
    invite,
    open_roster,
)


@click.command("authorize-link")
@click.option(
    "--type", "auth_type", type=click.Choice(tuple(AUTH_TYPES)), default="mini-program", show_default=True
)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DAYS,
    show_default=True,
    help="So long the page is good.",
)
@json_option
def authorize_link(*, auth_type: str, days: int, as_json: bool) -> None:
    """Invite a merchant: a page with the authorization links, which also shows what came of it."""
    made = invite(configure(os.environ), auth_type=auth_type, days=days)
    data, seen = _shown(made), made.seen
    pairs = [("page", data["url"]), ("on a computer", data["pc"]), ("in WeChat on a phone", data["mobile"])]
    lines = [facts([*pairs, ("good until", data["expires_at"])])]
    if seen.links is None:
        lines.append(
            f"no link yet: {seen.reason or 'the worker has not made one'}; the page makes it once it can"
        )
    lines.append(
        "Send the page. The links live for minutes, and WeChat opens them only when they are clicked on a "
        "page of the domain registered as 授权发起页域名."
    )
    say(data, "\n".join(lines), as_json=as_json)
    if seen.links is None:
        sys.exit(1)


def _shown(made: Invitation) -> dict[str, Any]:
    until = datetime.fromtimestamp(made.invited.expires_at, UTC)
    links = made.seen.links
    return {
        "url": made.invited.url,
        "expires_at": until.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "pc": links.pc if links else None,
        "mobile": links.mobile if links else None,
        "links_good_for_seconds": int(made.seen.good_for),
        "reason": made.seen.reason,
    }


@click.command("sync")
@json_option
def sync(*, as_json: bool) -> None:
    """Take over every merchant that WeChat lists; safe to stop and to repeat."""
    settings = configure(os.environ)
    bar = click.progressbar(
        length=1, label="authorizers", show_pos=True, file=sys.stderr, hidden=not sys.stderr.isatty()
    )

    def progress(done: int, total: int) -> None:
        bar.length = max(total, done, 1)
        bar.update(done - bar.pos)

    with open_roster(settings, progress) as roster:
        try:
            with bar:
                roster.run()
        except (Interrupted, KeyboardInterrupt) as stopped:
            if as_json:
                say(roster.so_far.counts(), "", as_json=True)
            if isinstance(stopped, Interrupted):
                raise
            raise Interrupted("you stopped it", roster.so_far) from None
    say(roster.so_far.counts(), _told(roster.so_far), as_json=as_json)


def _told(done: Takeover) -> str:
    """What was taken over, and what a person should look at."""
    lines = [f"WeChat lists {done.total}; {done.new} are new here, {done.asked} were asked about"]
    for count, words in (
        (done.official_accounts, "official accounts, which have no versions and are left alone"),
        (done.without_permission_18, "without permission set 18: nothing of theirs can be released"),
        (done.without_token, "listed without a refresh token: they must authorize again"),
        (done.unanswered, "about whom WeChat told nothing; the next run asks again, the log says why"),
        (done.not_listed, "known here but not listed any more: they need a new authorization"),
    ):
        if count:
            lines.append(f"  {count} {words}")
    return "\n".join(lines)

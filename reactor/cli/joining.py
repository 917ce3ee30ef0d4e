"""Commands by which merchants join: an invitation, and the takeover of those who are there already."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from reactor import words
from reactor.cli.language import environ
from reactor.cli.output import facts, json_option, progress, say, second
from reactor.configuring import configure
from reactor.joining import (
    AUTH_TYPES,
    DAYS,
    MOST_DAYS,
    POLLS,
    Interrupted,
    Invitation,
    invite,
    open_roster,
)
from reactor.words import Lang


@click.command("authorize-link")
@click.option(
    "--type",
    "auth_type",
    type=click.Choice(tuple(AUTH_TYPES)),
    default="mini-program",
    show_default=True,
    help="Which accounts the merchant may choose from.",
)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DAYS,
    show_default=True,
    help="How long the page is good, in days.",
)
@json_option
def authorize_link(*, auth_type: str, days: int, as_json: bool) -> None:
    """Invite a merchant: a page with the authorization links, which also shows what came of it."""
    settings = configure(environ())
    with progress(words.say("waiting for WeChat's link", settings.lang), POLLS) as done:
        made = invite(settings, auth_type=auth_type, days=days, waited=lambda: done(1))
    data = _shown(made)
    say(data, _links(data, settings.lang), as_json=as_json)
    if made.seen.links is None:
        sys.exit(1)


def _links(data: dict[str, Any], lang: Lang) -> str:
    pairs = (
        ("page", data["url"]),
        ("on a computer", data["pc"]),
        ("in WeChat on a phone", data["mobile"]),
        ("good until", second(data["expires_at"])),
    )
    lines = [facts([(words.say(name, lang), value) for name, value in pairs])]
    if data["pc"] is None:
        why = data["reason"] or "no worker has made it"
        told = "there is no link yet: {reason}; the page shows it once there is one"
        lines.append(words.say(told, lang, reason=words.retell(why, lang)))
    lines.append(
        words.say(
            "Send the page to the merchant. The links live for minutes, and WeChat opens them only when they "
            "are clicked on a page of the domain registered as 授权发起页域名.",
            lang,
        )
    )
    return "\n".join(lines)


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
    settings = configure(environ())
    bar = click.progressbar(
        length=1,
        label=words.say("authorizers", settings.lang),
        show_pos=True,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    )

    def tell(done: int, total: int) -> None:
        bar.length = max(total, done, 1)
        bar.update(done - bar.pos)

    with open_roster(settings, tell) as roster:
        try:
            with bar:
                roster.run()
        except (Interrupted, KeyboardInterrupt) as stopped:
            if as_json:
                say(roster.so_far.counts(), "", as_json=True)
            if isinstance(stopped, Interrupted):
                raise
            raise Interrupted("you stopped it", roster.so_far) from None
    say(roster.so_far.counts(), _told(roster.so_far.counts(), settings.lang), as_json=as_json)


_TELLING = {
    "official_accounts": "{count} official accounts, which have no versions and are left alone",
    "without_permission_18": "{count} without permission set 18: nothing of theirs can be released",
    "without_token": "{count} listed without a refresh token: they must authorize again",
    "unanswered": "{count} of whom WeChat told nothing: the log says why, and the next run asks again",
    "not_listed": "{count} known here but not listed any more: they must authorize again",
}


def _told(counts: dict[str, int], lang: Lang) -> str:
    """What was taken over, and what a person should look at."""
    first = "WeChat lists {total}; {new} are new here, {asked} were asked about"
    lines = [words.say(first, lang, **counts)]
    lines += [words.say(text, lang, count=counts[name]) for name, text in _TELLING.items() if counts[name]]
    return "\n".join(lines)

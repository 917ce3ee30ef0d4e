"""The command that explains a captured push, without network and without database."""

import sys
import time
from typing import BinaryIO
from urllib.parse import urlsplit

import click

from reactor.cli.examining import sheet, shown
from reactor.cli.language import environ, lang, speak
from reactor.cli.output import json_option, plain, say
from reactor.configuring import configure
from reactor.core.crypto import MessageKeys
from reactor.core.explain import Capture, explain
from reactor.core.meaning import masked

MOST_BYTES = 1 << 20


@click.command()
@click.option("--file", type=click.File("rb"), default="-", help="The body as it arrived.  [default: stdin]")
@click.option("--query", help="The query string of its URL.")
@click.option("--url", help="Its whole URL, or the path with the query, instead of --query.")
@click.option("--show-secrets", is_flag=True, help="Print tickets and codes as they are.")
@json_option
def decrypt(file: BinaryIO, query: str | None, url: str | None, *, show_secrets: bool, as_json: bool) -> None:
    """Explain a captured push offline: what of it is fine, what fails, and why.

    Exit codes: 0 the push would be accepted, 1 it would be refused, 2 wrong usage or configuration.
    """
    if (query is None) == (url is None):
        raise click.UsageError("give either --query or --url")
    capture = _capture(file.read(MOST_BYTES), query, url)
    settings = configure(environ())
    keys = MessageKeys(settings.component_appid, settings.message_tokens, settings.aes_keys)
    found = explain(capture, keys, time.time())
    message = None if found.message is None else found.message.decode("utf-8", "replace")
    if message is not None and not show_secrets:
        message = masked(message)
    data = {
        "accepted": found.accepted,
        "steps": [shown(step) for step in found.steps],
        "message": message,
    }
    text = sheet(found.steps, lang())
    if message is not None:
        lines = "\n".join(f"   {plain(line)}" for line in message.splitlines())
        text = f"{text}\n\n{speak('The decrypted message:')}\n{lines}"
    say(data, text, as_json=as_json)
    if not found.accepted:
        sys.exit(1)


def _capture(body: bytes, query: str | None, url: str | None) -> Capture:
    if url is None:
        return Capture(_readable(query or "").lstrip("?"), body)
    try:
        parts = urlsplit(_readable(url))
    except ValueError:
        raise click.UsageError("--url is no URL; copy it again, or give --query") from None
    return Capture(parts.query, body, parts.path)


def _readable(text: str) -> str:
    """What was given on the command line, without the bytes that are no text."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()

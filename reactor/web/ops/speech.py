"""How the pages speak: the reader's language, and what templates call to say things in it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask, g, request
from markupsafe import Markup

from reactor import __version__
from reactor.web.ops import assets, guards
from reactor.words import Lang, retell, say
from reactor.words.times import from_now, span, stamp

LANG_COOKIE = "reactor-lang"
LANGS: tuple[Lang, ...] = ("en", "zh")
_LINE_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
# A state is told by a colour, a word and a shape.
SHAPES = {
    "held": "◆",
    "pending": "●",
    "releasing": "▶",
    "released": "✓",
    "failed": "✕",
    "superseded": "»",
    "cancelled": "–",
    "ok": "✓",
    "warn": "▲",
    "bad": "✕",
    "unknown": "?",
    "authorized": "✓",
    "code_waiting": "●",
    "unauthorized": "–",
    "needs_reauthorization": "✕",
    "accepted": "✓",
    "misdirected": "▲",
    "unreadable": "✕",
}


def listen(default: Lang) -> None:
    """Find out the reader's language: as chosen, else as the browser asks for, else the default."""
    chosen = request.cookies.get(LANG_COOKIE)
    if chosen not in LANGS:
        chosen = request.accept_languages.best_match(LANGS)
    g.lang = chosen or default


def reader_lang() -> Lang:
    """The reader's language."""
    lang: Lang = g.lang
    return lang


def told(text: str, **values: object) -> str:
    """An English text, or its Chinese twin."""
    return say(text, reader_lang(), **values)


def retold(text: str | None) -> str:
    """A stored English sentence in the reader's language; nothing for None. WeChat breaks lines by HTML."""
    return _LINE_BREAK.sub("\n", retell(text, reader_lang())) if text else ""


LONGEST_SHOWN = 1000


def shown(value: Any) -> Any:
    """What a template prints: a name or a reason without measure must not make the page so.

    What must be whole, as evidence must, is escaped by its template, and then no plain text any more.
    """
    if isinstance(value, str) and not isinstance(value, Markup) and len(value) > LONGEST_SHOWN:
        return f"{value[:LONGEST_SHOWN]}…"
    return value


def word(name: str) -> str:
    """The word of a state, a kind or a verdict."""
    return told(name).replace("_", " ")


def here() -> str:
    """This page with its query, to come back to."""
    return request.full_path.removesuffix("?") if request.method == "GET" else "/ops"


def add_speech(app: Flask, clock: Callable[[], float]) -> None:
    """Give the templates their words."""
    app.jinja_env.globals.update(
        t=told,
        retell=retold,
        word=word,
        shape=lambda name: SHAPES.get(name, "●"),
        lang=reader_lang,
        ago=lambda at: from_now(at, clock(), reader_lang()),
        span=lambda seconds: span(seconds, reader_lang()),
        stamp=stamp,
        rfc=lambda at: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        asset=assets.url_of,
        form_token=guards.token_of_forms,
        here=here,
        version=__version__,
    )

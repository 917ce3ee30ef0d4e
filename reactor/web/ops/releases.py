"""Releases: the list with its filters, the list as CSV, one release with its story, and what may be done."""

import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from flask import Blueprint, abort, request, url_for
from werkzeug.wrappers import Response

from reactor import present, story
from reactor.core.errors import IllegalTransition
from reactor.core.lifecycle import State, allows
from reactor.desk import DECISIONS
from reactor.store import authorizers, component, releases, shelves
from reactor.store.database import Conflict
from reactor.store.releases import Release
from reactor.store.shelves import Window
from reactor.web.ops import filters, speech
from reactor.web.ops.frame import back, page, sane
from reactor.web.ops.office import Office
from reactor.web.ops.sheets import sheet
from reactor.words import telling

log = logging.getLogger(__name__)

_FILTERS = ("state", "authorizer_appid", "since", "until", "before")
_ELEMENT_ENDS = re.compile(r"(?<=>)(?=<[A-Za-z])|(?<=>)(?=</xml>)")
_SHEET_PAGE = 1000
_EVIDENCE = 40_000  # characters of requests, answers and pushes that one page shows
_COLUMNS = (
    *("id", "authorizer_appid", "nick_name", "state", "mode", "audit_id", "user_version", "user_desc"),
    *("approved_at", "created_at", "due_at", "released_at", "attempts", "errcode", "errmsg", "rid", "reason"),
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for."""

    states: list[State]
    authorizer_appid: str | None
    since: float | None
    until: float | None
    before: int | None

    @property
    def is_all(self) -> bool:
        return not (self.authorizer_appid or self.since or self.until)


def _asked() -> _Asked:
    filters.expect(*_FILTERS)
    return _Asked(
        [State(one) for one in filters.several("state", list(State))],
        filters.appid("authorizer_appid"),
        filters.day("since"),
        filters.day("until", end=True),
        filters.row_id("before"),
    )


def add_releases(ops: Blueprint, office: Office) -> None:
    """Put them on the blueprint."""

    @ops.get("/releases")
    def list_releases() -> str:
        asked, now = _asked(), office.clock()
        window = Window(asked.before, filters.PAGE + 1, asked.since, asked.until)
        with office.store.read() as connection:
            found = shelves.leaf_releases(
                connection, window, states=asked.states, authorizer_appid=asked.authorizer_appid
            )
            names = shelves.nick_names(connection, [one.authorizer_appid for one in found])
            counts = shelves.count_releases(connection) if asked.is_all else {}
        shown = found[: filters.PAGE]
        return page(
            "releases.html",
            releases=shown,
            names=names,
            asked=asked,
            states=list(State),
            counts=counts,
            many=shelves.MANY,
            days={days: filters.today(now, days_ago=days - 1) for days in (1, 7, 30)},
            older=filters.address("/ops/releases", before=shown[-1].id) if len(found) > len(shown) else None,
            address=filters.address,
        )

    @ops.get("/releases.csv")
    def sheet_of_releases() -> Response:
        asked = _asked()
        return sheet("releases", _COLUMNS, _pages(office, asked))

    @ops.get("/releases/<int:release_id>")
    def show_release(release_id: int) -> str:
        filters.expect("until")
        until, lang = filters.moment("until"), speech.reader_lang()
        with office.store.read() as connection:
            release = _found(releases.get(connection, sane(release_id)))
            shop = authorizers.get(connection, release.authorizer_appid)
            system = component.get(connection, office.component_appid)
            chapter = shelves.chapter(connection, release.id, until=until)
            pushed = release.event_id and not chapter.since and shelves.event(connection, release.event_id)
        event, message = pushed or (None, None)
        shown = present.release(release, system)
        record = story.Record(
            release,
            chapter.history,
            chapter.calls,
            event,
            message,
            chapter.turns_before,
            complete=chapter.since is None,
        )
        return page(
            "release.html",
            release=release,
            reason=shown["reason"],
            shop=shop,
            steps=_affordable(story.tell(record, lang)),
            explained=story.explained(record, lang) if release.state is not State.RELEASED else None,
            is_refusal=telling.is_refusal(shown["reason"]),
            coming=story.upcoming(release, system, lang) if until is None else None,
            earlier=chapter.since,
            until=until,
            deeds=_deeds(release),
        )

    @ops.get("/releases/<int:release_id>/<any(approve, cancel):deed>")
    def ask_again(release_id: int, deed: str) -> str:
        with office.store.read() as connection:
            release = _found(releases.get(connection, sane(release_id)))
            shop = authorizers.get(connection, release.authorizer_appid)
        return page("decide.html", release=release, shop=shop, deed=deed, possible=deed in _deeds(release))

    @ops.post("/releases/<int:release_id>/<any(approve, retry, cancel):deed>")
    def act(release_id: int, deed: str) -> Response:
        try:
            done = _found(office.desk.act(sane(release_id), DECISIONS[deed], actor="ops"))
        except (IllegalTransition, Conflict) as error:
            abort(409, str(error))
        log.info("release=%s %s by=ops from=%r", done.id, deed, request.remote_addr)
        return back(url_for("ops.show_release", release_id=done.id).removeprefix(request.script_root))


def _found(release: Release | None) -> Release:
    if release is None:
        abort(404, "There is no such release.")
    return release


def _deeds(release: Release) -> list[str]:
    """What a person may do about it now."""
    return [deed for deed, happening in DECISIONS.items() if allows(release.state, happening)]


def _pages(office: Office, asked: _Asked) -> Iterator[list[dict[str, Any]]]:
    """All that the filters let through, a page at a time, each in a transaction of its own."""
    before = asked.before
    while True:
        window = Window(before, _SHEET_PAGE, asked.since, asked.until)
        with office.store.read() as connection:
            system = component.get(connection, office.component_appid)
            found = shelves.leaf_releases(
                connection, window, states=asked.states, authorizer_appid=asked.authorizer_appid
            )
            names = shelves.nick_names(connection, [one.authorizer_appid for one in found])
        yield [present.release(one, system) | {"nick_name": names.get(one.authorizer_appid)} for one in found]
        if len(found) < _SHEET_PAGE:
            return
        before = found[-1].id


def _affordable(steps: Sequence[story.Step]) -> list[story.Step]:
    """The steps as they are shown; the older without evidence where the page would grow too large."""
    left, shown = _EVIDENCE, []
    for step in reversed(steps):
        sent, got, pushed = (text and pretty(text) for text in (step.request, step.answer, step.message))
        left -= sum(len(escape(text)) for text in (sent, got, pushed) if text)
        if left <= 0:
            sent = got = pushed = None
        shown.append(replace(step, request=sent, answer=got, message=pushed))
    return shown[::-1]


def pretty(text: str) -> str:
    """A request, an answer or a push with a line for each of its parts."""
    head, newline, body = text.partition("\n")
    if newline:
        return f"{head}\n{pretty(body)}"
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return _ELEMENT_ENDS.sub("\n", text)

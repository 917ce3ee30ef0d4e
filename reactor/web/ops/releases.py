"""Releases: the list with its filters, the list as CSV, one release with its story."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from reactor import present, story
from reactor.core.lifecycle import State
from reactor.core.policy import Case, Mode, Policy, Subject, decide
from reactor.store import authorizers, component, releases, shelves
from reactor.store.authorizers import Authorizer
from reactor.store.releases import Release
from reactor.store.shelves import Window
from reactor.web.ops import filters, speech
from reactor.web.ops.deeds import possible_deeds, there
from reactor.web.ops.frame import page, sane
from reactor.web.ops.office import Office
from reactor.web.ops.sheets import sheet
from reactor.words import telling

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
            release = there(releases.get(connection, sane(release_id)))
            shop = authorizers.get(connection, release.authorizer_appid)
            system = component.get(connection, office.component_appid)
            chapter = shelves.chapter(connection, release.id, until=until)
            pushed = release.event_id and not chapter.since and shelves.event(connection, release.event_id)
        event, message = pushed or (None, None)
        paused = shop is not None and shop.paused
        shown = present.release(release, system, paused=paused)
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
            coming=story.upcoming(release, system, lang, paused=paused) if until is None else None,
            earlier=chapter.since,
            until=until,
            doors=telling.DOORS,
            deeds=possible_deeds(release, shop),
            stages=_stages(release, shop, office.furnishing.policy()),
            ring=_ring(release, office.furnishing.policy()),
        )


def _stages(release: Release, shop: Authorizer | None, policy: Policy) -> list[int]:
    """The percentages of its gray release, full release included; empty where it has none."""
    begins = release.mode == Mode.GRAY and release.state is not State.RELEASED
    if release.gray_percentage is None and not begins:
        return []
    appid = release.authorizer_appid
    subject = Subject(appid, shop.user_name, shop.nick_name) if shop else Subject(appid)
    case = Case(subject, release.created_at, release.user_version, release.user_desc)
    planned = {step.percentage for step in decide(policy, case, release.created_at).gray}
    return sorted(planned | {release.gray_percentage or 100, 100})


def _ring(release: Release, policy: Policy) -> str | None:
    """The name of its ring, empty for those who are in none; None where it goes through no rings."""
    rings = policy.waves.rings
    if release.ring is None:
        return None
    return rings[release.ring].name if release.ring < len(rings) else ""


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
            appids = [one.authorizer_appid for one in found]
            names = shelves.nick_names(connection, appids)
            paused = authorizers.paused_among(connection, appids)
        yield [
            present.release(one, system, paused=one.authorizer_appid in paused)
            | {"nick_name": names.get(one.authorizer_appid)}
            for one in found
        ]
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

"""Authorizers: the list with its filters and its search, and one mini program in full."""

import logging

from flask import Blueprint, abort, g, request, url_for
from werkzeug.wrappers import Response

from reactor.core.checks import Health
from reactor.core.policy import Case, Ruling, Subject, decide
from reactor.store import authorizers, shelves
from reactor.store.authorizers import Authorizer
from reactor.store.shelves import Window
from reactor.web.ops import filters
from reactor.web.ops.frame import back, page
from reactor.web.ops.office import Office
from reactor.words import telling

log = logging.getLogger(__name__)

SHOWN = {
    authorizers.AUTHORIZED: "authorized",
    shelves.UNDER_AUDIT: "Under audit",
    shelves.CANNOT: "Permission set 18 missing",
    shelves.PAUSED: "Paused",
    authorizers.CODE_WAITING: "code_waiting",
    authorizers.NEEDS_REAUTHORIZATION: "needs_reauthorization",
    authorizers.UNAUTHORIZED: "unauthorized",
}
_FEW = 10


def add_authorizers(ops: Blueprint, office: Office) -> None:
    """Put them on the blueprint."""

    @ops.get("/authorizers")
    def list_authorizers() -> str:
        filters.expect("state", "q", "before")
        show, searched = filters.one_of("state", SHOWN), filters.text("q")
        before = filters.row_id("before")
        with office.store.read() as connection:
            if searched:
                found = shelves.find_authorizers(connection, searched, limit=filters.PAGE + 1)
            else:
                found = shelves.leaf_authorizers(connection, show=show, before=before, limit=filters.PAGE + 1)
            latest = shelves.latest_releases(connection, [one.authorizer_appid for one in found])
            counts = {} if searched else shelves.count_authorizers(connection)
        shown = found[: filters.PAGE]
        more = len(found) > len(shown)
        return page(
            "authorizers.html",
            authorizers=shown,
            latest=latest,
            counts=counts,
            many=shelves.MANY,
            kinds=SHOWN,
            show=show,
            searched=searched,
            more=more,
            before=before,
            older=filters.address("/ops/authorizers", before=shown[-1].id) if more and not searched else None,
            address=filters.address,
            rulings={one.id: _ruling(office, one.authorizer_appid, one) for one in shown},
            audits=telling.AUDITS,
            now=office.clock(),
        )

    @ops.get("/authorizers/<appid:authorizer_appid>")
    def show_authorizer(authorizer_appid: str) -> str:
        filters.expect("version", "desc", "at")
        version, desc, at = filters.text("version"), filters.text("desc"), filters.wall("at")
        window, now = Window(limit=_FEW), office.clock()
        with office.store.read() as connection:
            found = authorizers.get(connection, authorizer_appid)
            releases = shelves.leaf_releases(connection, window, authorizer_appid=authorizer_appid)
            events = shelves.leaf_events(connection, window, authorizer_appid=authorizer_appid)
        if found is None and not releases and not events:
            abort(404, "No mini program of this appid is known here.")
        return page(
            "authorizer.html",
            appid=authorizer_appid,
            one=found,
            releases=releases,
            events=events,
            ruling=_ruling(office, authorizer_appid, found, at=at, version=version, desc=desc),
            at=now if at is None else at,
            asked={"version": version, "desc": desc, "at": request.args.get("at")},
            audits=telling.AUDITS,
            token=_token_health(found, now) if found else None,
            now=now,
        )

    @ops.post("/authorizers/<appid:authorizer_appid>/<any(pause, resume):deed>")
    def pause_one(authorizer_appid: str, deed: str) -> Response:
        paused = deed == "pause"
        if not office.desk.pause_authorizer(authorizer_appid, paused=paused, actor="ops"):
            abort(404, "No mini program of this appid is known here.")
        log.warning("authorizer=%s paused=%s by=ops from=%r", authorizer_appid, paused, request.remote_addr)
        path = url_for("ops.show_authorizer", authorizer_appid=authorizer_appid)
        return back(path.removeprefix(request.script_root))


def _ruling(  # noqa: PLR0913 - one question with all that may be known of it
    office: Office,
    appid: str,
    one: Authorizer | None,
    *,
    at: float | None = None,
    version: str | None = None,
    desc: str | None = None,
) -> Ruling:
    """What would become of a version that is approved at the moment, which is now if none is given."""
    at = office.clock() if at is None else at
    subject = Subject(appid, one.user_name, one.nick_name) if one else Subject(appid)
    paused = g.system.paused or (one is not None and one.paused)
    case = Case(subject, at, user_version=version, user_desc=desc, paused=paused)
    return decide(office.furnishing.policy(), case, at)


def _token_health(one: Authorizer, now: float) -> tuple[Health, str]:
    """How it stands with the tokens of this mini program, in words; `{span}` is how long the token lasts."""
    if one.state == authorizers.NEEDS_REAUTHORIZATION:
        return (
            Health.BAD,
            "WeChat does not take its refresh token any more: the merchant must authorize again.",
        )
    if one.code_sealed is not None:
        return Health.WARN, "The merchant authorized; the code is about to be exchanged for tokens."
    if one.refresh_token_sealed is None:
        return Health.BAD, "There is no refresh token: the merchant must authorize."
    if one.access_token_sealed is None or one.access_token_expires_at is None:
        return Health.OK, "The refresh token is there; an access token is fetched when it is needed."
    if one.access_token_expires_at <= now:
        return Health.OK, "The access token ran out; the next call fetches another one by itself."
    return Health.OK, "The access token is good for another {span} and is renewed by itself."

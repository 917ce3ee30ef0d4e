"""The merchant's page: the links to authorize by, the way back from WeChat, and what came of it.

Its address is the only key to it, so that is not logged, not cached and not handed on. It needs no script.
"""

import logging
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, abort, render_template, request
from werkzeug.exceptions import HTTPException

from reactor.core.decisions import SHANGHAI
from reactor.core.errors import StoreUnavailable
from reactor.invitations import Invitations, Seen, Stage
from reactor.words import Lang, retell, say

log = logging.getLogger(__name__)

SOON_SECONDS, LATER_SECONDS = 2, 10
_CODE = re.compile("[!-~]{1,512}")
# WeChat opens an authorization only when it sees which domain the merchant comes from: that, and no more.
_REFERRER = {Stage.READY: "strict-origin"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}
_STATUS = {Stage.EXPIRED: 410}


def add_inviting(app: Flask, invitations: Invitations) -> None:
    """Put `/authorize/<nonce>` on the app."""
    pages = Blueprint(
        "inviting", __name__, url_prefix="/authorize", template_folder="templates", static_folder="static"
    )

    @pages.get("/<nonce>")
    def show(nonce: str) -> Response:
        invitations.prepare(nonce)
        seen = invitations.see(nonce)
        if seen is None:
            abort(404)
        return _page(_STATUS.get(seen.stage, 200), stage=seen.stage, nonce=nonce, **_facts(seen))

    @pages.get("/<nonce>/back")
    def come_back(nonce: str) -> Response:
        codes = request.args.getlist("auth_code")
        if len(codes) != 1 or not _CODE.fullmatch(codes[0]):
            abort(400)
        if not invitations.come_back(nonce, codes[0]):
            abort(404)
        return _to_the_page(nonce)

    @pages.post("/<nonce>/again")
    def start_again(nonce: str) -> Response:
        if not invitations.start_again(nonce):
            abort(404)
        return _to_the_page(nonce)

    @pages.errorhandler(HTTPException)
    def told(error: HTTPException) -> Response:
        return _page(error.code or 500, problem=_PROBLEMS.get(error.code or 500, _OURS))

    @pages.errorhandler(StoreUnavailable)
    def store_unavailable(error: StoreUnavailable) -> Response:
        log.error("store unavailable endpoint=%s reason=%s", request.endpoint, error)
        return _page(503, problem=_STORE)

    @pages.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("internal error endpoint=%s", request.endpoint, exc_info=error)
        return _page(500, problem=_OURS)

    app.register_blueprint(pages)


_STORE = (
    "The database cannot be reached at the moment. Nothing is lost: go back and try again in a minute; if "
    "you have authorized already, it arrives by itself."
)
_OURS = "Something went wrong here. Nothing is lost: try again in a minute."
_PROBLEMS = {
    400: "WeChat sent no authorization code along. Go back to the invitation and start again.",
    404: "This address leads to no invitation. Check that it is complete, or ask for a new one.",
    405: "This address leads to no invitation. Check that it is complete, or ask for a new one.",
    503: _STORE,
}


def _facts(seen: Seen) -> dict[str, Any]:
    """What the page tells of an invitation."""
    waits = SOON_SECONDS if seen.reason is None else LATER_SECONDS
    refresh = None if seen.stage.settled else waits
    if seen.stage is Stage.READY:
        refresh = max(SOON_SECONDS, int(seen.good_for))  # then the links are made anew
    until = datetime.fromtimestamp(seen.expires_at, SHANGHAI)
    return {
        "seen": seen,
        "who": seen.authorizer,
        "refresh": refresh,
        "until": until,
        "may_start_again": seen.may_start_again,
    }


# What is told of no invitation; the templates refuse what nobody gave them.
_NOTHING = dict.fromkeys(("problem", "seen", "who", "refresh", "until", "may_start_again"))


def _page(status: int, *, stage: Stage | None = None, **facts: Any) -> Response:
    lang = _lang()
    say_here: Callable[..., str] = lambda text, **values: say(text, lang, **values)  # noqa: E731 - for the template
    page = render_template(
        "authorize.html",
        t=say_here,
        retell=partial(retell, lang=lang),
        lang=lang,
        stage=stage,
        **(_NOTHING | facts),
    )
    response = Response(page, status=status, mimetype="text/html")
    response.headers.update(_HEADERS)
    response.headers["Referrer-Policy"] = _REFERRER.get(stage, "no-referrer") if stage else "no-referrer"
    return response


def _lang() -> Lang:
    asked = request.args.get("lang") or request.accept_languages.best_match(["zh", "en"], "en")
    return "zh" if asked == "zh" else "en"


def _to_the_page(nonce: str) -> Response:
    """See Other; relative, for a proxy may cut a path off, and without the code in it."""
    headers = {**_HEADERS, "Location": f"../{nonce}", "Referrer-Policy": "no-referrer"}
    return Response(status=303, headers=headers)

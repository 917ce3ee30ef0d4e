"""The frame around every page: navigation, banner, and the page that says what went wrong."""

import re
from typing import Any

from flask import Response, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from reactor.records import LARGEST_ID
from reactor.web.request_ids import request_id

_OWN_PAGE = re.compile(r"/ops(/[\w./-]*)?(\?[\w.~%&=+,:;!*'()$/?@-]*)?", re.ASCII)

# Status → what happened, whether anything is lost, what to do.
_APOLOGIES = {
    400: (
        "This address makes no sense here.",
        "Nothing was changed.",
        "Go back and choose from what the page offers.",
    ),
    403: (
        "This was refused.",
        "Nothing was changed.",
        "Go back, reload the page and try once more.",
    ),
    404: ("There is nothing here.", "Nothing is lost.", "It may have been removed after its time was over."),
    405: ("That cannot be done here.", "Nothing was changed.", "Go back and use the buttons of the page."),
    409: (
        "That is not possible any more.",
        "Nothing was changed.",
        "Go back and look at the state it is in now.",
    ),
    413: ("That was too much at once.", "Nothing was changed.", "Go back and send less."),
    429: ("Too many attempts.", "Nothing is lost.", "Wait a while and try again."),
    500: (
        "Something went wrong inside.",
        "Nothing that WeChat pushed is lost, and releases go on.",
        "Try again; if it stays, look for this request in the log.",
    ),
    503: (
        "The database cannot be reached now.",
        "Nothing is lost: WeChat repeats what could not be kept.",
        "Wait a moment and reload. If it stays, check the database.",
    ),
}


def page(template: str, **values: Any) -> str:
    """One page in its frame."""
    return render_template(template, known=g.get("known", False), system=g.get("system"), **values)


def apology(status: int, detail: str) -> Response:
    """The page of an error; `detail` is an English sentence that says more."""
    happened, lost, remedy = _APOLOGIES.get(status, _APOLOGIES[500 if status >= 500 else 400])  # noqa: PLR2004
    body = page(
        "apology.html",
        status=status,
        happened=happened,
        detail=detail,
        lost=lost,
        remedy=remedy,
        request_id=request_id(),
    )
    return make_response(body, status)


def goal(default: str = "/ops") -> str:
    """Where to go afterwards: the page of ours that `next` names, else the default."""
    asked = request.values.get("next", "")
    return request.script_root + (asked if _OWN_PAGE.fullmatch(asked) else default)


def back(default: str = "/ops") -> AnyResponse:
    """After a change: to the page it was asked for on."""
    return redirect(goal(default), 303)


def sane(number: int) -> int:
    """An id that a database can hold; else 404."""
    if number > LARGEST_ID:
        abort(404)
    return number


def is_current(part: str) -> bool:
    """Whether the page belongs to this part of the navigation."""
    path = request.path
    return path == part or (part != "/ops" and path.startswith(f"{part}/"))

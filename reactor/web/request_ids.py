"""Each request has an id, the platform's if it is sane: log lines and answers show it."""

import random
import re
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request

from reactor.logs import about

_SANE = re.compile("[A-Za-z0-9._-]{8,64}")
_KEY = "reactor.request_id"


def add_request_ids(app: Flask) -> None:
    """Put the id on every log line of a request and on its answer; WeChat's own answers stay as they are."""
    app.wsgi_app = _with_id(app.wsgi_app)  # type: ignore[method-assign, assignment]


def request_id() -> str:
    """The id of the request at hand, for a page that says whom to ask about what."""
    return str(request.environ.get(_KEY, ""))


def _with_id(wsgi_app: WSGIApplication) -> WSGIApplication:
    """Around the app and not inside it: this costs every push, and so a tenth as much."""

    def identified(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        found = given if _SANE.fullmatch(given) else f"{random.getrandbits(128):032x}"
        environ[_KEY] = found
        with about(request_id=found):
            # There all causes of a refusal look the same, and so does every acknowledgement.
            if environ.get("PATH_INFO", "").startswith("/wechat/"):
                return wsgi_app(environ, start_response)
            return wsgi_app(environ, _showing(found, start_response))

    return identified


def _showing(found: str, start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], error: Any = None, /) -> Callable[[bytes], object]:
        return start_response(status, [*headers, ("X-Request-Id", found)], error)

    return start

"""Each request has an id, the platform's if it is sane: log lines and answers show it."""

import re
import uuid
from contextlib import ExitStack

from flask import Flask, Response, g, request

from reactor.logs import about

_SANE = re.compile("[A-Za-z0-9._-]{8,64}")


def add_request_ids(app: Flask) -> None:
    """Put the id on every log line of a request and on its answer; WeChat's own answers stay as they are."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        g.lines = ExitStack()
        g.lines.enter_context(about(request_id=g.request_id))

    @app.after_request
    def show(response: Response) -> Response:
        # There all causes of a refusal look the same, and so does every acknowledgement.
        if not request.path.startswith("/wechat/"):
            response.headers["X-Request-Id"] = request_id()
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "lines" in g:
            g.lines.close()


def request_id() -> str:
    """The id of the request at hand, for a page that says whom to ask about what."""
    return str(g.get("request_id", ""))

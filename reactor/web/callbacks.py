"""The two routes WeChat calls: verify, store, answer `success`; they wait for nothing but the store.

https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html
"""

import logging
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Flask, Response, abort, request
from werkzeug.routing import BaseConverter

from reactor.core.crypto import MessageKeys, Opened, open_envelope
from reactor.core.errors import EnvelopeRefused, StoreUnavailable, UnreadableMessage
from reactor.core.events import parse_event
from reactor.intake import Intake
from reactor.tally import Tally

log = logging.getLogger(__name__)

LARGEST_PUSH = 64 * 1024


class _Appid(BaseConverter):
    regex = "wx[0-9a-f]{16}"
    part_isolating = True


def add_callbacks(app: Flask, *, intake: Intake, keys: MessageKeys, tally: Tally) -> None:
    """Put both routes on the app."""
    app.url_map.converters["appid"] = _Appid
    # Werkzeug cuts a chunked body off at its limit without a word; one byte more lets us see that it was cut.
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_PUSH + 1
    app.wsgi_app = _without_upgrade(app.wsgi_app)  # type: ignore[method-assign, assignment]
    callbacks = Blueprint("callbacks", __name__, url_prefix="/wechat")

    def receive(authorizer_appid: str | None = None) -> Response:
        began = time.perf_counter()
        body = request.get_data(cache=False)
        if len(body) > LARGEST_PUSH:
            abort(413)
        try:
            opened = open_envelope(request.query_string, body, keys=keys)
        except EnvelopeRefused as refusal:
            tally.refused(refusal.cause)
            log.warning("push=refused cause=%s path=%s", refusal.cause, request.path)
            return _empty(403)
        try:
            _accept(intake, opened, authorizer_appid)
        except StoreUnavailable as error:
            log.error("push=not_kept WeChat sends it again reason=%s", error)  # noqa: TRY400 - no traceback: the text says it all
            return _empty(503)
        tally.acknowledged(time.perf_counter() - began)
        return Response(b"success", mimetype="text/plain")

    for rule in ("/component", "/authorizers/<appid:authorizer_appid>"):
        callbacks.add_url_rule(
            rule, view_func=receive, methods=["POST"], provide_automatic_options=False, strict_slashes=True
        )
    app.register_blueprint(callbacks)


def _without_upgrade(wsgi_app: WSGIApplication) -> WSGIApplication:
    """A request that asks to become a websocket is a push like any other; Werkzeug would answer it 400."""

    def plain(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("HTTP_UPGRADE", None)
        return wsgi_app(environ, start_response)

    return plain


def _accept(intake: Intake, opened: Opened, authorizer_appid: str | None) -> None:
    try:
        event = parse_event(opened.message)
    except UnreadableMessage as why:
        log.warning("push=unreadable reason=%s", why)
        intake.accept_unreadable(
            opened.message, str(why), authorizer_appid=authorizer_appid, timestamp=opened.timestamp
        )
    else:
        intake.accept(
            event,
            authorizer_appid=authorizer_appid,
            timestamp=opened.timestamp,
            message=opened.message,
        )


def _empty(status: int) -> Response:
    return Response(b"", status=status, mimetype="text/plain")

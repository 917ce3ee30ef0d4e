"""The Flask app: routes put together, and what is said when something goes wrong."""

import logging
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, current_app, jsonify, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from reactor.admission import Admission
from reactor.core.crypto import MessageKeys
from reactor.core.errors import StoreUnavailable
from reactor.desk import Desk
from reactor.intake import Intake
from reactor.invitations import Invitations
from reactor.records import Records
from reactor.store.asking import Plan
from reactor.store.database import Store
from reactor.tally import Tally
from reactor.web.api import add_api, problem
from reactor.web.callbacks import add_callbacks
from reactor.web.inviting import add_inviting
from reactor.web.metrics import add_metrics
from reactor.web.ops.frame import apology
from reactor.web.ops.front import add_ops
from reactor.web.ops.guards import is_ops
from reactor.web.ops.office import Furnishing, Office
from reactor.web.ops.speech import shown
from reactor.web.request_ids import add_request_ids

log = logging.getLogger(__name__)


def create_app(  # noqa: PLR0913 - the parts of a web process, by name
    *,
    store: Store,
    intake: Intake,
    desk: Desk,
    invitations: Invitations,
    keys: MessageKeys,
    plan: Plan,
    api_token: str | None,
    tally: Tally,
    furnishing: Furnishing,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """Everything WeChat and operators speak HTTP to."""
    app = Flask(__name__, static_folder=None)
    app.jinja_options = {
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "finalize": shown,
    }
    app.url_map.merge_slashes = False  # a merged slash is a redirect, and WeChat follows none
    app.json.sort_keys = False  # type: ignore[attr-defined]
    add_request_ids(app)
    add_callbacks(app, intake=intake, keys=keys, tally=tally, clock=clock)
    records = Records(store, keys.component_appid, plan, clock=clock)
    add_api(app, records=records, desk=desk, api_token=api_token)
    add_inviting(app, invitations)
    add_metrics(app, store=store, component_appid=keys.component_appid, api_token=api_token, clock=clock)
    if furnishing.ops_password is not None:
        admission = Admission(store, furnishing.ops_password, clock=clock)
        appid = keys.component_appid
        add_ops(app, Office(store, desk, invitations, records, appid, clock, admission, furnishing))
    _go_behind(app, furnishing)
    _add_health(app, store)
    app.register_error_handler(HTTPException, _told)
    app.register_error_handler(StoreUnavailable, _store_unavailable)
    app.register_error_handler(Exception, _unexpected)
    return app


def _go_behind(app: Flask, furnishing: Furnishing) -> None:
    """Believe so many proxies about address and scheme, and put back the path that the last one cuts off."""
    if count := furnishing.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_prefix=0)  # type: ignore[method-assign]
    if prefix := urlsplit(furnishing.public_url or "").path:
        app.wsgi_app = _under(prefix, app.wsgi_app)  # type: ignore[method-assign, assignment]


def _under(prefix: str, wsgi_app: WSGIApplication) -> WSGIApplication:
    def prefixed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["SCRIPT_NAME"] = prefix
        return wsgi_app(environ, start_response)

    return prefixed


def _add_health(app: Flask, store: Store) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        if not store.is_ready():
            return jsonify({"status": "the schema is not migrated"}), 503
        return jsonify({"status": "ok"}), 200


def _told(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if request.path.startswith("/wechat/"):
        response = Response(b"", status=status, mimetype="text/plain")
    elif isinstance(error, BadHost):
        response = problem(status, "the Host header names no host")
    else:
        response = _answer(status, error.description or "", ours=error.description != type(error).description)
    if "Allow" in (headers := dict(error.get_headers())):
        response.headers["Allow"] = headers["Allow"]
    return response


def _store_unavailable(error: StoreUnavailable) -> Response:
    log.error("store unavailable path=%s reason=%s", request.path, error)
    return _answer(
        503, "the database cannot be reached now; nothing is lost, WeChat repeats what was not kept"
    )


def _unexpected(error: Exception) -> Response:
    log.error("internal error path=%s", request.path, exc_info=error)
    if request.path.startswith("/wechat/"):
        return Response(b"", status=503, mimetype="text/plain")
    return _answer(500, "an internal error; the log has it. Nothing that WeChat pushed is lost")


def _answer(status: int, detail: str, *, ours: bool = False) -> Response:
    """An error for people under /ops, unless that is closed; for programs everywhere else.

    People have words for each status there; a detail says more when it is `ours`, not the library's.
    """
    if "ops" in current_app.blueprints and is_ops(request.path):
        return apology(status, detail if ours else "")
    return problem(status, detail)

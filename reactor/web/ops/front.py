"""The pages put together, on one blueprint."""

from flask import Blueprint, Flask, request
from werkzeug.exceptions import BadHost
from werkzeug.wrappers import Response

from reactor.web.ops import guards
from reactor.web.ops.authorizers import add_authorizers
from reactor.web.ops.door import add_door, arrive
from reactor.web.ops.events import add_events
from reactor.web.ops.frame import is_current
from reactor.web.ops.health import add_health
from reactor.web.ops.invite import add_invite
from reactor.web.ops.office import Office
from reactor.web.ops.overview import add_overview
from reactor.web.ops.releases import add_releases
from reactor.web.ops.speech import add_speech


def add_ops(app: Flask, office: Office) -> None:
    """Everything under /ops."""
    ops = Blueprint("ops", __name__, url_prefix="/ops", template_folder="templates", static_folder="static")
    add_door(ops, office)
    add_overview(ops, office)
    add_health(ops, office)
    add_releases(ops, office)
    add_authorizers(ops, office)
    add_invite(ops, office)
    add_events(ops, office)
    app.register_blueprint(ops)
    add_speech(app, office.clock)
    app.jinja_env.globals.update(is_current=is_current)

    @app.before_request
    def guard() -> Response | None:
        if not guards.is_ops(request.path) or isinstance(request.routing_exception, BadHost):
            return None  # under such a host no page can name another: what routing says is the answer
        return arrive(office)

    app.after_request(guards.protect)

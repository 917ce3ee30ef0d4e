"""The JSON API under /api/v1, for whoever holds the bearer token; errors are RFC 9457 problem details."""

import hmac
import re
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, request
from werkzeug.http import HTTP_STATUS_CODES

from reactor.core.errors import IllegalTransition
from reactor.core.lifecycle import State
from reactor.core.policy.waves import VERBS
from reactor.desk import DECISIONS, Desk
from reactor.records import AUTHORIZER_STATES, DEFAULT_LIMIT, LARGEST_ID, LARGEST_LIMIT, Records
from reactor.store.database import Conflict
from reactor.web.openapi import document

_APPID_FORM = re.compile("wx[0-9a-f]{16}")
_NUMBER_FORM = re.compile("[1-9][0-9]{0,18}")


def add_api(app: Flask, *, records: Records, desk: Desk, api_token: str | None) -> None:
    """Put /api/v1 on the app; without a token the whole of it answers 404."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @app.before_request
    def guard() -> Response | None:
        if not request.path.startswith("/api/"):
            return None
        return refusal_of(api_token)

    @api.get("/releases")
    def list_releases() -> Response:
        given = _parameters("state", "authorizer_appid")
        if given.get("state", State.HELD) not in list(State):
            abort(400, f"state must be one of {', '.join(State)}")
        return jsonify(records.releases(**_paging(), **given))

    @api.get("/releases/<int:release_id>")
    def show_release(release_id: int) -> Response:
        return jsonify(_found(records, _sane(release_id)))

    @api.post("/releases/<int:release_id>/<any(approve, hold, retry, cancel):act>")
    def act_on_release(release_id: int, act: str) -> Response:
        try:
            done = desk.act(_sane(release_id), DECISIONS[act], actor="api")
        except (IllegalTransition, Conflict) as error:
            abort(409, str(error))
        if done is None:
            abort(404, "there is no such release")
        return jsonify(_found(records, release_id))

    @api.post("/releases/<int:release_id>/rollback")
    def roll_back(release_id: int) -> Response:
        try:
            asked = desk.roll_back(_sane(release_id), actor="api")
        except (IllegalTransition, Conflict) as error:
            abort(409, str(error))
        if asked is None:
            abort(404, "there is no such release")
        return jsonify(_found(records, release_id))

    @api.get("/events")
    def list_events() -> Response:
        given = _parameters("authorizer_appid")
        return jsonify(records.events(**_paging(), **given))

    @api.get("/authorizers")
    def list_authorizers() -> Response:
        given = _parameters("state")
        if given.get("state", AUTHORIZER_STATES[0]) not in AUTHORIZER_STATES:
            abort(400, f"state must be one of {', '.join(AUTHORIZER_STATES)}")
        return jsonify(records.authorizers(**_paging(), **given))

    @api.post("/authorizers/<authorizer_appid>/<any(pause, resume):act>")
    def pause_or_resume_one(authorizer_appid: str, act: str) -> Response:
        known = _APPID_FORM.fullmatch(authorizer_appid) and desk.pause_authorizer(
            authorizer_appid, paused=act == "pause", actor="api"
        )
        if not known:
            abort(404, "there is no such authorizer")
        return jsonify(records.authorizer(authorizer_appid))

    _add_waves(api, records, desk)

    @api.get("/status")
    def show_status() -> Response:
        return jsonify(records.status())

    @api.post("/<any(pause, resume):act>")
    def pause_or_resume(act: str) -> Response:
        desk.set_paused(paused=act == "pause")
        return show_status()

    @api.get("/openapi.json")
    def describe() -> Response:
        return jsonify(document())

    app.register_blueprint(api)


def _add_waves(api: Blueprint, records: Records, desk: Desk) -> None:
    @api.get("/waves")
    def list_waves() -> Response:
        return jsonify(records.waves())

    # The version may hold any letter, a slash as well.
    @api.post(f"/waves/<path:user_version>/<any({', '.join(VERBS)}):act>")
    def move_wave(user_version: str, act: str) -> Response:
        try:
            done = desk.wave(user_version, act, actor="api")
        except (IllegalTransition, Conflict) as error:
            abort(409, str(error))
        if done is None:
            abort(404, "there is no wave of this version")
        return jsonify(records.wave(user_version))


def refusal_of(api_token: str | None) -> Response | None:
    """Who does not show the token is refused; without one there is nothing here."""
    if api_token is None:
        return problem(404, "there is nothing here")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if hmac.compare_digest(given.encode(), api_token.encode()) and scheme.lower() == "bearer":
        return None
    refusal = problem(401, "this needs the header `Authorization: Bearer <REACTOR_API_TOKEN>`")
    refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal


def problem(status: int, detail: str) -> Response:
    """An error in the form of RFC 9457."""
    title = HTTP_STATUS_CODES[status]
    response = jsonify({"type": "about:blank", "title": title, "status": status, "detail": detail})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def _found(records: Records, release_id: int) -> dict[str, Any]:
    release = records.release(release_id)
    if release is None:
        abort(404, "there is no such release")
    return release


def _sane(number: int) -> int:
    if number > LARGEST_ID:
        abort(404, "there is no such release")
    return number


def _parameters(*known: str) -> dict[str, Any]:
    """The filters given; anything unknown, repeated or empty is refused, never guessed."""
    for name, values in request.args.lists():
        if name not in (*known, "limit", "cursor"):
            abort(400, f"the parameter {name!r} is not known here")
        if len(values) != 1 or not values[0]:
            abort(400, f"the parameter {name!r} must be given once, with a value")
    appid = request.args.get("authorizer_appid")
    if appid is not None and not _APPID_FORM.fullmatch(appid):
        abort(400, "authorizer_appid must be wx and 16 lower-case hex digits")
    return {name: request.args[name] for name in known if name in request.args}


def _paging() -> dict[str, Any]:
    return {
        "before": _number("cursor", None, 1, LARGEST_ID),
        "limit": _number("limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT),
    }


def _number(name: str, default: int | None, least: int, most: int) -> int | None:
    text = request.args.get(name)
    if text is None:
        return default
    if not (_NUMBER_FORM.fullmatch(text) and least <= int(text) <= most):
        abort(400, f"{name} must be a number from {least} to {most}")
    return int(text)

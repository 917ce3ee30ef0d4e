"""The API's own description, served beside it: OpenAPI 3.1, true by the tests that ask by it."""

from typing import Any

from reactor import __version__
from reactor.core.lifecycle import Happening, State
from reactor.core.policy import Mode
from reactor.core.policy.waves import WaveState
from reactor.records import AUTHORIZER_STATES, DEFAULT_LIMIT, LARGEST_ID, LARGEST_LIMIT

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_SECONDS: Json = {"type": "number", "minimum": 0}
_FLAG: Json = {"type": "boolean"}
_MOMENT: Json = {"type": "string", "format": "date-time", "description": "RFC 3339, in UTC"}
_ID: Json = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
_APPID: Json = {"type": "string", "pattern": "^wx[0-9a-f]{16}$"}
_JSON, _PROBLEM = "application/json", "application/problem+json"


def _or_null(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def _one_of(words: Any) -> Json:
    return {"type": "string", "enum": [str(word) for word in words]}


def _of(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(description: str, **properties: Json) -> Json:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _page(name: str) -> Json:
    return _object(
        "A page, newest first.",
        items={"type": "array", "items": _of(name), "maxItems": LARGEST_LIMIT},
        next_cursor={
            "type": ["string", "null"],
            "description": "`cursor` of the page after, if there is one",
        },
    )


_STATE = _one_of(State)
_RELEASE: dict[str, Json] = {
    "id": _ID,
    "authorizer_appid": _APPID,
    "state": {**_STATE, "description": "`released` is seen live; `failed` needs a person"},
    "mode": _one_of(Mode),
    "audit_id": _or_null(_WHOLE),
    "user_version": _or_null(_TEXT),
    "user_desc": _or_null(_TEXT),
    "approved_at": _MOMENT,
    "created_at": _MOMENT,
    "due_at": _or_null(_MOMENT),
    "released_at": _or_null(_MOMENT),
    "attempts": _COUNT,
    "errcode": _or_null(_WHOLE),
    "errmsg": _or_null(_TEXT),
    "rid": _or_null(_TEXT),
    "reason": _or_null(_TEXT),
}
_STEP = _object(
    "One change of state.",
    at=_MOMENT,
    **{"from": {"type": ["string", "null"], "enum": [*map(str, State), None]}, "to": _STATE},
    happening=_one_of(("opened", "found", *Happening)),
    actor=_TEXT,
    detail=_or_null(_TEXT),
)
_CALL = _object(
    "One call to WeChat.",
    at=_MOMENT,
    call=_TEXT,
    outcome=_one_of(("started", "answered", "unknown", "not_sent")),
    http_status=_or_null(_WHOLE),
    errcode=_or_null(_WHOLE),
    errmsg=_or_null(_TEXT),
    rid=_or_null(_TEXT),
    ms=_or_null(_COUNT),
)
_AUDITS = ("audit_success", "audit_fail", "audit_delay")
_EVENT = _object(
    "One push that asked for something.",
    id=_ID,
    received_at=_MOMENT,
    created_at=_or_null(_MOMENT),
    kind=_one_of((*_AUDITS, "authorized", "updateauthorized", "unauthorized", "unreadable")),
    authorizer_appid=_or_null(_APPID),
    verdict=_one_of(("accepted", "misdirected", "unreadable")),
    deliveries={"type": "integer", "minimum": 1},
    reason=_or_null(_TEXT),
    stale=_FLAG,
    release_id=_or_null(_ID),
)
_AUTHORIZER = _object(
    "One mini program that authorized the component.",
    authorizer_appid=_APPID,
    user_name=_or_null(_TEXT),
    nick_name=_or_null(_TEXT),
    state=_one_of(AUTHORIZER_STATES),
    live_version=_or_null(_TEXT),
    audit_status=_or_null(_WHOLE),
    can_release={**_or_null(_FLAG), "description": "whether permission set 18 was granted"},
)
_BLOCKED = _object(
    "What stands before every call.", reason=_TEXT, since=_MOMENT, next_probe_at=_or_null(_MOMENT)
)
_SWEEP = _object(
    "The search for approvals whose push never came.",
    authorizers=_COUNT,
    round_seconds=_SECONDS,
    to_ask_soon=_COUNT,
)
_STATUS = _object(
    "The whole at a glance.",
    version=_TEXT,
    paused={**_FLAG, "description": "whether all releases are"},
    paused_authorizers={**_COUNT, "description": "how many mini programs are paused one by one"},
    blocked={"anyOf": [_BLOCKED, {"type": "null"}]},
    ticket_age_seconds=_or_null(_SECONDS),
    pending=_COUNT,
    held=_COUNT,
    failed=_COUNT,
    oldest_due_seconds=_or_null(_SECONDS),
    workers=_COUNT,
    sweep=_SWEEP,
)
_RING = _object(
    "One ring of a wave; `name` is null for all who are in none.",
    name=_or_null(_TEXT),
    live=_COUNT,
    waiting=_COUNT,
    failed={**_COUNT, "description": "of which some may have been rolled back"},
    ended={**_COUNT, "description": "cancelled or superseded before they were live"},
    last_live_at=_or_null(_MOMENT),
)
_WAVE = _object(
    "One version on its way through the rings.",
    user_version=_TEXT,
    state={**_one_of(WaveState), "description": "`stopped` needs a person"},
    ring={**_COUNT, "description": "up to which of `rings` releases may go, counted from 0"},
    reason=_or_null(_TEXT),
    opened_at=_MOMENT,
    changed_at=_or_null(_MOMENT),
    rings={"type": "array", "items": _of("Ring")},
)
_WAVES = _object("The waves opened last, the newest first.", items={"type": "array", "items": _of("Wave")})
_PROBLEM_DETAILS = _object(
    "RFC 9457.", type=_TEXT, title=_TEXT, status=_WHOLE, detail={"type": "string", "minLength": 1}
)

_SCHEMAS: dict[str, Json] = {
    "Release": _object("One approval on its way.", **_RELEASE),
    "ReleaseStory": _object(
        "One release with all that happened.",
        **_RELEASE,
        history={"type": "array", "items": _of("Step")},
        calls={"type": "array", "items": _of("Call")},
    ),
    "Step": _STEP,
    "Call": _CALL,
    "Event": _EVENT,
    "Authorizer": _AUTHORIZER,
    "Status": _STATUS,
    "Ring": _RING,
    "Wave": _WAVE,
    "Waves": _WAVES,
    "Problem": _PROBLEM_DETAILS,
    **{f"{name}Page": _page(name) for name in ("Release", "Event", "Authorizer")},
}


def _query(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


_PAGING = [
    _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
        "rows on a page",
    ),
    _query("cursor", _ID, "`next_cursor` of the page before"),
]
_OF_ONE = _query("authorizer_appid", _APPID, "only those of this authorizer")
_RELEASE_ID = {"name": "release_id", "in": "path", "required": True, "schema": _ID}
_WRONG = {
    "400": "a parameter is odd; nothing was guessed",
    "404": "there is no such thing",
    "409": "the lifecycle forbids it, or a worker was faster; nothing changed",
    "401": "the bearer token is missing or wrong",
    "503": "the database cannot be reached now; nothing is lost",
}


def _answers(schema: str, *wrong: str) -> Json:
    told = {
        code: {"description": _WRONG[code], "content": {_PROBLEM: {"schema": _of("Problem")}}}
        for code in (*wrong, "401", "503")
    }
    return {"200": {"description": "done", "content": {_JSON: {"schema": _of(schema)}}}, **told}


def _list(summary: str, name: str, *filters: Json) -> Json:
    parameters = [*filters, *_PAGING]
    operation = {"operationId": f"list{name}s", "summary": summary, "parameters": parameters}
    return {"get": {**operation, "responses": _answers(f"{name}Page", "400")}}


def _act(name: str, summary: str) -> Json:
    operation = {"operationId": f"{name}Release", "summary": summary, "parameters": [_RELEASE_ID]}
    return {"post": {**operation, "responses": _answers("ReleaseStory", "404", "409")}}


def _plain(method: str, name: str, summary: str, schema: str, *wrong: str, **more: Any) -> Json:
    return {method: {"operationId": name, "summary": summary, **more, "responses": _answers(schema, *wrong)}}


_SHOW = {"parameters": [_RELEASE_ID]}
_VERSION = {
    "name": "user_version",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}


def _wave(verb: str, summary: str) -> Json:
    return _plain("post", f"{verb}Wave", summary, "Wave", "404", "409", parameters=[_VERSION])


def _pause(verb: str, summary: str) -> Json:
    appid = {"name": "authorizer_appid", "in": "path", "required": True, "schema": _APPID}
    return _plain("post", f"{verb}Authorizer", summary, "Authorizer", "404", parameters=[appid])


_PATHS: dict[str, Json] = {
    "/releases": _list("Releases", "Release", _query("state", _STATE, "only those in this state"), _OF_ONE),
    "/releases/{release_id}": _plain("get", "getRelease", "One release", "ReleaseStory", "404", **_SHOW),
    "/releases/{release_id}/approve": _act("approve", "Let a held release go"),
    "/releases/{release_id}/hold": _act("hold", "Hold back a release that waits, until a person approves"),
    "/releases/{release_id}/retry": _act("retry", "Give a release another try, due now"),
    "/releases/{release_id}/cancel": _act("cancel", "End a release that waits; it is never called"),
    "/releases/{release_id}/rollback": _act("rollBack", "Bring back the version before; a worker does it"),
    "/events": _list("Pushes of WeChat", "Event", _OF_ONE),
    "/authorizers": _list(
        "Mini programs",
        "Authorizer",
        _query("state", _one_of(AUTHORIZER_STATES), "only those in this state"),
    ),
    "/authorizers/{authorizer_appid}/pause": _pause(
        "pause", "Stop the releases of one mini program; pushes are accepted meanwhile"
    ),
    "/authorizers/{authorizer_appid}/resume": _pause("resume", "Let those of one mini program go on"),
    "/waves": _plain("get", "listWaves", "Versions on their way through the rings", "Waves"),
    "/waves/{user_version}/go": _wave("go", "Let a stopped wave go on, or open the next ring now"),
    "/waves/{user_version}/stop": _wave("stop", "Stop a wave: nothing more of it is called"),
    "/waves/{user_version}/cancel": _wave("cancel", "End a wave: what of it waits is cancelled"),
    "/status": _plain("get", "getStatus", "The whole at a glance", "Status"),
    "/pause": _plain("post", "pause", "Stop all releases; pushes are accepted meanwhile", "Status"),
    "/resume": _plain("post", "resume", "Let paused releases go on", "Status"),
}


def document() -> Json:
    """The description; paths are relative to /api/v1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Release reactor", "version": __version__},
        "servers": [{"url": "/api/v1"}],
        "security": [{"bearer": []}],
        "paths": _PATHS,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }

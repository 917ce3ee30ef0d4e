"""The door: the password, the cookie, and who is sent to log in."""

import logging
import math
import re

from flask import Blueprint, Response, abort, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from reactor.admission import LONGEST_SECONDS, TooManyTries, WrongPassword
from reactor.store import waves
from reactor.web.ops import guards, speech
from reactor.web.ops.frame import goal, page
from reactor.web.ops.office import Office

log = logging.getLogger(__name__)

_TOKEN_FORM = re.compile(r"[\w-]{43}", re.ASCII)
_OPEN = ("ops.log_in", "ops.enter", "ops.choose_language")
_YEAR = 365 * 86400
REFRESH_HEADER = "X-Reactor-Refresh"  # a page that refreshes itself keeps no session alive


def arrive(office: Office) -> AnyResponse | None:
    """Before every page: who asks, in which language; a stranger is sent to the door."""
    given = request.cookies.get(cookie_name(), "")
    g.known = False
    g.system = None
    g.waves = False
    g.token = given if _TOKEN_FORM.fullmatch(given) else office.admission.make_token()
    speech.listen(office.furnishing.lang)
    if request.endpoint == "ops.static":
        return None
    g.known = g.token == given and office.admission.knows(given, active=REFRESH_HEADER not in request.headers)
    if not g.known and request.endpoint not in _OPEN:
        back = speech.here() if request.method == "GET" and request.endpoint else None
        return redirect(url_for("ops.log_in", next=back), 303)
    guards.refuse_foreign_forms(office.furnishing.public_url)
    if g.known:
        g.system = office.records.system()
        g.waves = bool(office.furnishing.policy().waves.rings) or _has_waves(office)
    return None


def _has_waves(office: Office) -> bool:
    with office.store.read() as connection:
        return bool(waves.latest(connection, 1))


def cookie_name() -> str:
    """`__Host-` makes browsers insist on https, on this host, and on no page below it setting another."""
    return "reactor" if guards.is_plain() else "__Host-reactor"


def add_door(ops: Blueprint, office: Office) -> None:
    """Log in, log out, and the language switch that stands beside both."""

    @ops.get("/login")
    def log_in() -> AnyResponse:
        then = goal()
        return redirect(then, 303) if g.known else _with_cookie(_form(then), g.token)

    @ops.post("/login", endpoint="enter")
    def enter() -> AnyResponse:
        then = goal()
        try:
            token = office.admission.enter(request.form.get("password", ""), request.remote_addr)
        except WrongPassword:
            log.warning("door=closed wrong password from=%r", request.remote_addr)
            return _form(then, 403, refused=True)
        except TooManyTries as refusal:
            log.warning("door=shut too many wrong passwords from=%r", request.remote_addr)
            answer = _form(then, 429, wait=refusal.seconds)
            answer.headers["Retry-After"] = str(math.ceil(refusal.seconds))
            return answer
        if g.known:
            office.admission.leave(g.token)
        log.info("door=opened from=%r", request.remote_addr)
        return _with_cookie(redirect(then, 303), token)

    @ops.post("/logout")
    def log_out() -> AnyResponse:
        office.admission.leave(g.token)
        log.info("door=left from=%r", request.remote_addr)
        answer = redirect(url_for("ops.log_in"), 303)
        answer.delete_cookie(cookie_name(), secure=not guards.is_plain(), httponly=True, samesite="Lax")
        return answer

    @ops.post("/language")
    def choose_language() -> AnyResponse:
        chosen = request.form.get("lang")
        if chosen not in speech.LANGS:
            abort(400)
        answer = redirect(goal(), 303)
        answer.set_cookie(
            speech.LANG_COOKIE,
            chosen,
            max_age=_YEAR,
            secure=not guards.is_plain(),
            httponly=True,
            samesite="Lax",
        )
        return answer


def _form(then: str, status: int = 200, *, refused: bool = False, wait: float | None = None) -> Response:
    proxied = request.headers.get("X-Forwarded-Proto", "").startswith("https")
    in_the_clear = not (request.is_secure or proxied or guards.is_loopback())
    body = page(
        "login.html",
        goal=then.removeprefix(request.script_root),
        refused=refused,
        wait=wait,
        in_the_clear=in_the_clear,
    )
    return make_response(body, status)


def _with_cookie(answer: AnyResponse, token: str) -> AnyResponse:
    # Lax, not Strict: who follows a link out of a message is logged in there as well.
    answer.set_cookie(
        cookie_name(),
        token,
        max_age=int(LONGEST_SECONDS),
        secure=not guards.is_plain(),
        httponly=True,
        samesite="Lax",
    )
    return answer

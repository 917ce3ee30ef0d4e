"""Invite a merchant: make an address to send, which is shown this once."""

from flask import Blueprint, abort, request

from reactor.core.errors import SettingsError
from reactor.core.invitation import AUTH_TYPES
from reactor.invitations import DAYS, NO_PUBLIC_URL
from reactor.web.ops.frame import page
from reactor.web.ops.office import Office

KINDS = {
    "mini-program": "a mini program",
    "official-account": "an official account",
    "both": "either of them",
}


def add_invite(ops: Blueprint, office: Office) -> None:
    """Put it on the blueprint."""

    @ops.get("/invite")
    def ask_whom() -> str:
        problem = None if office.furnishing.public_url else NO_PUBLIC_URL
        return page("invite.html", kinds=KINDS, days=DAYS, problem=problem)

    @ops.post("/invite")
    def invite() -> str:
        kind = request.form.get("kind", "mini-program")
        if kind not in AUTH_TYPES:
            abort(400, "There is no such kind of account.")
        try:
            invited = office.invitations.want(auth_type=AUTH_TYPES[kind])
        except SettingsError as error:
            abort(409, str(error))
        return page("invited.html", invited=invited)

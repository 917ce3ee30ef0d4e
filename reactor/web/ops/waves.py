"""Waves: each version on its way through the rings, and the hands that let it go on, stop it, end it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from reactor.core.errors import IllegalTransition
from reactor.core.lifecycle import State
from reactor.core.policy import Waves
from reactor.store import rings
from reactor.store.database import Conflict
from reactor.store.rings import Progress
from reactor.web.ops import filters
from reactor.web.ops.frame import back, page
from reactor.web.ops.office import Office

log = logging.getLogger(__name__)

_MOST = 20
_OVER = ("done", "cancelled")
_LONGEST_VERSION = 1000
# What a person reads of a ring, and the states that it is counted from.
_COLUMNS = {
    "live": (State.RELEASED,),
    "under_way": (State.RELEASING,),
    "waiting": (State.PENDING, State.HELD),
    "failed": (State.FAILED,),
    "ended": (State.CANCELLED, State.SUPERSEDED),
}


@dataclass(frozen=True, slots=True)
class RingLine:
    """One ring of one wave: its name (empty for the rest), where it stands, and its releases by column."""

    name: str
    stands: str
    counts: Mapping[str, int]


def add_waves(ops: Blueprint, office: Office) -> None:
    """Put them on the blueprint."""

    def show(*, asking: str | None = None, mistyped: bool = False) -> str:
        followed = office.furnishing.policy().waves
        with office.store.read() as connection:
            found = rings.latest(connection, _MOST)
        if asking is not None and asking not in [one.user_version for one in found]:
            abort(404, "There is no wave of this version.")
        return page(
            "waves.html",
            waves=[(one, _lines(one, followed), _verbs(one)) for one in found],
            rings=followed.rings,
            columns=list(_COLUMNS),
            asking=asking,
            mistyped=mistyped,
        )

    @ops.get("/waves")
    def list_waves() -> str:
        filters.expect()
        return show()

    @ops.get("/waves/cancel")
    def ask_to_cancel() -> str:
        filters.expect("version")
        return show(asking=request.args.get("version", ""))

    @ops.post("/waves/<any(go, stop, cancel):verb>")
    def move(verb: str) -> Response | tuple[str, int]:
        version = request.form.get("version", "")
        if not version or len(version) > _LONGEST_VERSION:
            abort(400, "The version is missing.")
        if verb == "cancel" and request.form.get("typed", "").strip() != version.strip():
            return show(asking=version, mistyped=True), 400
        try:
            if office.desk.wave(version, verb, actor="ops") is None:
                abort(404, "There is no wave of this version.")
        except (IllegalTransition, Conflict) as error:
            abort(409, str(error))
        log.warning("wave=%r %s by=ops from=%r", version, verb, request.remote_addr)
        return back("/ops/waves")


def _lines(wave: Progress, followed: Waves) -> Sequence[RingLine]:
    """Its rings as the policy names them now, the rest last; also one that the policy knows no more."""
    last = max([followed.last, *wave.counts])
    names = [ring.name for ring in followed.rings]
    return [
        RingLine(
            names[number] if number < len(names) else "",
            "open" if number == wave.ring else "passed" if number < wave.ring else "closed",
            {
                column: sum(wave.counts.get(number, {}).get(state, 0) for state in states)
                for column, states in _COLUMNS.items()
            },
        )
        for number in range(last + 1)
    ]


def _verbs(wave: Progress) -> list[str]:
    """What a person may do about it now."""
    if wave.state in _OVER:
        return []
    return ["go", "cancel"] if wave.state == "stopped" else ["go", "stop", "cancel"]

"""Waves: each version on its way through the rings, and the hands that let it go on, stop it, end it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from reactor.core.errors import IllegalTransition
from reactor.core.policy.waves import NOBODY, Standing, Tallies, Tally, WaveState
from reactor.store import waves
from reactor.store.database import Conflict
from reactor.store.waves import Wave
from reactor.web.ops import filters
from reactor.web.ops.frame import back, page
from reactor.web.ops.office import Office

log = logging.getLogger(__name__)

_MOST = 20
_LONGEST_VERSION = 1000


@dataclass(frozen=True, slots=True)
class RingLine:
    """One ring of one wave: its name (empty for the rest), where it stands, and how its releases do."""

    name: str
    stands: str
    tally: Tally


def add_waves(ops: Blueprint, office: Office) -> None:
    """Put them on the blueprint."""

    def show(*, asking: str | None = None, mistyped: bool = False) -> str:
        followed = office.furnishing.policy().waves
        with office.store.read() as connection:
            found = waves.latest(connection, _MOST)
            counted = waves.tallies(connection, [one.user_version for one in found])
        if asking is not None and asking not in [one.user_version for one in found]:
            abort(404, "There is no wave of this version.")
        return page(
            "waves.html",
            waves=[(one, _lines(one, counted[one.user_version]), _verbs(one)) for one in found],
            rings=followed.rings,
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


def _lines(wave: Wave, counted: Tallies) -> Sequence[RingLine]:
    """Its rings by the names it went through them, the rest last."""
    ring = min(wave.standing.ring, len(wave.rings))
    return [
        RingLine(
            name,
            "open" if number == ring else "passed" if number < ring else "closed",
            counted.get(number, NOBODY),
        )
        for number, name in enumerate((*wave.rings, ""))
    ]


def _verbs(wave: Wave) -> list[str]:
    """What a person may do about it now."""
    standing: Standing = wave.standing
    if standing.state in (WaveState.DONE, WaveState.CANCELLED):
        return []
    if standing.state is WaveState.STOPPED:
        return ["go", "cancel"]
    return [*(["go"] if standing.ring < len(wave.rings) else []), "stop", "cancel"]

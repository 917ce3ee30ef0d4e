"""What an operator may do by hand: approve, hold, retry, cancel a release; pause and resume one or all."""

import json
import logging
import time
from collections.abc import Callable

from reactor.core.decisions import WaitsFor
from reactor.core.errors import IllegalTransition
from reactor.core.lifecycle import Happening, State, follow
from reactor.core.policy.waves import moved
from reactor.store import authorizers, bell, component, errands, releases, rollbacks, waves
from reactor.store.database import Conflict, Store
from reactor.store.releases import Release
from reactor.store.waves import Wave

log = logging.getLogger(__name__)

# What an operator asks for, in the words of the API and the commands.
DECISIONS = {
    "approve": Happening.APPROVED,
    "hold": Happening.HELD_BACK,
    "retry": Happening.RETRIED,
    "cancel": Happening.CANCELLED,
}
_AT_REST = frozenset({Happening.CANCELLED, Happening.HELD_BACK})
_WORDS = {
    Happening.APPROVED: "an operator approved it",
    Happening.HELD_BACK: "an operator held it back; it waits for a person",
    Happening.RETRIED: "an operator asked for another try",
    Happening.CANCELLED: "an operator cancelled it",
}
_IN_FLIGHT = "a release that is releasing cannot be {happening}; nothing was changed"


class Desk:
    """The operator's hands; `actor` says through which door they came (api, cli)."""

    def __init__(
        self,
        store: Store,
        component_appid: str,
        *,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._component_appid = component_appid
        self._wake = wake
        self._clock = clock

    def act(self, release_id: int, happening: Happening, *, actor: str) -> Release | None:
        """Carry out APPROVED, HELD_BACK, RETRIED or CANCELLED; None for an unknown release.

        Raises IllegalTransition where the lifecycle forbids it, Conflict when the worker was faster.
        """
        now = self._clock()
        values: dict[str, object] = {"waits_for": None}
        values["due_at"] = None if happening in _AT_REST else now
        if happening is Happening.RETRIED:
            values["attempts"] = 0
        with self._store.write() as connection:
            release = releases.get(connection, release_id)
            if release is None:
                return None
            if release.state is State.RELEASING:  # the answer in flight decides first, whoever asks
                raise IllegalTransition(_IN_FLIGHT.format(happening=happening))
            if happening is Happening.RETRIED and release.waits_for == WaitsFor.DELAY:
                values["hurried"] = True
            values["reason"] = words = _words(release, happening)
            changed = releases.change(
                connection, release, happening, at=now, actor=actor, detail=words, **values
            )
            if not changed:
                raise Conflict("a worker changed the release at the same moment; look again")
            if happening is Happening.RETRIED:
                component.probe_now(connection, self._component_appid, now)
            result = releases.get(connection, release_id)
            bell.ring(connection)
        self._wake()
        return result

    def set_paused(self, *, paused: bool) -> None:
        """Stop all releases, or let them go on; pushes are accepted and recorded meanwhile."""
        with self._store.write() as connection:
            component.set_paused(connection, self._component_appid, paused=paused)
            bell.ring(connection)
        self._wake()

    def roll_back(self, release_id: int, *, actor: str) -> Release | None:
        """Have a worker bring back the version before this one; None for an unknown release.

        Raises IllegalTransition where it is not live, Conflict where a later one went live since. Asked for
        while it is under way it changes nothing: the call is made once.
        """
        now = self._clock()
        with self._store.write() as connection:
            release = releases.get(connection, release_id)
            if release is None:
                return None
            appid = release.authorizer_appid
            authorizers.get(connection, appid, lock=True)  # first, as everywhere
            release = releases.get(connection, release_id, lock=True) or release
            follow(release.state, Happening.ROLLED_BACK)
            if rollbacks.is_overtaken(
                connection, appid, released_at=release.released_at or 0.0, but=release_id
            ):
                raise Conflict("a later version went live since; nothing was changed")
            if not rollbacks.is_under_way(connection, appid):
                wish = json.dumps({"release_id": release_id, "actor": actor})
                sealed = self._store.vault.seal(wish)
                errands.want(connection, errands.ROLLBACK, appid, now=now, payload_sealed=sealed)
                releases.learn(connection, release, reason=f"a rollback was asked for by {actor}")
            result = releases.get(connection, release_id)
        self._wake()
        return result

    def pause_authorizer(self, authorizer_appid: str, *, paused: bool, actor: str) -> bool:
        """Stop or resume the releases of one mini program, at once; False for one that is not known.

        What waited for the end of the pause is looked at anew, and goes only if it is still valid.
        """
        now = self._clock()
        with self._store.write() as connection:
            if authorizers.get(connection, authorizer_appid, lock=True) is None:
                return False
            authorizers.update(connection, authorizer_appid, paused=paused)
            if not paused:
                mine = [authorizer_appid]
                releases.make_due(connection, now=now, waits_for=[WaitsFor.PAUSE], authorizer_appids=mine)
            bell.ring(connection)
        log.info("authorizer=%s paused=%s actor=%s", authorizer_appid, paused, actor)
        self._wake()
        return True

    def wave(self, user_version: str, verb: str, *, actor: str) -> Wave | None:
        """Let the wave of a version go on, stop it, or cancel it, at once; None where there is none.

        Raises IllegalTransition where that cannot be. What of it waits is woken, or cancelled, by the worker.
        """
        with self._store.write() as connection:
            found = waves.get(connection, user_version, lock=True)
            if found is None:
                return None
            counted = waves.tallies(connection, [user_version])[user_version]
            standing = moved(found.standing, verb, counted, len(found.rings), actor=actor)
            waves.keep(connection, user_version, standing, now=self._clock())
            bell.ring(connection)
            found = waves.get(connection, user_version)
        log.info("wave=%r verb=%s actor=%s", user_version, verb, actor)
        self._wake()
        return found


def _words(release: Release, happening: Happening) -> str:
    """What an operator did; a gray release under way stays where it is, for only WeChat's console ends it."""
    if release.gray_shown is None or happening not in (Happening.CANCELLED, Happening.HELD_BACK):
        return _WORDS[happening]
    return f"{_WORDS[happening]}; the gray release stays at {release.gray_shown} %"

"""What an operator may do by hand: approve, retry, cancel a release; pause and resume everything."""

import json
import time
from collections.abc import Callable

from reactor.core.lifecycle import Happening, follow
from reactor.store import authorizers, bell, component, errands, releases, rollbacks
from reactor.store.database import Conflict, Store
from reactor.store.releases import Release

# What an operator asks for, in the words of the API and the commands.
DECISIONS = {
    "approve": Happening.APPROVED,
    "retry": Happening.RETRIED,
    "cancel": Happening.CANCELLED,
}
_WORDS = {
    Happening.APPROVED: "an operator approved it",
    Happening.RETRIED: "an operator asked for another try",
    Happening.CANCELLED: "an operator cancelled it",
}


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
        """Carry out APPROVED, RETRIED or CANCELLED; None for an unknown release.

        Raises IllegalTransition where the lifecycle forbids it, Conflict when the worker was faster.
        """
        now = self._clock()
        values: dict[str, object] = {"waits_for": None}
        values["due_at"] = None if happening is Happening.CANCELLED else now
        if happening is Happening.RETRIED:
            values["attempts"] = 0
        with self._store.write() as connection:
            release = releases.get(connection, release_id)
            if release is None:
                return None
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


def _words(release: Release, happening: Happening) -> str:
    """What an operator did; a gray release under way stays where it is, for only WeChat's console ends it."""
    if release.gray_shown is None or happening not in (Happening.CANCELLED, Happening.HELD_BACK):
        return _WORDS[happening]
    return f"{_WORDS[happening]}; the gray release stays at {release.gray_shown} %"

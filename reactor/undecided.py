"""People are reminded of what waits for them; what nobody decides about ends in its time, if it has one."""

import logging

from reactor.store import undecided
from reactor.store.undecided import BATCH
from reactor.tools import Tools

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
_HOUR = 3600.0


class Undecided:
    """A duty that any process may do; `step` does one batch of it. It looks once a minute."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._looked_at: float | None = None

    def step(self) -> bool:
        """Do what is due; False when nothing is."""
        now = self._tools.clock()
        if self._looked_at is not None and 0 <= now - self._looked_at < LOOK_SECONDS:
            return False
        found = max(self._expire(now), self._remind(now))
        if found < BATCH:
            self._looked_at = now
        return found > 0

    def _expire(self, now: float) -> int:
        seconds = self._tools.policy().held.expire_seconds
        if seconds is None:
            return 0
        reason = f"nobody decided within {seconds / _HOUR:g} hours; it was not released"
        with self._tools.store.write() as connection:
            ended = undecided.expire(connection, before=now - seconds, now=now, reason=reason)
        for release in ended:
            log.info("release=%s authorizer=%s happening=expired", release.id, release.authorizer_appid)
        return len(ended)

    def _remind(self, now: float) -> int:
        """Nothing is noted where nobody is told; whoever is told later hears of all that still waits."""
        seconds = self._tools.policy().held.remind_seconds
        if seconds is None or not self._tools.store.telling:
            return 0
        with self._tools.store.write() as connection:
            return len(undecided.remind(connection, before=now - seconds, now=now))

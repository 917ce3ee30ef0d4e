"""The duty that moves waves: it opens the next ring, stops what fails, wakes who waited, ends what was ended.

Each piece is one transaction that may be repeated; whoever dies between two leaves the rest to the next.
"""

import logging

import sqlalchemy as sa

from reactor.core.notices import Kind
from reactor.core.policy.waves import Tallies, WaveState, judged
from reactor.rings import ended, follow
from reactor.store import bell, notices, pace, waves
from reactor.store.releases import WORKER
from reactor.store.waves import Wave
from reactor.tools import Tools

log = logging.getLogger(__name__)

JUDGE_SECONDS, SHORTEST_SECONDS = 3.0, 0.2
AT_ONCE = 50
_PACE = "waves"


class Tide:
    """One round over all waves that may move, some at a time; over all processes one round at a time."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._after: str | None = None  # where a round under way has come to

    def step(self) -> bool:
        """Do what is due; False when nothing is."""
        if self._after is None and not self._may_begin():
            return False
        with self._tools.store.read() as connection:
            found = waves.moving(connection, after=self._after or "", limit=AT_ONCE)
            counted = waves.tallies(connection, [wave.user_version for wave in found])
        self._after = found[-1].user_version if len(found) == AT_ONCE else None
        for wave in found:
            self._move(wave, counted[wave.user_version])
        return bool(found)

    def free_at(self) -> float:
        """When the next round may begin."""
        now = self._tools.clock()
        with self._tools.store.read() as connection:
            return pace.free_at(connection, _PACE, now=now, gap=self._gap)

    @property
    def _gap(self) -> float:
        return max(SHORTEST_SECONDS, JUDGE_SECONDS * self._tools.scale)

    def _may_begin(self) -> bool:
        now, store = self._tools.clock(), self._tools.store
        with store.read() as connection:
            if not pace.is_free(connection, _PACE, now=now, gap=self._gap):
                return False
            if not waves.moving(connection, after="", limit=1):
                return False
        with store.write() as connection:
            return pace.take(connection, _PACE, now=now, gap=self._gap)

    def _move(self, wave: Wave, counted: Tallies) -> None:
        if wave.standing.state is WaveState.CANCELLED:
            while self._tools.store.transact(lambda connection: self._end(connection, wave)):
                pass
            return
        if self._is_to_be_judged(wave, counted):
            wave = judge(self._tools, wave.user_version) or wave
        waiting = [ring for ring, tally in counted.items() if tally.waiting and ring <= wave.standing.ring]
        if waiting and wave.standing.state is WaveState.OPEN:
            while self._tools.store.transact(lambda connection: self._wake(connection, wave)):
                pass

    def _is_to_be_judged(self, wave: Wave, counted: Tallies) -> bool:
        """Asked without a lock; what is decided is decided under one."""
        followed = self._tools.policy().waves
        if wave.rings != tuple(ring.name for ring in followed.rings):
            return True
        return judged(followed, wave.standing, counted, self._tools.clock()) != wave.standing

    def _wake(self, connection: sa.Connection, wave: Wave) -> bool:
        woken = waves.make_due(connection, wave, now=self._tools.clock())
        if woken:
            bell.ring(connection)
            log.info("wave=%r ring=%s due=%s", wave.user_version, wave.standing.ring, woken)
        return woken == waves.BATCH

    def _end(self, connection: sa.Connection, wave: Wave) -> bool:
        version, now = wave.user_version, self._tools.clock()
        gone = waves.cancel_waiting(connection, version, now=now, actor=WORKER, reason=ended(version))
        log.info("wave=%r cancelled=%s", version, gone)
        return gone == waves.BATCH


def judge(tools: Tools, user_version: str) -> Wave | None:
    """Weigh the counts of this version's wave, if it has one, and keep what follows; how it then is."""
    return tools.store.transact(lambda connection: _judge(connection, tools, user_version))


def _judge(connection: sa.Connection, tools: Tools, user_version: str) -> Wave | None:
    wave, now, followed = waves.get(connection, user_version, lock=True), tools.clock(), tools.policy().waves
    if wave is None:
        return None
    wave = follow(connection, wave, followed)
    counted = waves.tallies(connection, [user_version])[user_version]
    standing = judged(followed, wave.standing, counted, now)
    if standing == wave.standing:
        return wave
    waves.keep(connection, user_version, standing, now=now)
    log.info(
        "wave=%r state=%s ring=%s reason=%s", user_version, standing.state, standing.ring, standing.reason
    )
    if standing.state is WaveState.STOPPED:
        detail = f"the wave of version {user_version} is stopped: {standing.reason}"
        notices.add(connection, Kind.WAVE_STOPPED, at=now, detail=detail)
    return waves.get(connection, user_version)

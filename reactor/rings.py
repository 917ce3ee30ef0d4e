"""Whether a release's ring of its version's wave is open: asked after the look, and again before the call."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from reactor.core.decisions import SLOW_SECONDS, Decision, WaitsFor, wait_for
from reactor.core.lifecycle import Happening
from reactor.core.policy import Subject, Waves
from reactor.core.policy.waves import (
    NOBODY,
    WaveState,
    carried_over,
    judged,
    renumbered,
    ring_named,
    ring_of,
)
from reactor.store import calls, releases, waves
from reactor.store.releases import Release
from reactor.store.waves import LONGEST_VERSION, Wave
from reactor.tools import Tools

_NO_VERSION = (
    "its version is not known, so that it belongs to no wave; a person must say whether it should be released"
)


class Rings:
    """The way of one turn's release through the rings."""

    def __init__(self, release: Release, tools: Tools) -> None:
        self._release = release
        self._tools = tools
        self._version: str | None = None
        self._ring: int | None = None
        self._names: tuple[str, ...] = ()

    def place(self, subject: Subject, version: str | None) -> Decision | None:
        """Put it into its ring, if there are any, and say why it may not go on, if it may not."""
        followed = self._tools.policy().waves
        if version is None or len(version) > LONGEST_VERSION:
            return None if self._release.approved_by or not followed.rings else _held()
        self._version, self._names = version, tuple(ring.name for ring in followed.rings)
        if not followed.rings and not self._has_wave(version):
            return None
        return self._answer_as_it_stands(subject) or self._tools.store.transact(
            lambda connection: self._place(connection, subject, followed)
        )

    def call(self, connection: sa.Connection) -> Decision | None:
        """The same for the last time: the wave is stopped before this, or after its transaction."""
        if self._version is None or (wave := waves.get(connection, self._version, still=True)) is None:
            return None
        if wave.rings != self._names or self._ring is None:
            return wait_for(WaitsFor.BACKOFF, 0.0, "the rings of the policy changed; it is looked at anew")
        return self._answer(connection, wave, self._ring)

    def of_live(self, subject: Subject, version: str | None) -> dict[str, object]:
        """The ring of one that was live before anybody asked: it shows as much as one that was released."""
        if self._release.ring is not None or self._ring is not None or len(version or "") > LONGEST_VERSION:
            return {}
        policy = self._tools.policy()
        ring = ring_named(policy.waves, policy.memberships(subject))
        return {} if ring is None else {"ring": ring}

    # -- the place ---------------------------------------------------------------------------------------

    def _has_wave(self, version: str) -> bool:
        """Whether one was begun under rings that are no more."""
        with self._tools.store.read() as connection:
            return waves.get(connection, version) is not None

    def _answer_as_it_stands(self, subject: Subject) -> Decision | None:
        """Of one that has its place and is to wait there: told without a lock, for it changes nothing."""
        policy, before = self._tools.policy(), self._release.ring
        if before is None or self._release.user_version != self._version or self._version is None:
            return None
        if ring_of(policy.waves, policy.memberships(subject), lambda _: 0, before=before) != before:
            return None
        with self._tools.store.read() as connection:
            wave = waves.get(connection, self._version)
            if wave is None or wave.rings != self._names or wave.standing.state is WaveState.DONE:
                return None
            return self._answer(connection, wave, before)

    def _place(self, connection: sa.Connection, subject: Subject, followed: Waves) -> Decision | None:
        assert self._version is not None
        now, appid = self._tools.clock(), self._release.authorizer_appid
        mine = releases.get(connection, self._release.id, lock=True)
        if mine is None or mine.lease_holder != self._release.lease_holder:
            return None  # another worker has it now; the attempt is refused where it is written down
        wave = waves.get(connection, self._version, lock=True)
        if wave is None:
            wave = waves.begin(connection, self._version, self._names, now=now)
        wave = follow(connection, wave, followed)
        mine = releases.get(connection, self._release.id) or mine  # it may have another number by now
        before = mine.ring if mine.user_version == self._version else None
        if before is None:
            before = waves.ring_before(connection, self._version, appid)
        self._ring = self._find(connection, subject, followed, before)
        if (mine.ring, mine.user_version) != (self._ring, self._version):
            releases.learn(connection, mine, ring=self._ring, user_version=self._version)
        if wave.standing.state is WaveState.DONE:
            wave = _go_on(connection, wave, followed, now)
        return self._answer(connection, wave, self._ring)

    def _find(self, connection: sa.Connection, subject: Subject, followed: Waves, before: int | None) -> int:
        version, memberships = self._version or "", self._tools.policy().memberships(subject)
        return ring_of(
            followed, memberships, lambda ring: waves.taken(connection, version, ring), before=before
        )

    # -- the answer --------------------------------------------------------------------------------------

    def _answer(self, connection: sa.Connection, wave: Wave, ring: int) -> Decision | None:
        standing, version = wave.standing, wave.user_version
        if standing.state is WaveState.CANCELLED:
            return Decision(Happening.LEFT_ALONE, ended(version))
        if standing.state is WaveState.STOPPED:
            return self._wait(connection, f"the wave of version {version} is stopped: {standing.reason}")
        if ring > standing.ring:
            return self._wait(connection, self._before_it(connection, wave))
        return None

    def _wait(self, connection: sa.Connection, reason: str) -> Decision:
        """What was called and may have happened is looked at all the same."""
        if calls.may_be_done(connection, self._release.id):
            return wait_for(WaitsFor.BACKOFF, max(1.0, SLOW_SECONDS * self._tools.scale), reason)
        return wait_for(WaitsFor.RING, 0.0, reason)

    def _before_it(self, connection: sa.Connection, wave: Wave) -> str:
        """Which ring goes first, and how far it was when this was asked."""
        open_ring, followed = wave.standing.ring, self._tools.policy().waves
        tally = waves.tallies(connection, [wave.user_version])[wave.user_version].get(open_ring, NOBODY)
        at = _clock_face(self._tools.clock())
        told = (
            f"waits for ring {self._names[open_ring]}: at {at} {tally.live} of {tally.count} of it were live"
        )
        if tally.last_live_at is None or tally.waiting:
            return told
        until = _clock_face(tally.last_live_at + followed.rings[open_ring].healthy_seconds)
        return f"{told}, healthy at {until} if nothing fails"


def ended(user_version: str) -> str:
    """Why a release of an ended wave is not called."""
    return f"an operator ended the wave of version {user_version}"


def follow(connection: sa.Connection, wave: Wave, followed: Waves) -> Wave:
    """The wave, which is locked, by the rings that the policy has now: it never goes on by their change."""
    names: Sequence[str] = tuple(ring.name for ring in followed.rings)
    if wave.rings == names:
        return wave
    ring = carried_over(wave.rings, followed, wave.standing.ring)
    waves.renumber(connection, wave, names, renumbered(wave.rings, followed), ring=ring)
    return replace(wave, rings=tuple(names), standing=replace(wave.standing, ring=ring))


def _go_on(connection: sa.Connection, wave: Wave, followed: Waves, now: float) -> Wave:
    """Nobody watched it since nothing of it waited: what happened meanwhile is weighed before it goes on."""
    counted = waves.tallies(connection, [wave.user_version])[wave.user_version]
    standing = judged(followed, wave.standing, counted, now)
    waves.keep(connection, wave.user_version, standing, now=now)
    return replace(wave, standing=standing)


def _held() -> Decision:
    return Decision(Happening.HELD_BACK, _NO_VERSION)


def _clock_face(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%MZ")

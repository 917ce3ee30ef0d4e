"""A policy that changed is heeded by what waits, and one that cannot be followed is told to people."""

import logging

from reactor.core.notices import Kind
from reactor.store import component, notices, waits
from reactor.store.component import Component
from reactor.tools import Tools

log = logging.getLogger(__name__)

# By then every process has looked at the file as well, and none opens a release by the old one any more.
SETTLE_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 30.0  # whether anything waits by a policy that came and went unseen


class Heeding:
    """A duty that every worker has, for each follows a file of its own; `step` does one piece of it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._heeded: str | None = None
        self._looked_at = 0.0
        self._coming: tuple[str, float] | None = None  # a changed policy, and when it was first seen
        self._after = 0
        self._problem: str | None = None
        self._begun = False

    def step(self) -> bool:
        """Do what is due; False when nothing more is."""
        digest = self._tools.policy().digest
        return self._tell(self._tools.policy_problem()) or self._heed(digest)

    def _row(self) -> Component:
        with self._tools.store.read() as connection:
            return component.get(connection, self._tools.component_appid)

    def _tell(self, problem: str | None) -> bool:
        """Who has a problem says so until it is known; who has none takes back only what may be his own."""
        if self._begun and problem is None and self._problem is None:
            return False
        row, mended = self._row(), problem is None
        self._begun, self._problem = True, problem
        if row.policy_problem == problem:
            return False
        with self._tools.store.write() as connection:
            if not component.note_policy_problem(connection, row, problem):
                return False
            if mended or row.policy_problem is None:
                kind = Kind.POLICY_MENDED if mended else Kind.POLICY_BROKEN
                notices.add(connection, kind, at=self._tools.clock(), detail=problem)
        return True

    def _heed(self, digest: str) -> bool:
        """Once the change has settled, all that waits as the old policy said is decided anew, in pieces."""
        now = self._tools.clock()
        if digest == self._heeded and 0 <= now - self._looked_at < LOOK_AGAIN_SECONDS:
            self._coming = None
            return False
        if self._coming is None or self._coming[0] != digest:
            if self._row().policy_digest == digest:
                self._heeded, self._looked_at, self._coming = digest, now, None
                return False
            self._coming, self._after = (digest, now), 0
        if 0 <= now - self._coming[1] < SETTLE_SECONDS:
            return False
        with self._tools.store.write() as connection:
            after = waits.end_waits_of_policy(connection, now=now, after=self._after)
            if after is None:  # noted last: who dies before it leaves all of it to the next
                component.note_policy(connection, self._tools.component_appid, digest)
        if after is None:
            self._heeded, self._looked_at, self._coming = digest, now, None
            log.info("policy=heeded digest=%s", digest)
        self._after = after or 0
        return after is not None

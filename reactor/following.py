"""The policy file as it stands on the disk: a change is taken up, what cannot be followed is not."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from reactor.configuring import content_of, load_policy, policy_of
from reactor.core.errors import PolicyError
from reactor.core.policy import Policy

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
MOST_TOLD = 2


class PolicyFile:
    """Call it for the policy that is in force now; safe from several threads.

    It looks at the file once a second at most, and believes a change only when it has stood still: an editor
    or a copy leaves the file empty or cut off for a moment, which would read as a policy that holds nobody.
    `problem` says in words why a newer file is not followed.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], float] = time.time, wall: Callable[[], float] = time.time
    ) -> None:
        """PolicyError when there is nothing to begin with. `wall` is the clock that dates files."""
        self._path, self._clock, self._wall = path, clock, wall
        self._lock = threading.Lock()
        self._looked_at = clock()
        self._policy = load_policy(path)
        self._seen = self._judged = self._content()
        self.problem: str | None = None

    def __call__(self) -> Policy:
        """The policy of the file, or the last one that could be followed."""
        now = self._clock()
        if abs(now - self._looked_at) >= LOOK_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._looked_at = now
                self._look()
            finally:
                self._lock.release()
        return self._policy

    def _look(self) -> None:
        content, before = self._content(), self._seen
        self._seen = content
        if content != self._judged and (content == before or self._is_old()):
            self._judged = content
            try:
                self._take_up(content)
            except PolicyError as error:
                self.problem = _shortened(error)
                log.warning("policy=broken the last good one stays in force; %s", self.problem)

    def _content(self) -> bytes | str:
        """What is in it, or why it cannot be read."""
        try:
            return content_of(self._path)
        except PolicyError as error:
            return str(error)

    def _is_old(self) -> bool:
        """Whether nobody can be writing it just now."""
        try:
            return self._wall() - self._path.stat().st_mtime > LOOK_SECONDS
        except OSError:
            return False

    def _take_up(self, content: bytes | str) -> None:
        if isinstance(content, str):
            raise PolicyError(content)
        self._policy = policy_of(content, self._path)
        self.problem = None
        log.info("policy=taken_up file=%s digest=%s", self._path, self._policy.digest)


def _shortened(error: PolicyError) -> str:
    """The first of its problems, in a line."""
    problems = str(error).splitlines()
    more = ["`reactor policy check` tells the rest"] if len(problems) > MOST_TOLD else []
    return "; ".join([*problems[:MOST_TOLD], *more])

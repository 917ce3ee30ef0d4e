"""The record is written into its chain, within about a second; any process may, one does at a time."""

import logging

from reactor.core.errors import StoreUnavailable
from reactor.store import chain
from reactor.store.chain import RecordSpoilt
from reactor.store.vault import VaultLocked
from reactor.tools import Tools

log = logging.getLogger(__name__)

SEAL_SECONDS = 1.0
SPOILT_SECONDS = 600.0


class Chaining:
    """Seals what is loose; `step` seals one batch."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._spoilt_until: float | None = None

    def step(self) -> bool:
        """Seal one batch; False when what is left can wait for the next time."""
        now, until = self._tools.clock(), self._spoilt_until
        if until is not None and until - SPOILT_SECONDS <= now < until:
            return False
        self._spoilt_until = None
        try:
            sealed = chain.seal(self._tools.store)
        except (RecordSpoilt, VaultLocked) as error:
            self._spoilt_until = now + SPOILT_SECONDS
            log.error("record=spoilt releases go on, but their record is not sealed: %s", error)  # noqa: TRY400
            return False
        if sealed is None:
            return False
        # Kept outside of the database, the digest proves later what the record was.
        log.info("record=sealed rows=%s head=%s", sealed.ends.last_seq, sealed.ends.last_digest)
        return sealed.rows == chain.BATCH

    def free_at(self) -> float:
        """When to look again."""
        return self._tools.clock() + SEAL_SECONDS

    def seal_all(self) -> None:
        """Seal whatever is loose; what the database does not take now is sealed another time."""
        try:
            while self.step():
                pass
        except StoreUnavailable as error:
            log.warning("record=loose %s", error)

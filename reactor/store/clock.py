"""One clock for all machines: the database server's. A machine whose own is wrong does no harm."""

import time
from collections.abc import Callable

import sqlalchemy as sa

from reactor.core.errors import StoreUnavailable
from reactor.store.database import Store

_SLOWEST_SECONDS = 0.5  # an answer that took longer says too little about when it was given
_NOW = sa.select(sa.extract("epoch", sa.func.clock_timestamp()))


class SharedClock:
    """Unix seconds as PostgreSQL counts them; between two looks this machine's monotonic clock carries on.

    Until the server has answered once this machine's own time has to do: nobody but the first, and the
    heartbeats, waits for it.
    """

    def __init__(self, store: Store, *, ticking: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._ticking = ticking
        self._offset: float | None = None
        self._asked = False

    def __call__(self) -> float:
        """The time."""
        if not self._asked:
            self.tune()
        return time.time() if self._offset is None else self._ticking() + self._offset

    def tune(self) -> None:
        """Look at the server's clock; whoever lives long does so at every heartbeat."""
        self._asked = True
        try:
            with self._store.read() as connection:
                before = self._ticking()
                server = float(connection.execute(_NOW).scalar_one())
                after = self._ticking()
        except StoreUnavailable:
            return
        if self._offset is None or after - before < _SLOWEST_SECONDS:
            self._offset = server - (before + after) / 2

"""What only this process knows, and the thread that brings it to the store and counts new rows there."""

import logging
import threading
import time
from collections.abc import Callable

from reactor.core import counting
from reactor.core.counting import Counts
from reactor.core.errors import StoreUnavailable
from reactor.store import numbers
from reactor.store.database import Store

log = logging.getLogger(__name__)

FLUSH_SECONDS = 10.0
_BETWEEN_BATCHES_SECONDS = 0.02
_LONGEST_NAME = 64


class Tally:
    """Pushes and how fast they were answered, kept in memory: nobody's push waits for a number."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._counts: Counts = {}
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._seen: numbers.Seen | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tally", daemon=True)

    # -- what happens ------------------------------------------------------------------------------------

    def pushed(self, kind: str) -> None:
        """A push was taken in, by WeChat's name for it; a repetition counts as well."""
        with self._lock:
            counting.add(self._counts, "pushes", kind[:_LONGEST_NAME])

    def refused(self, cause: str) -> None:
        """A push was refused."""
        with self._lock:
            counting.add(self._counts, "refused", cause)

    def acknowledged(self, seconds: float) -> None:
        """A push was answered with `success` after so long."""
        with self._lock:
            counting.observe(self._counts, "ack", counting.ACK_EDGES, seconds)

    # -- to the store ------------------------------------------------------------------------------------

    def flush(self) -> bool:
        """Bring everything to the store, and count a batch of new rows; says whether there were any.

        What cannot be written now is kept for the next time.
        """
        with self._flushing:
            with self._lock:
                counts, self._counts = self._counts, {}
            try:
                return self._write(counts)
            except StoreUnavailable as error:
                log.info("tally=kept for later reason=%s", error)
                with self._lock:
                    for (name, labels), amount in counts.items():
                        counting.add(self._counts, name, *labels, amount=amount)
                return False

    def _write(self, counts: Counts) -> bool:
        if not counts:
            with self._store.read() as connection:
                if not numbers.is_behind(connection):
                    return False
        with self._store.write() as connection:
            numbers.add(connection, counts)
            seen, counted = numbers.count_rows(connection, now=self._clock(), seen=self._seen)
        self._seen = seen
        return counted

    # -- life --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; call it after the process has forked."""
        self._thread.start()

    def stop(self) -> None:
        """End, with everything brought to the store that can be."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(FLUSH_SECONDS)
        self.flush()

    def _run(self) -> None:
        while not self._stopped.is_set():
            counted = False
            try:
                counted = self.flush()  # after a long while there are many batches of rows
            except Exception:
                log.exception("tally=stumbled; it goes on counting")
            self._stopped.wait(_BETWEEN_BATCHES_SECONDS if counted else FLUSH_SECONDS)

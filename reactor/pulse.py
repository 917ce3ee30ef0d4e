"""The pulse of the service: a gap in it means that pushes may have been missed, so everybody is asked."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from reactor.core.errors import SettingsError, StoreUnavailable
from reactor.store import component, presence
from reactor.store.database import Store

log = logging.getLogger(__name__)

# WeChat repeats a push for about 20 s; a service that was away for longer may have missed some.
GAP_SECONDS = 60.0
_BEAT_SECONDS = 4.0
_LOOK_SECONDS, _LOOKS = 0.5, 20  # together 2.5 beats
_CLOSE_SECONDS = 1.0  # of many processes that beat at once, one writes
_SHARED = (
    "DATABASE_URL is a SQLite file that another machine uses now, and over a network it would be damaged; "
    "use PostgreSQL, or run the worker where the web process runs."
)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # one for all containers of a machine


def this_machine() -> str:
    """By what name the store knows this machine."""
    with suppress(OSError):
        return _BOOT_ID.read_text("ascii").strip()
    return socket.gethostname()


class OneMachine:
    """A SQLite file is for one: whether another writes its pulse there, from look to look."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or this_machine()
        self.others: dict[str, float] | None = None  # at the last look, when which kind of pulse was written
        self.shared = False

    def look(self, connection: sa.Connection) -> bool:
        """Whether another machine wrote since the last look; whatever an earlier one left is no matter."""
        if connection.dialect.name == "sqlite":
            before, self.others = self.others, presence.seen_elsewhere(connection, self.name)
            if before is not None and any(before.get(kind) != at for kind, at in self.others.items()):
                self.shared = True
        return self.shared

    def refuse(self) -> None:
        """SettingsError once another machine was seen."""
        if self.shared:
            raise SettingsError([_SHARED])


def refuse_shared_file(
    store: Store,
    *,
    machine: str | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """SettingsError when the SQLite file is in use on another machine; waits only if it may be."""
    if not store.is_sqlite:
        return
    here = OneMachine(machine)
    with store.read() as connection:
        here.look(connection)
    # Whose clock is so far off that it does not seem to be alive is found by the beats.
    if not any(abs(clock() - at) < GAP_SECONDS for at in (here.others or {}).values()):
        return
    for _ in range(_LOOKS):
        sleep(_LOOK_SECONDS)
        with store.read() as connection:
            here.look(connection)
        here.refuse()


def note_pulse(
    connection: sa.Connection, component_appid: str, kind: str, now: float, *, machine: OneMachine
) -> float | None:
    """One of this kind (web, worker) lives; after a gap, have all authorizers asked.

    Returns when one of its kind last did, None the first time.
    """
    if not machine.shared and machine.look(connection):
        log.error(_SHARED)
    before = presence.pulse(connection, kind, now, machine=machine.name, unless_within=_CLOSE_SECONDS)
    if before is None or now - before > GAP_SECONDS:
        log.info("%s=back every authorizer is asked about its audit, as pushes may have been missed", kind)
        component.ask_all(connection, component_appid, since=now)
    return before


class WebPulse:
    """The pulse of a web process whose worker lives elsewhere."""

    def __init__(
        self,
        store: Store,
        component_appid: str,
        *,
        clock: Callable[[], float],
        tune: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._component_appid = component_appid
        self._clock = clock
        self._tune = tune
        self._machine = OneMachine()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin; call it after the process has forked."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(_BEAT_SECONDS)

    def _run(self) -> None:
        while True:
            self._tune()
            try:
                with self._store.write() as connection:
                    now, machine = self._clock(), self._machine
                    note_pulse(connection, self._component_appid, "web", now, machine=machine)
            except StoreUnavailable as error:
                log.warning("pulse=unsaid reason=%s", error)
            if self._stopped.wait(_BEAT_SECONDS):
                return

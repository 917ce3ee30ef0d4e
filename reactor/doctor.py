"""The doctor without WeChat: configuration, database, secrets, queue, libraries; for a page and a command.

A part that is broken is told, and hides none of the others.
"""

import platform
import pyexpat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import sqlalchemy as sa

from reactor.core import diagnosis, golden
from reactor.core.checks import Check
from reactor.core.errors import StoreUnavailable
from reactor.core.lifecycle import State
from reactor.settings import Settings
from reactor.store import component, condition, presence, releases
from reactor.store.database import Store, sqlite_file

_LIBRARIES = ("gunicorn", "flask", "jinja2", "requests", "xmltodict", "cryptography", "sqlalchemy", "psycopg")


def examine(
    settings: Settings,
    store: Store | None,
    *,
    clock: Callable[[], float] = time.time,
) -> list[Check]:
    """Every check that needs no call to WeChat, in their order.

    `store` is None where there is no database file yet.
    """
    checks = [
        diagnosis.configuration(settings.warnings),
        diagnosis.golden_vector(opens=golden.opens()),
        diagnosis.libraries(libraries()),
        diagnosis.messages(len(settings.notify or ())),
        *_of_the_database(settings, store, clock),
    ]
    return diagnosis.ordered(checks)


@cache
def libraries() -> Mapping[str, str]:
    """What this process runs with: Python, its XML parser, the libraries that matter."""
    found = {"python": platform.python_version(), "expat": pyexpat.EXPAT_VERSION.removeprefix("expat_")}
    found |= {name: there for name in _LIBRARIES if (there := _version(name))}
    return found


@cache  # it is read from the disk, and a page shows it
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _of_the_database(settings: Settings, store: Store | None, clock: Callable[[], float]) -> list[Check]:
    unseen = [diagnosis.unseen(name) for name in _LOOKS]
    if store is None:
        file = sqlite_file(settings.database_url)
        there = diagnosis.no_database(f"there is no database at {file} yet; run `reactor migrate`")
        return [there, diagnosis.unseen("schema"), *unseen]
    try:
        began = time.monotonic()
        with store.read() as connection:
            kind, number = condition.server(connection)
        answers = diagnosis.database(kind, number, round((time.monotonic() - began) * 1000))
        ready = condition.is_migrated(store)
    except StoreUnavailable as error:
        return [diagnosis.no_database(str(error)), diagnosis.unseen("schema"), *unseen]
    schema = diagnosis.schema(ready=ready)
    return [answers, schema, *(_Patient(settings, store, clock).looks() if ready else unseen)]


@dataclass(frozen=True, slots=True)
class _Patient:
    """What the store shows, one look a check."""

    settings: Settings
    store: Store
    clock: Callable[[], float]

    def looks(self) -> list[Check]:
        checks: list[Check] = []
        for name, look in _LOOKS.items():
            with _even_if_broken(name, checks), self.store.read() as connection:
                checks.append(look(self, connection))
        return checks

    def _row(self, connection: sa.Connection) -> component.Component:
        return component.get(connection, self.settings.component_appid)

    def secret_key(self, connection: sa.Connection) -> Check:
        seals = condition.seals(connection, self.store)
        return diagnosis.secret_key(locked=seals.locked, old=seals.old, seen=seals.seen)

    def policy(self, connection: sa.Connection) -> Check:
        return diagnosis.policy(self._row(connection).policy_problem)

    def ticket(self, connection: sa.Connection) -> Check:
        received_at = self._row(connection).ticket_received_at
        return diagnosis.ticket(None if received_at is None else max(0.0, self.clock() - received_at))

    def component_token(self, connection: sa.Connection) -> Check:
        row = self._row(connection)
        alive = row.access_token_sealed is not None and row.access_token_expires_at is not None
        return diagnosis.kept_token((row.access_token_expires_at or 0.0) - self.clock() if alive else None)

    def calls(self, connection: sa.Connection) -> Check:
        row = self._row(connection)
        return diagnosis.calls(paused=row.paused, blocked=row.blocked_reason if row.blocked_by else None)

    def workers(self, connection: sa.Connection) -> Check:
        return diagnosis.workers(presence.living(connection, self.clock()), self.settings.worker)

    def queue(self, connection: sa.Connection) -> Check:
        row, due = self._row(connection), releases.oldest_due(connection)
        counts = releases.counts(connection, (State.PENDING, State.HELD, State.FAILED))
        return diagnosis.queue(
            waiting=counts[State.PENDING],
            held=counts[State.HELD],
            failed=counts[State.FAILED],
            late=None if due is None else self.clock() - due,
            stopped=row.paused or row.blocked_by is not None,
        )

    def permission_set_18(self, connection: sa.Connection) -> Check:
        few = condition.lacking_permission(connection, diagnosis.FEW)
        return diagnosis.permission_set_18(few.count, few.names)

    def reauthorization(self, connection: sa.Connection) -> Check:
        few = condition.lost(connection, diagnosis.FEW)
        return diagnosis.reauthorization(few.count, few.names)


# What is told of a database that answers, with the schema in it.
_LOOKS: Mapping[str, Callable[[_Patient, sa.Connection], Check]] = {
    "secret_key": _Patient.secret_key,
    "policy": _Patient.policy,
    "ticket": _Patient.ticket,
    "component_token": _Patient.component_token,
    "calls": _Patient.calls,
    "workers": _Patient.workers,
    "queue": _Patient.queue,
    "permission_set_18": _Patient.permission_set_18,
    "reauthorization": _Patient.reauthorization,
}


@contextmanager
def _even_if_broken(name: str, checks: list[Check]) -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        checks.append(diagnosis.broken(name, str(error)))

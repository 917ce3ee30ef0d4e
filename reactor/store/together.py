"""Those who wait for SQLite's one writer go together: one transaction, one sync of the disk, for all of them.

Nobody is told that his work is done before the commit that holds it.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from reactor.core.errors import StoreUnavailable

Work = Callable[[sa.Connection], Any]


@dataclass(slots=True, eq=False)
class _Waiting:
    """One piece of work and what came of it; told with `leads` set, it is his turn to lead."""

    work: Work
    told: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    result: Any = None
    done: bool = False
    error: Exception | None = None


class Together:
    """The first to come leads: carries out what has gathered, hands the lead to who came meanwhile."""

    def __init__(
        self, write: Callable[[], AbstractContextManager[sa.Connection]], *, wait_seconds: float
    ) -> None:
        self._write = write
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._gathered: list[_Waiting] = []
        self._led = False

    def do(self, work: Work) -> Any:
        """Do the work in a transaction, shared or not; returns or raises as the work did."""
        mine = _Waiting(work)
        with self._lock:
            self._gathered.append(mine)
            leading, self._led = not self._led, True
        if leading or self._waited_to_lead(mine):
            self._lead()
        if mine.error is not None:
            raise mine.error
        if not mine.done:
            raise StoreUnavailable("who wrote for all of them was interrupted; nothing was changed")
        return mine.result

    def _waited_to_lead(self, mine: _Waiting) -> bool:
        if not mine.told.wait(self._wait_seconds):
            with self._lock:
                if mine in self._gathered and not mine.leads:
                    self._gathered.remove(mine)
                    raise StoreUnavailable("the database is busy with what came before; nothing was changed")
            mine.told.wait()  # it is being carried out, and that ends by itself
        return mine.leads

    def _lead(self) -> None:
        with self._lock:
            group, self._gathered = self._gathered, []
        try:
            self._carry_out(group)
        finally:
            with self._lock:
                self._led = bool(self._gathered)
                following = self._gathered[:1]
                for one in following:
                    one.leads = True
            for one in (*group, *following):
                one.told.set()

    def _carry_out(self, group: list[_Waiting]) -> None:
        try:
            with self._write() as connection:
                results = [one.work(connection) for one in group]
        except Exception as error:  # noqa: BLE001 - it is raised again, to the one it belongs to
            if len(group) == 1:
                group[0].error = error
            elif isinstance(error, StoreUnavailable):
                for one in group:  # trying one by one would make the last of them wait for all the others
                    one.error = StoreUnavailable(str(error))
            else:
                for one in group:  # one of them cannot be done; the others need not suffer for it
                    self._carry_out([one])
        else:
            for one, result in zip(group, results, strict=True):
                one.result, one.done = result, True

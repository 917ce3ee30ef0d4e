"""Those who wait for a commit go together: one transaction, one sync of the disk, for all of them.

Nobody is told that his work is done before the commit that holds it.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import sqlalchemy as sa

from reactor.core.errors import StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
LARGEST_GROUP = 64  # nobody's commit gets so long that WeChat hangs up


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    """One item and what came of it; once `told` opens with `leads` set, it is his turn to lead."""

    item: Item
    told: threading.Lock = field(default_factory=_locked)  # opened once; cheaper to wait at than an Event
    leads: bool = False
    results: list[Result] = field(default_factory=list)
    error: Exception | None = None


class Together(Generic[Item, Result]):
    """The first to come leads: carries out what has gathered, hands the lead to who came meanwhile.

    `work` is given the connection and the items, and returns one result for each. It must bear being
    repeated: when it fails with several items, each is tried alone, so that only the one it is about suffers.
    """

    def __init__(
        self,
        transact: Callable[[Callable[[sa.Connection], Sequence[Result]]], Sequence[Result]],
        work: Callable[[sa.Connection, Sequence[Item]], Sequence[Result]],
        *,
        wait_seconds: float,
    ) -> None:
        self._transact = transact
        self._work = work
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._gathered: list[_Waiting[Item, Result]] = []
        self._led = False

    def do(self, item: Item) -> Result:
        """Have the item worked in a transaction, shared or not; returns or raises as the work did."""
        mine: _Waiting[Item, Result] = _Waiting(item)
        with self._lock:
            self._gathered.append(mine)
            leading, self._led = not self._led, True
        if leading or self._waited_to_lead(mine):
            self._lead(mine)
        if mine.error is not None:
            raise mine.error
        if not mine.results:
            raise StoreUnavailable("who wrote for all of them was interrupted; nothing was changed")
        return mine.results[0]

    def _waited_to_lead(self, mine: _Waiting[Item, Result]) -> bool:
        if not mine.told.acquire(timeout=self._wait_seconds):
            with self._lock:
                if mine in self._gathered and not mine.leads:
                    self._gathered.remove(mine)
                    raise StoreUnavailable("the database is busy with what came before; nothing was changed")
            mine.told.acquire()  # it is being carried out, and that ends by itself
        return mine.leads

    def _lead(self, mine: _Waiting[Item, Result]) -> None:
        group: list[_Waiting[Item, Result]] = []
        try:
            self._carry_out(group, self._gather)
        finally:
            with self._lock:
                if mine in self._gathered:  # it ended before anybody was gathered
                    self._gathered.remove(mine)
                self._led = bool(self._gathered)
                following = self._gathered[:1]
                for one in following:
                    one.leads = True
            for one in (*group, *following):
                one.told.release()

    def _gather(self, group: list[_Waiting[Item, Result]]) -> None:
        with self._lock:
            room = LARGEST_GROUP - len(group)
            group += self._gathered[:room]
            del self._gathered[:room]

    def _carry_out(
        self,
        group: list[_Waiting[Item, Result]],
        gather: Callable[[list[_Waiting[Item, Result]]], None] = lambda _: None,
    ) -> None:
        def work(connection: sa.Connection) -> Sequence[Result]:
            gather(group)  # only now, with the database at hand: whoever came while it was awaited goes along
            return self._work(connection, [one.item for one in group])

        try:
            results = self._transact(work)
        except Exception as error:  # noqa: BLE001 - it is raised again, to the one it belongs to
            gather(group)
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
                one.results.append(result)

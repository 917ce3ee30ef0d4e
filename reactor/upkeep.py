"""What goes on beside the releases: missed pushes, a ticket that stays away, rows past their time."""

import logging

import sqlalchemy as sa

from reactor.core.errors import WeChatError
from reactor.core.notices import Kind, news_of_ticket
from reactor.heeding import Heeding
from reactor.store import calls, chain, component, notices, pace
from reactor.store.chain import RecordSpoilt
from reactor.store.pruning import BATCH, prune
from reactor.store.vault import VaultLocked
from reactor.sweep import Sweep
from reactor.tools import Tools
from reactor.undecided import Undecided
from reactor.wechat import CallRecord

log = logging.getLogger(__name__)

OLD_TICKET_SECONDS = 1800.0
START_PUSH_SECONDS = 3600.0
PRUNE_SECONDS = 3600.0
PRUNE_PAUSE_SECONDS = 2.0
_DAY = 86400.0


class Upkeep:
    """Duties that any process may do and one does at a time; `step` does one piece of one of them."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._store = tools.store
        self._since: float | None = None
        self._sweep = Sweep(tools)
        self._heeding = Heeding(tools)
        self._undecided = Undecided(tools)

    def step(self) -> bool:
        """Do what is due; False when nothing is. The sweep comes last: it always has somebody to ask."""
        if self._heeding.step() or self._undecided.step():
            return True
        return self._tell_of_ticket() or self._start_push_ticket() or self._prune() or self._sweep.step()

    def free_at(self) -> float:
        """When the sweep looks for the next one to ask."""
        return self._sweep.free_at()

    def _tell_of_ticket(self) -> bool:
        """People hear of a ticket that stays away, again when it gets worse, and when it is back."""
        if not self._store.telling:
            return False
        now = self._tools.clock()
        with self._store.read() as connection:
            row = component.get(connection, self._tools.component_appid)
        self._since = now if self._since is None else min(self._since, now)
        news = news_of_ticket(row.ticket_received_at, row.ticket_told_at, since=self._since, now=now)
        if news is None:
            return False
        age = None if row.ticket_received_at is None else str(now - row.ticket_received_at)
        with self._store.write() as connection:
            told_at = None if news is Kind.TICKET_BACK else now
            if not component.tell_of_ticket(connection, row, told_at=told_at):
                return False
            notices.add(connection, news, at=now, detail=age)
        return True

    def _start_push_ticket(self) -> bool:
        """A ticket comes every ten minutes; when none came for half an hour, ask WeChat to push again."""
        now, name = self._tools.clock(), "api_start_push_ticket"
        with self._store.read() as connection:
            row = component.get(connection, self._tools.component_appid)
            self._since = now if self._since is None else min(self._since, now)
            received_at = self._since if row.ticket_received_at is None else row.ticket_received_at
            due = now - received_at > OLD_TICKET_SECONDS
            if not due or not pace.is_free(connection, name, now=now, gap=START_PUSH_SECONDS):
                return False
        with self._store.write() as connection:
            if not pace.take(connection, name, now=now, gap=START_PUSH_SECONDS):
                return False
        records: list[CallRecord] = []
        try:
            self._tools.wechat.observing(records.append).start_push_ticket()
            log.warning("ticket=old WeChat was asked to push it again; see the 授权事件接收URL")
        except WeChatError as error:
            log.warning("ticket=old WeChat was asked to push it again, without success reason=%s", error)
        with self._store.write() as connection:
            calls.add(connection, records)
        return True

    def _prune(self) -> bool:
        now = self._tools.clock()
        with self._store.read() as connection:
            if not pace.is_free(connection, "prune", now=now, gap=PRUNE_SECONDS):
                return False
        before = now - self._tools.policy().retention_days * _DAY
        with self._store.write() as connection:
            if not pace.take(connection, "prune", now=now, gap=PRUNE_SECONDS):
                return False
            gone = max(self._forget(connection, now), prune(connection, before=before))
            if gone:
                pace.put_off(connection, "prune", until=now + PRUNE_PAUSE_SECONDS)
        if gone:
            log.info("pruned=%s rows older than the retention", gone)
        return gone > 0

    def _forget(self, connection: sa.Connection, now: float) -> int:
        """What is past the time of the record leaves it; it stays whole where it is not as it was signed."""
        policy = self._tools.policy()
        before = now - max(policy.history_days, policy.retention_days) * _DAY
        try:
            return chain.forget(connection, self._store.vault, before=before, most=BATCH)
        except (RecordSpoilt, VaultLocked) as error:
            log.warning("record=kept nothing of it is pruned: %s", error)
            return 0

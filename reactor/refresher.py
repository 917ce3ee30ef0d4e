"""One refresher of a token at a time, over all processes, and none too often."""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from reactor.core.errors import NoTicket, StoreUnavailable, TokenBusy, WeChatError
from reactor.store import pace, presence
from reactor.store.database import Store

LEASE_SECONDS = 20
PATIENCE_SECONDS = 30
# One token is fetched four times at once if need be, and then no more than three times a minute.
GAP_SECONDS = 20.0
BURST_SECONDS = 60.0
_WAIT_STEP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class HeldToken:
    """An access token and the sealed form by which the store knows it."""

    value: str = field(repr=False)
    sealed: str = field(repr=False)
    refresh_at: float
    expires_at: float

    def columns(self) -> dict[str, object]:
        """What the store keeps of it."""
        return {
            "access_token_sealed": self.sealed,
            "access_token_refresh_at": self.refresh_at,
            "access_token_expires_at": self.expires_at,
        }


class Refresher:
    """Whoever holds the lease row fetches; the others go on with the old token while it lives, or wait."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._holder = uuid.uuid4().hex

    def held_or_fetched(
        self, lease: str, stored: Callable[[], HeldToken | None], fetch: Callable[[], HeldToken]
    ) -> HeldToken:
        """The token that is `stored`, or one freshly fetched; TokenBusy when neither is to be had soon."""
        for _ in range(int(PATIENCE_SECONDS / _WAIT_STEP_SECONDS)):
            token = stored()
            if token and self._clock() < token.refresh_at:
                return token
            seldom = self._is_seldom(lease)
            if seldom and self.took(lease):
                return self._fetch_holding(lease, stored, fetch)
            if token and self._clock() < token.expires_at:
                return token
            if not seldom:
                raise TokenBusy(
                    "WeChat takes none of the tokens that it gave lately; the next is fetched in a while, "
                    "and until then this waits"
                )
            self._sleep(_WAIT_STEP_SECONDS)
        raise TokenBusy("another process has been fetching this token for a while; this is tried again")

    def _fetch_holding(
        self, lease: str, stored: Callable[[], HeldToken | None], fetch: Callable[[], HeldToken]
    ) -> HeldToken:
        try:
            token = stored()  # somebody may have fetched it just before the lease was ours
            if token and self._clock() < token.refresh_at:
                return token
            try:
                fetched = fetch()
            except (WeChatError, NoTicket, TokenBusy):
                if token and self._clock() < token.expires_at:
                    return token  # the early refresh failed; the old token still lives
                raise
            self._note_fetch(lease)
            return fetched
        finally:
            # A lease that cannot be given back now lapses by itself; the token is as good.
            with suppress(StoreUnavailable), self._store.write() as connection:
                presence.free_lease(connection, lease, holder=self._holder)

    def took(self, lease: str) -> bool:
        """Take the lease, or renew it; a look comes first, so that waiting takes no write lock."""
        now = self._clock()
        with self._store.read() as connection:
            if not presence.is_free(connection, lease, holder=self._holder, now=now):
                return False
        with self._store.write() as connection:
            return presence.take(connection, lease, holder=self._holder, now=now, until=now + LEASE_SECONDS)

    def _is_seldom(self, lease: str) -> bool:
        """Whether the token was not fetched too often lately: whatever WeChat says of it, no storm."""
        with self._store.read() as connection:
            return pace.is_free(connection, f"fetch:{lease}", now=self._clock(), gap=GAP_SECONDS)

    def _note_fetch(self, lease: str) -> None:
        with self._store.write() as connection:
            pace.take(connection, f"fetch:{lease}", now=self._clock(), gap=GAP_SECONDS, burst=BURST_SECONDS)

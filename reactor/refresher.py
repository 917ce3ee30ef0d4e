"""One refresher of a token at a time, over all processes, and none too often, whatever WeChat answers."""

import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from reactor.core.errors import NoTicket, StoreUnavailable, TokenBusy, WeChatError
from reactor.store import pace, presence
from reactor.store.database import Store
from reactor.store.presence import LEASE_SECONDS

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 30
# A token is asked for four times at once if need be, and then, or while an old one lives, thrice a minute.
GAP_SECONDS, BURST = 20.0, 3
SHORTEST_GAP_SECONDS = 1.0
_WAIT_STEP_SECONDS = 0.05
_TOO_OFTEN = (
    "WeChat was asked for this token several times lately, without lasting success; it is asked again in a "
    "while, and until then this waits"
)
Begin = Callable[[], None]


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
    """Whoever holds the lease row fetches; the others go on with the old token while it lives, or wait.

    A `fetch` is given `begin`, to be called right before each call to WeChat for the token: nothing is
    asked that was not noted before, so it is bounded whether it succeeds, fails or is never answered.
    """

    def __init__(
        self,
        store: Store,
        *,
        scale: float = 1.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._gap = max(SHORTEST_GAP_SECONDS, GAP_SECONDS * scale)
        self._holder = uuid.uuid4().hex

    def held_or_fetched(
        self, lease: str, stored: Callable[[], HeldToken | None], fetch: Callable[[Begin], HeldToken]
    ) -> HeldToken:
        """The token that is `stored`, or one freshly fetched; TokenBusy when neither is to be had soon."""
        for _ in range(int(PATIENCE_SECONDS / _WAIT_STEP_SECONDS)):
            token = stored()
            if token and self._clock() < token.refresh_at:
                return token
            idle, seldom = self._look(lease)
            if idle and seldom and self._took(lease):
                return self._fetch_holding(lease, stored, fetch)
            if token and self._lives(token):
                return token
            if idle and not seldom:
                raise TokenBusy(_TOO_OFTEN)
            self._sleep(_WAIT_STEP_SECONDS)
        raise TokenBusy("another process has been fetching this token for a while; this is tried again")

    def hold_on(self, lease: str) -> None:
        """Renew the lease before a call; who lost it meanwhile leaves the token to the other."""
        with self._store.write() as connection:
            mine = presence.renew(connection, lease, holder=self._holder, until=self._lapses_at())
        if not mine:
            raise TokenBusy("another process took over fetching this token; this is tried again")

    def _fetch_holding(
        self, lease: str, stored: Callable[[], HeldToken | None], fetch: Callable[[Begin], HeldToken]
    ) -> HeldToken:
        try:
            token = stored()  # somebody may have fetched it just before the lease was ours
            if token and self._clock() < token.refresh_at:
                return token
            early = token is not None and self._lives(token)
            try:
                return fetch(partial(self._begin, lease, 0 if early else BURST))
            except (WeChatError, NoTicket, TokenBusy) as error:
                token = stored()
                if token is None or not self._lives(token):
                    raise
                # All calls go on with it, so they are not stopped; without it, the same error stops them.
                log.warning("token=%s not refreshed yet, the one in use lives on reason=%s", lease, error)
                return token
        finally:
            # A lease that cannot be given back now lapses by itself; the token is as good.
            with suppress(StoreUnavailable), self._store.write() as connection:
                presence.free_lease(connection, lease, holder=self._holder)

    def _begin(self, lease: str, burst: int) -> None:
        """Hold on to the lease for one call to come, and note it; TokenBusy when it may not be made."""
        self.hold_on(lease)
        name, now, gap = _pace_of(lease), self._clock(), self._gap
        with self._store.write() as connection:
            if not pace.take(connection, name, now=now, gap=gap, burst=burst * gap):
                raise TokenBusy(_TOO_OFTEN)

    def _look(self, lease: str) -> tuple[bool, bool]:
        """Whether nobody fetches, and the token was not asked for too often lately; takes no write lock."""
        now = self._clock()
        with self._store.read() as connection:
            idle = presence.is_free(connection, lease, holder=self._holder, now=now)
            return idle, pace.is_free(connection, _pace_of(lease), now=now, gap=self._gap)

    def _took(self, lease: str) -> bool:
        now, until = self._clock(), self._lapses_at()
        with self._store.write() as connection:
            return presence.take(connection, lease, holder=self._holder, now=now, until=until)

    def _lapses_at(self) -> float:
        return self._clock() + LEASE_SECONDS

    def _lives(self, token: HeldToken) -> bool:
        return self._clock() < token.expires_at


def _pace_of(lease: str) -> str:
    return f"fetch:{lease}"

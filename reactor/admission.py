"""Who may come in: one password, sessions that end by themselves, and an end to guessing.

What is kept of a session is a digest of its token, keyed with the password: who reads the database cannot
come in, and a new password ends every session.
"""

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from reactor.core.errors import ReactorError
from reactor.store import sessions
from reactor.store.database import Store

IDLE_SECONDS = 30 * 60.0
LONGEST_SECONDS = 12 * 3600.0
WINDOW_SECONDS = 15 * 60.0
TRIES_OF_ADDRESS, TRIES_OF_ALL = 10, 100
_TOUCH_SECONDS = 60.0  # a write for every page would cost more than it tells


class WrongPassword(ReactorError):
    """It was not the password."""


class TooManyTries(ReactorError):
    """Nobody is listened to for `seconds`, not even with the right password."""

    def __init__(self, seconds: float) -> None:
        super().__init__("there were too many wrong passwords")
        self.seconds = seconds


class Admission:
    """Opens, recognizes and ends sessions; a token is what the browser keeps."""

    def __init__(
        self,
        store: Store,
        password: str,
        *,
        clock: Callable[[], float] = time.time,
        make_token: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self._store = store
        self._password = hashlib.sha256(password.encode()).digest()
        self._clock = clock
        self.make_token = make_token

    def enter(self, password: str, address: str | None) -> str:
        """The token of a new session; raises WrongPassword or TooManyTries."""
        place = _place(address)
        self._count(place)
        given = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
        if not hmac.compare_digest(given, self._password):
            raise WrongPassword("that is not the password")
        token, now = self.make_token(), self._clock()
        with self._store.write() as connection:
            sessions.forget_tries(connection, place)
            sessions.add(connection, self._digest(token), now, oldest=now - LONGEST_SECONDS)
        return token

    def _count(self, place: str) -> None:
        """Each try counts before its password is looked at, so that many at once are no way around."""
        now = self._clock()
        with self._store.write() as connection:
            for number, address in ((TRIES_OF_ADDRESS, place), (TRIES_OF_ALL, None)):
                at = sessions.nth_last_try(connection, number, since=now - WINDOW_SECONDS, address=address)
                if at is not None:
                    raise TooManyTries(max(1.0, at + WINDOW_SECONDS - now))
            sessions.add_try(connection, place, now)

    def knows(self, token: str, *, active: bool = True) -> bool:
        """Whether the token's session goes on; a page that refreshes itself is no activity."""
        digest, now = self._digest(token), self._clock()
        with self._store.read() as connection:
            session = sessions.get(connection, digest)
        if session is None:
            return False
        if now - session.created_at > LONGEST_SECONDS or now - session.seen_at > IDLE_SECONDS:
            return False
        if active and now - session.seen_at > _TOUCH_SECONDS:
            with self._store.write() as connection:
                sessions.touch(connection, digest, now)
        return True

    def leave(self, token: str) -> None:
        """End the token's session."""
        with self._store.write() as connection:
            sessions.end(connection, self._digest(token))

    def _digest(self, token: str) -> str:
        return hmac.new(self._password, token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def form_token(token: str) -> str:
    """What a form must bring along beside the cookie: only a page of this session knows it."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"form", hashlib.sha256).hexdigest()


def _place(address: str | None) -> str:
    """A digest of the address; of IPv6 that of the network, for a household has 2^64 addresses.

    A socket for both calls IPv4 ::ffff:203.0.113.9: all of IPv4 would be one such network.
    """
    place = address or ""
    with suppress(ValueError):
        found = ipaddress.ip_address(place.partition("%")[0])
        if isinstance(found, ipaddress.IPv6Address):
            place = str(found.ipv4_mapped or ipaddress.ip_network(f"{found}/64", strict=False))
    return hashlib.sha256(f"ops door {place}".encode("utf-8", "surrogatepass")).hexdigest()

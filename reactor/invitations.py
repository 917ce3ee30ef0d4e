"""Invitations: a merchant opens an address, authorizes at WeChat, comes back, and sees what came of it.

The web reads and writes rows; what must be asked of WeChat is an errand for the worker.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import sqlalchemy as sa

from reactor.core.errors import SettingsError
from reactor.core.invitation import MINI_PROGRAM, Links, digest_of, links
from reactor.store import authorizers, errands
from reactor.store import links as rows
from reactor.store.authorizers import Authorizer
from reactor.store.database import Store
from reactor.store.links import Link

DAYS, MOST_DAYS = 7, 30
# A merchant needs a while at WeChat's: a pre_auth_code is not handed out in its last minutes.
LEAST_SECONDS = 120.0
_DAY = 86400.0
_NONCE_BYTES = 32
NO_PUBLIC_URL = (
    "REACTOR_PUBLIC_URL is not set; WeChat opens an authorization only from the domain registered as "
    "授权发起页域名 and sends the merchant back there: set it to https://<that domain>."
)


class Stage(StrEnum):
    """How far an invitation has come, as the merchant sees it."""

    PREPARING = "preparing"
    READY = "ready"
    EXCHANGING = "exchanging"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def settled(self) -> bool:
        """Whether nothing changes by itself any more."""
        return self in (Stage.AUTHORIZED, Stage.FAILED, Stage.EXPIRED)


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation: `url` is for the merchant, and is shown this once."""

    nonce: str = field(repr=False)
    url: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Seen:
    """An invitation as it stands; `links` while READY, good for so many seconds.

    `reason` says why it failed, or why it takes so long; `authorizer` is who came.
    """

    stage: Stage
    expires_at: float
    reason: str | None = None
    links: Links | None = field(default=None, repr=False)
    good_for: float = 0.0
    authorizer: Authorizer | None = None

    @property
    def may_start_again(self) -> bool:
        """After a failure, or when the merchant left out what it is all for."""
        who = self.authorizer
        if self.stage is Stage.AUTHORIZED and who is not None:
            return who.mini_program is False or who.can_release is False
        return self.stage is Stage.FAILED


class Invitations:
    """The way in for merchants; `nonce` gives what makes an address nobody guesses."""

    def __init__(  # noqa: PLR0913 - where, for whom, and the time it lives in
        self,
        store: Store,
        component_appid: str,
        public_url: str | None,
        *,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_urlsafe(_NONCE_BYTES),
    ) -> None:
        self._store = store
        self._component_appid = component_appid
        self._public_url = public_url
        self._wake = wake
        self._clock = clock
        self._nonce = nonce

    def want(self, *, auth_type: int = MINI_PROGRAM, days: int = DAYS) -> Invited:
        """A new invitation, and its pre_auth_code on the way; SettingsError without REACTOR_PUBLIC_URL."""
        nonce, now = self._nonce(), self._clock()
        invited = Invited(nonce, self.address(nonce), now + days * _DAY)
        with self._store.write() as connection:
            rows.add(
                connection,
                digest_of(nonce),
                now=now,
                expires_at=invited.expires_at,
                auth_type=auth_type,
            )
        self.prepare(nonce)
        return invited

    def address(self, nonce: str) -> str:
        """Where the merchant goes, and comes back to."""
        if self._public_url is None:
            raise SettingsError([NO_PUBLIC_URL])
        return f"{self._public_url}/authorize/{nonce}"

    def see(self, nonce: str) -> Seen | None:
        """How it stands; None for an address that nobody was given."""
        digest = digest_of(nonce)
        with self._store.read() as connection:
            link = rows.get(connection, digest)
            return self._seen(connection, link, nonce) if link else None

    def prepare(self, nonce: str) -> None:
        """Have a pre_auth_code made, unless there is a good one or one is being made."""
        digest = digest_of(nonce)
        with self._store.read() as connection:
            link = rows.get(connection, digest)
        if link is None or not self._needs_code(link):
            return
        with self._store.write() as connection:
            link = rows.get(connection, digest, lock=True)
            if link is None or not self._needs_code(link):
                return
            rows.use_up(connection, digest, rows.PREPARING)
            errands.want(connection, errands.PRE_AUTH_CODE, digest, now=self._clock())
        self._wake()

    def come_back(self, nonce: str, auth_code: str) -> bool:
        """Keep the code that the merchant brought, for its exchange at once; False for an unknown address."""
        digest, code_digest = digest_of(nonce), digest_of(auth_code)
        with self._store.write() as connection:
            link = rows.get(connection, digest, lock=True)
            if link is None:
                return False
            if link.state == rows.AUTHORIZED:
                return True  # reloaded, or gone back: the code has been used
            if pushed := authorizers.by_code(connection, code_digest):
                rows.use_up(connection, digest, rows.AUTHORIZED, authorizer_appid=pushed)
                return True
            rows.use_up(connection, digest, rows.RETURNED)
            sealed = self._store.vault.seal(auth_code)
            errands.want(connection, errands.AUTH_CODE, digest, now=self._clock(), payload_sealed=sealed)
        self._wake()
        return True

    def start_again(self, nonce: str) -> bool:
        """From the beginning, where that may help, else it is left as it is; False for an unknown address."""
        digest = digest_of(nonce)
        with self._store.write() as connection:
            link = rows.get(connection, digest, lock=True)
            if link is None:
                return False
            if not self._seen(connection, link, nonce).may_start_again:
                return True
            rows.use_up(connection, digest, rows.NEW, authorizer_appid=None)
        self.prepare(nonce)
        return True

    # -- how it stands -----------------------------------------------------------------------------------

    def _needs_code(self, link: Link) -> bool:
        if self._clock() >= link.expires_at:
            return False
        return link.state == rows.NEW or (link.state == rows.READY and self._good_for(link) <= 0)

    def _good_for(self, link: Link) -> float:
        """Seconds for which its pre_auth_code may still be handed out."""
        return (link.pre_auth_expires_at or 0.0) - LEAST_SECONDS - self._clock()

    def _seen(self, connection: sa.Connection, link: Link, nonce: str) -> Seen:
        if link.state == rows.FAILED:
            return Seen(Stage.FAILED, link.expires_at, link.reason)
        if link.state == rows.AUTHORIZED and link.authorizer_appid is not None:
            return _of_authorizer(link, authorizers.get(connection, link.authorizer_appid))
        if link.state == rows.RETURNED:
            reason = errands.reason_of(connection, errands.AUTH_CODE, link.digest)
            return Seen(Stage.EXCHANGING, link.expires_at, reason)
        if self._clock() >= link.expires_at:
            return Seen(Stage.EXPIRED, link.expires_at)
        good_for = self._good_for(link)
        if link.state == rows.READY and link.pre_auth_code_sealed is not None and good_for > 0:
            code = self._store.vault.open(link.pre_auth_code_sealed)
            back = f"{self.address(nonce)}/back"
            shown = links(self._component_appid, code, back, link.auth_type)
            return Seen(Stage.READY, link.expires_at, links=shown, good_for=good_for)
        reason = errands.reason_of(connection, errands.PRE_AUTH_CODE, link.digest)
        return Seen(Stage.PREPARING, link.expires_at, reason)


def _of_authorizer(link: Link, found: Authorizer | None) -> Seen:
    """Once it is known who came, their own row tells the rest."""
    if found is None or found.state == authorizers.CODE_WAITING:
        return Seen(Stage.EXCHANGING, link.expires_at, found.reason if found else None, authorizer=found)
    good = found.state == authorizers.AUTHORIZED
    stage = Stage.AUTHORIZED if good else Stage.FAILED
    return Seen(stage, link.expires_at, found.reason, authorizer=found)

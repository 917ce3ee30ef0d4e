"""Ticket → component_access_token → authorizer_access_token, with one refresher over all processes.

A token is refreshed early, by whoever holds the lease row; the others go on with the old one while it lives.
What WeChat answers is committed before anybody uses it, a refresh token is never overwritten by nothing.
https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/ThirdParty/token/api_authorizer_token.html
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from reactor.core.decisions import LIST_PAGE
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import (
    Answered,
    NeedsReauthorization,
    NotAuthorizedYet,
    NoTicket,
)
from reactor.refresher import Begin, HeldToken, Refresher
from reactor.store import authorizers, component, notices
from reactor.store.authorizers import Authorizer
from reactor.store.component import Component
from reactor.store.database import Store
from reactor.store.vault import VaultLocked
from reactor.wechat import AuthorizerPage, AuthorizerTokens, WeChatClient

log = logging.getLogger(__name__)
T = TypeVar("T")

TICKET_SECONDS = 12 * 3600
EARLY_SECONDS = 600
# A token shorter-lived than WeChat's 7200 s is not refreshed at every use: this share of its life is early.
EARLY_SHARE = 0.1


def _lease_name(authorizer_appid: str) -> str:
    return f"authorizer:{authorizer_appid}"


class Tokens:
    """The tokens of one component; made anew for each turn, the truth is in the store."""

    def __init__(  # noqa: PLR0913 - what it works with, and the time it lives in
        self,
        store: Store,
        wechat: WeChatClient,
        component_appid: str,
        *,
        scale: float = 1.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._wechat = wechat
        self._appid = component_appid
        self._clock = clock
        self._refresher = Refresher(store, scale=scale, clock=clock, sleep=sleep)

    # -- calling with a token --------------------------------------------------------------------------

    def with_component(self, call: Callable[[str], T]) -> T:
        """Do a component call; a dead token is renewed once, never in a loop."""
        token = self._component_token()
        try:
            return call(token.value)
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict is not Verdict.RENEW:
                raise
        with self._store.write() as connection:
            component.drop_access_token(connection, self._appid, token.sealed)
        return call(self._component_token().value)

    def with_authorizer(self, authorizer_appid: str, call: Callable[[str], T]) -> T:
        """Do a call on behalf of an authorizer; a dead token is renewed once, never in a loop."""
        token = self._authorizer_token(authorizer_appid)
        try:
            return call(token.value)
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict is not Verdict.RENEW:
                raise
        with self._store.write() as connection:
            authorizers.drop_access_token(connection, authorizer_appid, token.sealed)
        return call(self._authorizer_token(authorizer_appid).value)

    def _opened(self, sealed: str | None) -> str | None:
        """A stored secret; one that no key opens any more is as good as none, and is fetched anew."""
        try:
            return self._store.vault.open(sealed) if sealed else None
        except VaultLocked as error:
            log.warning("a stored token is fetched anew: %s", error)
            return None

    def _held(self, row: Component | Authorizer) -> HeldToken | None:
        value = self._opened(row.access_token_sealed)
        if value is None or row.access_token_sealed is None:
            return None
        refresh_at, expires_at = row.access_token_refresh_at or 0.0, row.access_token_expires_at or 0.0
        return HeldToken(value, row.access_token_sealed, refresh_at, expires_at)

    def _fresh(self, value: str, expires_in: int) -> HeldToken:
        now = self._clock()
        early = min(EARLY_SECONDS, expires_in * EARLY_SHARE)
        return HeldToken(value, self._store.vault.seal(value), now + expires_in - early, now + expires_in)

    # -- the component's token -------------------------------------------------------------------------

    def _component_token(self) -> HeldToken:
        return self._refresher.held_or_fetched(
            "component", self._stored_component_token, self._fetch_component_token
        )

    def _stored_component_token(self) -> HeldToken | None:
        with self._store.read() as connection:
            row = component.get(connection, self._appid)
        return self._held(row)

    def _fetch_component_token(self, begin: Begin) -> HeldToken:
        with self._store.read() as connection:
            row = component.get(connection, self._appid)
        age = self._clock() - (row.ticket_received_at or 0.0)
        ticket = self._opened(row.ticket_sealed)
        if ticket is None or age > TICKET_SECONDS:
            raise NoTicket(
                "WeChat has pushed no component_verify_ticket in the last 12 hours; nothing is lost, "
                "releases wait; check the 授权事件接收URL and that it answers `success`"
            )
        begin()
        token = self._wechat.component_token(ticket)
        held = self._fresh(token.value, token.expires_in)
        with self._store.write() as connection:
            component.keep_access_token(connection, self._appid, **held.columns())
        return held

    # -- an authorizer's token -------------------------------------------------------------------------

    def _authorizer_token(self, authorizer_appid: str) -> HeldToken:
        return self._refresher.held_or_fetched(
            _lease_name(authorizer_appid),
            lambda: self._stored_authorizer_token(authorizer_appid),
            lambda begin: self._fetch_authorizer_token(authorizer_appid, begin),
        )

    def _stored_authorizer_token(self, authorizer_appid: str) -> HeldToken | None:
        with self._store.read() as connection:
            row = authorizers.get(connection, authorizer_appid)
        return self._held(row) if row else None

    def _fetch_authorizer_token(self, authorizer_appid: str, begin: Begin) -> HeldToken:
        refresh_token = self._refresh_token(authorizer_appid)
        if refresh_token is None:
            return self._refresh(authorizer_appid, self._heal(authorizer_appid, dead=None), begin)
        try:
            return self._refresh(authorizer_appid, refresh_token, begin)
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict is not Verdict.HEAL:
                raise
        return self._refresh(authorizer_appid, self._heal(authorizer_appid, dead=refresh_token), begin)

    def _refresh_token(self, authorizer_appid: str) -> str | None:
        with self._store.read() as connection:
            row = authorizers.get(connection, authorizer_appid)
        if row is None:
            raise NotAuthorizedYet(f"{authorizer_appid} is not known yet; this goes on once it is")
        return self._opened(row.refresh_token_sealed)

    def _refresh(self, authorizer_appid: str, refresh_token: str, begin: Begin) -> HeldToken:
        def ask(component_token: str) -> AuthorizerTokens:
            begin()  # only now: the component's token may have been waited for
            return self._wechat.authorizer_token(component_token, authorizer_appid, refresh_token)

        fresh = self.with_component(ask)
        held = self._fresh(fresh.access_token, fresh.expires_in)
        kept = {
            **held.columns(),
            "refresh_token_sealed": self._store.vault.seal(fresh.refresh_token or refresh_token),
            "state": authorizers.AUTHORIZED,
            "reason": None,
        }
        with self._store.write() as connection:
            row = authorizers.get(connection, authorizer_appid, lock=True)
            if row is None or row.state == authorizers.UNAUTHORIZED:
                raise NotAuthorizedYet(f"{authorizer_appid} took its authorization back meanwhile")
            if row.code_sealed is not None:
                kept["state"] = authorizers.CODE_WAITING
            authorizers.update(connection, authorizer_appid, **kept)
        return held

    def _heal(self, authorizer_appid: str, *, dead: str | None) -> str:
        """The refresh token as WeChat lists it: its own record is the way back from a lost or dead one."""
        offset = 0

        def ask(component_token: str) -> AuthorizerPage:
            self._refresher.hold_on(_lease_name(authorizer_appid))
            return self._wechat.authorizer_list(component_token, offset, LIST_PAGE)

        while True:
            page = self.with_component(ask)
            for listed in page.items:
                if listed.authorizer_appid == authorizer_appid:
                    return self._healed(authorizer_appid, listed.refresh_token, dead)
            offset += LIST_PAGE
            if not page.items or offset >= page.total_count:
                return self._healed(authorizer_appid, None, dead)

    def _healed(self, authorizer_appid: str, listed: str | None, dead: str | None) -> str:
        if listed and listed != dead:
            with self._store.write() as connection:
                row = authorizers.get(connection, authorizer_appid, lock=True)
                if row is None or row.state == authorizers.UNAUTHORIZED:
                    raise NotAuthorizedYet(f"{authorizer_appid} took its authorization back meanwhile")
                sealed = self._store.vault.seal(listed)
                authorizers.update(connection, authorizer_appid, refresh_token_sealed=sealed)
            return listed
        reason = (
            "WeChat lists no refresh token that works for this mini program; "
            "the merchant must authorize the platform again"
        )
        with self._store.write() as connection:
            row = authorizers.get(connection, authorizer_appid, lock=True)
            if row is not None and row.state == authorizers.UNAUTHORIZED:
                raise NotAuthorizedYet(f"{authorizer_appid} took its authorization back meanwhile")
            if row is not None and row.code_sealed is not None:
                raise NotAuthorizedYet("its authorization code is not exchanged yet; this goes on once it is")
            notices.add_reauthorize(connection, authorizer_appid, reason, at=self._clock())
            authorizers.update(
                connection, authorizer_appid, state=authorizers.NEEDS_REAUTHORIZATION, reason=reason
            )
        raise NeedsReauthorization(reason)

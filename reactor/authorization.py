"""How an authorizer becomes known: by the code of its authorization, or by asking WeChat about it."""

import logging

import sqlalchemy as sa

from reactor import breaker
from reactor.core.decisions import Decision, WaitsFor, weigh
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, NotAuthorizedYet, OutcomeUnknown, TokenError, WeChatError
from reactor.core.lifecycle import Happening
from reactor.store import authorizers, calls, notices, releases
from reactor.store.authorizers import Authorizer
from reactor.store.database import Store
from reactor.tokens import Tokens
from reactor.tools import Tools
from reactor.wechat import Authorization, CallRecord, WeChatClient

log = logging.getLogger(__name__)

_NOT_OURS = frozenset({Verdict.REAUTHORIZE, Verdict.PERSON, Verdict.UNKNOWN, Verdict.BUG})


def adopt(store: Store, tokens: Tokens, wechat: WeChatClient, authorizer_appid: str) -> Authorizer:
    """Ask WeChat who this is and keep the answer; NotAuthorizedYet when the component has no part in it."""
    with store.read() as connection:
        before = authorizers.get(connection, authorizer_appid)
    try:
        info = tokens.with_component(lambda token: wechat.authorizer_info(token, authorizer_appid))
    except Answered as refusal:
        row = lookup(refusal.call, refusal.errcode)
        if row.verdict not in _NOT_OURS:
            raise
        raise NotAuthorizedYet(
            f"WeChat does not show {authorizer_appid} as authorized ({refusal.errcode}: {row.en}); "
            "this goes on once it authorizes the platform"
        ) from None
    with store.write() as connection:
        known = authorizers.get(connection, authorizer_appid, lock=True)
        if _revoked_since(before, known):
            raise NotAuthorizedYet(f"{authorizer_appid} took its authorization back meanwhile")
        values: dict[str, object] = {"user_name": info.user_name or None, "nick_name": info.nick_name or None}
        values["mini_program"] = info.is_mini_program
        if info.func_ids is not None:
            values["func_ids"] = ",".join(map(str, info.func_ids))
        if info.refresh_token and not (known and known.refresh_token_sealed):
            values["refresh_token_sealed"] = store.vault.seal(info.refresh_token)
        if known is None or known.state == authorizers.UNAUTHORIZED:
            values |= {"state": authorizers.AUTHORIZED, "reason": None}
        else:
            values["state"] = known.state
        authorizers.save(connection, authorizer_appid, **values)
        adopted = authorizers.get(connection, authorizer_appid)
    assert adopted is not None
    return adopted


def _revoked_since(before: Authorizer | None, now: Authorizer | None) -> bool:
    """Whether `unauthorized` came while WeChat was asked: then its answer is out of date."""
    if now is None or now.state != authorizers.UNAUTHORIZED:
        return False
    if before is None or before.state != authorizers.UNAUTHORIZED:
        return True
    return before.authorization_at != now.authorization_at


class Exchange:
    """One authorization code and what becomes of it: tokens, names, permission sets."""

    def __init__(self, authorizer: Authorizer, tools: Tools) -> None:
        self._authorizer = authorizer
        self._appid = authorizer.authorizer_appid
        self._tools = tools
        self._store = tools.store
        self._records: list[CallRecord] = []
        self._wechat, self._tokens = tools.line(self._records.append)

    def run(self) -> None:
        """Exchange the code; its refresh token is committed before anything else is asked."""
        try:
            self._keep(self._query_auth())
        except (TokenError, WeChatError) as error:
            # A code waits for nobody to adopt it, so its age does not count.
            turns = self._tools.turns(self._authorizer.code_turns, self._tools.clock())
            self.put_back(weigh(error, turns))
        else:
            self._introduce()

    def put_back(self, decision: Decision) -> None:
        """Try again later, or leave it to the merchant; a younger code in the row is not touched."""
        self._store.transact(lambda connection: self._record(connection, decision))
        self._records.clear()
        log.warning("authorizer=%s code=put_back reason=%s", self._appid, decision.reason)

    def _query_auth(self) -> Authorization | None:
        assert self._authorizer.code_sealed is not None
        code = self._store.vault.open(self._authorizer.code_sealed)
        try:
            granted = self._tokens.with_component(lambda token: self._wechat.query_auth(token, code))
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict is not Verdict.CODE_USED:
                raise
            return None  # somebody else used it, or it is too old: WeChat's own record decides
        if granted.authorizer_appid != self._appid:
            raise OutcomeUnknown("api_query_auth", "WeChat exchanged the code for another authorizer")
        return granted

    def _keep(self, granted: Authorization | None) -> None:
        """Commit the tokens; the code stays in line until all is done, so that a death loses nothing."""
        if granted is None:
            return
        values: dict[str, object] = {}
        if granted.refresh_token:
            sealed = self._store.vault.seal(granted.refresh_token)
            values = {"refresh_token_sealed": sealed, "access_token_sealed": None}
        if granted.func_ids is not None:
            values["func_ids"] = ",".join(map(str, granted.func_ids))
        if values:
            with self._store.write() as connection:
                authorizers.settle_code(connection, self._authorizer, **values)

    def _introduce(self) -> None:
        """Names and permission sets; when WeChat does not tell now, the first release asks again."""
        try:
            adopt(self._store, self._tokens, self._wechat, self._appid)
        except (TokenError, WeChatError) as error:
            log.warning("authorizer=%s unnamed reason=%s", self._appid, error)
        self._store.transact(self._finish)
        self._records.clear()
        log.info("authorizer=%s code=settled", self._appid)

    def _finish(self, connection: sa.Connection) -> None:
        row = authorizers.get(connection, self._appid, lock=True)
        values: dict[str, object] = {"code_sealed": None, "code_due_at": None, "code_lease_holder": None}
        if row is not None and row.refresh_token_sealed:
            values |= {"state": authorizers.AUTHORIZED, "reason": None}
        else:
            reason = "the authorization code gave no token; the merchant must authorize again"
            values |= {"state": authorizers.NEEDS_REAUTHORIZATION, "reason": reason}
            notices.add_reauthorize(connection, self._appid, reason, at=self._tools.clock())
        authorizers.settle_code(connection, self._authorizer, **values)
        releases.make_due(
            connection,
            now=self._tools.clock(),
            waits_for=[WaitsFor.AUTHORIZER],
            authorizer_appids=[self._appid],
        )
        calls.add(connection, self._records)
        breaker.note(connection, self._tools, self._appid, None, self._records)

    def _record(self, connection: sa.Connection, decision: Decision) -> None:
        decision = breaker.spared(connection, self._tools, decision)
        values: dict[str, object] = {"reason": decision.reason, "code_lease_holder": None}
        if decision.happening is Happening.GAVE_UP:
            values |= {"code_sealed": None, "code_due_at": None, "state": authorizers.NEEDS_REAUTHORIZATION}
            notices.add_reauthorize(connection, self._appid, decision.reason, at=self._tools.clock())
        else:
            values["code_due_at"] = self._tools.clock() + decision.wait_seconds
        if not decision.counted:
            values["code_turns"] = self._authorizer.code_turns - 1
        authorizers.settle_code(connection, self._authorizer, **values)
        breaker.note(connection, self._tools, self._appid, decision, self._records)
        calls.add(connection, self._records)

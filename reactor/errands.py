"""Errands of the worker: what the web or a command wants done at WeChat, which they never call themselves."""

import json
import logging
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from reactor import breaker
from reactor.authorization import adopt
from reactor.core.acceptance import CodeGiven
from reactor.core.decisions import Decision, Turns, WaitsFor, again, weigh
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, NeedsReauthorization, TokenError, WeChatError
from reactor.core.invitation import digest_of
from reactor.core.lifecycle import Happening
from reactor.rollback import Rollback, wish_of
from reactor.store import authorizers, calls, errands, links, notices, releases
from reactor.store.authorizers import Authorizer
from reactor.store.errands import Errand
from reactor.store.presence import LEASE_SECONDS
from reactor.tide import judge
from reactor.tools import Tools
from reactor.wechat import Authorization, CallRecord

log = logging.getLogger(__name__)

# Somebody waits before a screen: then it is better said that it failed.
TURNS = 4
LONGEST_SECONDS = 86400.0
_CODE_USED = (
    "WeChat says that this authorization was used or is too old, and no push told whose it was; "
    "authorize again"
)
_NOTHING_GRANTED = (
    "this authorization grants nothing, so there is no token; authorize again and leave the permissions "
    "switched on"
)
_TAKEN_BACK = "the merchant took the authorization back meanwhile"


class Doing:
    """One claimed errand and what becomes of it; each is safe to be done again from its beginning."""

    def __init__(self, errand: Errand, tools: Tools) -> None:
        self.kind = errand.kind
        self._errand = errand
        self._tools = tools
        self._store = tools.store
        self._records: list[CallRecord] = []
        self._wechat, self._tokens = tools.line(self._records.append)
        self._rollback: Rollback | None = None

    def run(self) -> None:
        """Do it; what cannot be done now is put back, with the reason."""
        try:
            _DO[self._errand.kind](self)
        except (TokenError, WeChatError) as error:
            self.put_back(weigh(error, self._turns()))

    def stumble(self, told: str) -> None:
        """An internal error came of it: tried again for a while, like any other turn."""
        self.put_back(again(told, self._turns()))

    def put_back(self, decision: Decision) -> None:
        """Try again later, or tell whoever waits that it came to nothing."""
        self._store.transact(lambda connection: self._unfinished(connection, decision))
        log.warning("errand=%s undone reason=%s", self._errand.kind, decision.reason)

    def _unfinished(self, connection: sa.Connection, decision: Decision) -> None:
        decision = breaker.spared(connection, self._tools, decision)
        errand, now = self._errand, self._tools.clock()
        if not self._is_over(decision, now):
            at = now + decision.wait_seconds
            errands.put_back(connection, errand, at=at, reason=decision.reason, counted=decision.counted)
        elif errands.finish(connection, errand):
            self._give_up(connection, decision.reason)
        self._note(connection, decision)

    def _give_up(self, connection: sa.Connection, reason: str) -> None:
        """Whoever waits for it is told that it came to nothing."""
        if self._rollback is not None:
            self._rollback.fail(connection, reason)
        elif self._errand.kind in (errands.PRE_AUTH_CODE, errands.AUTH_CODE):
            links.use_up(connection, self._errand.subject, links.FAILED, reason=reason)

    def _is_over(self, decision: Decision, now: float) -> bool:
        used_up = decision.counted and self._errand.turns >= TURNS
        too_old = now - self._errand.created_at > LONGEST_SECONDS
        return decision.happening is Happening.GAVE_UP or used_up or too_old

    def _finish(self, keep: Callable[[sa.Connection], None] | None = None) -> None:
        """The errand leaves, and what it led to is kept, in one transaction."""

        def done(connection: sa.Connection) -> None:
            if errands.finish(connection, self._errand) and keep is not None:
                keep(connection)
            self._note(connection, None)

        self._store.transact(done)
        log.info("errand=%s done", self._errand.kind)

    def _note(self, connection: sa.Connection, decision: Decision | None) -> None:
        breaker.note(connection, self._tools, breaker.PROBE, decision, self._records)
        if self._rollback is not None:
            self._rollback.write_calls(connection)
        else:
            calls.add(connection, self._records)

    # -- a pre_auth_code for an invitation ---------------------------------------------------------------

    def make_pre_auth_code(self) -> None:
        """The code that both links carry; it lives for ten minutes or so."""
        asked_at = self._tools.clock()
        code = self._tokens.with_component(self._wechat.create_preauthcode)
        sealed = self._store.vault.seal(code.value)
        expires_at = asked_at + code.expires_in

        def keep(connection: sa.Connection) -> None:
            link = links.get(connection, self._errand.subject, lock=True)
            if link is not None and link.state == links.PREPARING:
                made = {"pre_auth_code_sealed": sealed, "pre_auth_expires_at": expires_at}
                links.change(connection, link.digest, links.READY, **made)

        self._finish(keep)

    # -- the code that a merchant brought back -----------------------------------------------------------

    def exchange(self) -> None:
        """Whose it is, the tokens, the names; the push of the same authorization may have been faster."""
        code = self._payload()
        appid = self._keep_authorization(code)
        if appid is None:
            self.put_back(again(_CODE_USED, self._turns()))
            return
        self._introduce(appid)

        def settle(connection: sa.Connection) -> None:
            links.use_up(connection, self._errand.subject, links.AUTHORIZED, authorizer_appid=appid)
            waits = [WaitsFor.AUTHORIZER]
            now = self._tools.clock()
            releases.make_due(connection, now=now, waits_for=waits, authorizer_appids=[appid])

        self._finish(settle)

    def _keep_authorization(self, code: str) -> str | None:
        """Exchange the code and commit the tokens before anything else; None where it is not known whose."""
        granted = self._query_auth(code)
        if granted is None:
            with self._store.read() as connection:
                return authorizers.by_code(connection, digest_of(code))
        # The code is used up: what it gave must not be lost to a deadlock.
        self._store.transact(lambda connection: self._grant(connection, granted, digest_of(code)))
        return granted.authorizer_appid

    def _query_auth(self, code: str) -> Authorization | None:
        try:
            return self._tokens.with_component(lambda token: self._wechat.query_auth(token, code))
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict is not Verdict.CODE_USED:
                raise
            return None

    def _grant(self, connection: sa.Connection, granted: Authorization, code_digest: str) -> None:
        """The time of it is left to WeChat's events: by our clock one of them might be taken for older."""
        appid = granted.authorizer_appid
        known = authorizers.get(connection, appid, lock=True)
        if _revoked_after(known, self._errand.created_at):
            raise NeedsReauthorization(_TAKEN_BACK)
        values: dict[str, object] = {"code_digest": code_digest, "reason": None}
        if granted.func_ids is not None:
            values["func_ids"] = ",".join(map(str, granted.func_ids))
        if granted.refresh_token:
            values["refresh_token_sealed"] = self._store.vault.seal(granted.refresh_token)
            values["access_token_sealed"] = None
        if known is not None and known.code_sealed is not None:
            values["state"] = known.state  # another code of it is in line, and settles it
        elif granted.refresh_token or (known is not None and known.refresh_token_sealed):
            values["state"] = authorizers.AUTHORIZED
        else:
            notices.add_reauthorize(connection, appid, _NOTHING_GRANTED, at=self._tools.clock())
            values |= {"state": authorizers.NEEDS_REAUTHORIZATION, "reason": _NOTHING_GRANTED}
        authorizers.save(connection, appid, **values)

    def _introduce(self, appid: str) -> None:
        try:
            adopt(self._store, self._tokens, self._wechat, appid)
        except (TokenError, WeChatError) as error:
            log.warning("authorizer=%s unnamed reason=%s", appid, error)

    # -- the examiner ------------------------------------------------------------------------------------

    def answer_examiner(self) -> None:
        """Exchange the code of a test account, and send the message that proves it."""
        given = CodeGiven(**json.loads(self._payload()))
        self._keep_authorization(given.code)
        self._tokens.with_authorizer(
            given.authorizer_appid,
            lambda token: self._wechat.send_text(
                token, given.authorizer_appid, openid=given.openid, content=given.content
            ),
        )
        self._finish()

    # -- back to the version before ----------------------------------------------------------------------

    def roll_back(self) -> None:
        """Done, put back with the reason, or left to whoever took it over."""
        self._rollback = Rollback(self._errand, wish_of(self._payload()), self._tools, self._records)
        came = self._rollback.run(self._turns())
        if isinstance(came, Decision):
            self.put_back(came)
        elif came is not None:
            self._finish(came)
            if self._rollback.undone:
                judge(self._tools, self._rollback.undone)  # before anybody else of its wave begins
        else:
            self._store.transact(lambda connection: self._note(connection, None))

    def _turns(self) -> Turns:
        return self._tools.turns(self._errand.turns, self._errand.created_at)

    def _payload(self) -> str:
        assert self._errand.payload_sealed is not None
        return self._store.vault.open(self._errand.payload_sealed)


def claim(tools: Tools, holder: str) -> Doing | None:
    """Take one errand that is due, for `holder`, whose lease it is."""
    now = tools.clock()
    with tools.store.write() as connection:
        errand = errands.claim(connection, holder=holder, now=now, lease_until=now + LEASE_SECONDS)
    return Doing(errand, tools) if errand else None


def _revoked_after(known: Authorizer | None, at: float) -> bool:
    if known is None or known.state != authorizers.UNAUTHORIZED:
        return False
    return (known.authorization_at or 0.0) > at


_DO: Mapping[str, Callable[[Doing], None]] = {
    errands.PRE_AUTH_CODE: Doing.make_pre_auth_code,
    errands.AUTH_CODE: Doing.exchange,
    errands.EXAM: Doing.answer_examiner,
    errands.ROLLBACK: Doing.roll_back,
}

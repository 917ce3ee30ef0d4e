"""The takeover: everybody whom WeChat lists is known here afterwards, by one command that may be repeated.

The list comes page by page with its refresh tokens, and of whom there is news WeChat is asked once. What
was kept stays kept, so a run that ends in the middle goes on where it stopped, and a second run asks for
the pages and little else.
https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/authorization-management/getAuthorizerList.html
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from reactor.core.decisions import LIST_PAGE, SLOW_SECONDS, backoff, words
from reactor.core.errcodes import Verdict, lookup
from reactor.core.errors import Answered, ReactorError, TokenBusy, TokenError, WeChatError
from reactor.store import authorizers, bell, calls, pace, presence, roster
from reactor.store.presence import LEASE_SECONDS
from reactor.store.roster import Listed, Told
from reactor.tokens import Tokens
from reactor.tools import Tools
from reactor.wechat import AuthorizerInfo, AuthorizerPage, CallRecord, WeChatClient

log = logging.getLogger(__name__)
T = TypeVar("T")

NAME = "roster"
ASKERS = 8  # at 0.4 s an answer they ask twenty a second, which is the pace by default
TRIES = 4
LEAST_WAIT_SECONDS = 0.02
SKEW_SECONDS = 600.0  # by which our clock may differ from WeChat's
# What is about this one alone; the others go on without it.
_ITS_OWN = frozenset({Verdict.REAUTHORIZE, Verdict.PERSON, Verdict.UNKNOWN, Verdict.BUG})


@dataclass(slots=True)
class Takeover:
    """How far it came: WeChat's total, how many of them were gone through, and what they turned out to be."""

    total: int = 0
    listed: int = 0
    new: int = 0
    asked: int = 0
    official_accounts: int = 0
    without_permission_18: int = 0
    without_token: int = 0
    unanswered: int = 0
    not_listed: int = 0
    calls: int = 0

    def counts(self) -> dict[str, int]:
        """For programs."""
        return asdict(self)


class Interrupted(ReactorError):
    """The takeover stopped before its end; what was kept stays, and the next run goes on from there."""

    def __init__(self, why: str, so_far: Takeover) -> None:
        at = f"after {so_far.listed} of {so_far.total}"
        super().__init__(f"stopped {at}: {why}; nothing is lost, run it again and it goes on from there")
        self.so_far = so_far


@dataclass(slots=True)
class Roster:
    """One takeover; `progress` is told (gone through, total) again and again."""

    tools: Tools
    progress: Callable[[int, int], None] = lambda _done, _total: None
    so_far: Takeover = field(default_factory=Takeover)
    _calls: list[CallRecord] = field(default_factory=list)
    _holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    _seen: set[str] = field(default_factory=set)

    def run(self) -> Takeover:
        """Take everybody over; Interrupted when WeChat, the quota or another takeover is in the way."""
        began = self.tools.clock()
        try:
            with ThreadPoolExecutor(ASKERS, thread_name_prefix=NAME) as pool:
                self._go_through(pool)
            # Only a whole list says who is not on it; one without anybody is a slip before it is the truth.
            if self._seen and len(self._seen) >= self.so_far.total:
                before = began - SKEW_SECONDS
                with self.tools.store.write() as connection:
                    self.so_far.not_listed = roster.miss(
                        connection, self._seen, before=before, at=self.tools.clock()
                    )
        except (TokenError, WeChatError) as error:
            raise Interrupted(
                words(error) if isinstance(error, Answered) else str(error), self.so_far
            ) from None
        finally:
            self.so_far.calls = len(self._calls)
            with self.tools.store.write() as connection:
                presence.free_lease(connection, NAME, holder=self._holder)
                bell.ring(connection)
        log.info("roster=taken_over %s", " ".join(f"{k}={v}" for k, v in self.so_far.counts().items()))
        return self.so_far

    # -- page by page ------------------------------------------------------------------------------------

    def _go_through(self, pool: ThreadPoolExecutor) -> None:
        offset = 0
        while True:
            page = self._page(offset)
            shrunk = max(0, self.so_far.total - page.total_count)
            self.so_far.total = page.total_count
            self._take(page, pool)
            if shrunk:  # somebody left meanwhile, and the rest of the list moved up, past what was seen
                offset = max(0, offset - shrunk)
                continue
            if not page.items or offset + LIST_PAGE >= page.total_count:
                return
            offset += LIST_PAGE

    def _page(self, offset: int) -> AuthorizerPage:
        self._pace(1)
        return self._ask(
            lambda wechat, tokens: tokens.with_component(
                lambda token: wechat.authorizer_list(token, offset, LIST_PAGE)
            )
        )

    def _take(self, page: AuthorizerPage, pool: ThreadPoolExecutor) -> None:
        seal = self.tools.store.vault.seal
        fresh = [one for one in page.items if one.authorizer_appid not in self._seen]
        listed = [
            Listed(
                one.authorizer_appid,
                seal(one.refresh_token) if one.refresh_token else None,
                float(one.auth_time or 0),
            )
            for one in sorted(fresh, key=lambda one: one.authorizer_appid)
        ]
        kept = self.tools.store.transact(lambda connection: roster.keep_page(connection, listed))
        self._seen.update(one.authorizer_appid for one in listed)
        self.so_far.new += kept.new
        self.so_far.without_token += sum(one.refresh_token_sealed is None for one in listed)
        self._step(len(listed) - len(kept.to_ask))
        size = max(1, min(LIST_PAGE, int(self._per_second)))  # about a second's worth
        for start in range(0, len(kept.to_ask), size):
            self._introduce(kept.to_ask[start : start + size], pool)

    def _introduce(self, part: Sequence[Listed], pool: ThreadPoolExecutor) -> None:
        """Ask about all of these side by side; what was told is kept, even where one of them ends it all."""
        self._pace(len(part))
        told, failed = [], None
        for asked in [pool.submit(self._tell, one) for one in part]:
            try:
                told.append(asked.result())
            except (TokenError, WeChatError) as error:
                failed = failed or error
        answered = [one for one in told if one is not None]
        self.tools.store.transact(lambda connection: roster.keep_told(connection, answered))
        self._count(answered, len(told))
        if failed is not None:
            raise failed

    def _count(self, told: Sequence[Told], asked: int) -> None:
        so_far = self.so_far
        so_far.asked += asked
        so_far.unanswered += asked - len(told)
        so_far.official_accounts += sum(not one.mini_program for one in told)
        release_set = str(authorizers.RELEASE_PERMISSION_SET)
        so_far.without_permission_18 += sum(
            one.mini_program and one.func_ids is not None and release_set not in one.func_ids.split(",")
            for one in told
        )
        self._step(asked)

    def _step(self, done: int) -> None:
        self.so_far.listed += done
        self.progress(self.so_far.listed, self.so_far.total)

    # -- one of them -------------------------------------------------------------------------------------

    def _tell(self, listed: Listed) -> Told | None:
        """What WeChat tells of it; None where it does not, for a reason that is this one's alone."""
        appid, store = listed.authorizer_appid, self.tools.store
        with store.read() as connection:
            before = authorizers.get(connection, appid)
        assert before is not None
        try:
            info: AuthorizerInfo = self._ask(
                lambda wechat, tokens: tokens.with_component(
                    lambda token: wechat.authorizer_info(token, appid)
                )
            )
        except Answered as refusal:
            if lookup(refusal.call, refusal.errcode).verdict not in _ITS_OWN:
                raise
            log.warning("authorizer=%s roster=unanswered reason=%s", appid, words(refusal))
            return None
        return Told(
            listed=listed,
            before=before,
            user_name=info.user_name or None,
            nick_name=info.nick_name or None,
            func_ids=None if info.func_ids is None else ",".join(map(str, info.func_ids)),
            mini_program=info.is_mini_program,
            refresh_token_sealed=store.vault.seal(info.refresh_token) if info.refresh_token else None,
        )

    # -- calling -----------------------------------------------------------------------------------------

    @property
    def _per_second(self) -> float:
        return self.tools.policy().pace.releases_per_second

    def _ask(self, call: Callable[[WeChatClient, Tokens], T]) -> T:
        """One call; a busy WeChat and a minute that is full are waited out, whatever else is raised."""
        for turn in range(1, TRIES):
            try:
                return self._call(call)
            except (TokenError, WeChatError) as error:
                wait = self._wait(error, turn)
                if wait is None:
                    raise
            self.tools.sleep(wait)
        return self._call(call)

    def _call(self, call: Callable[[WeChatClient, Tokens], T]) -> T:
        records: list[CallRecord] = []
        try:
            return call(*self.tools.line(records.append))
        finally:
            self._calls += records
            failed = [one for one in records if one.outcome != "answered" or one.errcode]
            if failed:  # of ten thousand answers that are as they should be nobody needs a row
                with self.tools.store.write() as connection:
                    calls.add(connection, failed)

    def _wait(self, error: TokenError | WeChatError, turn: int) -> float | None:
        """Seconds until it may be tried again; None where that would not help."""
        if isinstance(error, Answered):
            verdict = lookup(error.call, error.errcode).verdict
            if verdict is Verdict.SLOW:
                return SLOW_SECONDS * self.tools.scale
            if verdict is not Verdict.RETRY:
                return None
        elif not isinstance(error, WeChatError | TokenBusy):
            return None
        return backoff(turn, scale=self.tools.scale, chance=self.tools.chance())

    def _pace(self, count: int) -> None:
        """Wait until so many calls may leave; and hold on to the lease, for one takeover is enough."""
        gap, clock = count / self._per_second, self.tools.clock
        while True:
            now = clock()
            with self.tools.store.write() as connection:
                until = now + gap + LEASE_SECONDS
                if not presence.take(connection, NAME, holder=self._holder, now=now, until=until):
                    raise Interrupted("another takeover is under way", self.so_far)
                if pace.take(connection, NAME, now=now, gap=gap):
                    return
                free_at = pace.free_at(connection, NAME, now=now, gap=gap)
            self.tools.sleep(max(LEAST_WAIT_SECONDS, free_at - now))

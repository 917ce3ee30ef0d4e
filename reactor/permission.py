"""Whether a turn may go on: what the policy says of its release now, and whether an operator paused it.

Asked three times a turn: before WeChat is called at all, after the look, when the version is known, and in
the transaction that writes an attempt down. What is not allowed then is not called.
"""

from dataclasses import replace

import sqlalchemy as sa

from reactor.core.decisions import Decision, WaitsFor, wait_for
from reactor.core.lifecycle import Audit, Happening
from reactor.core.policy import Action, Case, Ruling, Subject, decide
from reactor.rings import Rings
from reactor.store import authorizers, calls, component
from reactor.store.releases import Release
from reactor.tools import Tools


class Permission:
    """The permission of one turn; `ruling` is the latest that was asked for."""

    def __init__(self, release: Release, tools: Tools) -> None:
        self.ruling: Ruling | None = None
        self.digest: str | None = None  # of the policy that it was asked of
        self._release = release
        self._tools = tools
        self._all_paused = False
        self._version, self._desc = release.user_version, release.user_desc
        self._rings = Rings(release, tools)
        self._subject = Subject(release.authorizer_appid, release.to_user_name)

    @property
    def ruled(self) -> dict[str, object]:
        """What of the ruling is kept with the release."""
        return {"mode": self.ruling.mode, "rule": self.ruling.rule} if self.ruling else {}

    def learn(self, audit: Audit) -> None:
        """Know the version that it is about."""
        self._version, self._desc = audit.user_version or self._version, audit.user_desc or self._desc

    def begin(self) -> Decision | None:
        """Whether WeChat may be asked about it; what is only observed is looked at like any other."""
        with self._tools.store.read() as connection:
            ruling = self._ask(connection)
            look = ruling.action is Action.OBSERVE or (
                # What was called before may have happened: only a look can tell, and looking harms nobody.
                ruling.action in (Action.OFF, Action.HOLD) and calls.may_be_done(connection, self._release.id)
            )
        return None if look else self._obey(ruling)

    def act(self) -> Decision | None:
        """Whether something may be done about it, now that the look is over."""
        with self._tools.store.read() as connection:
            stopped = self._obey(self._ask(connection))
        return stopped or self._rings.place(self._subject, self._version)

    def of_live(self) -> dict[str, object]:
        """What is kept of one that is live, beside the ruling."""
        return self._rings.of_live(self._subject, self._version)

    def call(self, connection: sa.Connection) -> Decision | None:
        """The same, for the last time: no pause is committed between this and the end of its transaction."""
        return self._obey(self._ask(connection, lock=True)) or self._rings.call(connection)

    def _ask(self, connection: sa.Connection, *, lock: bool = False) -> Ruling:
        release = self._release
        known = authorizers.get(connection, release.authorizer_appid)
        self._all_paused = component.is_paused(connection, self._tools.component_appid, lock=lock)
        self._subject = Subject(
            release.authorizer_appid,
            (known.user_name if known else None) or release.to_user_name,
            known.nick_name if known else None,
        )
        case = Case(
            self._subject,
            release.created_at,
            self._version,
            self._desc,
            release.approved_by,
            paused=self._all_paused or (known is not None and known.paused),
            hurried=release.hurried,
        )
        policy = self._tools.policy()
        self.ruling, self.digest = decide(policy, case, self._tools.clock()), policy.digest
        return self.ruling

    def _obey(self, ruling: Ruling) -> Decision | None:
        match ruling.action:
            case Action.OFF:
                return Decision(Happening.LEFT_ALONE, ruling.reason)
            case Action.HOLD:
                return Decision(Happening.HELD_BACK, ruling.reason)
            case Action.OBSERVE:
                return Decision(Happening.OBSERVED, self._would_have_been())
            case Action.WAIT:
                return self._wait(ruling)
            case Action.GO:
                return None

    def _would_have_been(self) -> str:
        what = f"version {self._version}" if self._version else "it"
        return f"{what} would have been released now; the policy only observes"

    def _wait(self, ruling: Ruling) -> Decision:
        if ruling.until is not None:
            return replace(wait_for(WaitsFor.DELAY, 0.0, ruling.reason), until=ruling.until)
        # While all is paused nothing is claimed; so it may be due, and goes on with the others.
        return wait_for(WaitsFor.BACKOFF if self._all_paused else WaitsFor.PAUSE, 0.0, ruling.reason)

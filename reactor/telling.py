"""Notices in words: the verb first, one link, others' words made plain; one notice, or a wave of one kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reactor.core.notices import Kind, Message, Notice
from reactor.core.plain import plain
from reactor.words import Lang, retell, say

MOST_NAMED = 5  # of a wave; the rest is a number
MOST_ITEMS = 100
LONGEST_NAME = 60
_TICKET_LIVES_SECONDS = 43200.0

_TYPES: Mapping[Kind, str] = {
    Kind.LIVE: "release.live",
    Kind.REJECTED: "audit.rejected",
    Kind.DELAYED: "audit.delayed",
    Kind.HELD: "release.held",
    Kind.HELD_REMINDER: "release.still_held",
    Kind.EXPIRED: "release.expired",
    Kind.FAILED: "release.failed",
    Kind.BLOCKED: "calls.blocked",
    Kind.UNBLOCKED: "calls.unblocked",
    Kind.NEEDS_REAUTHORIZATION: "authorizer.needs_reauthorization",
    Kind.TICKET_OLD: "ticket.old",
    Kind.TICKET_BACK: "ticket.back",
    Kind.WAVE_STOPPED: "wave.stopped",
    Kind.POLICY_BROKEN: "policy.broken",
    Kind.POLICY_MENDED: "policy.mended",
    Kind.ROLLED_BACK: "release.rolled_back",
    Kind.ROLLBACK_FAILED: "rollback.failed",
}
_ONE: Mapping[Kind, str] = {
    Kind.LIVE: "✅ {what} is live",
    Kind.REJECTED: "❌ {what} was rejected",
    Kind.DELAYED: "⏳ {what}: the audit takes longer than usual",
    Kind.HELD: "⏸ {what} is approved and waits for a person",
    Kind.HELD_REMINDER: "⏸ {what} still waits for a person",
    Kind.EXPIRED: "⌛ {what} was not released, nobody decided in time",
    Kind.FAILED: "⚠️ {what} was not released, a person must look",
    Kind.BLOCKED: "🚫 All calls to WeChat are stopped",
    Kind.UNBLOCKED: "✅ Calls to WeChat flow again",
    Kind.NEEDS_REAUTHORIZATION: "🔑 {what} needs its merchant to authorize again",
    Kind.TICKET_OLD: "🔑 No ticket from WeChat for {age}",
    Kind.TICKET_BACK: "✅ The ticket from WeChat is back",
    Kind.WAVE_STOPPED: "✋ A version goes no further through its rings, a person must look",
    Kind.POLICY_BROKEN: "📄 The policy file cannot be followed, the last good one stays in force",
    Kind.POLICY_MENDED: "✅ The policy file is followed again",
    Kind.ROLLED_BACK: "↩️ {what} was rolled back",
    Kind.ROLLBACK_FAILED: "⚠️ {what} could not be rolled back, a person must look",
}
_MANY: Mapping[Kind, str] = {
    Kind.LIVE: "✅ {count} versions are live",
    Kind.REJECTED: "❌ {count} audits ended in a rejection",
    Kind.DELAYED: "⏳ {count} audits take longer than usual",
    Kind.HELD: "⏸ {count} approved versions wait for a person",
    Kind.HELD_REMINDER: "⏸ {count} versions still wait for a person: `reactor releases ls --state held`",
    Kind.EXPIRED: "⌛ {count} versions were not released, nobody decided in time",
    Kind.FAILED: "⚠️ {count} versions were not released, a person must look",
    Kind.BLOCKED: "🚫 Calls to WeChat were stopped {count} times",
    Kind.UNBLOCKED: "✅ Calls to WeChat resumed {count} times",
    Kind.NEEDS_REAUTHORIZATION: "🔑 {count} mini programs need their merchants to authorize again",
    Kind.TICKET_OLD: "🔑 The ticket from WeChat stayed away {count} times",
    Kind.TICKET_BACK: "✅ The ticket from WeChat came back {count} times",
    Kind.WAVE_STOPPED: "✋ {count} versions go no further through their rings, a person must look",
    Kind.POLICY_BROKEN: "📄 The policy file could not be followed {count} times",
    Kind.POLICY_MENDED: "✅ The policy file was mended {count} times",
    Kind.ROLLED_BACK: "↩️ {count} versions were rolled back",
    Kind.ROLLBACK_FAILED: "⚠️ {count} versions could not be rolled back, a person must look",
}
_DECIDE = "to decide: `reactor releases approve {id}`, or `cancel {id}`"
_NO_TICKET_YET = "🔑 No ticket from WeChat has come yet"
_WITH_REASON = frozenset(
    {
        *(Kind.REJECTED, Kind.DELAYED, Kind.HELD, Kind.FAILED, Kind.BLOCKED, Kind.NEEDS_REAUTHORIZATION),
        *(Kind.ROLLED_BACK, Kind.ROLLBACK_FAILED, Kind.POLICY_BROKEN, Kind.WAVE_STOPPED),
        *(Kind.HELD_REMINDER, Kind.EXPIRED),
    }
)


@dataclass(frozen=True, slots=True)
class Teller:
    """Says what happened in one language; with a public URL, where to see it."""

    lang: Lang
    public_url: str | None = None

    def tell(self, notices: Sequence[Notice]) -> Message:
        """One message of notices of one kind."""
        kind = notices[0].kind
        lines = self._one(notices[0]) if len(notices) == 1 else self._many(notices)
        return Message(
            type=_TYPES[kind],
            at=notices[-1].at,
            lines=tuple(lines),
            link=self._link(notices),
            count=len(notices),
            items=tuple(self._item(notice) for notice in notices[:MOST_ITEMS]),
        )

    def test(self, now: float) -> Message:
        """The message of `reactor notify test`."""
        line = say("🔔 A test of reactor: messages arrive here", self.lang)
        return Message("test", now, (line,), self.public_url and f"{self.public_url}/ops")

    # -- the parts ---------------------------------------------------------------------------------------

    def _one(self, notice: Notice) -> list[str]:
        if notice.kind is Kind.TICKET_OLD:
            return [" · ".join(self._ticket(notice.detail))]
        parts = [say(_ONE[notice.kind], self.lang, what=_what(notice))]
        if notice.kind is Kind.LIVE:
            parts += self._times(notice)
        if notice.kind is Kind.HELD_REMINDER and notice.held_since is not None:
            time = lasting(notice.at - notice.held_since, self.lang)
            parts.append(say("for {time}", self.lang, time=time))
        if notice.kind in _WITH_REASON and notice.detail:
            parts.append(say("reason: {reason}", self.lang, reason=self._reason(notice)))
        if notice.kind is Kind.BLOCKED:
            parts.append(say("nothing is lost, it goes on by itself once that is mended", self.lang))
        if notice.kind is Kind.HELD_REMINDER:
            parts.append(say(_DECIDE, self.lang, id=notice.release_id))
        return [" · ".join(parts)]

    def _many(self, notices: Sequence[Notice]) -> list[str]:
        kind = notices[0].kind
        lines = [say(_MANY[kind], self.lang, count=len(notices))]
        for notice in notices[:MOST_NAMED]:
            reason = self._reason(notice, 100) if kind in _WITH_REASON and notice.detail else ""
            said = " · ".join(part for part in (_what(notice), reason) if part)
            lines += [f"– {said}"] if said else []
        if len(notices) > MOST_NAMED:
            lines.append(say("and {count} more", self.lang, count=len(notices) - MOST_NAMED))
        return lines

    def _times(self, notice: Notice) -> list[str]:
        parts: list[str] = []
        if notice.submitted_at is not None and notice.approved_at is not None:
            time = lasting(notice.approved_at - notice.submitted_at, self.lang)
            parts.append(say("audit {time}", self.lang, time=time))
        if notice.released_at is not None and notice.approved_at is not None:
            time = lasting(notice.released_at - notice.approved_at, self.lang)
            parts.append(say("live {time} after the approval", self.lang, time=time))
        return parts

    def _ticket(self, age: str | None) -> list[str]:
        """Its age in seconds, or that none ever came."""
        due = say("one is due every 10 minutes; check the 授权事件接收URL", self.lang)
        if age is None:
            return [say(_NO_TICKET_YET, self.lang), due]
        left = _TICKET_LIVES_SECONDS - float(age)
        ahead = (
            say("in {left} nothing can be released any more", self.lang, left=lasting(left, self.lang))
            if left > 0
            else say("nothing can be released now", self.lang)
        )
        return [say(_ONE[Kind.TICKET_OLD], self.lang, age=lasting(float(age), self.lang)), due, ahead]

    def _reason(self, notice: Notice, most: int = 300) -> str:
        return plain(retell(notice.detail or "", self.lang), most)

    def _link(self, notices: Sequence[Notice]) -> str | None:
        if self.public_url is None:
            return None
        (first, *others), path = notices, "/ops"
        if first.kind is Kind.WAVE_STOPPED:
            path = "/ops/waves"
        if first.release_id is not None:
            path = "/ops/releases" if others else f"/ops/releases/{first.release_id}"
        return f"{self.public_url}{path}"

    def _item(self, notice: Notice) -> dict[str, object]:
        """One of them for programs; its texts are cut, not made plain."""
        return {
            "authorizer_appid": notice.authorizer_appid,
            "nick_name": _cut(notice.nick_name),
            "user_version": _cut(notice.user_version),
            "release_id": notice.release_id,
            "reason": _cut(notice.detail) if notice.kind in _WITH_REASON else None,
        }


def _what(notice: Notice) -> str:
    """The mini program and its version, as far as they are known."""
    name = plain(notice.nick_name or notice.authorizer_appid or "", LONGEST_NAME)
    version = plain(notice.user_version or "", LONGEST_NAME)
    return f"{name} {version}".strip()


def _cut(text: str | None) -> str | None:
    return text and text[:200]


def lasting(seconds: float, lang: Lang) -> str:
    """A span as people say it: its two largest units."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, text in ((86400, "{count} d"), (3600, "{count} h"), (60, "{count} min"), (1, "{count} s")):
        count, left = divmod(left, size)
        if count or (size == 1 and not parts):
            parts.append(say(text, lang, count=count))
    return " ".join(parts[:2])

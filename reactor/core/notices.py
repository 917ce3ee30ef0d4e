"""What people are told: which notices become one message, which none, and when a message is tried again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from reactor.core.decisions import JITTER

WAVE, WAVE_SECONDS = 5, 60.0  # more of a kind within so long are told in one message
REMEMBERED_SECONDS = 86400.0
STOPPED_AGAIN_SECONDS = 600.0  # calls that stop again so soon are told of only if they do not flow by then
OLD_TICKET_SECONDS = (1800.0, 7200.0, 39600.0)  # one is due every 600 s; it lives 43,200 s
BACKOFF_SECONDS = (5.0, 60.0, 600.0, 3600.0)
TRIES = len(BACKOFF_SECONDS) + 1


class Kind(StrEnum):
    """What happened that people want to know."""

    LIVE = "live"
    REJECTED = "rejected"
    DELAYED = "delayed"
    HELD = "held"
    HELD_REMINDER = "held_reminder"
    EXPIRED = "expired"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    NEEDS_REAUTHORIZATION = "needs_reauthorization"
    TICKET_OLD = "ticket_old"
    TICKET_BACK = "ticket_back"
    WAVE_STOPPED = "wave_stopped"
    POLICY_BROKEN = "policy_broken"
    POLICY_MENDED = "policy_mended"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"


# The same words about the same mini program within so long are one piece of news, found out twice.
_ONE_PIECE_OF_NEWS: Mapping[Kind, float] = {
    Kind.REJECTED: 600.0,
    Kind.DELAYED: 600.0,
    Kind.NEEDS_REAUTHORIZATION: REMEMBERED_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened, and what is known of its release and mini program; times in Unix seconds."""

    id: int
    at: float
    kind: Kind
    release_id: int | None = None
    authorizer_appid: str | None = None
    detail: str | None = None
    nick_name: str | None = None
    user_version: str | None = None
    submitted_at: float | None = None
    approved_at: float | None = None
    released_at: float | None = None
    held_since: float | None = None

    @property
    def news(self) -> tuple[Kind, str | None, str | None]:
        """What makes two of them the same."""
        about = None if self.kind is Kind.NEEDS_REAUTHORIZATION else self.detail
        return self.kind, self.authorizer_appid, about


@dataclass(frozen=True, slots=True)
class Told:
    """What was told lately: how many of each kind within a wave, when which news, when calls had stopped."""

    counts: Mapping[Kind, int] = field(default_factory=dict)
    news: Mapping[tuple[Kind, str | None, str | None], float] = field(default_factory=dict)
    stopped_at: float | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """What becomes of pending notices: each group one message, some not worth one; the others wait."""

    groups: list[list[Notice]]
    dropped: list[Notice]


def fold(pending: Sequence[Notice], told: Told, now: float) -> Folded:
    """Decide about all pending notices, oldest first."""
    dropped = _over_before_told(pending, told, now) + _told_already(pending, told)
    gone = {notice.id for notice in dropped}
    by_kind: dict[Kind, list[Notice]] = {}
    for notice in pending:
        if notice.id not in gone and not _waits(notice, told, now):
            by_kind.setdefault(notice.kind, []).append(notice)
    groups: list[list[Notice]] = []
    for kind, notices in by_kind.items():
        if len(notices) + told.counts.get(kind, 0) <= WAVE:
            groups += [[notice] for notice in notices]
        elif not 0 <= now - notices[0].at < WAVE_SECONDS:
            groups.append(notices)
    return Folded(sorted(groups, key=lambda group: group[0].id), dropped)


def _waits(notice: Notice, told: Told, now: float) -> bool:
    """Whether it may yet turn out not to be worth a second message."""
    return (
        notice.kind is Kind.BLOCKED
        and told.stopped_at is not None
        and 0 <= now - told.stopped_at < STOPPED_AGAIN_SECONDS
    )


def _over_before_told(pending: Sequence[Notice], told: Told, now: float) -> list[Notice]:
    """Stops that ended while they waited, each with its end."""
    dropped: list[Notice] = []
    waiting: list[Notice] = []
    for notice in pending:
        if notice.kind is Kind.BLOCKED and _waits(notice, told, now):
            waiting.append(notice)
        elif notice.kind is Kind.UNBLOCKED and waiting:
            dropped += [*waiting, notice]
            waiting = []
    return dropped


def _told_already(pending: Sequence[Notice], told: Told) -> list[Notice]:
    dropped: list[Notice] = []
    last = dict(told.news)
    for notice in pending:
        span = _ONE_PIECE_OF_NEWS.get(notice.kind)
        if span is None:
            continue
        before = last.get(notice.news)
        if before is not None and abs(notice.at - before) < span:
            dropped.append(notice)
        else:
            last[notice.news] = notice.at
    return dropped


def news_of_ticket(
    received_at: float | None, told_at: float | None, *, since: float, now: float
) -> Kind | None:
    """What to tell of the ticket: that it is old, at each of these ages once, or that it is back.

    `since`: from when on a ticket could have come, where none ever has.
    """
    if received_at is None:
        return Kind.TICKET_OLD if told_at is None and now - since >= OLD_TICKET_SECONDS[0] else None
    reached = [age for age in OLD_TICKET_SECONDS if now - received_at >= age]
    if not reached:
        return Kind.TICKET_BACK if told_at is not None else None
    return Kind.TICKET_OLD if told_at is None or told_at < received_at + reached[-1] else None


def wait_before_next_try(tries: int, *, scale: float, chance: float, least: float = 0.0) -> float | None:
    """Seconds until the next try after so many, None when it is given up; `least` is the far end's wish."""
    if tries >= TRIES:
        return None
    step = BACKOFF_SECONDS[max(tries, 1) - 1] * (1 - JITTER + 2 * JITTER * chance)
    return max(step * scale, least)


# -- what is sent ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One message, before any channel dresses it: `type` and `items` for programs, the rest for people."""

    type: str
    at: float
    lines: tuple[str, ...]
    link: str | None = None
    count: int = 1
    items: tuple[Mapping[str, object], ...] = ()

    @property
    def text(self) -> str:
        """All of it, for people."""
        return "\n".join((*self.lines, *((self.link,) if self.link else ())))

    def shortened(self, most_bytes: int) -> str:
        """As much of the text as goes into so many bytes of UTF-8; the link always does."""
        end = f"\n{self.link}" if self.link else ""
        room = most_bytes - len(end.encode())
        body = "\n".join(self.lines)
        if len(body.encode()) > room:
            body = body.encode()[: room - len("…".encode())].decode(errors="ignore") + "…"
        return body + end


def to_json(message: Message) -> str:
    """The message as the store keeps it."""
    return json.dumps(asdict(message), ensure_ascii=False)


def of_json(text: str) -> Message:
    """The message again."""
    data = json.loads(text)
    return Message(**{**data, "lines": tuple(data["lines"]), "items": tuple(data["items"])})

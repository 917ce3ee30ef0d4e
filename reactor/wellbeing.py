"""Whether all is well, judged from one glance: a verdict in a sentence, and what needs a person."""

from dataclasses import dataclass, field
from typing import Literal

from reactor.core.checks import Health
from reactor.core.lifecycle import State
from reactor.store.glances import MANY, Glance, Line

TICKET_LATE_SECONDS, TICKET_BAD_SECONDS, TICKET_DEAD_SECONDS = 1800.0, 7200.0, 43200.0
QUEUE_LATE_SECONDS = 600.0

Deed = Literal["look", "retry", "decide", "reauthorize", "mend", "wave"]


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that needs a person: what it is in words, and the one deed that helps."""

    health: Health
    text: str
    deed: Deed
    values: dict[str, object] = field(default_factory=dict)
    remedy: str = ""
    reason: str | None = None  # as stored
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole in one sentence, and a second one that says more."""

    health: Health
    text: str
    more: str
    values: dict[str, object] = field(default_factory=dict)


def ticket_health(glance: Glance, now: float) -> Health:
    """How the ticket stands; WeChat sends one every ten minutes, and each lives twelve hours."""
    if glance.system.ticket_received_at is None:
        return Health.UNKNOWN
    age = now - glance.system.ticket_received_at
    if age > TICKET_BAD_SECONDS:
        return Health.BAD
    return Health.WARN if age > TICKET_LATE_SECONDS else Health.OK


def calls_health(glance: Glance) -> Health:
    """How WeChat answers."""
    if glance.system.blocked_by:
        return Health.BAD
    if not glance.calls.count:
        return Health.UNKNOWN
    return Health.OK if glance.calls.answered * 10 >= glance.calls.count * 9 else Health.WARN


def queue_health(glance: Glance, now: float) -> Health:
    """How what is due gets done."""
    if not glance.workers:
        return Health.BAD
    late = glance.oldest_due is not None and now - glance.oldest_due > QUEUE_LATE_SECONDS
    return Health.WARN if late or glance.system.paused else Health.OK


def matters(glance: Glance, now: float) -> list[Matter]:
    """What needs a person, the gravest first."""
    found = [*_of_the_whole(glance, now)]
    found += [_of_release(line) for line in glance.wanting]
    return found


def _of_the_whole(glance: Glance, now: float) -> list[Matter]:
    found = []
    if glance.system.blocked_by:
        text, remedy = "Calls to WeChat are stopped", "Releases go on by themselves once it is mended."
        found.append(Matter(Health.BAD, text, "mend", {}, remedy, glance.system.blocked_reason))
    if not glance.workers:
        remedy = "Pushes are recorded, nothing is released. Start a worker: python -m reactor worker"
        found.append(Matter(Health.BAD, "No worker is running", "mend", {}, remedy))
    health = ticket_health(glance, now)
    if health in (Health.BAD, Health.WARN):
        remedy = "One comes every ten minutes. Check the callback URLs in WeChat's console."
        found.append(Matter(health, "WeChat's ticket is old", "mend", {}, remedy))
    if glance.system.policy_problem:
        remedy = "The last good one stays in force. `reactor policy check` says what is wrong, line by line."
        problem = glance.system.policy_problem
        found.append(Matter(Health.BAD, "The policy file cannot be followed", "mend", {}, remedy, problem))
    for wave in glance.stopped:
        told: dict[str, object] = {"version": wave.user_version}
        remedy = "What of it waits stays where it is until somebody lets it go on or ends it."
        text, reason = "Version {version} goes no further through its rings", wave.standing.reason
        found.append(Matter(Health.BAD, text, "wave", told, remedy, reason))
    if glance.lost:
        text = "Mini programs to be authorized anew: {count}"
        found.append(Matter(Health.BAD, text, "reauthorize", {"count": many(glance.lost)}))
    return found


def _of_release(line: Line) -> Matter:
    values: dict[str, object] = {"name": line.nick_name or line.authorizer_appid}
    values["version"] = line.user_version or ""
    if line.state is State.HELD:
        text = "{name} {version} waits for your decision"
        return Matter(Health.WARN, text, "decide", values, reason=line.reason, line=line)
    text = "{name} {version} could not be released"
    return Matter(Health.BAD, text, "retry", values, reason=line.reason, line=line)


def verdict(glance: Glance, now: float) -> Verdict:
    """One sentence that says whether everything is fine, and a second that says more."""
    gravest = next(iter(_of_the_whole(glance, now)), None)
    live = "{live} went live in the last 24 hours."
    values: dict[str, object] = {"live": many(glance.live_of_a_day)}
    if glance.system.ticket_received_at is None:
        told = Health.UNKNOWN, "Waiting for WeChat's first ticket"
        live = "It comes within ten minutes once the callback URLs stand in WeChat's console."
    elif gravest is not None:
        told = gravest.health, gravest.text
        values |= gravest.values
    elif glance.failed:
        told = Health.BAD, "Releases that need a person: {count}"
        values["count"] = many(glance.failed)
    elif glance.system.paused:
        told = Health.WARN, "Paused by an operator"
        live = "Nothing is released until somebody resumes."
    elif glance.held:
        told = Health.WARN, "Releases that wait for a decision: {count}"
        values["count"] = many(glance.held)
    elif queue_health(glance, now) is not Health.OK:
        told = Health.WARN, "What is due is late"
    else:
        told = Health.OK, "All is well"
        live = "{live} went live in the last 24 hours, nothing needs a person."
    return Verdict(*told, live, values)


def many(count: int) -> str:
    """A count as it is told, which ends where the counting did."""
    return f"{MANY}+" if count > MANY else str(count)

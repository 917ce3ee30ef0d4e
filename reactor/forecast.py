"""What would become of a version if it were approved at a moment, and why: for a page and a command."""

from dataclasses import dataclass, replace

from reactor.core.policy import Action, Case, Policy, Ruling, Subject, decide
from reactor.store import authorizers, component
from reactor.store.authorizers import Authorizer
from reactor.store.component import Component
from reactor.store.database import Store


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the policy says at `at` (Unix seconds), and what else would stand in the way, in words.

    `at_first` is what stops it before WeChat was asked for its version, if anything does.
    `nick_name` is of the store, if it was asked and knows one; `ring` names the stage of its version's wave.
    """

    case: Case
    at: float
    ruling: Ruling
    nick_name: str | None = None
    obstacles: tuple[str, ...] = ()
    ring: str | None = None
    at_first: Ruling | None = None


def foretell(
    policy: Policy, case: Case, at: float, *, store: Store | None, component_appid: str | None
) -> Forecast:
    """Ask the policy, and the store, if there is one, for the names and pauses that `case` lacks."""
    if store is None or component_appid is None:
        return _forecast(policy, case, at)
    with store.read() as connection:
        known = authorizers.get(connection, case.subject.authorizer_appid)
        system = component.get(connection, component_appid)
    if known is not None:
        subject = Subject(known.authorizer_appid, known.user_name, known.nick_name)
        case = replace(case, subject=subject, paused=known.paused)
    told = _forecast(policy, case, at)
    obstacles = (*_obstacles(known, system), *told.obstacles)
    return replace(told, nick_name=known.nick_name if known else None, obstacles=obstacles)


def _forecast(policy: Policy, case: Case, at: float) -> Forecast:
    ruling, at_first = decide(policy, case, at), _at_first(policy, case, at)
    obstacles: tuple[str, ...] = ()
    if at_first is not None and (at_first.action, at_first.until) != (ruling.action, ruling.until):
        obstacles = (f"a push names no version; until WeChat is asked for it: {at_first.reason}",)
    return Forecast(case, at, ruling, obstacles=obstacles, ring=_ring(policy, case), at_first=at_first)


def _at_first(policy: Policy, case: Case, at: float) -> Ruling | None:
    """What a version that nobody has looked at yet is stopped by; one that may go is looked at."""
    ruling = decide(policy, replace(case, user_version=None, user_desc=None), at)
    return ruling if ruling.action in (Action.OFF, Action.HOLD, Action.WAIT) else None


def _obstacles(known: Authorizer | None, system: Component) -> list[str]:
    """Whatever the policy says: what is not its business."""
    found = []
    if system.paused:
        found.append("everything is paused by an operator; `reactor resume` lets it go on")
    if system.blocked_by is not None:
        found.append(f"all calls to WeChat are stopped: {system.blocked_reason}")
    if system.policy_problem is not None:
        found.append(f"the workers still follow the last good policy: {system.policy_problem}")
    if known is None:
        return [*found, "the authorizer is not known yet; this goes on once it is"]
    if known.state == authorizers.UNAUTHORIZED:
        found.append("the merchant took the authorization back")
    if known.state == authorizers.NEEDS_REAUTHORIZATION:
        found.append("the merchant must authorize the platform again")
    if known.can_release is False:
        found.append("permission set 18 is not granted; the merchant must authorize again with it")
    return found


def _ring(policy: Policy, case: Case) -> str | None:
    """The stage that it would belong to; a ring of the first that come is known only when it comes."""
    memberships = policy.memberships(case.subject)
    for ring in policy.waves.rings:
        if ring.first or ring.members & memberships:
            return ring.name
    return "the rest" if policy.waves.rings else None

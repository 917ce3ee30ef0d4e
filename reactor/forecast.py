"""What would become of a version if it were approved at a moment, and why: for a page and a command."""

from dataclasses import dataclass, replace

from reactor.core.policy import Case, Policy, Ruling, Subject, decide
from reactor.store import authorizers, component
from reactor.store.authorizers import Authorizer
from reactor.store.component import Component
from reactor.store.database import Store


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the policy says at `at` (Unix seconds), and what else would stand in the way, in words.

    `nick_name` is of the store, if it was asked and knows one; `rings` names the stage of its version's wave.
    """

    case: Case
    at: float
    ruling: Ruling
    nick_name: str | None = None
    obstacles: tuple[str, ...] = ()
    ring: str | None = None


def foretell(
    policy: Policy, case: Case, at: float, *, store: Store | None, component_appid: str | None
) -> Forecast:
    """Ask the policy, and the store, if there is one, for the names and pauses that `case` lacks."""
    if store is None or component_appid is None:
        return Forecast(case, at, decide(policy, case, at), ring=_ring(policy, case))
    with store.read() as connection:
        known = authorizers.get(connection, case.subject.authorizer_appid)
        system = component.get(connection, component_appid)
    if known is not None:
        subject = Subject(known.authorizer_appid, known.user_name, known.nick_name)
        case = replace(case, subject=subject, paused=known.paused)
    return Forecast(
        case,
        at,
        decide(policy, case, at),
        nick_name=known.nick_name if known else None,
        obstacles=tuple(_obstacles(known, system)),
        ring=_ring(policy, case),
    )


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

"""One event for a rehearsal: what it says, and the gesture that makes a running simulator agree with it."""

from dataclasses import dataclass, field, replace
from random import Random, SystemRandom
from typing import Any

from reactor.simulator import pusher
from reactor.simulator.records import OPEN
from reactor.simulator.remote import Remote, RemoteError

AUDITS = ("audit-success", "audit-fail", "audit-delay")
GRANTS = ("authorized", "updateauthorized")
EVENTS = (*AUDITS, "ticket", *GRANTS, "unauthorized", "text")
# These come to the authorizer's route, the others to the component's.
OF_AUTHORIZER = (*AUDITS, "text")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event may say; times in Unix seconds. Without a `user_name` the simulator's is taken."""

    authorizer_appid: str
    user_name: str | None
    created_at: int
    happened_at: int
    reason: str
    user_version: str | None = None
    code: str = field(default="", repr=False)
    ticket: str = field(default="", repr=False)


def made_up_user_name(authorizer_appid: str) -> str:
    """A user_name for a mini program that nobody knows."""
    return f"gh_{authorizer_appid[-12:]}"


def made_up_secret(prefix: str, random: Random | None = None) -> str:
    """A ticket or a code that WeChat never issued."""
    return f"{prefix}{(random or SystemRandom()).getrandbits(128):032x}"


def compose(event: str, facts: Facts, component_appid: str) -> bytes:
    """Write one of EVENTS."""
    if event in OF_AUTHORIZER:
        return _of_authorizer(event, facts)
    info: dict[str, Any] = {"component_appid": component_appid, "created_at": facts.created_at}
    if event == "ticket":
        return pusher.ticket(**info, ticket=facts.ticket)
    info["authorizer_appid"] = facts.authorizer_appid
    if event == "unauthorized":
        return pusher.unauthorized(**info)
    write = pusher.authorized if event == "authorized" else pusher.updateauthorized
    return write(**info, authorization_code=facts.code)


def _of_authorizer(event: str, facts: Facts) -> bytes:
    about: dict[str, Any] = {"user_name": facts.user_name, "created_at": facts.created_at}
    match event:
        case "audit-success":
            return pusher.audit_success(**about, succeeded_at=facts.happened_at)
        case "audit-fail":
            return pusher.audit_fail(**about, failed_at=facts.happened_at, reason=facts.reason)
        case "audit-delay":
            return pusher.audit_delay(**about, delayed_at=facts.happened_at, reason=facts.reason)
    return pusher.text(**about, content=facts.reason)


def agree(event: str, facts: Facts, remote: Remote) -> Facts:
    """Make the simulator's state match the event, and take from it what only WeChat knows.

    Raises RemoteError when it cannot be done: nothing may be pushed then.
    """
    appid = facts.authorizer_appid
    if event == "ticket":
        return replace(facts, ticket=remote.gesture("ticket")["component_verify_ticket"])
    known = _known(remote, appid)
    if event in GRANTS:
        user_name = facts.user_name or (known["user_name"] if known else made_up_user_name(appid))
        nick_name = known["nick_name"] if known else f"Rehearsal {appid[-4:]}"
        granted = remote.gesture(
            "authorize", authorizer_appid=appid, user_name=user_name, nick_name=nick_name
        )
        return replace(facts, code=granted["authorization_code"])
    if known is None:
        raise RemoteError(
            f"{appid} never authorized there; push `authorized` with the same --simulator first"
        )
    facts = replace(facts, user_name=facts.user_name or known["user_name"])
    if event == "unauthorized":
        remote.gesture("unauthorize", authorizer_appid=appid)
    return _close(event, facts, remote, known["audits"]) if event in AUDITS else facts


def _close(event: str, facts: Facts, remote: Remote, audits: list[dict[str, Any]]) -> Facts:
    """End the audit under way, or one submitted for this; the time of its end comes from the simulator."""
    appid = facts.authorizer_appid
    if not audits or audits[-1]["status"] not in OPEN:
        version = facts.user_version or f"1.0.{len(audits)}"
        remote.gesture("submit_audit", authorizer_appid=appid, user_version=version)
    if event == "audit-success":
        ended = remote.gesture("approve", authorizer_appid=appid)
    else:
        name = "reject" if event == "audit-fail" else "delay"
        ended = remote.gesture(name, authorizer_appid=appid, reason=facts.reason)
    (at,) = ended.values()
    return replace(facts, happened_at=at)


def _known(remote: Remote, appid: str) -> dict[str, Any] | None:
    return next((one for one in remote.state()["authorizers"] if one["authorizer_appid"] == appid), None)

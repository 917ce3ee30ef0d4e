"""Events: every push that asked for something, what was counted of the others, and one push in full."""

from flask import Blueprint, abort

from reactor.store import shelves
from reactor.store.events import EventRow
from reactor.store.shelves import Window
from reactor.web.ops import filters
from reactor.web.ops.frame import page, sane
from reactor.web.ops.office import Office
from reactor.web.ops.releases import pretty

KINDS = (
    *("audit_success", "audit_fail", "audit_delay"),
    *("authorized", "updateauthorized", "unauthorized", "unreadable"),
)
VERDICTS = ("accepted", "misdirected", "unreadable")
# Why a push was not verified, and what that mostly means.
CAUSES = {
    "query": "The address has not the form of WeChat's: somebody else, or a proxy that changes it.",
    "xml": "The body is not the sealed XML of WeChat: plain mode is set, or somebody else asked.",
    "base64": "The sealed text is damaged.",
    "signature": "The signature is wrong: the message token (消息校验Token) differs, or it is forged.",
    "padding": "It cannot be decrypted: the message key (消息加解密Key) differs.",
    "length": "It was decrypted to something that is no message: the message key differs.",
    "tail": "It is meant for another component.",
}
_FILTERS = ("kind", "verdict", "authorizer_appid", "since", "until", "before")


def add_events(ops: Blueprint, office: Office) -> None:
    """Put them on the blueprint."""

    @ops.get("/events")
    def list_events() -> str:
        filters.expect(*_FILTERS)
        asked = {
            "kind": filters.one_of("kind", KINDS),
            "verdict": filters.one_of("verdict", VERDICTS),
            "authorizer_appid": filters.appid("authorizer_appid"),
        }
        since, until = filters.day("since"), filters.day("until", end=True)
        before = filters.row_id("before")
        with office.store.read() as connection:
            window = Window(before, filters.PAGE + 1, since, until)
            found = shelves.leaf_events(connection, window, **asked)
            names = shelves.nick_names(connection, [one.authorizer_appid or "" for one in found])
            refused = shelves.counted(connection, "refused")
            others = {
                kind: count
                for kind, count in shelves.counted(connection, "pushes").items()
                if kind not in KINDS
            }
        shown = found[: filters.PAGE]
        return page(
            "events.html",
            events=shown,
            names=names,
            kinds=KINDS,
            verdicts=VERDICTS,
            asked=asked,
            is_all=not (any(asked.values()) or since or until or before),
            before=before,
            refused=refused,
            causes=CAUSES,
            others=others,
            older=filters.address("/ops/events", before=shown[-1].id) if len(found) > len(shown) else None,
            address=filters.address,
        )

    @ops.get("/events/<int:event_id>")
    def show_event(event_id: int) -> str:
        with office.store.read() as connection:
            found = shelves.event(connection, sane(event_id))
            if found is None:
                abort(404, "There is no such event.")
            event, message = found
            names = shelves.nick_names(connection, [event.authorizer_appid or ""])
        return page(
            "event.html",
            event=event,
            message=message and pretty(message),
            nick_name=names.get(event.authorizer_appid or ""),
            rehearsal=_rehearsal(event),
        )


def _rehearsal(event: EventRow) -> str | None:
    """The command that pushes such an event to a reactor; there is none for what nobody could read."""
    if event.kind == "unreadable" or event.authorizer_appid is None:
        return None
    return f"reactor push {event.kind.replace('_', '-')} --authorizer {event.authorizer_appid}"

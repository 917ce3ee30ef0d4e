"""Authorizers: the list with its filters and its search, and one mini program in full."""

from flask import Blueprint, abort

from reactor.core.checks import Health
from reactor.core.policy import Case, Ruling, Subject, decide
from reactor.store import authorizers, shelves
from reactor.store.authorizers import Authorizer
from reactor.store.shelves import Window
from reactor.web.ops import filters
from reactor.web.ops.frame import page
from reactor.web.ops.office import Office
from reactor.words import telling

SHOWN = {
    authorizers.AUTHORIZED: "authorized",
    shelves.UNDER_AUDIT: "Under audit",
    shelves.CANNOT: "Permission set 18 missing",
    authorizers.CODE_WAITING: "code_waiting",
    authorizers.NEEDS_REAUTHORIZATION: "needs_reauthorization",
    authorizers.UNAUTHORIZED: "unauthorized",
}
_FEW = 10


def add_authorizers(ops: Blueprint, office: Office) -> None:
    """Put them on the blueprint."""

    @ops.get("/authorizers")
    def list_authorizers() -> str:
        filters.expect("state", "q", "before")
        show, searched = filters.one_of("state", SHOWN), filters.text("q")
        before = filters.row_id("before")
        with office.store.read() as connection:
            if searched:
                found = shelves.find_authorizers(connection, searched, limit=filters.PAGE + 1)
            else:
                found = shelves.leaf_authorizers(connection, show=show, before=before, limit=filters.PAGE + 1)
            latest = shelves.latest_releases(connection, [one.authorizer_appid for one in found])
            counts = {} if searched else shelves.count_authorizers(connection)
        shown = found[: filters.PAGE]
        more = len(found) > len(shown)
        return page(
            "authorizers.html",
            authorizers=shown,
            latest=latest,
            counts=counts,
            many=shelves.MANY,
            kinds=SHOWN,
            show=show,
            searched=searched,
            more=more,
            before=before,
            older=filters.address("/ops/authorizers", before=shown[-1].id) if more and not searched else None,
            address=filters.address,
            rulings={one.id: _ruling(office, one.authorizer_appid, one) for one in shown},
            audits=telling.AUDITS,
            now=office.clock(),
        )

    @ops.get("/authorizers/<appid:authorizer_appid>")
    def show_authorizer(authorizer_appid: str) -> str:
        window = Window(limit=_FEW)
        with office.store.read() as connection:
            found = authorizers.get(connection, authorizer_appid)
            releases = shelves.leaf_releases(connection, window, authorizer_appid=authorizer_appid)
            events = shelves.leaf_events(connection, window, authorizer_appid=authorizer_appid)
        if found is None and not releases and not events:
            abort(404, "No mini program of this appid is known here.")
        return page(
            "authorizer.html",
            appid=authorizer_appid,
            one=found,
            releases=releases,
            events=events,
            ruling=_ruling(office, authorizer_appid, found),
            audits=telling.AUDITS,
            token=_token_health(found, office.clock()) if found else None,
            now=office.clock(),
        )


def _ruling(office: Office, appid: str, one: Authorizer | None) -> Ruling:
    """What would become of a version that was approved now."""
    now = office.clock()
    subject = Subject(appid, one.user_name, one.nick_name) if one else Subject(appid)
    return decide(office.furnishing.policy(), Case(subject, now, paused=one is not None and one.paused), now)


def _token_health(one: Authorizer, now: float) -> tuple[Health, str]:
    """How it stands with the tokens of this mini program, in words; `{span}` is how long the token lasts."""
    if one.state == authorizers.NEEDS_REAUTHORIZATION:
        return (
            Health.BAD,
            "WeChat does not take its refresh token any more: the merchant must authorize again.",
        )
    if one.code_sealed is not None:
        return Health.WARN, "The merchant authorized; the code is about to be exchanged for tokens."
    if one.refresh_token_sealed is None:
        return Health.BAD, "There is no refresh token: the merchant must authorize."
    if one.access_token_sealed is None or one.access_token_expires_at is None:
        return Health.OK, "The refresh token is there; an access token is fetched when it is needed."
    if one.access_token_expires_at <= now:
        return Health.OK, "The access token ran out; the next call fetches another one by itself."
    return Health.OK, "The access token is good for another {span} and is renewed by itself."

"""What a person does about one release: approve, hold, retry, cancel, roll back; grave ones twice."""

import logging

from flask import Blueprint, abort, request, url_for
from werkzeug.wrappers import Response

from reactor.core.errors import IllegalTransition
from reactor.core.lifecycle import Happening, State, allows
from reactor.desk import DECISIONS
from reactor.store import authorizers, releases
from reactor.store.authorizers import Authorizer
from reactor.store.database import Conflict
from reactor.store.releases import Release
from reactor.web.ops.frame import back, page, sane
from reactor.web.ops.office import Office

log = logging.getLogger(__name__)

ROLL_BACK = "rollback"


def add_deeds(ops: Blueprint, office: Office) -> None:
    """Put them on the blueprint."""

    def found(release_id: int) -> tuple[Release, Authorizer | None]:
        with office.store.read() as connection:
            release = there(releases.get(connection, sane(release_id)))
            return release, authorizers.get(connection, release.authorizer_appid)

    def ask(deed: str, release: Release, shop: Authorizer | None, *, mistyped: bool = False) -> str:
        possible = deed in possible_deeds(release, shop)
        return page(
            "decide.html", release=release, shop=shop, deed=deed, possible=possible, mistyped=mistyped
        )

    @ops.get("/releases/<int:release_id>/<any(approve, cancel, rollback):deed>")
    def ask_again(release_id: int, deed: str) -> str:
        return ask(deed, *found(release_id))

    @ops.post("/releases/<int:release_id>/<any(approve, hold, retry, cancel):deed>")
    def act(release_id: int, deed: str) -> Response:
        try:
            done = there(office.desk.act(sane(release_id), DECISIONS[deed], actor="ops"))
        except (IllegalTransition, Conflict) as error:
            abort(409, str(error))
        log.info("release=%s %s by=ops from=%r", done.id, deed, request.remote_addr)
        return _back_to(done.id)

    @ops.post("/releases/<int:release_id>/rollback")
    def roll_back(release_id: int) -> Response | tuple[str, int]:
        release, shop = found(release_id)
        if request.form.get("typed", "").strip() not in proofs(release, shop):
            return ask(ROLL_BACK, release, shop, mistyped=True), 400
        try:
            there(office.desk.roll_back(release.id, actor="ops"))
        except (IllegalTransition, Conflict) as error:
            abort(409, str(error))
        log.warning("release=%s rollback by=ops from=%r", release.id, request.remote_addr)
        return _back_to(release.id)


def there(release: Release | None) -> Release:
    """The release; 404 when there is none."""
    if release is None:
        abort(404, "There is no such release.")
    return release


def possible_deeds(release: Release, shop: Authorizer | None) -> list[str]:
    """What a person may do about it now."""
    deeds = [deed for deed, happening in DECISIONS.items() if allows(release.state, happening)]
    if release.state is State.RELEASING:
        return []
    live = shop is None or shop.live_version in (None, release.user_version)
    return [*deeds, ROLL_BACK] if live and allows(release.state, Happening.ROLLED_BACK) else deeds


def proofs(release: Release, shop: Authorizer | None) -> set[str]:
    """What somebody types who knows what is about to be rolled back: the mini program, or the version."""
    names = (shop and shop.nick_name, release.authorizer_appid, release.user_version)
    return {name.strip() for name in names if name and name.strip()}


def _back_to(release_id: int) -> Response:
    return back(url_for("ops.show_release", release_id=release_id).removeprefix(request.script_root))

"""Health: what was checked, the URLs to copy, versions, configuration, and the pause switch."""

import logging
from collections.abc import Sequence

from flask import Blueprint, request
from werkzeug.wrappers import Response

from reactor import __version__
from reactor.core.checks import Check, Health
from reactor.doctor import libraries
from reactor.web.ops import speech
from reactor.web.ops.frame import back, page
from reactor.web.ops.office import Office
from reactor.words import finding, label

log = logging.getLogger(__name__)


def add_health(ops: Blueprint, office: Office) -> None:
    """Put it on the blueprint."""

    @ops.get("/health")
    def health() -> str:
        examine = office.furnishing.examine
        checks = list(examine()) if examine else None
        lang = speech.reader_lang()
        return page(
            "health.html",
            checks=None
            if checks is None
            else [(c.health, label(c, lang), *finding(c, lang)) for c in checks],
            counts=_counts(checks or ()),
            callbacks=_callbacks(office.furnishing.public_url or request.url_root.rstrip("/")),
            guessed=office.furnishing.public_url is None,
            versions=_versions("SQLite" if office.store.is_sqlite else "PostgreSQL"),
            settings=office.furnishing.described,
            component_appid=office.component_appid,
        )

    @ops.post("/pause")
    def pause() -> Response:
        return _set_paused(office, paused=True)

    @ops.post("/resume")
    def resume() -> Response:
        return _set_paused(office, paused=False)


def _set_paused(office: Office, *, paused: bool) -> Response:
    office.desk.set_paused(paused=paused)
    log.warning("paused=%s by=ops from=%r", paused, request.remote_addr)
    return back("/ops/health")


def _counts(checks: Sequence[Check]) -> dict[Health, int]:
    return {health: sum(check.health is health for check in checks) for health in Health}


def _callbacks(root: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Authorization events (授权事件接收URL)", f"{root}/wechat/component"),
        ("Messages and events (消息与事件接收URL)", f"{root}/wechat/authorizers/$APPID$"),
    )


def _versions(database: str) -> list[tuple[str, str]]:
    return [("Release Reactor", __version__), *libraries().items(), ("Database", database)]

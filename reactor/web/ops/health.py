"""Health: what was checked, the URLs to copy, versions, configuration, and the pause switch."""

import logging
import platform
import pyexpat
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, request
from werkzeug.wrappers import Response

from reactor import __version__
from reactor.core.checks import Check, Health
from reactor.web.ops.frame import back, page
from reactor.web.ops.office import Office

log = logging.getLogger(__name__)

_LIBRARIES = ("Flask", "gunicorn", "SQLAlchemy", "cryptography", "requests", "psycopg")


def add_health(ops: Blueprint, office: Office) -> None:
    """Put it on the blueprint."""

    @ops.get("/health")
    def health() -> str:
        examine = office.furnishing.examine
        checks = list(examine()) if examine else None
        return page(
            "health.html",
            checks=checks,
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
    known = [("Release Reactor", __version__), ("Python", platform.python_version())]
    known.append(("Expat", pyexpat.EXPAT_VERSION.removeprefix("expat_")))
    known += [(name, found) for name in _LIBRARIES if (found := _version(name))]
    return [*known, ("Database", database)]


@cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

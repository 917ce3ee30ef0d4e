"""The pages' own files: kept by browsers for a year, under a name that changes with their content."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Response, request, url_for

FOLDER = Path(__file__).parent / "static"
_YEAR = 365 * 86400


def url_of(name: str) -> str:
    """The address of one file, of this very content."""
    return url_for("ops.static", filename=name, v=_version(name))


def keep_long(response: Response) -> None:
    """Let browsers keep what was asked for by its version."""
    name = (request.view_args or {}).get("filename", "")
    if response.status_code < 400 and request.args.get("v") == _version(name):  # noqa: PLR2004 - an error
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"


@cache
def _version(name: str) -> str:
    file = FOLDER / name
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else ""

"""The key file beside a SQLite database, for whoever sets no REACTOR_SECRET_KEY."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from reactor.core.errors import SettingsError

SHORTEST_KEY = 32  # as REACTOR_SECRET_KEY is refused when it is shorter


def key_beside(database: Path | None) -> str:
    """The key of the file beside this database; made once, readable by its owner alone."""
    path = _path(database)
    if not problem_of(database) and not path.exists():
        _make_key(path)
    if problem := problem_of(database):
        raise SettingsError([problem])
    return path.read_text("ascii").strip()


def problem_of(database: Path | None) -> str | None:
    """What is wrong with the place of the key file, or with what is in it; makes nothing."""
    path = _path(database)
    if not path.parent.is_dir():
        return f"DATABASE_URL: the folder {path.parent} does not exist; create it, or correct the path"
    try:
        lost = path.exists() and len(path.read_text("ascii").strip()) < SHORTEST_KEY
    except (OSError, UnicodeDecodeError) as error:
        return f"DATABASE_URL: the key file {path} cannot be read ({type(error).__name__}); put it back"
    if lost:
        return f"DATABASE_URL: {path} holds no key any more; put it back, or remove it and authorize anew"
    return None


def _path(database: Path | None) -> Path:
    assert database
    return database.with_name(f"{database.name}.key")


def _make_key(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as fresh:
            fresh.write(secrets.token_urlsafe(48))
            fresh.flush()
            os.fsync(fresh.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)  # whoever is first wins, and nobody ever reads half a key
    finally:
        draft.unlink(missing_ok=True)

"""PostgreSQL's LISTEN and NOTIFY: work that one dyno committed is known on all others at once."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

CHANNEL = "reactor_work"
_PATIENCE_SECONDS = 1.0
_RING = sa.text(f"NOTIFY {CHANNEL}")


def ring(connection: sa.Connection) -> None:
    """Tell every listener, once this transaction is committed; on SQLite everybody polls."""
    if connection.dialect.name == "postgresql":
        connection.execute(_RING)


def listen(driver: Any, rang: Callable[[], None], stopped: Callable[[], bool]) -> None:
    """Call `rang` for whatever was committed with `ring`, until `stopped`; needs a connection of psycopg."""
    driver.execute(f"LISTEN {CHANNEL}")
    rang()  # something may have been committed before anybody listened
    while not stopped():
        for _ in driver.notifies(timeout=_PATIENCE_SECONDS, stop_after=1):
            rang()

"""How far each version is on its way through the rings, for whoever reads; nothing here moves a wave."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from reactor.core.lifecycle import State
from reactor.store.schema import releases
from reactor.store.schema_ops import waves


@dataclass(frozen=True, slots=True)
class Progress:
    """One wave as stored, and how many of its releases are in which state, by the number of their ring."""

    user_version: str
    opened_at: float
    ring: int
    state: str
    reason: str | None
    changed_at: float | None
    counts: Mapping[int, Mapping[State, int]] = field(default_factory=dict)


def has_any(connection: sa.Connection) -> bool:
    """Whether there is or was any wave."""
    return connection.execute(sa.select(waves.c.user_version).limit(1)).first() is not None


def latest(connection: sa.Connection, limit: int) -> list[Progress]:
    """The waves that were opened last, the newest first."""
    rows = connection.execute(sa.select(waves).order_by(waves.c.opened_at.desc()).limit(limit)).all()
    counts = _counts(connection, [row.user_version for row in rows])
    return [
        Progress(
            row.user_version,
            row.opened_at,
            row.ring,
            row.state,
            row.reason,
            row.changed_at,
            counts.get(row.user_version, {}),
        )
        for row in rows
    ]


def _counts(connection: sa.Connection, versions: list[str]) -> dict[str, dict[int, dict[State, int]]]:
    by = (releases.c.user_version, releases.c.ring, releases.c.state)
    within = sa.and_(releases.c.user_version.in_(versions), releases.c.ring.is_not(None))
    found: dict[str, dict[int, dict[State, int]]] = {}
    for version, ring, state, count in connection.execute(
        sa.select(*by, sa.func.count()).where(within).group_by(*by)
    ):
        found.setdefault(version, {}).setdefault(ring, {})[State(state)] = count
    return found

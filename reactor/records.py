"""What was recorded, as the API and the commands show it: pages and single rows, in the contract's JSON."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from reactor import present
from reactor.store import authorizers, calls, component, events, history, messages, releases, waves
from reactor.store.asking import Plan, soon
from reactor.store.component import Component
from reactor.store.database import Store

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
COUNT_SECONDS, MANY = 30.0, 1000
LARGEST_ID = 2**63 - 1
AUTHORIZER_STATES = (
    authorizers.AUTHORIZED,
    authorizers.CODE_WAITING,
    authorizers.UNAUTHORIZED,
    authorizers.NEEDS_REAUTHORIZATION,
)
Json = dict[str, Any]


class Records:
    """Reads only. A page is `{"items": […], "next_cursor": …}`, newest first."""

    def __init__(
        self,
        store: Store,
        component_appid: str,
        plan: Plan,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plan = plan
        self._sweep: tuple[float, Json] | None = None
        self._store = store
        self._component_appid = component_appid
        self._clock = clock

    def releases(self, *, before: int | None = None, limit: int = DEFAULT_LIMIT, **filters: Any) -> Json:
        """A page; filters: `state`, `authorizer_appid`."""
        with self._store.read() as connection:
            row = component.get(connection, self._component_appid)
            found = releases.page(connection, before=before, limit=limit + 1, **filters)
            paused = authorizers.paused_among(connection, [one.authorizer_appid for one in found])
        return _page(
            found, limit, lambda one: present.release(one, row, paused=one.authorizer_appid in paused)
        )

    def release(self, release_id: int) -> Json | None:
        """One with its history and its calls."""
        with self._store.read() as connection:
            release = releases.get(connection, release_id)
            if release is None:
                return None
            system = component.get(connection, self._component_appid)
            paused = bool(authorizers.paused_among(connection, [release.authorizer_appid]))
            return {
                **present.release(release, system, paused=paused),
                "history": [present.step(row) for row in history.of_release(connection, release_id)],
                "calls": [present.call(row) for row in calls.of_release(connection, release_id)],
            }

    def events(self, *, before: int | None = None, limit: int = DEFAULT_LIMIT, **filters: Any) -> Json:
        """A page; filter: `authorizer_appid`."""
        with self._store.read() as connection:
            found = events.page(connection, before=before, limit=limit + 1, **filters)
        return _page(found, limit, present.event)

    def event(self, event_id: int) -> Json | None:
        """One push."""
        with self._store.read() as connection:
            found = events.page(connection, before=event_id + 1, limit=1)
        return present.event(found[0]) if found and found[0].id == event_id else None

    def authorizers(self, *, before: int | None = None, limit: int = DEFAULT_LIMIT, **filters: Any) -> Json:
        """A page; filter: `state`."""
        with self._store.read() as connection:
            found = authorizers.page(connection, before=before, limit=limit + 1, **filters)
        return _page(found, limit, present.authorizer)

    def authorizer(self, authorizer_appid: str) -> Json | None:
        """One mini program."""
        with self._store.read() as connection:
            found = authorizers.get(connection, authorizer_appid)
        return present.authorizer(found) if found else None

    def paused(self, authorizer_appids: Sequence[str]) -> frozenset[str]:
        """Those of them that an operator paused; their JSON does not tell."""
        with self._store.read() as connection:
            return authorizers.paused_among(connection, authorizer_appids)

    def waves(self) -> Json:
        """Those that were opened last, the newest first."""
        with self._store.read() as connection:
            found = waves.latest(connection, DEFAULT_LIMIT)
            counted = waves.tallies(connection, [wave.user_version for wave in found])
        return {"items": [present.wave(wave, counted[wave.user_version]) for wave in found]}

    def wave(self, user_version: str) -> Json | None:
        """The wave of one version."""
        with self._store.read() as connection:
            found = waves.get(connection, user_version)
            counted = waves.tallies(connection, [user_version])[user_version]
        return present.wave(found, counted) if found else None

    def system(self) -> Component:
        """The component's row: pause, and what stands before all calls."""
        with self._store.read() as connection:
            return component.get(connection, self._component_appid)

    def messages(self, *, before: int | None = None, limit: int = DEFAULT_LIMIT) -> Json:
        """A page of what people were told, or are to be."""
        with self._store.read() as connection:
            found = messages.page(connection, before=before, limit=limit + 1)
        return _page(found, limit, present.message)

    def status(self) -> Json:
        """The whole at a glance."""
        with self._store.read() as connection:
            return present.status(
                connection, self._component_appid, self._clock(), lambda row: self._swept(connection, row)
            )

    def _swept(self, connection: sa.Connection, row: Component) -> Json:
        """The sweep; of a large fleet as of a while ago, for counting it takes longer than all the rest."""
        now = self._clock()
        kept = self._sweep is not None and self._sweep[1]["authorizers"] > MANY
        if self._sweep is None or not kept or not 0 <= now - self._sweep[0] < COUNT_SECONDS:
            since = soon(row.ask_all_since, now)
            self._sweep = now, present.sweep(connection, self._plan, since, now)
        return self._sweep[1]


def _page(found: Sequence[Any], limit: int, show: Callable[[Any], Json]) -> Json:
    more = len(found) > limit
    items = found[:limit]
    return {"items": [show(item) for item in items], "next_cursor": str(items[-1].id) if more else None}

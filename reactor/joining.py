"""How merchants join by command: the wiring of `authorize-link` and of `authorizers sync`."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from reactor.bootstrap import build_store, build_tools, migrate
from reactor.configuring import telling
from reactor.core.invitation import AUTH_TYPES
from reactor.errands import claim
from reactor.invitations import DAYS, MOST_DAYS, Invitations, Invited, Seen, Stage
from reactor.roster import Interrupted, Roster
from reactor.settings import Settings
from reactor.surroundings import Surroundings, surroundings_of

__all__ = [
    "AUTH_TYPES",
    "DAYS",
    "MOST_DAYS",
    "POLLS",
    "Interrupted",
    "Invitation",
    "invite",
    "open_roster",
]

PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.2
POLLS = int(PATIENCE_SECONDS / POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What `authorize-link` tells: the page's address, and both links if WeChat gave a code."""

    invited: Invited
    seen: Seen

    @property
    def ready(self) -> bool:
        """Whether there are links already."""
        return self.seen.links is not None


def invite(
    settings: Settings,
    *,
    auth_type: str,
    days: int,
    around: Surroundings | None = None,
    waited: Callable[[], None] = lambda: None,
) -> Invitation:
    """Make an invitation and its first pre_auth_code, here or in a worker, whoever comes first.

    `waited` is called after each of at most POLLS looks in vain.
    """
    migrate(settings)
    with telling(settings.lang), closing(build_store(settings)) as store:
        around = around or surroundings_of(store)
        tools = build_tools(settings, store, around)
        invitations = Invitations(
            store, settings.component_appid, settings.public_url, wake=lambda: None, clock=around.clock
        )
        invited = invitations.want(auth_type=AUTH_TYPES[auth_type], days=days)
        until = around.clock() + PATIENCE_SECONDS
        while True:
            seen = invitations.see(invited.nonce)
            assert seen is not None
            if seen.stage is not Stage.PREPARING or seen.reason or around.clock() > until:
                return Invitation(invited, seen)
            doing = claim(tools, uuid.uuid4().hex)
            if doing is not None:
                doing.run()
            else:
                around.sleep(POLL_SECONDS)
                waited()


@contextmanager
def open_roster(
    settings: Settings, progress: Callable[[int, int], None], around: Surroundings | None = None
) -> Iterator[Roster]:
    """A takeover on a store brought up to date; what stops it is said, with exit code 1."""
    migrate(settings)
    with telling(settings.lang), closing(build_store(settings)) as store:
        yield Roster(build_tools(settings, store, around), progress)

"""Tickets, codes and tokens of the small WeChat: who may use what, and until when.

Not locked by itself: the platform is.
"""

import math
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from reactor.simulator.refusals import RefusalError

TICKET_SECONDS = 12 * 3600
TOKEN_SECONDS = 7200
CODE_SECONDS = 600
GRACE_SECONDS = 300

_LETTERS = string.ascii_letters + string.digits + "-_"


@dataclass(slots=True)
class _Token:
    owner: str | None  # an authorizer_appid; None is the component
    expires_at: float
    dead_at: float = math.inf  # when its replacement has taken over for good


class Credentials:
    """Everything that is handed out and comes back as proof."""

    def __init__(self, clock: Callable[[], float], random: Random) -> None:
        self._clock = clock
        self._random = random
        self._tickets: dict[str, float] = {}
        self._codes: dict[str, tuple[str, float]] = {}
        self._tokens: dict[str, _Token] = {}
        self._refresh: dict[str, dict[str, float]] = {}

    def mint(self, prefix: str, length: int = 64) -> str:
        """Make a value nobody has seen yet."""
        return prefix + "".join(self._random.choices(_LETTERS, k=length))

    def issue_ticket(self) -> str:
        """Make a component_verify_ticket; older ones live out their 12 hours beside it."""
        ticket = self.mint("ticket@@@")
        self._tickets[ticket] = self._clock() + TICKET_SECONDS
        return ticket

    def check_ticket(self, ticket: object) -> None:
        """Refuse a ticket that was never issued (61006) or is over (61005)."""
        expires_at = self._tickets.get(ticket) if isinstance(ticket, str) else None
        if expires_at is None:
            raise RefusalError(61006)
        if self._clock() >= expires_at:
            raise RefusalError(61005)

    def issue_code(self, authorizer_appid: str) -> str:
        """Make an authorization code for one use within ten minutes."""
        code = self.mint("queryauthcode@@@")
        self._codes[code] = (authorizer_appid, self._clock() + CODE_SECONDS)
        return code

    def redeem_code(self, code: object) -> str:
        """Use a code up and tell whose it was; refuse a used or unknown (61009) or expired (61010) one."""
        found = self._codes.pop(code, None) if isinstance(code, str) else None
        if found is None:
            raise RefusalError(61009)
        authorizer_appid, expires_at = found
        if self._clock() >= expires_at:
            raise RefusalError(61010)
        return authorizer_appid

    def issue_token(self, owner: str | None) -> str:
        """Make an access token for an authorizer, or the component's own (None); older ones get the grace."""
        now = self._clock()
        for token in self._tokens.values():
            if token.owner == owner:
                token.dead_at = min(token.dead_at, now + GRACE_SECONDS)
        value = self.mint("", 120)
        self._tokens[value] = _Token(owner, now + TOKEN_SECONDS)
        return value

    def holder(self, value: str | None) -> str | None:
        """Tell whose live token this is (None: the component's); refuse a missing, expired or dead one."""
        if not value:
            raise RefusalError(41001)
        token = self._tokens.get(value)
        if token is None or self._clock() >= token.dead_at:
            raise RefusalError(40001)
        if self._clock() >= token.expires_at:
            raise RefusalError(42001)
        return token.owner

    def owner_of(self, value: str | None) -> str | None:
        """Tell whose token this is or was, without judging it."""
        token = self._tokens.get(value or "")
        return token.owner if token else None

    def kill_tokens(self, *, authorizer_appid: str | None = None, component: bool = False) -> None:
        """End the component's tokens, or those of one authorizer, or of all authorizers, at once."""
        for token in self._tokens.values():
            of_component = token.owner is None
            if of_component == component and authorizer_appid in (None, token.owner):
                token.dead_at = -math.inf

    def issue_refresh(self, authorizer_appid: str, *, grace: float = GRACE_SECONDS) -> str:
        """Make the authorizer's newest refresh token; the one it replaces dies after the grace."""
        known = self._refresh.setdefault(authorizer_appid, {})
        for token, dead_at in known.items():
            known[token] = min(dead_at, self._clock() + grace)
        value = self.mint("refreshtoken@@@", 43)
        known[value] = math.inf
        return value

    def newest_refresh(self, authorizer_appid: str) -> str:
        """Show the refresh token WeChat lists; empty while no code was exchanged."""
        return next(reversed(self._refresh.get(authorizer_appid, {})), "")

    def check_refresh(self, authorizer_appid: str, value: object) -> None:
        """Refuse a refresh token that is not this authorizer's, or was replaced too long ago (61023)."""
        known = self._refresh.get(authorizer_appid, {})
        dead_at = known.get(value) if isinstance(value, str) else None
        if dead_at is None or self._clock() >= dead_at:
            raise RefusalError(61023)

    def forget(self, authorizer_appid: str) -> None:
        """Void an authorizer's refresh tokens and codes; its access tokens still tell whose they were."""
        self._refresh.pop(authorizer_appid, None)
        self._codes = {code: found for code, found in self._codes.items() if found[0] != authorizer_appid}

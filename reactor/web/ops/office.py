"""What the pages have at hand: what the house gives them, and what they were furnished with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from reactor.admission import Admission
from reactor.core.checks import Check
from reactor.core.policy import Policy
from reactor.desk import Desk
from reactor.invitations import Invitations
from reactor.records import Records
from reactor.settings import Described, Settings, describe
from reactor.store.database import Store
from reactor.words import Lang


@dataclass(frozen=True, slots=True)
class Furnishing:
    """What the pages are told from outside; a section whose maker is None is left out."""

    ops_password: str | None = field(default=None, repr=False)
    public_url: str | None = None
    lang: Lang = "en"
    trusted_proxies: int = 0
    described: Sequence[Described] = ()
    policy: Callable[[], Policy] = Policy
    examine: Callable[[], Sequence[Check]] | None = None

    @classmethod
    def of(cls, settings: Settings, **more: Any) -> Self:
        """What the settings say, and `more` that they do not."""
        return cls(
            ops_password=settings.ops_password,
            public_url=settings.public_url,
            lang=settings.lang,
            trusted_proxies=settings.trusted_proxies,
            described=describe(settings),
            **more,
        )


@dataclass(frozen=True, slots=True)
class Office:
    """The views' surroundings."""

    store: Store
    desk: Desk
    invitations: Invitations
    records: Records
    component_appid: str
    clock: Callable[[], float]
    admission: Admission
    furnishing: Furnishing

"""One thing that was checked about this installation: how it stands, in words, and how to mend it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Health(StrEnum):
    """How a check ended; UNKNOWN is what cannot be seen from here."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """`name` names what was checked, `text` and `remedy` are English templates filled from `values`."""

    name: str
    health: Health
    text: str
    remedy: str = ""
    values: dict[str, object] = field(default_factory=dict)

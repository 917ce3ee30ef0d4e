"""The policy: what the file says, and what that means for one approval at one moment."""

from reactor.core.policy.reading import parse_policy
from reactor.core.policy.rules import (
    Freeze,
    GrayStep,
    Held,
    Mode,
    Pace,
    Policy,
    Ring,
    Subject,
    Terms,
    VersionRule,
    Waves,
    Who,
    Window,
)
from reactor.core.policy.ruling import Action, Because, Case, Ruling, decide

__all__ = [
    "Action",
    "Because",
    "Case",
    "Freeze",
    "GrayStep",
    "Held",
    "Mode",
    "Pace",
    "Policy",
    "Ring",
    "Ruling",
    "Subject",
    "Terms",
    "VersionRule",
    "Waves",
    "Who",
    "Window",
    "decide",
    "parse_policy",
]

"""How one version goes through the rings: who belongs to which, when the next one opens, when all stops.

Rings are counted from 0; the stage after the last ring is of all who are in none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reactor.core.errors import IllegalTransition
from reactor.core.policy.rules import Ring, Waves, Who


class WaveState(StrEnum):
    """Where a wave stands."""

    OPEN = "open"
    STOPPED = "stopped"  # nothing of it is released until a person says so
    DONE = "done"  # nothing of it waits; what comes later goes on where it stands
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Tally:
    """How the releases of one ring stand; `last_live_at` in Unix seconds. A rolled-back one has failed."""

    live: int = 0
    waiting: int = 0  # or under way, or before a person
    failed: int = 0
    ended: int = 0  # cancelled or superseded before they were live
    last_live_at: float | None = None

    @property
    def count(self) -> int:
        """All of them."""
        return self.live + self.waiting + self.failed + self.ended


Tallies = Mapping[int, Tally]
NOBODY = Tally()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a wave stands: the ring up to which releases may go, and the failures that were forgiven."""

    state: WaveState = WaveState.OPEN
    ring: int = 0
    forgiven: int = 0
    reason: str | None = None


def ring_named(waves: Waves, memberships: Who) -> int | None:
    """The first ring that names one of these, if any does."""
    numbers = (number for number, ring in enumerate(waves.rings) if ring.members & memberships)
    return next(numbers, None)


def ring_of(waves: Waves, memberships: Who, taken: Callable[[int], int], *, before: int | None = None) -> int:
    """The ring that it belongs to: one that names it, or the first that still has a place, or the rest.

    `taken` says how many places of a ring are taken; `before` is where it stood so far, and it stays there
    unless it was named for that ring, or is now for another.
    """
    named = ring_named(waves, memberships)
    if named is not None:
        return named
    if before is not None and before <= waves.last and (before == waves.last or waves.rings[before].first):
        return before
    free = (number for number, ring in enumerate(waves.rings) if ring.first and taken(number) < ring.first)
    return next(free, waves.last)


def carried_over(names: Sequence[str], waves: Waves, ring: int) -> int:
    """The open ring by the rings of now, where `ring` was open by those of `names`.

    It is the first that was not gone through: a ring that came in between is gone through first.
    """
    passed = set(names[:ring])
    numbers = (number for number, one in enumerate(waves.rings) if one.name not in passed)
    return next(numbers, waves.last)


def renumbered(names: Sequence[str], waves: Waves) -> dict[int, int]:
    """By the number of each ring of `names`, and of their rest: its number now, or that of the rest."""
    now = {ring.name: number for number, ring in enumerate(waves.rings)}
    numbers = {number: now.get(name, waves.last) for number, name in enumerate(names)}
    return {**numbers, len(names): waves.last}


# -- what the counts mean --------------------------------------------------------------------------------


def judged(waves: Waves, standing: Standing, tallies: Tallies, now: float) -> Standing:
    """How the wave stands now; a stopped or cancelled one stays so, for only a person moves it."""
    if standing.state in (WaveState.STOPPED, WaveState.CANCELLED):
        return standing
    if reason := _why_stop(waves, standing, tallies):
        return Standing(WaveState.STOPPED, standing.ring, standing.forgiven, reason)
    ring = min(standing.ring, waves.last)
    while ring < waves.last and is_passed(waves.rings[ring], tallies.get(ring, NOBODY), now):
        ring += 1
    is_waiting = any(tally.waiting for tally in tallies.values())
    over = not is_waiting and _healthy_at(waves, ring, tallies) <= now
    return Standing(WaveState.DONE if over else WaveState.OPEN, ring, standing.forgiven)


def is_passed(ring: Ring, tally: Tally, now: float) -> bool:
    """Whether the next ring may open; that not too many failed is asked before, of all rings together."""
    if not tally.live or tally.waiting or tally.last_live_at is None:
        return False
    return tally.last_live_at + ring.healthy_seconds <= now


def unforgiven(tallies: Tallies, forgiven: int) -> dict[int, int]:
    """The failures of each ring that nobody let pass; what was let pass is taken from the first rings on."""
    found = {}
    for number in sorted(tallies):
        failed = tallies[number].failed
        found[number] = max(0, failed - forgiven)
        forgiven = max(0, forgiven - failed)
    return found


def _why_stop(waves: Waves, standing: Standing, tallies: Tallies) -> str | None:
    failures = unforgiven(tallies, standing.forgiven)
    for number, failed in failures.items():
        most = waves.rings[number].max_failures if number < waves.last else waves.max_failures
        if failed > most:
            return f"{failed} of {_called(waves, number)} failed, and at most {most} may"
    ring = standing.ring
    tally = tallies.get(ring, NOBODY)
    if ring < waves.last and failures.get(ring) and not tally.live and not tally.waiting:
        return f"nothing of {_called(waves, ring)} is live, and {tally.failed} of it failed"
    return None


def _healthy_at(waves: Waves, ring: int, tallies: Tallies) -> float:
    """Until when the open ring is watched."""
    live_at = tallies.get(ring, NOBODY).last_live_at
    return live_at + waves.rings[ring].healthy_seconds if ring < waves.last and live_at is not None else 0.0


def _called(waves: Waves, number: int) -> str:
    return f"ring {waves.rings[number].name}" if number < waves.last else "the rest"


# -- what a person says ----------------------------------------------------------------------------------


VERBS = ("go", "stop", "cancel")


def moved(standing: Standing, verb: str, tallies: Tallies, last: int, *, actor: str) -> Standing:
    """What one of VERBS makes of it; IllegalTransition where that cannot be. Stopping twice is no fault."""
    if standing.state is WaveState.CANCELLED:
        raise IllegalTransition("the wave was ended by an operator and stays so; nothing was changed")
    if verb == "cancel":
        return Standing(WaveState.CANCELLED, standing.ring, standing.forgiven, f"ended by {actor}")
    if verb == "go":
        return _let_go(standing, tallies, last)
    if standing.state is WaveState.STOPPED:
        return standing
    return Standing(WaveState.STOPPED, standing.ring, standing.forgiven, f"stopped by {actor}")


def _let_go(standing: Standing, tallies: Tallies, last: int) -> Standing:
    """What failed is forgiven, or the next ring opens.

    A ring of which nothing is live or waits any more has nothing left to show: the next one opens.
    """
    failed = sum(tally.failed for tally in tallies.values())
    ring = min(standing.ring, last)
    tally = tallies.get(ring, NOBODY)
    if standing.state is WaveState.STOPPED:
        is_spent = bool(tally.failed) and not tally.live and not tally.waiting
        return Standing(WaveState.OPEN, min(ring + is_spent, last), failed)
    if ring >= last:
        raise IllegalTransition("all rings of the wave are open already; nothing was changed")
    return Standing(WaveState.OPEN, ring + 1, failed)

"""The doctor with all instruments: what `reactor doctor` tells, whatever of it is broken."""

from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext

from reactor import doctor, trial
from reactor.bootstrap import build_store, build_tools
from reactor.core import diagnosis
from reactor.core.checks import Check, Health
from reactor.settings import Settings
from reactor.store.database import Store, sqlite_file
from reactor.surroundings import Surroundings, surroundings_of

STEPS = 1 + trial.TRIALS


def consult(
    settings: Settings,
    *,
    offline: bool,
    around: Surroundings | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> list[Check]:
    """Every check, in their order; makes nothing. `offline` leaves out those that call anybody.

    `done` is told of each of the STEPS.
    """
    file = sqlite_file(settings.database_url)
    missing = file is not None and not file.exists()
    with nullcontext() if missing else closing(build_store(settings)) as store:
        around = around or (surroundings_of(store) if store else Surroundings())
        checks = doctor.examine(settings, store, clock=around.clock)
        done(1)
        if not offline:
            for found in _calling(settings, store if _is_healthy(checks, "schema") else None, around):
                checks += found
                done(1)
    return diagnosis.ordered(checks)


def _is_healthy(checks: list[Check], name: str) -> bool:
    return any(check.name == name and check.health is Health.OK for check in checks)


def _calling(settings: Settings, store: Store | None, around: Surroundings) -> Iterator[list[Check]]:
    timeout = around.wechat_timeout
    if store is None:
        yield from trial.try_out(settings, None, timeout=timeout)
        return
    tools = build_tools(settings, store, around)
    with closing(tools.wechat):
        yield from trial.try_out(settings, tools, timeout=timeout)

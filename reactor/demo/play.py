"""One demonstration from curtain to curtain."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reactor.demo import verdict
from reactor.demo.stage import Stage
from reactor.demo.story import DINER, Story
from reactor.demo.surprise import Stopped, Surprise
from reactor.demo.telling import Teller
from reactor.demo.watching import Watch
from reactor.words import Lang

TICKET_EVERY_SECONDS = 600.0


@dataclass(slots=True)
class Outcome:
    """How it went; `log` is where the web process's log is kept after a surprise."""

    ok: bool = False
    seconds: float = 0.0
    lines: list[dict[str, object]] = field(default_factory=list)
    rows: list[verdict.Row] = field(default_factory=list)
    expected: str | None = None
    seen: str | None = None
    log: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The whole, for a program."""
        return asdict(self)


def run(  # noqa: PLR0913 -- all but the first three by name
    root: Path,
    environ: Mapping[str, str],
    stop: threading.Event,
    *,
    stay: bool,
    quiet: bool,
    lang: Lang = "en",
) -> Outcome:
    """Play it; stops early once `stop` is set. Leaves no process and no folder behind, however it ends.

    What it remembers stays English, for programs.
    """
    teller, outcome = Teller(environ, quiet=quiet, lang=lang), Outcome()
    with Stage(root, environ) as stage:
        try:
            _perform(stage, stop, teller, outcome, stay=stay)
            _end(stage)
            outcome.ok = True
        except Stopped:
            outcome.expected, outcome.seen = "the story comes to its end", "it was told to stop"
            teller.say("\nstopped before its end; nothing is left behind")
        except Surprise as surprise:
            stage.end_web()
            outcome.expected, outcome.seen = surprise.expected, surprise.seen
            outcome.log = str(stage.keep_log())
            teller.say(f"\nA surprise after {teller.elapsed:.1f} s.\n{surprise}\nlog:      {outcome.log}")
    outcome.lines = teller.lines
    return outcome


def _perform(stage: Stage, stop: threading.Event, teller: Teller, outcome: Outcome, *, stay: bool) -> None:
    watch = Watch(stage, stop)
    story = Story(stage, watch, teller)
    story.play()
    outcome.rows = verdict.rows(story, watch)
    verdict.check(story.approved, outcome.rows, stage.platform)
    outcome.seconds = round(teller.elapsed, 2)
    teller.say(f"\n{verdict.table(outcome.rows, teller.lang)}\n")
    teller.say(
        f"All as told in {outcome.seconds:.1f} s: {len(story.approved)} approvals live with one effective "
        f"release each, {len(story.rejected)} rejection recorded, 1 forgery refused."
    )
    if stay:
        teller.say(f"\n{_urls(stage)}")
        _stay(story, watch)
        teller.say("\nstopped; nothing is left behind")


def _stay(story: Story, watch: Watch) -> None:
    try:
        while True:
            watch.pause(TICKET_EVERY_SECONDS)
            story.push_ticket()
    except Stopped:
        return


def _end(stage: Stage) -> None:
    code = stage.end_web()
    if code != 0:
        raise Surprise("the web process ends with exit code 0", f"{code}")
    if trouble := stage.trouble():
        raise Surprise("no error in the web process's log", trouble)


def _urls(stage: Stage) -> str:
    bearer = f"Authorization: Bearer {stage.api_token}"
    exports = [f"  export {name}={value}" for name, value in stage.component.variables().items()]
    example = f"reactor push audit-success --authorizer {DINER.appid} --url {stage.url}"
    return "\n".join(
        [
            "It keeps running until Ctrl-C.",
            f"  pages      {stage.url}/ops  password {stage.ops_password}",
            f"  API        curl -H '{bearer}' {stage.url}/api/v1/releases",
            f"  simulator  curl {stage.face.url}/_simulator/state",
            "Another approval, by hand:",
            *exports,
            f"  {example} --simulator {stage.face.url}",
        ]
    )

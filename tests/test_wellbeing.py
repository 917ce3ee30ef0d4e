"""Whether all is well, in one sentence, and what needs a person."""

from dataclasses import replace

import pytest

from reactor import wellbeing
from reactor.core.checks import Health
from reactor.core.lifecycle import State
from reactor.core.policy.waves import Standing, WaveState
from reactor.store.component import Component
from reactor.store.glances import Glance, Line, Recent
from reactor.store.waves import Wave

NOW = 1_790_000_000.0
CALLS = Recent(count=100, answered=99, last_answer_at=NOW - 3, median_ms=80, slow_ms=300)
SYSTEM = Component("wx00000000000000c0", ticket_received_at=NOW - 60)
FINE = Glance(
    system=SYSTEM,
    pending=0,
    releasing=0,
    held=0,
    failed=0,
    oldest_due=None,
    live_of_a_day=12,
    lost=0,
    authorizers_known=True,
    workers=1,
    last_push_at=NOW - 60,
    calls=CALLS,
    wanting=(),
    latest=(),
)
LINE = Line(7, "wx000000000000000a", "Deer Diner", State.FAILED, "1.0", NOW, NOW, None, None, 8, 85019, "why")

WAVE = Wave("1.0.0", NOW, Standing(WaveState.STOPPED, reason="why"), NOW, ("canary",))


def with_system(**more):
    return replace(FINE, system=replace(SYSTEM, **more))


def told(glance):
    verdict = wellbeing.verdict(glance, NOW)
    return verdict.health, verdict.text.format_map(verdict.values)


def test_all_is_well_where_nothing_is_wrong():
    assert told(FINE) == (Health.OK, "All is well")
    assert wellbeing.verdict(FINE, NOW).values == {"live": "12"}
    assert wellbeing.matters(FINE, NOW) == []


@pytest.mark.parametrize(
    ("glance", "health", "text"),
    [
        (with_system(ticket_received_at=None), Health.UNKNOWN, "Waiting for WeChat's first ticket"),
        (with_system(ticket_received_at=NOW - 1900), Health.WARN, "WeChat's ticket is old"),
        (with_system(ticket_received_at=NOW - 7300), Health.BAD, "WeChat's ticket is old"),
        (with_system(blocked_by="blocked", blocked_reason="why"), Health.BAD, "Calls to WeChat are stopped"),
        (with_system(paused=True), Health.WARN, "Paused by an operator"),
        (replace(FINE, workers=0), Health.BAD, "No worker is running"),
        (replace(FINE, lost=2), Health.BAD, "Mini programs to be authorized anew: 2"),
        (replace(FINE, stopped=(WAVE,)), Health.BAD, "Version 1.0.0 goes no further through its rings"),
        (replace(FINE, failed=3), Health.BAD, "Releases that need a person: 3"),
        (replace(FINE, failed=1001), Health.BAD, "Releases that need a person: 1000+"),
        (replace(FINE, held=1), Health.WARN, "Releases that wait for a decision: 1"),
        (replace(FINE, oldest_due=NOW - 601), Health.WARN, "What is due is late"),
    ],
)
def test_one_sentence_says_what_is_wrong(glance, health, text):
    assert told(glance) == (health, text)


def test_a_stopped_wave_asks_a_person_and_says_why():
    (matter,) = wellbeing.matters(replace(FINE, stopped=(WAVE,)), NOW)
    assert (matter.deed, matter.reason, matter.values) == ("wave", "why", {"version": "1.0.0"})


def test_the_gravest_comes_first():
    blocked = with_system(blocked_by="blocked", blocked_reason="why", paused=True)
    worst = replace(blocked, failed=1, held=1, workers=0, lost=1, wanting=(LINE,))
    assert told(worst)[1] == "Calls to WeChat are stopped"
    found = wellbeing.matters(worst, NOW)
    assert [one.deed for one in found] == ["mend", "mend", "reauthorize", "retry"]
    assert found[0].reason == "why"


def test_each_release_that_needs_a_person_names_the_one_deed_that_helps():
    held = replace(LINE, id=8, state=State.HELD, nick_name=None, user_version=None, reason=None)
    failed, waiting = wellbeing.matters(replace(FINE, wanting=(LINE, held)), NOW)
    assert (failed.deed, failed.health, failed.reason) == ("retry", Health.BAD, "why")
    assert failed.text.format_map(failed.values) == "Deer Diner 1.0 could not be released"
    assert (waiting.deed, waiting.health) == ("decide", Health.WARN)
    assert waiting.text.format_map(waiting.values) == "wx000000000000000a  waits for your decision"


def test_the_tiles_tell_how_ticket_calls_and_queue_stand():
    assert wellbeing.ticket_health(FINE, NOW) is Health.OK
    assert wellbeing.ticket_health(with_system(ticket_received_at=None), NOW) is Health.UNKNOWN
    assert wellbeing.calls_health(FINE) is Health.OK
    assert wellbeing.calls_health(replace(FINE, calls=replace(CALLS, answered=89))) is Health.WARN
    assert wellbeing.calls_health(replace(FINE, calls=replace(CALLS, count=0))) is Health.UNKNOWN
    assert wellbeing.calls_health(with_system(blocked_by="blocked")) is Health.BAD
    assert wellbeing.queue_health(FINE, NOW) is Health.OK
    assert wellbeing.queue_health(with_system(paused=True), NOW) is Health.WARN
    assert wellbeing.queue_health(replace(FINE, workers=0), NOW) is Health.BAD

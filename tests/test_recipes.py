"""Each recipe of the README does what it says."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reactor.core.policy import Action, Case, Subject, decide, parse_policy

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
RECIPES = re.findall(r"([^\n]+):\n\n```toml\n(.*?)```", README, re.DOTALL)
ONE, ANOTHER, THIRD = "wx0123456789abcdef", "wxfedcba9876543210", "wx00000000000000aa"


def recipe(beginning):
    ((_, text),) = [found for found in RECIPES if found[0].startswith(beginning)]
    return parse_policy(text, ZoneInfo)


def decided(policy, appid=ONE, at="2026-09-30T04:00", desc=None, approved_by=None):
    now = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    return decide(policy, Case(Subject(appid), now, "1.0", desc, approved_by), now)


def until(ruling):
    return datetime.fromtimestamp(ruling.until, UTC) + timedelta(hours=8)


def test_one_merchant_is_held():
    policy = recipe("Hold one merchant")
    assert decided(policy).action is Action.HOLD
    assert decided(policy, approved_by="ops").action is Action.GO
    assert decided(policy, ANOTHER).action is Action.GO


def test_only_these_are_released():
    policy = recipe("Release only these")
    acts = [decided(policy, appid).action for appid in (ONE, ANOTHER, THIRD)]
    assert acts == [Action.GO, Action.GO, Action.OFF]


def test_office_hours_are_kept():
    policy = recipe("Release in office hours")
    assert decided(policy, ANOTHER).action is Action.GO
    assert until(decided(policy, ANOTHER, "2026-10-02T12:00")).isoformat()[:16] == "2026-10-05T09:00"
    assert until(decided(policy)).isoformat()[:16] == "2026-09-30T22:00"


def test_a_holiday_is_frozen_but_not_for_this_one():
    policy = recipe("Freeze over a holiday")
    assert decided(policy, ONE, "2026-10-03T04:00").action is Action.GO
    frozen = decided(policy, ANOTHER, "2026-10-03T04:00")
    assert frozen.reason == "frozen until 2026-10-07T16:00Z: National Day"
    assert until(frozen).isoformat()[:16] == "2026-10-08T00:00"


@pytest.mark.parametrize("shipped", [False, True])
def test_a_description_holds_its_version(shipped):
    file = (Path(__file__).parents[1] / "config" / "policy.toml").read_text("utf-8")
    policy = parse_policy(file) if shipped else recipe("Let whoever submits")
    assert decided(policy, desc="[hold] wait for marketing").action is Action.HOLD
    assert decided(policy, desc="no [hold]").action is Action.GO


def test_a_canary_goes_first():
    waves = recipe("A canary ring first").waves
    assert [(ring.name, ring.members, ring.first) for ring in waves.rings] == [
        ("canary", {ONE}, 0),
        ("early", set(), 50),
    ]


def test_a_gray_release_has_three_steps():
    assert [(step.percentage, step.wait_seconds) for step in decided(recipe("Gray release")).gray] == [
        (5, 3600.0),
        (20, 3600.0),
        (50, 3600.0),
    ]


def test_observing_does_nothing():
    ruling = decided(recipe("Observe first"), approved_by="ops")
    assert ruling.action is Action.OBSERVE
    assert "our first week" in ruling.reason


def test_no_recipe_is_left_untried():
    assert len(RECIPES) == 8

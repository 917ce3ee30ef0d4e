"""What the README says is what the code does."""

import re
from pathlib import Path

import pytest

from reactor.core.lifecycle import TRANSITIONS
from reactor.settings import VARIABLES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_configuration_table_names_every_variable_with_its_meaning_and_default():
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    assert rows == [(row.name, row.meaning, row.default_text) for row in VARIABLES]


def test_the_state_diagram_shows_the_transitions_table_and_nothing_else():
    drawn = set()
    for source, target, happenings in re.findall(r"^    (\w+) --> (\w+): (.+)$", README, re.MULTILINE):
        drawn |= {(source, name, target) for name in happenings.split(", ")}
    table = {
        (str(state), str(happening), str(target))
        for state, row in TRANSITIONS.items()
        for happening, target in row.items()
    }
    assert drawn == table


@pytest.mark.parametrize("path", re.findall(r"^    ((?:reactor|config|tests)/\S*)", README, re.MULTILINE))
def test_every_room_of_the_house_is_there(path):
    assert (ROOT / path).exists()


def test_the_gate_runs_the_two_lines_of_the_readme():
    gate = (ROOT / ".ci/run").read_text()
    first, second = re.findall(r"```sh\n(.+)\n```", README)
    assert first.startswith("python3 -m venv")
    assert first.endswith("reactor demo")
    assert second.endswith("pytest")
    assert "grep -m1 '^python3 -m venv' README.md" in gate
    assert "grep -m1 'pytest$' README.md" in gate

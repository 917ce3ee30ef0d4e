"""Commands about waves: how far each is, and the hands that move it."""

import json
import time

import pytest
from commands import command
from known import environment
from test_rings import TWO_RINGS, appid, approve_all, live, open_fleet


@pytest.fixture(autouse=True)
def today(clock):
    """Commands know only the time of day."""
    clock.now = time.time() - 200


@pytest.fixture
def reactor(database_url, face):
    """Run commands against the same database and WeChat as `house`."""
    variables = environment(database_url, face.url)
    return lambda *words, code=0: command(*words, code=code, **variables)


@pytest.fixture
def house(build_house):
    """Canaries are live, and three others wait."""
    house = build_house(TWO_RINGS)
    open_fleet(house, 6)
    approve_all(house, range(1, 7))
    house.flow(1)
    return house


def test_a_fleet_without_rings_has_no_waves(reactor, store):
    assert reactor("waves", "ls").stdout == "no waves\n"
    assert store


def test_each_wave_is_told_ring_by_ring(reactor, house):
    lines = reactor("waves", "ls").stdout.splitlines()
    assert lines[0] == "version 1.0.0: wave open"
    assert lines[1].split() == ["Ring", "State", "Live", "Waiting", "Failed", "Ended", "last", "live"]
    assert lines[2].split()[:7] == ["canary", "its", "turn", "2", "0", "0", "0"]
    assert lines[3].split() == ["early", "not", "yet", "0", "2", "0", "0", "—"]
    assert lines[4].split() == ["the", "rest", "not", "yet", "0", "2", "0", "0", "—"]
    assert json.loads(reactor("waves", "ls", "--json").stdout) == house.api("/waves")
    assert "版本 1.0.0：进行中" in reactor("waves", "ls", "--lang", "zh").stdout


def test_a_wave_is_stopped_let_go_on_and_ended_by_commands(reactor, house):
    assert reactor("waves", "stop", "1.0.0").stdout.startswith("version 1.0.0: wave stopped (stopped by cli)")
    house.flow(5)
    assert json.loads(reactor("waves", "go", "1.0.0", "--json").stdout)["state"] == "open"
    reactor("waves", "go", "1.0.0")
    house.flow(5)
    assert live(house) == {1, 2, 3, 4}
    told = reactor("waves", "cancel", "1.0.0", "--lang", "zh").stdout
    assert told.startswith("版本 1.0.0：已取消 (由 cli 终止)")
    house.flow(5)
    (last,) = house.releases(authorizer_appid=appid(6))
    assert (last["state"], last["reason"]) == ("cancelled", "an operator ended the wave of version 1.0.0")


def test_what_cannot_be_is_said_with_exit_code_1_and_changes_nothing(reactor, house):
    before = house.api("/waves")
    assert "there is no wave of version 9.9.9" in reactor("waves", "stop", "9.9.9", code=1).stderr
    assert house.api("/waves") == before
    reactor("waves", "cancel", "1.0.0")
    assert "stays so; nothing was changed" in reactor("waves", "go", "1.0.0", code=1).stderr

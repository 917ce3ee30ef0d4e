"""`reactor releases rollback`: it asks first, waits for the worker, and says what came of it."""

import json
import threading
import time

import pytest
from commands import command
from known import environment
from served import wait_until
from stories import count

from reactor.simulator.faults import Fault


@pytest.fixture
def house(build_house, clock):
    clock.now = time.time() - 300
    house = build_house()
    house.open_shop()
    for version in ("1.0.0", "2.0.0"):
        house.approve(version)
        house.run()
    clock.now = time.time()
    return house


@pytest.fixture
def reactor(database_url, face):
    variables = environment(database_url, face.url)
    return lambda *words, code=0, **more: command(*words, code=code, **more, **variables)


def beside(house):
    """A worker that does what is asked for as soon as it is."""

    def once():
        house.clock.now = time.time()
        return house.run() > 0

    def work():
        wait_until(once)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_it_waits_for_the_worker_and_says_what_came_of_it(house, reactor):
    worker = beside(house)
    told = json.loads(reactor("releases", "rollback", 2, "--yes", "--json").stdout)
    worker.join(20)
    assert told["state"] == "cancelled"
    assert told["reason"] == "rolled back by cli; version 1.0.0 is live again"


def test_a_refusal_is_exit_code_1_with_its_reason(house, reactor):
    house.platform.plan(Fault("revertcoderelease", "errcode", errcode=87012))
    worker = beside(house)
    told = reactor("releases", "rollback", 2, "--yes", code=1).stdout
    worker.join(20)
    assert "release 2 is released: the rollback failed: revertcoderelease answered 87012" in told


def test_who_does_not_say_yes_changes_nothing(house, reactor):
    told = reactor("releases", "rollback", 2, code=1, given="n\n")
    assert "nothing was changed" in told.stderr
    house.run()
    assert count(house.platform, "revertcoderelease") == 0


def test_what_the_lifecycle_forbids_is_exit_code_1(house, reactor):
    assert "a later version went live since" in reactor("releases", "rollback", 1, "--yes", code=1).stderr


def test_without_a_worker_it_says_so_when_patience_is_over(house, reactor):
    told = reactor("releases", "rollback", 2, "--yes", "--wait", 0, code=1).stdout
    assert "no worker has done it yet" in told
    assert "`reactor releases show 2`" in told

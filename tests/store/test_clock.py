"""One clock for all machines that share a PostgreSQL: the server's."""

import time

import pytest
import sqlalchemy as sa
from known import environment

from reactor.bootstrap import build_store, build_worker
from reactor.settings import load_settings
from reactor.store.clock import SharedClock
from reactor.store.database import Store
from reactor.store.vault import Vault

DAY = 86400.0


@pytest.fixture
def shared(postgresql):
    store = build_store(load_settings(environment(postgresql.lend(), "http://127.0.0.1:1")))
    yield store
    store.close()
    postgresql.take_back()


def server_time(store):
    with store.read() as connection:
        return float(connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar())


@pytest.mark.parametrize("wrong_by", [-DAY, 0.0, DAY])
def test_it_shows_the_servers_time_whatever_this_machines_clock_says(shared, wrong_by):
    clock = SharedClock(shared, ticking=lambda: time.monotonic() + wrong_by)
    before = server_time(shared)
    told = clock()
    assert before - 0.5 <= told <= server_time(shared) + 0.5


def test_between_two_looks_it_goes_on_by_itself_and_a_look_puts_it_right(shared):
    ticks = [100.0]
    clock = SharedClock(shared, ticking=lambda: ticks[0])
    began = clock()
    ticks[0] += 7.0
    assert clock() == pytest.approx(began + 7.0, abs=0.001)
    ticks[0] += DAY  # this machine's clock stumbles
    clock.tune()
    assert clock() == pytest.approx(server_time(shared), abs=5.0)


def test_an_answer_that_took_long_does_not_move_it(shared):
    ticks = [100.0]
    clock = SharedClock(shared, ticking=lambda: ticks[0])
    began = clock()
    slow = iter([200.0, 210.0])
    clock._ticking = lambda: next(slow)
    clock.tune()
    clock._ticking = lambda: ticks[0]
    assert clock() == began


def test_while_the_server_cannot_be_asked_this_machines_time_has_to_do_and_only_the_first_waits():
    store = Store("postgresql://127.0.0.1:1/nothing", Vault(("k" * 32,)), wait_seconds=1)
    tries = []
    sa.event.listen(store._engine, "do_connect", lambda *_: tries.append(1))
    clock = SharedClock(store)
    before = time.time()
    for _ in range(3):
        assert before <= clock() <= time.time()
    assert len(tries) == 1
    clock.tune()
    assert len(tries) == 2
    store.close()


def test_processes_that_share_a_server_take_its_clock_and_others_their_machines(store, database_url):
    settings = load_settings(environment(database_url, "http://127.0.0.1:1"))
    tools = build_worker(settings, store)._tools
    if store.is_sqlite:
        assert tools.clock is time.time
    else:
        assert isinstance(tools.clock, SharedClock)
        assert tools.tune == tools.clock.tune

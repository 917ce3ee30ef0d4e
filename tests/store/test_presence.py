import pytest

from reactor.store import presence


def take(store, holder, *, now=100.0, until=110.0, name="component_token"):
    with store.write() as connection:
        return presence.take(connection, name, holder=holder, now=now, until=until)


def give_back(store, holder, name="component_token"):
    with store.write() as connection:
        presence.free_lease(connection, name, holder=holder)


def test_a_lease_has_one_holder_at_a_time(store):
    assert take(store, "a")
    assert not take(store, "b")
    assert not take(store, "b", now=109.9)


def test_a_holder_may_take_its_own_lease_again_and_keeps_it_longer(store):
    assert take(store, "a")
    assert take(store, "a", now=105.0, until=120.0)
    assert not take(store, "b", now=115.0, until=125.0)


def test_a_lapsed_lease_is_anybodys(store):
    take(store, "a")
    assert take(store, "b", now=110.1, until=120.0)
    assert not take(store, "a", now=111.0, until=121.0)


def test_a_lease_given_back_is_free_at_once(store):
    take(store, "a")
    give_back(store, "a")
    assert take(store, "b")


def test_only_the_holder_gives_a_lease_back(store):
    take(store, "a")
    give_back(store, "b")
    assert not take(store, "b")


def test_leases_of_different_names_do_not_meet(store):
    assert take(store, "a", name="component_token")
    assert take(store, "b", name="authorizer_token:wx000000000000000a")


@pytest.mark.parametrize("lapsed", [False, True])
def test_of_sixteen_that_want_a_lease_exactly_one_has_it(store, at_once, lapsed):
    if lapsed:
        take(store, "dead", now=10.0, until=20.0)
    taken = at_once(16, lambda number: take(store, f"holder-{number}"))
    assert sum(taken) == 1
    winner = f"holder-{taken.index(True)}"
    assert take(store, winner)
    assert not take(store, "another")


def test_a_lease_passed_on_by_many_is_never_held_twice(store, at_once):
    holding, most = [], []

    def work(number):
        for _ in range(200):
            if take(store, f"holder-{number}"):
                holding.append(number)
                most.append(len(holding))
                holding.remove(number)
                give_back(store, f"holder-{number}")
                return True
        return False

    assert all(at_once(6, work))
    assert set(most) == {1}


# -- workers ---------------------------------------------------------------------------------------------


def living(store, now):
    with store.read() as connection:
        return presence.living(connection, now)


def beat(store, holder, now):
    with store.write() as connection:
        presence.beat(connection, holder, now)


def test_a_worker_lives_as_long_as_it_was_seen_lately(store):
    assert living(store, 100.0) == 0
    beat(store, "a", 100.0)
    assert living(store, 129.9) == 1
    assert living(store, 130.1) == 0
    beat(store, "a", 131.0)
    assert living(store, 132.0) == 1


def test_workers_are_counted_once_each(store):
    for now in (100.0, 104.0):
        for holder in "abc":
            beat(store, holder, now)
    assert living(store, 105.0) == 3


def test_a_worker_that_leaves_is_not_counted(store):
    beat(store, "a", 100.0)
    beat(store, "b", 100.0)
    with store.write() as connection:
        presence.leave(connection, "a")
    assert living(store, 101.0) == 1


def test_a_worker_silent_for_a_day_is_forgotten(store):
    beat(store, "old", 100.0)
    beat(store, "new", 100.0 + 86401)
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT holder FROM workers").scalars().all()
    assert rows == ["new"]


def test_many_workers_beat_at_once(store, at_once):
    at_once(12, lambda number: beat(store, f"worker-{number % 4}", 100.0))
    assert living(store, 101.0) == 4

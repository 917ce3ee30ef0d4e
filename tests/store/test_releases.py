from itertools import product

import pytest
import sqlalchemy as sa

from reactor.core.errors import IllegalTransition
from reactor.core.lifecycle import Happening, State, allows, follow
from reactor.core.policy import Pace
from reactor.store import calls, claims, history, moments, releases
from reactor.store.database import Conflict
from reactor.wechat import CallRecord

SHOP, OTHER = "wx000000000000000a", "wx000000000000000b"
LEASE = 20.0


def appid(number):
    return f"wx{number:016x}"


def record(call, at, *, outcome="answered", errcode=None, rid=None, ms=7):
    """A call as the client tells it."""
    return CallRecord(call, SHOP, at, outcome, 200, errcode, None, rid, ms)


@pytest.fixture
def do(store):
    """Call a function of the module in a transaction of its own."""

    def call(function, *args, **values):
        with store.write() as connection:
            return function(connection, *args, **values)

    return call


@pytest.fixture
def see(store):
    """The release as it is now."""

    def read(release):
        with store.read() as connection:
            return releases.get(connection, release.id)

    return read


@pytest.fixture
def claim(do):
    def call(holder="w", now=100.0):
        return do(claims.claim_due, holder=holder, now=now, lease_until=now + LEASE)

    return call


@pytest.fixture
def story(store):
    """The history of a release."""

    def read(release):
        with store.read() as connection:
            return history.of_release(connection, release.id)

    return read


def change(do, release, happening, **values):
    return do(releases.change, release, Happening(happening), at=200.0, actor="tests", **values)


# -- the lifecycle, through the store --------------------------------------------------------------------


def test_every_happening_in_every_state_is_carried_out_or_changes_nothing(do, see, story, open_release):
    for number, (state, happening) in enumerate(product(State, Happening)):
        release = open_release(state, appid=appid(number))
        if allows(state, happening):
            assert change(do, release, happening)
            assert see(release).state is follow(state, happening)
            assert len(story(release)) == 2
            continue
        with pytest.raises(IllegalTransition, match="nothing was changed"):
            change(do, release, happening, reason="no", due_at=5.0, attempts=9)
        assert see(release) == release
        assert len(story(release)) == 1


def test_an_illegal_change_takes_the_rest_of_its_transaction_along(do, store, see, open_release):
    release = open_release(State.RELEASED)

    def half():
        with store.write() as connection:
            releases.learn(connection, release, reason="half")
            releases.change(connection, release, Happening.CANCELLED, at=1.0, actor="tests")

    with pytest.raises(IllegalTransition):
        half()
    assert see(release).reason is None


def test_a_change_leaves_a_row_of_history_with_who_when_and_why(do, story, open_release):
    release = open_release(State.HELD, at=100.0)
    change(do, release, "approved", detail="looks good")
    opened, approved = story(release)
    assert (opened["from_state"], opened["to_state"], opened["happening"]) == (None, "held", "opened")
    assert (opened["at"], opened["actor"]) == (100.0, "intake")
    assert (approved["from_state"], approved["to_state"]) == ("held", "pending")
    assert (approved["happening"], approved["at"]) == ("approved", 200.0)
    assert (approved["actor"], approved["detail"]) == ("tests", "looks good")


def test_the_history_replays_to_the_state(do, see, story, claim, open_release):
    release = open_release(due_at=100.0)
    for happening in ("put_back", "gray_found", "gave_up", "seen_live"):
        change(do, claim(), happening, due_at=100.0)
        if happening == "gray_found":
            change(do, see(release), "approved", due_at=100.0)
        if happening == "gave_up":
            change(do, see(release), "retried", due_at=100.0)
    first, *steps = story(release)
    state = State(first["to_state"])
    for step in steps:
        assert step["from_state"] == state
        state = follow(state, Happening(step["happening"]))
        assert step["to_state"] == state
    assert state is see(release).state is State.RELEASED


def test_a_change_that_comes_too_late_says_so_and_changes_nothing(do, see, story, open_release):
    release = open_release(State.HELD)
    assert change(do, release, "approved")
    assert not change(do, release, "cancelled", reason="too late")
    assert (see(release).state, see(release).reason) == (State.PENDING, None)
    assert len(story(release)) == 2


def test_of_many_changes_at_once_exactly_one_happens(do, see, story, at_once, open_release):
    release = open_release(State.HELD)
    happenings = ["approved", "cancelled", "superseded", "unauthorized"]
    done = at_once(12, lambda number: change(do, release, happenings[number % 4]))
    assert sum(done) == 1
    _, step = story(release)
    assert step["happening"] == happenings[done.index(True) % 4]
    assert see(release).state == step["to_state"]


def test_leaving_flight_takes_the_lease_along(do, see, claim, open_release):
    for happening in ("put_back", "seen_live", "gave_up", "gray_found", "misdirected", "superseded"):
        release = open_release(appid=appid(len(happening)))
        assert change(do, claim(), happening)
        assert (see(release).lease_holder, see(release).lease_until) == (None, None)


# -- claims ----------------------------------------------------------------------------------------------


def test_a_claim_says_so_in_the_row_before_anything_happens(see, story, claim, open_release):
    release = open_release(due_at=90.0, waits_for="backoff")
    claimed = claim("w1", now=100.0)
    assert claimed == see(release)
    assert (claimed.state, claimed.attempts, claimed.waits_for) == (State.RELEASING, 1, "backoff")
    assert (claimed.lease_holder, claimed.lease_until) == ("w1", 120.0)
    assert (story(release)[-1]["happening"], story(release)[-1]["actor"]) == ("claimed", "worker")


def test_nothing_is_claimed_before_it_is_due(claim, open_release):
    open_release(due_at=100.5)
    assert claim(now=100.4) is None
    assert claim(now=100.5) is not None


@pytest.mark.parametrize("state", [state for state in State if state not in ("pending", "releasing")])
def test_only_what_is_pending_is_claimed(claim, open_release, state):
    open_release(state, due_at=0.0)
    assert claim() is None


def test_a_pending_release_without_a_due_time_is_not_claimed(claim, open_release):
    open_release(due_at=None)
    assert claim(now=1e12) is None


def test_what_is_due_longest_is_claimed_first(claim, open_release):
    for number, due_at in enumerate((50.0, 30.0, 40.0)):
        open_release(appid=appid(number), due_at=due_at)
    assert [claim().due_at for _ in range(3)] == [30.0, 40.0, 50.0]


def test_many_threads_claim_every_release_exactly_once(do, claim, story, at_once, open_release):
    opened = [open_release(appid=appid(number)) for number in range(32)]

    def work(number):
        taken = []
        while release := claim(f"w{number}"):
            taken.append(release.id)
        return taken

    taken = [release_id for some in [*at_once(8, work), work(99)] for release_id in some]
    assert sorted(taken) == [release.id for release in opened]
    assert all(len(story(release)) == 2 for release in opened)


def test_two_releases_of_one_authorizer_are_never_in_flight_together(do, open_release):
    first, second = open_release(), open_release()
    assert change(do, first, "claimed", lease_holder="w1", lease_until=300.0)
    with pytest.raises(Conflict, match="nothing was changed"):
        change(do, second, "claimed", lease_holder="w2", lease_until=300.0)
    with pytest.raises(Conflict):
        open_release(State.RELEASING)
    open_release(State.RELEASING, appid=OTHER)


def test_a_claim_passes_over_an_authorizer_with_a_release_in_flight(do, claim, open_release):
    first, second = open_release(due_at=1.0), open_release(due_at=2.0)
    elsewhere = open_release(appid=OTHER, due_at=3.0)
    in_flight = claim()
    assert in_flight.id == first.id
    assert claim().id == elsewhere.id
    assert claim() is None
    change(do, in_flight, "seen_live")
    assert claim().id == second.id


def test_many_threads_put_one_release_of_each_authorizer_in_flight(claim, at_once, open_release):
    for number in range(24):
        open_release(appid=appid(number % 4))

    def work(number):
        for _ in range(50):
            try:
                return claim(f"w{number}")
            except Conflict:
                continue  # another put a release of this authorizer in flight at the same moment
        return None

    taken = [release for release in [*at_once(8, work), *map(work, range(90, 96))] if release]
    assert sorted(release.authorizer_appid for release in taken) == [appid(number) for number in range(4)]


# -- leases ----------------------------------------------------------------------------------------------


def test_a_release_whose_holder_fell_silent_is_taken_over(see, story, claim, open_release):
    release = open_release()
    claim("dead", now=100.0)
    assert claim("alive", now=120.0) is None
    taken = claim("alive", now=120.1)
    assert (taken.id, taken.lease_holder, taken.lease_until) == (release.id, "alive", 140.1)
    assert (taken.state, taken.attempts) == (State.RELEASING, 2)
    step = story(release)[-1]
    assert (step["happening"], step["from_state"], step["to_state"]) == (
        "taken_over", "releasing", "releasing",
    )  # fmt: skip


def test_a_lapsed_release_is_taken_over_by_exactly_one(claim, at_once, open_release):
    open_release()
    claim("dead", now=100.0)
    taken = at_once(12, lambda number: claim(f"w{number}", now=200.0))
    assert sum(release is not None for release in taken) == 1


def test_a_call_that_the_dead_had_begun_is_marked_unknown(do, store, claim, open_release):
    release = open_release()
    elsewhere = open_release(appid=OTHER)
    claim("dead", now=100.0)

    def begin(of):
        return do(calls.intend, release_id=of.id, authorizer_appid=SHOP, call="release", at=101.0)

    answered = begin(release)
    do(calls.finish, answered, record("release", 101.0, errcode=-1))
    begin(release)
    begin(elsewhere)
    claim("alive", now=200.0)
    with store.read() as connection:
        assert [row["outcome"] for row in calls.of_release(connection, release.id)] == [
            "answered", "unknown",
        ]  # fmt: skip
        assert [row["outcome"] for row in calls.of_release(connection, elsewhere.id)] == ["started"]


def test_only_the_holder_speaks_for_a_release_in_flight(do, see, story, claim, open_release):
    release = open_release()
    stale = claim("dead", now=100.0)
    fresh = claim("alive", now=200.0)
    for happening in ("seen_live", "put_back", "gave_up"):
        assert not change(do, stale, happening, reason="from the dead")
    assert (see(release).lease_holder, see(release).reason) == ("alive", None)
    assert len(story(release)) == 3
    assert change(do, fresh, "seen_live")
    assert see(release).state is State.RELEASED


def test_a_holder_learns_whether_the_release_is_still_its_own(do, see, claim, open_release):
    release = open_release()
    first = claim("dead", now=100.0)
    assert do(claims.still_mine, first, lease_until=150.0)
    assert see(release).lease_until == 150.0
    second = claim("alive", now=200.0)
    assert not do(claims.still_mine, first, lease_until=999.0)
    assert see(release).lease_until == 220.0
    change(do, second, "seen_live")
    assert not do(claims.still_mine, second, lease_until=999.0)


def test_a_live_worker_renews_its_own_leases_and_no_others(do, see, claim, open_release):
    mine, others = open_release(appid=SHOP), open_release(appid=OTHER, due_at=1.0)
    claim("w1")
    claim("w2")
    do(claims.renew_leases, holders=["w1", "w9"], lease_until=500.0)
    assert (see(mine).lease_until, see(others).lease_until) == (500.0, 120.0)


def test_it_is_known_when_the_next_thing_is_due_or_lapses(do, store, claim, open_release):
    def outlook():
        with store.read() as connection:
            return releases.oldest_due(connection), moments.look(connection, Pace(), now=100.0).lapse

    assert outlook() == (None, None)
    open_release(State.HELD, due_at=None)
    open_release(State.RELEASED, due_at=1.0)
    open_release(appid=OTHER, due_at=50.0)
    open_release(due_at=70.0)
    assert outlook() == (50.0, None)
    claim()
    assert outlook() == (70.0, 120.0)


# -- ends and beginnings of waiting ----------------------------------------------------------------------


def test_what_waits_is_ended_with_the_reason_and_what_flies_is_left_alone(do, see, story, open_release):
    waiting = [open_release(state, due_at=5.0) for state in (State.HELD, State.PENDING, State.FAILED)]
    rest = [open_release(state) for state in (State.RELEASING, State.RELEASED, State.CANCELLED)]
    do(
        releases.end_waiting, [*waiting, *rest], Happening.UNAUTHORIZED, at=200.0, actor="intake",
        reason="taken back",
    )  # fmt: skip
    for release in waiting:
        found = see(release)
        assert (found.state, found.reason, found.due_at) == (State.CANCELLED, "taken back", None)
        assert story(release)[-1]["detail"] == "taken back"
    assert [see(release) for release in rest] == rest


def test_what_was_claimed_meanwhile_is_not_ended(do, see, claim, open_release):
    waiting = open_release()
    claim()
    do(releases.end_waiting, [waiting], Happening.SUPERSEDED, at=200.0, actor="intake", reason="newer")
    assert see(waiting).state is State.RELEASING


def test_what_waited_for_this_is_due_now(do, see, open_release):
    ticket = open_release(appid=appid(1), due_at=900.0, waits_for="ticket")
    system = open_release(appid=appid(2), due_at=900.0, waits_for="system")
    backoff = open_release(appid=appid(3), due_at=900.0, waits_for="backoff")
    already = open_release(appid=appid(4), due_at=50.0, waits_for="ticket")
    held = open_release(State.HELD, appid=appid(5), due_at=None, waits_for="ticket")
    assert do(releases.make_due, now=100.0, waits_for=["ticket", "system"]) == 2
    assert [see(release).due_at for release in (ticket, system)] == [100.0, 100.0]
    assert [see(release).due_at for release in (backoff, already, held)] == [900.0, 50.0, None]


def test_only_this_authorizers_releases_are_made_due(do, see, open_release):
    mine = open_release(appid=SHOP, due_at=900.0, waits_for="newer_audit")
    others = open_release(appid=OTHER, due_at=900.0, waits_for="newer_audit")
    assert do(releases.make_due, now=100.0, waits_for=["newer_audit"], authorizer_appids=[SHOP]) == 1
    assert (see(mine).due_at, see(others).due_at) == (100.0, 900.0)


# -- what can be read ------------------------------------------------------------------------------------


def test_a_release_that_is_not_there_is_none(store):
    with store.read() as connection:
        assert releases.get(connection, 1) is None
        assert history.of_release(connection, 1) == calls.of_release(connection, 1) == []


def test_a_new_release_keeps_what_it_was_opened_with(see, open_release):
    release = open_release(
        State.HELD, at=100.0, mode="hold", to_user_name="gh_a", event_id=7, due_at=None, reason="policy"
    )
    assert see(release) == release
    assert (release.state, release.mode, release.created_at) == (State.HELD, "hold", 100.0)
    assert (release.to_user_name, release.event_id, release.reason) == ("gh_a", 7, "policy")
    assert (release.attempts, release.errcode, release.lease_holder) == (0, None, None)


def test_releases_are_paged_from_the_newest_without_gap_or_repetition(store, open_release):
    ids = [open_release(State.HELD).id for _ in range(7)]
    seen, before = [], None
    with store.read() as connection:
        while page := releases.page(connection, before=before, limit=3):
            assert len(page) <= 3
            seen += [release.id for release in page]
            before = seen[-1]
    assert seen == sorted(ids, reverse=True)


def test_a_page_does_not_shift_when_new_releases_arrive(store, open_release):
    ids = [open_release(State.HELD).id for _ in range(4)]
    with store.read() as connection:
        first = releases.page(connection, before=None, limit=2)
    open_release(State.HELD)
    with store.read() as connection:
        second = releases.page(connection, before=first[-1].id, limit=2)
    assert [release.id for release in first + second] == ids[::-1]


def test_releases_are_filtered_by_state_and_authorizer(store, open_release):
    mine = open_release(State.HELD)
    open_release(State.FAILED)
    open_release(State.HELD, appid=OTHER)
    with store.read() as connection:
        held = releases.page(connection, before=None, limit=9, state="held")
        both = releases.page(connection, before=None, limit=9, state="held", authorizer_appid=SHOP)
        none = releases.page(connection, before=mine.id, limit=9, state="held", authorizer_appid=SHOP)
    assert (len(held), both, none) == (2, [mine], [])


def test_an_authorizers_releases_are_listed_oldest_first(store, open_release):
    first, second = open_release(State.HELD), open_release(State.PENDING)
    open_release(State.FAILED)
    open_release(State.HELD, appid=OTHER)
    with store.read() as connection:
        assert releases.in_states(connection, [SHOP], [State.PENDING, State.HELD]) == [first, second]
        assert releases.in_states(connection, [SHOP], []) == []


def test_states_are_counted_with_the_empty_ones(store, open_release):
    open_release(State.HELD)
    open_release(State.HELD, appid=OTHER)
    open_release(State.RELEASED)
    with store.read() as connection:
        found = releases.counts(connection, [State.HELD, State.FAILED])
    assert found == {State.HELD: 2, State.FAILED: 0}


def test_what_a_look_showed_is_noted_on_this_release_alone(do, see, open_release):
    release, other = open_release(), open_release()
    do(releases.learn, release, user_version="1.0.0", user_desc="关于", audit_id=2**53 + 1)
    found = see(release)
    assert (found.user_version, found.user_desc, found.audit_id) == ("1.0.0", "关于", 2**53 + 1)
    assert see(other) == other


def test_calls_are_told_in_the_order_in_which_they_were_begun(do, store, open_release):
    release = open_release()
    do(calls.add, [record("getversioninfo", 5.0, errcode=0)], release_id=release.id)
    begun = do(calls.intend, release_id=release.id, authorizer_appid=SHOP, call="release", at=6.0)
    do(calls.add, [record("api_query_auth", 7.0, outcome="not_sent")])
    do(calls.add, [])
    do(calls.finish, begun, record("release", 6.0, errcode=85052, rid="r-1", ms=12))
    with store.read() as connection:
        told = calls.of_release(connection, release.id)
        everything = connection.execute(sa.text("SELECT count(*) FROM calls")).scalar()
    assert [(row["call"], row["outcome"], row["errcode"]) for row in told] == [
        ("getversioninfo", "answered", 0), ("release", "answered", 85052),
    ]  # fmt: skip
    assert (told[1]["at"], told[1]["rid"], told[1]["ms"], everything) == (6.0, "r-1", 12, 3)

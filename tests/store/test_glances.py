"""One glance tells what is there, and reads no long history for it."""

from reactor.core.lifecycle import State
from reactor.store import glances
from reactor.store.schema import authorizers, calls, component, events, releases, workers

NOW = 1_790_000_000.0
COMPONENT = "wx00000000000000c0"


def release(number, state, **more):
    return {
        "authorizer_appid": f"wx{number:016x}",
        "state": state,
        "mode": "auto",
        "approved_at": NOW - 100,
        "created_at": NOW - 100,
        "released_at": NOW - 90 if state is State.RELEASED else None,
        "attempts": 0,
        **more,
    }


def look(store):
    with store.read() as connection:
        return glances.look(connection, COMPONENT, NOW)


def test_of_an_empty_store_nothing_is_told(store):
    glance = look(store)
    assert (glance.pending, glance.held, glance.failed, glance.live_of_a_day, glance.lost) == (0, 0, 0, 0, 0)
    assert (glance.last_push_at, glance.oldest_due, glance.workers) == (None, None, 0)
    assert glance.authorizers_known is False
    assert glance.calls == glances.Recent(0, 0, None, None, None)
    assert glance.latest == glance.wanting == ()


def test_a_glance_tells_what_is_there(store):
    with store.write() as connection:
        rows = [release(number, state) for number, state in enumerate(State)]
        rows += [release(90, State.RELEASED, released_at=NOW - 86401)]
        rows += [release(91, State.PENDING, due_at=NOW - 5)]
        connection.execute(releases.insert(), [{"due_at": None, **row} for row in rows])
        named = {"authorizer_appid": f"wx{0:016x}", "nick_name": "Deer Diner", "state": "authorized"}
        lost = {"authorizer_appid": f"wx{1:016x}", "nick_name": None, "state": "needs_reauthorization"}
        connection.execute(authorizers.insert(), [named, lost])
        connection.execute(workers.insert().values(holder="w", started_at=NOW - 99, seen_at=NOW - 1))
        connection.execute(component.insert().values(component_appid=COMPONENT, ticket_received_at=NOW - 70))
        pushed = {"identity": "a", "kind": "authorized", "verdict": "accepted", "received_at": NOW - 50}
        connection.execute(events.insert().values(**pushed))
    glance = look(store)
    assert (glance.pending, glance.releasing, glance.held, glance.failed) == (2, 1, 1, 1)
    assert (glance.live_of_a_day, glance.lost, glance.workers) == (1, 1, 1)
    assert glance.last_push_at == NOW - 50
    assert glance.oldest_due == NOW - 5
    assert [line.state for line in glance.wanting] == [State.FAILED, State.HELD]
    assert [line.id for line in glance.latest] == sorted((line.id for line in glance.latest), reverse=True)
    assert glance.latest[-1].nick_name == "Deer Diner"


def test_the_latest_calls_tell_how_wechat_answers(store):
    with store.write() as connection:
        rows = [{"outcome": "answered", "ms": 10 * number} for number in range(1, 101)]
        rows += [{"outcome": "unknown", "ms": 5000}, {"outcome": "started", "ms": None}]
        for number, row in enumerate(rows):
            connection.execute(calls.insert().values(at=NOW - 200 + number, call="release", **row))
    recent = look(store).calls
    assert (recent.count, recent.answered) == (101, 100)
    assert (recent.median_ms, recent.slow_ms) == (510, 960)
    assert recent.last_answer_at == NOW - 101


def test_counts_end_where_they_say_nothing_more(store):
    with store.write() as connection:
        rows = [release(number, State.FAILED) for number in range(glances.MANY + 20)]
        connection.execute(releases.insert(), rows)
    glance = look(store)
    assert glance.failed == glances.MANY + 1
    assert len(glance.wanting) == 5
    assert len(glance.latest) == 20

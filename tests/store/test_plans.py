"""What is done again and again finds its rows by an index, however long the history is."""

from contextlib import contextmanager
from dataclasses import astuple

import pytest
import sqlalchemy as sa

from reactor.audits import AuditPush, accept_audits
from reactor.core.events import AuditSucceeded
from reactor.core.lifecycle import Happening, State
from reactor.core.notices import Kind
from reactor.core.policy import Pace, Policy
from reactor.core.record import Ends
from reactor.store import (
    asking,
    audit,
    authorizers,
    chain,
    claims,
    component,
    glances,
    messages,
    moments,
    notices,
    pruning,
    releases,
    undecided,
    waves,
)
from reactor.store.schema import events, history
from reactor.store.schema import releases as table
from reactor.store.schema_ops import chain as chain_table
from reactor.store.schema_ops import notices as told
from reactor.store.vault import Vault

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOW = 1_790_000_000.0
PLAN = asking.Plan.of(600, 21600, 20.0)
SHOP, CAFE = "wx000000000000000a", "wx000000000000000b"
# A lookup by the rows of another query, and an index of which the whole is wanted.
HARMLESS = (
    *("SCAN CONSTANT ROW", "SCAN (subquery", "SCAN authorizers USING INDEX ix_authorizers_code_due"),
    *("SCAN history USING COVERING INDEX ix_history_loose", "SCAN history USING INDEX ix_history_loose"),
    "SCAN waves USING INDEX ix_waves_undone",
    *("SCAN notices USING INDEX ix_notices_untold", "SCAN messages USING INDEX ix_messages_due"),
)


@pytest.fixture
def connection(store):
    """A store with two shops and a release that is due; nothing of it is kept."""
    with store.write() as connection:
        for appid in (SHOP, CAFE):
            authorizers.save(connection, appid, user_name=f"gh_{appid[6:]}", state="authorized")
        accept_audits(connection, [push(CAFE)], Policy)
        yield connection
        connection.rollback()


def push(appid, at=NOW):
    name = f"gh_{appid[6:]}"
    return AuditPush(AuditSucceeded(name, "o", int(at), int(at)), appid, at, stale=False)


@contextmanager
def plans(connection):
    """Collect how SQLite goes about each statement that looks for rows."""
    found = []

    def explain(_, cursor, statement, parameters, __, many):
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            given = parameters[0] if many else parameters
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", given)
            found.extend((row[3], statement) for row in cursor.fetchall())

    sa.event.listen(connection, "before_cursor_execute", explain)
    yield found
    sa.event.remove(connection, "before_cursor_execute", explain)


def scans(found):
    assert found
    return [one for one in found if one[0].startswith("SCAN") and not one[0].startswith(HARMLESS)]


def look(connection):
    assert moments.look(connection, Pace(), now=NOW).release


def claim(connection):
    assert claims.claim_due(connection, holder="h", now=NOW, lease_until=NOW + 20, speed=Pace())
    claims.renew_leases(connection, holders=["h"], lease_until=NOW + 20)
    claims.hand_back(connection, holders=["h"], now=NOW)
    authorizers.claim_code(connection, holder="h", now=NOW, lease_until=NOW + 20)


def intake(connection):
    assert accept_audits(connection, [push(SHOP), push(CAFE, NOW + 9)], Policy) == [True, True]


def sweep(connection):
    authorizers.save(connection, "wx000000000000000c", state="needs_reauthorization")
    for now, ask_all_since in ((NOW, None), (NOW + 9, NOW), (NOW + 18, None)):
        found = asking.next_one(connection, PLAN, now=now, ask_all_since=ask_all_since, crowd=2)
        assert found
        assert asking.claim(connection, PLAN, found, now=now, crowd=2, retry_at=now + 60)
        asking.look_again_at(connection, PLAN, now=now, crowd=2)
    asking.longest_ago(connection)
    releases.of_audit(connection, SHOP, user_name="gh", audit_id=1, submitted_at=NOW)


def ticket(connection):
    releases.make_due(connection, now=NOW, waits_for=["ticket"])
    authorizers.make_codes_due(connection, now=NOW)
    component.get(connection, "wx00000000000000c0")


def clock_set_back(connection):
    claims.forget_leases(connection, now=NOW - 9, longest=20)
    assert claims.forget_waits(connection, now=NOW - 9, after=0)


def post(connection):
    about = {"at": NOW, "kind": Kind.REJECTED, "authorizer_appid": SHOP, "detail": "why", "told_at": None}
    connection.execute(sa.insert(told), [about, about | {"told_at": NOW - 9}])
    messages.write(connection, ["{}"], ["wecom"], now=NOW)
    assert notices.any_pending(connection)
    (found,) = notices.pending(connection)
    assert notices.told_lately(connection, [found], NOW).counts == {Kind.REJECTED: 1}
    notices.settle(connection, [found.id], [], now=NOW)
    assert messages.next_due(connection, "wecom") == NOW
    sending = messages.claim(connection, "wecom", now=NOW, latest=NOW + 9)
    messages.sent(connection, sending, now=NOW)
    messages.give_up_strangers(connection, ["wecom"], "gone")


def record(connection):
    vault = Vault(["k" * 40])
    assert len(chain.loose(connection)) == chain.count_loose(connection) > 0
    sealed = {"seq": history.c.id, "digest": "0" * 64}
    connection.execute(sa.update(history).where(history.c.id > 0).values(sealed))
    ends = Ends(first_seq=1, last_seq=2)
    values = dict(zip(("first_seq", "first_digest", "last_seq", "last_digest"), astuple(ends), strict=True))
    connection.execute(sa.insert(chain_table).values(id=1, signature=vault.sign(ends.text), **values))
    assert audit.glance(connection, vault).fault
    assert chain.forget(connection, vault, before=NOW - 9, most=9) == 0


def tide(connection):
    wave = waves.begin(connection, "1.0.0", ["canary"], now=NOW)
    (mine,) = releases.in_states(connection, [CAFE], [State.PENDING])
    place = {"ring": 0, "user_version": "1.0.0", "waits_for": "ring", "due_at": None}
    releases.learn(connection, mine, **place)
    assert waves.tallies(connection, ["1.0.0"])["1.0.0"][0].waiting == 1
    assert waves.taken(connection, "1.0.0", 0) == 1
    assert waves.ring_before(connection, "1.0.0", CAFE) == 0
    assert waves.moving(connection, after="", limit=50) == [wave]
    assert waves.stopped(connection, 5) == []
    assert waves.make_due(connection, wave, now=NOW) == 1
    assert waves.cancel_waiting(connection, "1.0.0", now=NOW, actor="worker", reason="why") == 1


def held(connection):
    (mine,) = releases.in_states(connection, [CAFE], [State.PENDING])
    assert releases.change(connection, mine, Happening.HELD_BACK, at=NOW - 90, actor="cli", due_at=None)
    assert undecided.remind(connection, before=NOW - 60, now=NOW)
    assert undecided.expire(connection, before=NOW - 60, now=NOW, reason="why")


@pytest.mark.parametrize(
    "step",
    [look, claim, intake, sweep, ticket, clock_set_back, post, record, tide, held],
    ids=lambda step: step.__name__,
)
def test_no_step_reads_a_whole_table(connection, step):
    with plans(connection) as found:
        step(connection)
    assert scans(found) == []


def test_pruning_reads_the_oldest_events_and_no_others(connection):
    values = {"received_at": NOW, "kind": "audit_fail", "verdict": "accepted"}
    rows = [{"identity": str(number), **values} for number in range(3 * pruning.BATCH)]
    connection.execute(sa.insert(events), rows)
    read = []
    sa.event.listen(connection, "after_cursor_execute", lambda *given: read.append(given[2]))
    assert pruning.prune(connection, before=NOW - 1) == 0
    # One page of them, and the deletion of none: a query for the old ones alone would look at all.
    found = [one for one in read if one.startswith("SELECT events.id, events.received_at")]
    assert len(found) == 1
    assert "NOT (EXISTS" not in found[0]


def test_pruning_passes_over_the_events_of_what_failed(connection):
    times = {"received_at": NOW - 9, "kind": "audit_success", "verdict": "accepted"}
    kept = [{"id": number, "identity": str(number), **times} for number in range(10, 10 + pruning.BATCH)]
    connection.execute(sa.insert(events), [*kept, {"id": 9000, "identity": "gone", **times}])
    told = {"state": "failed", "mode": "auto", "approved_at": NOW - 9, "created_at": NOW - 9}
    opened = [{"authorizer_appid": SHOP, "event_id": row["id"], **told} for row in kept]
    connection.execute(sa.insert(table), opened)
    assert pruning.prune(connection, before=NOW + 1) == 1
    left = connection.execute(sa.select(events.c.id).where(events.c.id >= 10)).scalars().all()
    assert left == [row["id"] for row in kept]


def test_a_glance_reads_through_nothing_but_the_newest_rows(connection):
    with plans(connection) as found:
        glances.look(connection, "wx00000000000000c0", NOW)
    few = ("SCAN workers", "SCAN anon_1", "SCAN authorizers USING INDEX ix_authorizers_lost")
    searched = [(plan, said) for plan, said in scans(found) if "WHERE" in said and not plan.startswith(few)]
    assert searched == []
    assert [said for plan, said in scans(found) if "LIMIT" not in said and not plan.startswith(few)] == []

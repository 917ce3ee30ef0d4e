"""What the pages leaf through is found by an index, and a day by halving."""

import pytest
import sqlalchemy as sa
from test_plans import HARMLESS, plans, scans

from reactor.core.lifecycle import State
from reactor.store import shelves
from reactor.store.schema import authorizers, events, releases
from reactor.store.shelves import Window

SHOP = "wx000000000000000a"
TIMES = {"approved_at": 0.0, "authorizer_appid": SHOP, "state": "released", "mode": "auto"}


def put(store, *moments):
    """Releases by id and by the moment they were opened."""
    with store.write() as connection:
        rows = [{"id": number, "created_at": at, **TIMES} for number, at in moments]
        connection.execute(sa.insert(releases), rows)


def found(store, **window):
    with store.read() as connection:
        return [one.id for one in shelves.leaf_releases(connection, Window(**window))]


def test_a_day_is_found_wherever_ids_are_missing(store):
    assert found(store, since=5.0) == []
    moments = [
        (number, float(number // 3)) for number in range(1, 200) if number % 7 and not 40 < number < 90
    ]
    put(store, *moments)
    for since in (-1.0, 0.0, 0.5, 7.0, 13.4, 20.0, 30.0, 65.9, 66.0, 67.0):
        wanted = [number for number, at in reversed(moments) if at >= since]
        assert found(store, since=since, limit=500) == wanted
        assert found(store, until=since, limit=500) == [n for n, at in reversed(moments) if at < since]
        assert found(store, since=since, until=since + 2, before=120, limit=500) == [
            n for n, at in reversed(moments) if since <= at < since + 2 and n < 120
        ]


def test_counts_end_where_nobody_reads_the_number_any_more(store):
    put(store, *((number, 0.0) for number in range(1, shelves.MANY + 50)))
    with store.read() as connection:
        counts = shelves.count_releases(connection)
    assert counts[State.RELEASED] == shelves.MANY + 1
    assert counts[State.FAILED] == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_page_reads_a_whole_table(store):
    with store.write() as connection:
        connection.execute(sa.insert(authorizers).values(authorizer_appid=SHOP, state="authorized"))
        event = {"identity": "a", "received_at": 1.0, "kind": "audit_fail", "verdict": "misdirected"}
        connection.execute(sa.insert(events).values(**event, authorizer_appid=SHOP))
    put(store, (1, 1.0))
    window = Window(before=9, since=0.0, until=5.0)
    with store.write() as connection, plans(connection) as seen:
        for states in ((), (State.FAILED,), (State.FAILED, State.HELD)):
            for appid in (None, SHOP):
                shelves.leaf_releases(connection, window, states=states, authorizer_appid=appid)
        for show in ("authorized", "unauthorized", shelves.UNDER_AUDIT, shelves.CANNOT):
            shelves.leaf_authorizers(connection, show=show, before=9, limit=5)
        for text in (SHOP, "gh_x", "Deer"):
            shelves.find_authorizers(connection, text, limit=5)
        for kind in (None, "audit_success", "audit_fail"):
            for verdict in (None, "accepted", "misdirected"):
                for appid in (None, SHOP):
                    given = {"kind": kind, "verdict": verdict, "authorizer_appid": appid}
                    shelves.leaf_events(connection, window, **given)
        shelves.latest_releases(connection, [SHOP])
        shelves.nick_names(connection, [SHOP])
        shelves.event(connection, 1)
        shelves.chapter(connection, 1, until=2.0)
        shelves.count_releases(connection)
    halving = ("SCAN between", "SCAN anon", "SCAN 2-ROW")
    assert [one for one in scans(seen) if not one[0].startswith((*HARMLESS, *halving))] == []

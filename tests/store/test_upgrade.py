"""A database of the first version, with rows in every table, is brought up: none is lost, and on it goes."""

import alembic.command
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from house import START
from known import COMPONENT, SHOP, SHOP_NAME
from stories import CAFE, CAFE_NAME, count, replay, whole

from reactor.store import numbers
from reactor.store.database import _alembic_config
from reactor.store.schema import metadata

PAST = START - 86400.0


@pytest.fixture
def database_url(empty_database_url):
    """What build_house finds: not this version's."""
    return empty_database_url


@pytest.fixture
def house(build_house):
    house = build_house()
    with house.store.write() as connection:
        alembic.command.upgrade(_alembic_config(connection), "0001")
    return house


def first_version(house):
    """Rows as the first version wrote them; one release is over, and one is due."""
    seal, platform = house.store.vault.seal, house.platform
    token = {"access_token_refresh_at": PAST + 6000, "access_token_expires_at": PAST + 7200}
    authorizers = []
    for appid, name in ((SHOP, SHOP_NAME), (CAFE, CAFE_NAME)):
        platform.authorize(appid, user_name=name, nick_name="x", exchanged=True)
        known = {"authorizer_appid": appid, "user_name": name, "nick_name": "x", "state": "authorized"}
        sealed = {"refresh_token_sealed": seal(platform.credentials.newest_refresh(appid))}
        told = {"authorization_at": PAST, "func_ids": "17,18,25", "access_token_sealed": seal("over")}
        authorizers.append({**known, **sealed, **told, **token, "live_version": "1.0.0", "audit_status": 0})
    release = {"authorizer_appid": SHOP, "to_user_name": SHOP_NAME, "mode": "auto"}
    story = {"release_id": 1, "at": PAST, "actor": "worker", "detail": "d"}
    call = {"authorizer_appid": SHOP, "at": PAST, "outcome": "answered", "http_status": 200, "ms": 80}
    ticket = {"ticket_sealed": seal(platform.issue_ticket()), "ticket_created_at": START}
    return {
        "component": [
            {"component_appid": COMPONENT, **ticket, "ticket_received_at": START}
            | {"access_token_sealed": seal("over"), **token, "paused": False}
        ],
        "authorizers": authorizers,
        "events": [
            {"identity": f"{n:064}", "received_at": at, "created_at": at, "kind": "audit_success"}
            | {"authorizer_appid": SHOP, "to_user_name": SHOP_NAME, "verdict": "accepted", "deliveries": n}
            for n, at in ((1, PAST), (2, START))
        ],
        "releases": [
            {**release, "event_id": 1, "state": "released", "audit_id": 7, "user_version": "1.0.0"}
            | {
                "approved_at": PAST,
                "created_at": PAST,
                "due_at": None,
                "released_at": PAST,
                "reason": "live",
            },
            {**release, "event_id": 2, "state": "pending", "audit_id": None, "user_version": None}
            | {
                "approved_at": START,
                "created_at": START,
                "due_at": START,
                "released_at": None,
                "reason": None,
            },
        ],
        "history": [
            {**story, "from_state": None, "to_state": "pending", "happening": "opened"},
            {**story, "from_state": "pending", "to_state": "releasing", "happening": "claimed"},
            {**story, "from_state": "releasing", "to_state": "released", "happening": "seen_live"},
            {**story, "release_id": 2, "from_state": None, "to_state": "pending", "happening": "opened"},
        ],
        "calls": [
            {**call, "release_id": 1, "call": "release", "errcode": 0},
            {**call, "release_id": None, "call": "api_component_token", "errcode": 40001},
        ],
        "leases": [{"name": f"authorizer:{SHOP}", "holder": "dead", "until": PAST}],
        "workers": [{"holder": "dead", "started_at": PAST, "seen_at": START - 100}],
        "tallies": [{"kind": "user_enter_tempsession", "count": 3}],
    }


def contents(house, tables):
    """All rows of these tables, of the columns that they had when they were read."""
    with house.store.read() as connection:
        return {
            name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for name, table in tables.items()
        }


def test_what_waited_for_a_person_already_keeps_since_when(house):
    told = {
        "authorizer_appid": SHOP,
        "state": "held",
        "mode": "hold",
        "approved_at": PAST,
        "created_at": PAST,
    }
    story = {"actor": "worker", "happening": "x"}
    waited = (("pending", 1), ("held", 60), ("pending", 120), ("releasing", 121), ("held", 130))
    with house.store.write() as connection:
        then = sa.MetaData()
        then.reflect(connection)
        releases, history = then.tables["releases"], then.tables["history"]
        connection.execute(sa.insert(releases), [told, {**told, "state": "pending"}, told])
        rows = [{"release_id": 1, "at": PAST + after, "to_state": state, **story} for state, after in waited]
        connection.execute(sa.insert(history), [*rows, {**rows[1], "release_id": 2}])
    house.store.migrate()
    with house.store.read() as connection:
        found = connection.execute(sa.text("SELECT held_since, hurried FROM releases ORDER BY id"))
        assert [tuple(row) for row in found] == [(PAST + 130, 0), (None, 0), (PAST, 0)]


def test_a_database_of_the_first_version_keeps_every_row_and_is_worked_on(house):
    then = sa.MetaData()
    with house.store.write() as connection:
        then.reflect(connection)
        then.remove(then.tables["alembic_version"])
        given = first_version(house)
        assert set(given) == set(then.tables)
        for name, rows in given.items():
            connection.execute(sa.insert(then.tables[name]), rows)
    before = contents(house, then.tables)
    assert {name: len(rows) for name, rows in before.items()} == {name: len(given[name]) for name in given}

    assert not house.store.is_ready()
    house.store.migrate()
    assert house.store.is_ready()
    moved = before.pop("tallies")
    then.remove(then.tables["tallies"])
    assert contents(house, then.tables) == before
    with house.store.read() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        counted = numbers.read(connection, ["pushes"])
    assert counted == {("pushes", (kind,)): count for kind, count in moved}

    # Claimed: what was due before.
    platform = house.platform
    platform.submit_audit(SHOP, "2.0.0")
    platform.approve(SHOP)
    house.run()
    assert [one["state"] for one in house.releases()] == ["released", "released"]
    assert platform.live(SHOP)[0] == "2.0.0"
    # Taken in: a push.
    house.approve("3.0.0", CAFE, CAFE_NAME)
    house.run()
    assert platform.live(CAFE)[0] == "3.0.0"
    # Found by the sweep: an approval without one.
    house.clock.advance(60)
    platform.submit_audit(SHOP, "4.0.0")
    platform.approve(SHOP)
    house.worker.beat()
    house.keep_up()
    house.run()
    assert platform.live(SHOP)[0] == "4.0.0"
    assert count(platform, "release") == 3
    for release in house.releases():
        replay(whole(house, release))

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from reactor.core.lifecycle import State
from reactor.store import releases
from reactor.store.database import Store
from reactor.store.vault import Vault

SHOP = "wx000000000000000a"


@pytest.fixture
def at_once():
    """Call `work(number)` on so many threads, let loose together; their results in order."""

    def run(count, work):
        barrier = threading.Barrier(count)

        def start(number):
            barrier.wait(10)
            return work(number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(start, range(count)))

    return run


@pytest.fixture
def open_release(store):
    """Put a release into the store and hand back what the store says of it."""

    def put(state=State.PENDING, *, appid=SHOP, at=0.0, **values):
        row = {"authorizer_appid": appid, "state": state, "mode": "auto", "approved_at": at, "due_at": at}
        row |= {"created_at": at, "reason": None, **values}
        with store.write() as connection:
            (release_id,) = releases.open_all(connection, [row], happening="opened", actor=releases.INTAKE)
            return releases.get(connection, release_id)

    return put


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request, tmp_path):
    """A database of each kind with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server, name = request.getfixturevalue("postgresql_server"), f"e_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def build_bare():
    """Make a store of any URL; all are closed in the end."""
    built = []

    def build(url, *keys, **more):
        built.append(Store(url, Vault(keys or ("a-secret-key-of-the-tests-long-enough",)), **more))
        return built[-1]

    yield build
    for store in built:
        store.close()

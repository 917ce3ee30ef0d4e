import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from reactor.core.errors import StoreUnavailable
from reactor.store import presence
from reactor.store.database import WAIT_SECONDS
from reactor.store.schema import metadata

ONE_PROCESS = """
import sys
from reactor.store.database import Store
from reactor.store.vault import Vault
store = Store(sys.argv[1], Vault(["k" * 40]))
print("ready", flush=True)
sys.stdin.readline()
store.migrate()
print(store.is_ready())
"""


def tables(store):
    with store.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def condition(index):
    """Of a partial index, which rows it is about."""
    return [str(value) for key, value in index["dialect_options"].items() if key.endswith("_where")]


def schema_of(store):
    """All that the database itself knows of its tables, but for Alembic's own."""
    with store.read() as connection:
        eye = sa.inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in eye.get_columns(name)],
                eye.get_pk_constraint(name),
                sorted(str((u["name"], u["column_names"])) for u in eye.get_unique_constraints(name)),
                sorted(
                    str((i["name"], i["unique"], i["column_names"], condition(i)))
                    for i in eye.get_indexes(name)
                ),
                eye.get_foreign_keys(name),
            )
            for name in eye.get_table_names()
            if name != "alembic_version"
        }


@pytest.fixture
def bare(empty_database_url, build_bare):
    """A store on a database with nothing in it."""
    return build_bare(empty_database_url)


def test_from_nothing_all_tables_are_made(bare):
    assert tables(bare) == set()
    bare.migrate()
    assert tables(bare) == {*metadata.tables, "alembic_version"}
    assert bare.is_ready()


def test_migrating_again_changes_nothing_and_loses_nothing(bare):
    bare.migrate()
    with bare.write() as connection:
        presence.beat(connection, "w", 100.0)
    before = schema_of(bare)
    bare.migrate()
    assert schema_of(bare) == before
    with bare.read() as connection:
        assert presence.living(connection, 101.0) == 1


def test_the_migrated_schema_is_the_one_the_code_speaks_of(store):
    with store.read() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_the_migrated_schema_is_the_one_the_tables_would_make_to_the_last_detail(bare):
    with bare.write() as connection:
        metadata.create_all(connection)
    wanted = schema_of(bare)
    with bare.write() as connection:
        metadata.drop_all(connection)
    bare.migrate()
    assert schema_of(bare) == wanted


def test_only_releases_in_flight_are_unique_of_an_authorizer(store):
    with store.read() as connection:
        indexes = {index["name"]: index for index in sa.inspect(connection).get_indexes("releases")}
    in_flight = indexes["uq_releases_one_in_flight"]
    assert in_flight["unique"]
    assert in_flight["column_names"] == ["authorizer_appid"]
    assert "'releasing'" in condition(in_flight)[0]


def test_eight_processes_migrate_at_once_and_all_end_well(bare, empty_database_url):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_PROCESS, empty_database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 8
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        ends = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [out for out, _ in ends] == ["True\n"] * 8, "\n".join(err for _, err in ends)
    assert bare.is_ready()
    with bare.read() as connection:
        versions = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    assert len(versions) == 1


def test_eight_threads_migrate_at_once_and_all_end_well(bare, at_once):
    at_once(8, lambda _: bare.migrate())
    assert bare.is_ready()


def test_the_long_patience_of_a_migration_does_not_reach_the_pool(bare):
    query = "PRAGMA busy_timeout" if bare.is_sqlite else "SHOW statement_timeout"
    bare.migrate()
    with bare.read() as connection:
        assert connection.exec_driver_sql(query).scalar() in (WAIT_SECONDS * 1000, f"{WAIT_SECONDS}s")


def test_a_store_of_another_version_is_not_ready(store):
    assert store.is_ready()
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert not store.is_ready()


def test_a_schema_newer_than_this_version_is_left_alone_with_a_word_to_the_operator(store):
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = schema_of(store)
    with pytest.raises(StoreUnavailable, match=r"9999.*nothing was changed"):
        store.migrate()
    assert schema_of(store) == before
    assert not store.is_ready()
    with store.write() as connection:
        presence.beat(connection, "w", 100.0)


def test_a_migration_that_fails_leaves_nothing_behind(bare):
    with bare.write() as connection:
        connection.exec_driver_sql("CREATE TABLE workers (mine INTEGER)")  # the last table that it makes
    with pytest.raises(StoreUnavailable, match=r"already exists.*nothing was changed"):
        bare.migrate()
    assert tables(bare) == {"workers"}

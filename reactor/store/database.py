"""Engine, transactions and migrations; every failure of the database leaves here as StoreUnavailable."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import alembic.command
import alembic.config
import alembic.script
import alembic.util
import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from reactor.core.errors import ReactorError, StoreUnavailable
from reactor.store import bell
from reactor.store.together import Item, Result, Together
from reactor.store.vault import Vault

T = TypeVar("T")

MIGRATIONS = Path(__file__).parent / "migrations"
# WeChat hangs up after 5 s: whoever waits for the database longer than this answers nobody any more.
WAIT_SECONDS = 2
_MIGRATION_WAIT_SECONDS = 60
_BUSY_STEP_SECONDS = 0.0005
_MIGRATION_LOCK = 0x72656163  # any number that is ours alone
_TRIES = 3
_LOST_STATES = frozenset({"40P01", "40001"})  # deadlock, serialization failure
_alembic_is_not_reentrant = threading.Lock()


class Deadlock(StoreUnavailable):
    """PostgreSQL gave this transaction up so that another could go on; it may be repeated at once."""


class Conflict(ReactorError):
    """The schema refused what another process did first; nothing was changed."""


def _create_engine(url: str, wait_seconds: float) -> sa.Engine:
    """An engine for `sqlite:///…`, `postgres://…` or `postgresql://…`."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            parsed,
            hide_parameters=True,
            pool_size=16,
            max_overflow=16,
            pool_timeout=wait_seconds,
            connect_args={"timeout": wait_seconds},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    engine = sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=5,
        max_overflow=10,
        pool_timeout=wait_seconds,
        pool_pre_ping=True,
        connect_args={"connect_timeout": WAIT_SECONDS, "keepalives_idle": 30, "tcp_user_timeout": 10_000},
    )
    sa.event.listen(engine, "connect", _postgresql_preparer(wait_seconds))
    return engine


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None of any other."""
    parsed = sa.make_url(url)
    return Path(parsed.database) if parsed.database and parsed.get_backend_name() == "sqlite" else None


def _prepare_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    # Transactions are begun by _begin_sqlite; the driver must not begin or commit any by itself.
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _take_write_lock(connection: sa.Connection, end: float | None) -> None:
    """BEGIN IMMEDIATE, waiting until `end` (monotonic); without one as long as the connection is patient."""
    # A write lock taken at the start cannot turn into a deadlock half-way. SQLite waits for it in steps
    # of up to 100 ms, while the other process is done in one: so it is asked for again and again.
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    patience = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    end = end or time.monotonic() + patience / 1000
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while not _has_write_lock(driver, last=time.monotonic() > end):
            time.sleep(_BUSY_STEP_SECONDS)
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience}")


def _has_write_lock(driver: sqlite3.Connection, *, last: bool) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _postgresql_preparer(wait_seconds: float) -> Callable[[DBAPIConnection, Any], None]:
    def prepare(connection: DBAPIConnection, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = {round(wait_seconds * 1000)}")
        cursor.close()
        connection.commit()

    return prepare


def insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert:
    """An INSERT with ON CONFLICT, which both databases understand in the same words."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)  # type: ignore[return-value]
    return postgresql.insert(table)


class Store:
    """The way to the database: `write()` and `read()` give a connection inside one transaction."""

    def __init__(
        self, url: str, vault: Vault, *, wait_seconds: float = WAIT_SECONDS, telling: bool = False
    ) -> None:
        self._engine = _create_engine(url, wait_seconds)
        self.telling = telling  # whether notices are kept for people
        self._engine.update_execution_options(telling=telling)
        if self.is_sqlite:
            sa.event.listen(self._engine, "begin", self._begin_sqlite)
        self._reading = self._engine.execution_options(reading=True)
        if not self.is_sqlite:
            # SQLite shows a transaction one view by itself; here each statement would see the latest.
            self._reading = self._reading.execution_options(isolation_level="REPEATABLE READ")
        self._head: str | None = None
        # SQLite has one writer, and who waits for it asks again in ever longer steps: many threads that
        # wait at its door starve. So the threads of a process queue up here, and one of them goes there.
        self._door = threading.Lock() if self.is_sqlite else None
        self._patient_until: float | None = None  # of him who is through the door
        self._wait_seconds = wait_seconds
        self.vault = vault

    @property
    def is_sqlite(self) -> bool:
        """Whether this store is one file on this machine."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: committed when the block ends well, otherwise nothing of it is kept."""
        with self._through_the_door(), _speaking_of_the_store(), self._engine.begin() as connection:
            yield connection

    def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Do the work in one transaction; it must bear being repeated, after a deadlock that it lost."""
        for _ in range(_TRIES - 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except Deadlock:
                continue
        with self.write() as connection:
            return work(connection)

    def together(
        self, work: Callable[[sa.Connection, Sequence[Item]], Sequence[Result]]
    ) -> Together[Item, Result]:
        """Make the place where items wait for each other, to be worked in one transaction."""
        return Together(self.transact, work, wait_seconds=self._wait_seconds)

    @contextmanager
    def _through_the_door(self) -> Iterator[None]:
        if self._door is None:
            yield
            return
        # Behind one who waits in vain nobody may wait longer than he does; nor may he, once he is through.
        end = time.monotonic() + self._wait_seconds
        if not self._door.acquire(timeout=self._wait_seconds):
            raise StoreUnavailable("the database is busy with what came before; nothing was changed")
        try:
            self._patient_until = end
            yield
        finally:
            self._patient_until = None
            self._door.release()

    def _begin_sqlite(self, connection: sa.Connection) -> None:
        if connection.get_execution_options().get("reading"):
            connection.exec_driver_sql("BEGIN")
        else:
            _take_write_lock(connection, self._patient_until)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view; takes no write lock."""
        with _speaking_of_the_store(), self._reading.connect() as connection:
            yield connection

    def listen(self, rang: Callable[[], None], stopped: Callable[[], bool]) -> None:
        """Call `rang` whenever a process committed work, until `stopped`; PostgreSQL only."""
        at_once = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with _speaking_of_the_store(), at_once.connect() as connection:
            driver = connection.connection.driver_connection
            connection.detach()  # it listens as long as this process lives, so the pool need not miss it
            try:
                bell.listen(driver, rang, stopped)
            except psycopg.Error:
                connection.invalidate()  # lost; SQLAlchemy would try to tidy it up, and log that it cannot
                raise

    def migrate(self) -> None:
        """Bring the schema to this version; any number of processes may do so at once."""
        if self.is_sqlite:
            self._turn_wal_on()
        with (
            _speaking_of_the_store(),
            _alembic_is_not_reentrant,
            self._engine.connect() as connection,
        ):
            self._wait_long(connection)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
                alembic.command.upgrade(_alembic_config(connection), "head")
            connection.invalidate()  # its long waits must not reach the pool

    def _wait_long(self, connection: sa.Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        if self.is_sqlite:
            driver.execute(f"PRAGMA busy_timeout={_MIGRATION_WAIT_SECONDS * 1000}")
        else:
            driver.execute("SET statement_timeout = 0")
            driver.commit()

    def _turn_wal_on(self) -> None:
        # The mode is kept in the file. Of two processes that switch at once, one is told `locked`.
        for _ in range(_MIGRATION_WAIT_SECONDS):
            with _speaking_of_the_store(), self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                try:
                    driver.execute("PRAGMA journal_mode=WAL")
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error):
                        raise StoreUnavailable(f"the database cannot be opened: {error}") from error
                else:
                    return
        raise StoreUnavailable("the database file stayed locked by another process; nothing was changed")

    def is_ready(self) -> bool:
        """Whether the store answers and its schema is this version's; StoreUnavailable when it does not."""
        if self._head is None:
            self._head = alembic.script.ScriptDirectory(str(MIGRATIONS)).get_current_head()
        with self.read() as connection:
            found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return bool(found == self._head)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def _alembic_config(connection: sa.Connection) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _speaking_of_the_store() -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise Conflict("another process was faster; nothing was changed") from error
    except alembic.util.CommandError as error:
        raise StoreUnavailable(
            f"the schema is not one that this version knows ({error}); nothing was changed: "
            "install the version that made it, or a newer one"
        ) from error
    except (sa.exc.SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        told = str(getattr(error, "orig", None) or error).split("\n", 1)[0]
        if getattr(getattr(error, "orig", None), "sqlstate", None) in _LOST_STATES:
            raise Deadlock(
                f"the database gave way to another process ({told}); nothing was changed"
            ) from error
        raise StoreUnavailable(f"the database did not do it ({told}); nothing was changed") from error

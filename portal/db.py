"""The engine and the ways to use the database: transaction() writes, reading() only reads objects, rows() plain rows.

Nothing else opens a connection. While either is open, gateways refuse to speak to the network.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, Engine, Select, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from portal.wordings import ONLY_READS, Worded

T = TypeVar("T")
# Whatever can be asked for rows: what joins a transaction, or what only reads them.
Asked = Session | Connection

SQLITE_BUSY_MILLISECONDS = 30_000
# Our statements are short: compiling them (jit) takes longer than they do.
PATIENCE = "-c timezone=utc -c lock_timeout=20s -c statement_timeout=60s -c jit=off"
# A connection that was not used for longer is asked whether it still stands.
QUIET_SECONDS = 5.0
SERIALIZATION_RETRIES = 3
RETRIABLE_STATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available

_open_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)


class NetworkInsideTransaction(AssertionError):
    """A programming error: a gateway was called while database locks were held."""


def refuse_inside_transaction(what: str) -> None:
    """Stop a call to the outside world while a transaction is open, because its locks would wait on the network."""
    if _open_transactions.get():
        raise NetworkInsideTransaction(f"{what} was called inside a database transaction")


class Database:
    """One database with its two kinds of sessions."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine = build_engine(url, pool_size=pool_size)
        self.reader = _reader(url, pool_size)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open the one way to write; commits at the end, rolls back on any error."""
        with _counted(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that cannot write, even by mistake."""
        with _counted(), Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def rows(self) -> Iterator[Connection]:
        """Open a connection that cannot write either, for pages that only read rows: they need no objects to change."""
        with _counted(), self.reader.connect() as connection:
            if self.is_sqlite:
                # All that is asked here is to see one state.
                connection.begin()
            yield connection

    def ask(self, question: Question, values: Mapping[str, Any]) -> list[Any]:
        """Ask one question by itself, which needs no transaction around it; gives the rows it finds."""
        with _counted():
            found = question.alone(self.reader, values)
        if found is not None:
            return found
        with self.rows() as rows:
            return question.ask(rows, values)

    def run(self, work: Callable[[Session], T]) -> T:
        """Run a piece of work in one transaction, again if PostgreSQL broke a deadlock in favour of another."""
        for attempt in range(SERIALIZATION_RETRIES):
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as error:
                if attempt + 1 == SERIALIZATION_RETRIES or not _retriable(error):
                    raise
                time.sleep(0.02 * (attempt + 1))
        raise AssertionError("unreachable")

    def dispose(self) -> None:
        self.engine.dispose()
        self.reader.dispose()


@contextmanager
def _counted() -> Iterator[None]:
    token = _open_transactions.set(_open_transactions.get() + 1)
    try:
        yield
    finally:
        _open_transactions.reset(token)


def _retriable(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) in RETRIABLE_STATES


def _reader(url: str, pool_size: int) -> Engine:
    """Make the engine whose sessions cannot write; its connections are its own, so that the server itself refuses.

    To switch one SQLite connection between reading and writing makes it forget every statement it has prepared, which
    costs more than the statements. PostgreSQL commits each statement at once: with its READ COMMITTED that reads the
    same, and saves the two journeys around them.
    """
    if url.startswith("sqlite"):
        reader = create_engine(url, connect_args={"timeout": SQLITE_BUSY_MILLISECONDS / 1000},
                               execution_options={ONLY_READS: True})
        event.listen(reader, "connect", _sqlite_connect_to_read)
        event.listen(reader, "begin", _sqlite_begin_to_read)
        return reader
    only_reads = f"{PATIENCE} -c default_transaction_read_only=on"
    return _postgresql(url, pool_size, only_reads, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True,
                       execution_options={ONLY_READS: True})


def build_engine(url: str, *, pool_size: int = 10) -> Engine:
    """Make an engine whose SQLite settings lose no update and whose PostgreSQL ones never wait for ever."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_MILLISECONDS / 1000})
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return _postgresql(url, pool_size, PATIENCE)


def _postgresql(url: str, pool_size: int, options: str, **more: Any) -> Engine:
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=20, connect_args={"options": options}, **more)
    _look_before_use(engine)
    return engine


def _look_before_use(engine: Engine) -> None:
    """Make sure that a connection still stands before it is used again; one that was cut is made anew.

    To ask the server each time (SQLAlchemy's own way) is one more journey for every use. A server that ended a
    connection has said so, and what it said waits to be read; only after a quiet time is the server itself asked,
    because what lies between us may then have cut the connection and told nobody.
    """
    failures = engine.dialect.loaded_dbapi.Error

    def left(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["left_at"] = time.monotonic()

    def taken(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        left_at = record.info.get("left_at")
        if left_at is None:
            return
        try:
            if time.monotonic() - left_at > QUIET_SECONDS or _has_news(connection):
                engine.dialect.do_ping(connection)
        except failures as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", left)
    event.listen(engine, "checkout", taken)


def _has_news(connection: Any) -> bool:
    news = select.poll()
    news.register(connection.fileno(), select.POLLIN)
    return bool(news.poll(0))


def _sqlite_connect(connection: object, _record: object) -> None:
    # The driver's own transaction handling begins too late and loses updates; we begin ourselves.
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MILLISECONDS}")
    # REPLACE deletes the row it meets; without this the delete would slip past our triggers.
    cursor.execute("PRAGMA recursive_triggers=ON")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _sqlite_connect_to_read(connection: object, record: object) -> None:
    _sqlite_connect(connection, record)
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _sqlite_begin_to_read(connection: Connection) -> None:
    # This waits for nobody and so has no error that SQLAlchemy would have to translate, which it is slower to do.
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN")


class Question(Worded):
    """A question that pages ask all the time; it is put into the database's words once."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]) -> None:
        super().__init__(statement)

    def ask(self, asked: Asked, values: Mapping[str, Any]) -> list[Any]:
        """Give the rows, each with its columns by name; `values` fill the parameters, a list that of an IN."""
        if isinstance(asked, Session):
            # Whatever the transaction has changed so far must be written before it is asked about.
            return list(asked.execute(self.statement, values))
        return self.wording(asked.dialect, values).ask(asked, values)

    def alone(self, engine: Engine, values: Mapping[str, Any]) -> list[Any] | None:
        """Give the rows without SQLAlchemy, or None where it is to ask."""
        return self.wording(engine.dialect, values).alone(engine, values)

"""Statements that are put into a database's words once.

SQLAlchemy compares a whole statement with those it has put into words before, and makes out its parameters anew, each
time. For the few statements of every page and every payment that takes longer than what they do.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Engine, Insert, PoolProxiedConnection, Select, Update
from sqlalchemy.engine import Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
Statement = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | Insert | Update

MOST_WORDINGS = 256
# What an engine is told whose connections only read, each statement for itself or within a transaction that was begun.
ONLY_READS = "only_reads"
HOLE = re.compile(r"%\((\w+)\)s|%%")


class Worded:
    """A statement with its wordings, one for each kind of database and each shape of what it is given."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._wordings: dict[tuple[object, ...], Wording] = {}

    def run(self, connection: Connection, *rows: Values) -> CursorResult[Any]:
        """Run the statement, for several rows at once where it writes; all rows are of one shape."""
        return self.wording(connection.dialect, rows[0]).run(connection, *rows)

    def wording(self, dialect: Dialect, values: Values) -> Wording:
        """Find the wording for values of these names and, where they fill an IN, of these lengths."""
        shape = (dialect.name, *values, *[len(value) for value in values.values() if isinstance(value, list)])
        found = self._wordings.get(shape)
        if found is None:
            if len(self._wordings) >= MOST_WORDINGS:
                self._wordings.clear()
            found = self._wordings[shape] = Wording(self.statement, dialect, values)
        return found


class Wording:
    """A statement as one kind of database understands it, for values of certain names and lists of certain lengths."""

    def __init__(self, statement: Statement, dialect: Dialect, values: Values) -> None:
        writes = isinstance(statement, Insert | Update)
        compiled = statement.compile(dialect=dialect, column_keys=list(values) if writes else None)
        assert isinstance(compiled, SQLCompiler)
        if compiled.prefetch:
            raise ValueError("a statement that is put into words once is given every value")
        expanded = compiled.construct_expanded_state(values)
        self._text = expanded.statement
        self._order = expanded.positiontup
        self._fixed = {name: value for name, value in expanded.parameters.items() if name not in values}
        self._given = []
        for name in values:
            process = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            self._given.append((name, expanded.parameter_expansion.get(name), process or _as_it_is))
        columns = [] if isinstance(statement, Insert | Update) else list(statement.selected_columns)
        processes = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._read = [(place, process) for place, process in enumerate(processes) if process is not None]
        self._row: Any = namedtuple("Row", [str(column.key) for column in columns], rename=True)  # type: ignore[misc]
        driver: Any = dialect.loaded_dbapi
        self._failures: type[Exception] = driver.Error
        # psycopg takes a long statement apart each time it is asked, unless its parameters are numbered.
        self._numbers: Any = getattr(driver, "RawCursor", None)
        self._raw, self._places = _numbered(self._text) if self._order is None else (self._text, self._order)

    def ask(self, connection: Connection, values: Values) -> list[Any]:
        """Give the rows a question finds, each with its columns by name."""
        found = self._at_once(connection.connection, values) if _unheard(connection) else None
        return [self._answer(row) for row in (self.run(connection, values) if found is None else found)]

    def alone(self, engine: Engine, values: Values) -> list[Any] | None:
        """Give the rows a question finds that is asked by itself; None where SQLAlchemy is to ask."""
        if not _unheard(engine):
            return None
        lent = engine.raw_connection()
        try:
            found = self._at_once(lent, values)
        finally:
            lent.close()
        return None if found is None else [self._answer(row) for row in found]

    def _at_once(self, lent: PoolProxiedConnection, values: Values) -> Iterable[Any] | None:
        """Ask the driver itself, which is half of the work; None where that went wrong.

        To ask once more harms nothing then, and SQLAlchemy knows how to say what is wrong and lets go of a broken
        connection.
        """
        driver: Any = lent.driver_connection
        try:
            filled = self._by_name(values)
            given = tuple([filled[name] for name in self._places])
            cursor = driver.cursor() if self._numbers is None else self._numbers(driver)
            rows: Iterable[Any] = cursor.execute(self._raw, given).fetchall()
            return rows
        except self._failures:
            return None

    def run(self, connection: Connection, *rows: Values) -> CursorResult[Any]:
        """Run the statement, for several rows at once where it writes."""
        if len(rows) == 1:
            return connection.exec_driver_sql(self._text, self._filled(rows[0]))
        return connection.exec_driver_sql(self._text, [self._filled(row) for row in rows])

    def _filled(self, values: Values) -> Any:
        filled = self._by_name(values)
        return filled if self._order is None else tuple([filled[name] for name in self._order])

    def _by_name(self, values: Values) -> dict[str, Any]:
        filled = dict(self._fixed)
        for name, parts, process in self._given:
            if parts is None:
                filled[name] = process(values[name])
            else:
                filled |= {part: process(value) for part, value in zip(parts, values[name], strict=True)}
        return filled

    def _answer(self, row: Any) -> Any:
        answer = list(row)
        for place, process in self._read:
            if answer[place] is not None:
                answer[place] = process(answer[place])
        return self._row._make(answer)


def _unheard(asked: Connection | Engine) -> bool:
    """Say whether SQLAlchemy may be passed by: nothing can be written there, and nobody listens to what is asked."""
    listeners = asked.dispatch
    return bool(asked.get_execution_options().get(ONLY_READS)
                and not listeners.before_cursor_execute and not listeners.after_cursor_execute)


def _as_it_is(value: Any) -> Any:
    return value


def _numbered(text: str) -> tuple[str, Sequence[str]]:
    """Write psycopg's named holes as PostgreSQL's own numbers, each name once, and tell the names in their order."""
    names: dict[str, int] = {}

    def number(hole: re.Match[str]) -> str:
        return f"${names.setdefault(hole[1], len(names) + 1)}" if hole[1] else "%"

    return HOLE.sub(number, text), list(names)

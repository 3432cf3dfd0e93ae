"""Writes rows by statements put together once; several may share one journey to PostgreSQL.

There each statement is a journey of its own, and the journeys of a webhook take longer than its work. SQLite is no
journey away, and writes one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, Select, Update, bindparam, literal, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import cloned_traverse

from portal.wordings import Values, Worded

SHAPES_REMEMBERED = 200


def write(session: Session, statement: Insert | Update, *rows: Values) -> None:
    """Write rows by one statement: now, or in a block of together() at its end."""
    batch: list[tuple[Insert | Update, tuple[Values, ...]]] | None = session.info.get("batch")
    if batch is None:
        _worded(statement).run(session.connection(), *rows)
    else:
        batch.append((statement, rows))


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Take all that is written in this block to PostgreSQL at once, as parts of one statement.

    Its parts see what was there before the block. So nothing in it may read or change what another part has written;
    rows of one write() stand in their order.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        yield
        return
    batch: list[tuple[Insert | Update, tuple[Values, ...]]] = []
    session.info["batch"] = batch
    try:
        yield
    finally:
        del session.info["batch"]
    if batch:
        shape = tuple((statement, tuple(rows[0]), len(rows)) for statement, rows in batch)
        _joined(shape).run(connection, {
            f"{_prefix(part, number)}{name}": value for part, (_, rows) in enumerate(batch)
            for number, row in enumerate(rows) for name, value in row.items()})


def _prefix(part: int, number: int) -> str:
    return f"w{part}_{number}_"


@lru_cache(SHAPES_REMEMBERED)
def _worded(statement: Insert | Update) -> Worded:
    return Worded(statement)


@lru_cache(SHAPES_REMEMBERED)
def _joined(shape: tuple[tuple[Insert | Update, tuple[str, ...], int], ...]) -> Worded:
    joined: Select[Any] = select(literal(1))
    for part, (statement, names, count) in enumerate(shape):
        prefixes = [_prefix(part, number) for number in range(count)]
        for number, written in enumerate(_parts(statement, names, prefixes)):
            joined = joined.add_cte(written.cte(prefixes[number] + "rows"))
    return Worded(joined)


def _parts(statement: Insert | Update, names: tuple[str, ...], prefixes: list[str]) -> list[Insert] | list[Update]:
    """Give each row's parameters names of their own; an INSERT takes all its rows in their order."""
    if not isinstance(statement, Insert):
        return [_renamed(statement, prefix) for prefix in prefixes]
    types = {name: statement.table.c[name].type for name in names}
    rows = [{name: bindparam(prefix + name, type_=kind) for name, kind in types.items()} for prefix in prefixes]
    if len(rows) == 1:
        return [statement.values(rows[0])]
    # Several VALUES would be put into words anew each time.
    return [statement.from_select(names, union_all(*(select(*row.values()) for row in rows)), include_defaults=False)]


def _renamed(statement: Update, prefix: str) -> Update:
    def rename(parameter: Any) -> None:
        if parameter.required:
            parameter.key = prefix + parameter.key

    return cloned_traverse(statement, {}, {"bindparam": rename})

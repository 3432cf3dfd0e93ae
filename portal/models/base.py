"""What every table shares: the declarative base, column types and random public ids.

Tables live in files named after things; a constraint that must always hold stands here and in a migration.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, String, TypeDecorator, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnClause

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite only fills an INTEGER PRIMARY KEY by itself; PostgreSQL needs the eight bytes.
BigKey = BigInteger().with_variant(Integer, "sqlite")
JsonData = JSON().with_variant(JSONB, "postgresql")


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time, kept to the microsecond; a naive time is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a timezone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def fixed(code: str) -> ColumnClause[str]:
    """Write one of our own codes into a statement itself, where an index knows it.

    As a parameter it could be any word: PostgreSQL then keeps a plan without the indexes that hold only rows of this
    code, and SQLite plans the statement anew each time it is asked.
    """
    if code and not code.replace("_", "").isalpha():
        raise ValueError("only a code of our own may stand in a statement")
    return literal_column(f"'{code}'", String)


def new_public_id() -> str:
    """Make an id for URLs that cannot be guessed or counted (22 characters, 128 bits)."""
    return secrets.token_urlsafe(16)


class Keyed:
    """A table with an internal key, never shown to anyone."""

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)


class Public(Keyed):
    """A table whose rows have a random id for URLs."""

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)

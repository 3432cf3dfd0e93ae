"""Fresh, migrated databases for tests: SQLite by copying a file, PostgreSQL by copying a template database."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from portal.db import build_engine

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("sqlite", "postgresql")


def migrate(url: str, revision: str = "head") -> None:
    """Bring a database to a revision, the way a release does."""
    engine = build_engine(url)
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


@cache
def postgres_server() -> URL | None:
    """Find the PostgreSQL server for tests, or None."""
    url = make_url(os.environ.get("TEST_POSTGRES_URL", "postgresql://localhost/postgres"))
    url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return url
    except Exception:
        return None
    finally:
        engine.dispose()


def require(kind: str) -> None:
    """Skip, or fail where CI demands it, when a database server is missing."""
    if kind == "postgresql" and postgres_server() is None:
        if os.environ.get("REQUIRE_POSTGRES"):
            pytest.fail("PostgreSQL is required here and does not answer (TEST_POSTGRES_URL)")
        pytest.skip("no PostgreSQL server answers (TEST_POSTGRES_URL)")


def _on_server(statement: str) -> None:
    server = postgres_server()
    assert server is not None
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _url_of(database: str) -> str:
    server = postgres_server()
    assert server is not None
    return server.set(database=database).render_as_string(hide_password=False)


@contextmanager
def template(kind: str, folder: Path) -> Iterator[str]:
    """Make the migrated template that fresh() copies; gone at the end."""
    require(kind)
    if kind == "sqlite":
        path = folder / "template.sqlite3"
        migrate(f"sqlite:///{path}")
        yield str(path)
        return
    name = f"portal_template_{uuid.uuid4().hex[:12]}"
    _on_server(f"CREATE DATABASE {name}")
    try:
        migrate(_url_of(name))
        yield name
    finally:
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def fresh(kind: str, source: str, folder: Path) -> Iterator[str]:
    """Give the URL of a migrated, empty database of its own; gone at the end."""
    name = f"portal_test_{uuid.uuid4().hex[:12]}"
    if kind == "sqlite":
        path = folder / f"{name}.sqlite3"
        shutil.copyfile(source, path)
        yield f"sqlite:///{path}"
        return
    _on_server(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY WAL_LOG")
    try:
        yield _url_of(name)
    finally:
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")

"""A connection that the server ended while nobody used it is made anew, and nobody notices."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from portal.db import Database


@pytest.mark.parametrize("way", ["transaction", "reading", "rows"])
def test_a_connection_that_was_cut_is_made_anew(db: Database, way: str) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite is no server, and cuts nobody off")

    def server_process() -> int:
        with getattr(db, way)() as session:
            return int(session.execute(text("SELECT pg_backend_pid()")).scalar())

    first = server_process()
    # Used again, it is the same one: nothing is made anew without need.
    assert server_process() == first
    another = create_engine(db.engine.url)
    with another.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:one, 5000)"), {"one": first})
    another.dispose()
    assert server_process() != first

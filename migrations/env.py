"""Runs migrations on the database of PORTAL_DATABASE_URL, or on a connection a caller hands in."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, text

from portal.db import build_engine
from portal.models import Base, load_all

load_all()


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # Rather fail and be run again than stop every page behind a waiting ALTER TABLE.
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = build_engine(os.environ["PORTAL_DATABASE_URL"])
    with engine.connect() as opened:
        run(opened)
        opened.commit()
    engine.dispose()

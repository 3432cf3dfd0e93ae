"""What the yardsticks ask of a database, by the drivers alone: one connection for each thread, kept for ever."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

# As durable as the portal's own.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000")


class Connections:
    """The connections of one database."""

    def __init__(self, url: str) -> None:
        self._url, self._mine = url, threading.local()
        self._sqlite = url.startswith("sqlite")

    def value(self, key: int) -> str:
        """Read one row by its key."""
        row = self._here().execute(self._sql("SELECT value FROM yardstick_page WHERE id = ?"), (key,)).fetchone()
        return str(row[0])

    def book(self, event: str, body: str, amount: int) -> None:
        """Write an event and two ledger rows in one commit."""
        here = self._here()
        here.execute("BEGIN IMMEDIATE" if self._sqlite else "BEGIN")
        here.execute(self._sql("INSERT INTO yardstick_event (event, payload) VALUES (?, ?)"), (event, body))
        for account, signed in (("clearing", amount), ("receivable", -amount)):
            here.execute(self._sql("INSERT INTO yardstick_ledger (event, account, amount) VALUES (?, ?, ?)"),
                         (event, account, signed))
        here.execute("COMMIT")

    def _here(self) -> Any:
        if not hasattr(self._mine, "connection"):
            self._mine.connection = self._connect()
        return self._mine.connection

    def _connect(self) -> Any:
        if not self._sqlite:
            import psycopg

            return psycopg.connect(self._url.replace("postgresql+psycopg", "postgresql"), autocommit=True)
        connection = sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _sql(self, text: str) -> str:
        return text if self._sqlite else text.replace("?", "%s")

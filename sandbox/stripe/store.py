"""The stand-in's memory: one SQLite file, or memory alone. It knows rows, and nothing of what
Stripe's objects mean.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Obj = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS object (seq INTEGER PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS object_by_kind ON object (account, kind, seq);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL,
  created INTEGER NOT NULL, status INTEGER, body TEXT, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS due (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, account TEXT NOT NULL,
  act TEXT NOT NULL, object_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY, event_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL, state TEXT NOT NULL, place REAL NOT NULL, next_at REAL NOT NULL,
  attempts INTEGER NOT NULL, last_status TEXT);
CREATE INDEX IF NOT EXISTS delivery_by_state ON delivery (state, place);
"""


class Store:
    """All rows behind one lock, so that every request sees and leaves a whole state."""

    def __init__(self, path: str | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_TABLES)
        # A request that was running when the process died never finished: its key may be used again.
        self._db.execute("DELETE FROM answer WHERE status IS NULL")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside becomes true at once, or not at all. May be nested."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._db.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def run(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """One statement on the rows, under the lock."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def put(self, account: str, obj: Obj) -> None:
        """Add an object or replace its body."""
        self.run(
            "INSERT INTO object (account, kind, id, created, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            *(
                account,
                obj["object"],
                obj["id"],
                obj.get("created", 0),
                json.dumps(obj),
            ),
        )

    def get(self, account: str, object_id: str) -> Obj | None:
        """One object of an account."""
        rows = self.run("SELECT body FROM object WHERE account = ? AND id = ?", account, object_id)
        return json.loads(rows[0]["body"]) if rows else None

    def owner(self, object_id: str) -> str | None:
        """The account that holds this object."""
        rows = self.run("SELECT account FROM object WHERE id = ?", object_id)
        return str(rows[0]["account"]) if rows else None

    def find(self, account: str, kind: str, **equal: Any) -> list[Obj]:
        """The objects of a kind, newest first, whose top-level fields equal these."""
        sql = "SELECT body FROM object WHERE account = ? AND kind = ?"
        for name in equal:
            sql += f" AND json_extract(body, '$.{name}') IS ?"
        rows = self.run(sql + " ORDER BY seq DESC", account, kind, *equal.values())
        return [json.loads(row["body"]) for row in rows]

    def everywhere(self, kind: str) -> list[tuple[str, Obj]]:
        """The objects of a kind with their accounts, newest first."""
        rows = self.run("SELECT account, body FROM object WHERE kind = ? ORDER BY seq DESC", kind)
        return [(str(row["account"]), json.loads(row["body"])) for row in rows]

    def setting(self, name: str, default: Any = None) -> Any:
        """A value kept across restarts."""
        rows = self.run("SELECT value FROM setting WHERE name = ?", name)
        return json.loads(rows[0]["value"]) if rows else default

    def set(self, name: str, value: Any) -> None:
        """Keep a value across restarts."""
        self.run(
            "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
            name,
            json.dumps(value),
        )

"""The yardsticks: bare Flask applications that do the least such a page or webhook could do, by the plain drivers."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
import threading
from typing import Any

import psycopg
from flask import Flask, abort, render_template, request

_mine = threading.local()
# The page's own bytes, so that both send the same amount; the row's value is put where its heading was.
HOLE = "@@value@@"


def page() -> Flask:
    """Read one row by its key and render a template as long as the portal's page."""
    app = Flask(__name__)
    with open(os.environ["BENCH_PAGE"], encoding="utf-8") as file:
        literal, rest = file.read().split(HOLE)
    template = app.jinja_env.from_string(
        "{% raw %}" + literal + "{% endraw %}{{ value }}{% raw %}" + rest + "{% endraw %}")

    @app.get("/page/<int:key>")
    def show(key: int) -> str:
        row = _connection().execute(_sql("SELECT value FROM yardstick_row WHERE id = ?"), (key,)).fetchone()
        _connection().rollback()
        return render_template(template, value=row[0])

    return app


def webhook() -> Flask:
    """Check the signature, and write the event and two ledger rows in one commit."""
    app = Flask(__name__)
    secret = os.environ["BENCH_SECRET"].encode()

    @app.post("/webhooks/stripe")
    def receive() -> str:
        body = request.get_data()
        parts = dict(part.split("=", 1) for part in request.headers["Stripe-Signature"].split(","))
        wanted = hmac.new(secret, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, parts["v1"]):
            abort(400)
        _book(json.loads(body), body.decode())
        return "applied"

    return app


def _book(event: dict[str, Any], body: str) -> None:
    amount = event["data"]["object"]["amount_received"]
    connection = _connection()
    if _sqlite():
        connection.execute("BEGIN IMMEDIATE")
    connection.execute(_sql("INSERT INTO yardstick_event (event, payload) VALUES (?, ?)"), (event["id"], body))
    for account, sign in (("clearing", 1), ("receivable", -1)):
        connection.execute(_sql("INSERT INTO yardstick_ledger (event, account, amount) VALUES (?, ?, ?)"),
                           (event["id"], account, sign * amount))
    connection.execute("COMMIT")


def prepare(url: str) -> None:
    """Make the yardsticks' tables in a database of their own."""
    connection = _connect(url)
    key = "INTEGER PRIMARY KEY" if url.startswith("sqlite") else "BIGSERIAL PRIMARY KEY"
    for statement in (
        f"CREATE TABLE yardstick_row (id {key}, value TEXT NOT NULL)",
        f"CREATE TABLE yardstick_event (id {key}, event TEXT NOT NULL UNIQUE, payload TEXT NOT NULL)",
        f"CREATE TABLE yardstick_ledger (id {key}, event TEXT NOT NULL, account TEXT NOT NULL, amount BIGINT NOT NULL)",
    ):
        connection.execute(statement)
    for number in range(1, 1_001):
        connection.execute(f"INSERT INTO yardstick_row (value) VALUES ('value {number}')")  # noqa: S608  # a number
    connection.commit()
    connection.close()


def _connection() -> Any:
    if not hasattr(_mine, "connection"):
        _mine.connection = _connect(os.environ["BENCH_DATABASE"])
    return _mine.connection


def _connect(url: str) -> Any:
    if not url.startswith("sqlite"):
        return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
    # As durable as the portal's own.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _sqlite() -> bool:
    return os.environ["BENCH_DATABASE"].startswith("sqlite")


def _sql(text: str) -> str:
    return text if _sqlite() else text.replace("?", "%s")

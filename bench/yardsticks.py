"""The yardsticks: bare Flask applications that do the least such a page or webhook could do.

They use what such an application would be made of, Flask and SQLAlchemy, with the settings that make the portal's
database as durable as it is, and nothing else: no session, no guard, no form, no language, no header, no limit.
`plain_page` and `plain_webhook` do the same by the drivers alone.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import os
import re
from typing import Any

from flask import Flask, abort, render_template, request
from sqlalchemy import BigInteger, Engine, Integer, Text, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench import plain

TEXT = re.compile(r">([^<>]*[^<>\s][^<>]*)<")
BigKey = BigInteger().with_variant(Integer, "sqlite")


class _Base(DeclarativeBase):
    pass


class Page(_Base):
    """The one row a bare page reads."""

    __tablename__ = "yardstick_page"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Event(_Base):
    """An event of Stripe's, kept once."""

    __tablename__ = "yardstick_event"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    event: Mapped[str] = mapped_column(Text, unique=True)
    payload: Mapped[str] = mapped_column(Text)


class Row(_Base):
    """One side of a posting."""

    __tablename__ = "yardstick_ledger"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    event: Mapped[str] = mapped_column(Text)
    account: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)


def page() -> Flask:
    """Read one row by its key and render a template of the same bytes: the portal's page, with a hole for each text."""
    app, engine = Flask(__name__), _engine(os.environ["BENCH_DATABASE"])
    template, texts = _template(app)

    @app.get("/page/<int:key>")
    def show(key: int) -> str:
        with Session(engine) as session:
            row = session.get_one(Page, key)
            return render_template(template, texts=[*texts[:-1], row.value])

    return app


def plain_page() -> Flask:
    """Do the same by the driver alone."""
    app, connections = Flask(__name__), plain.Connections(os.environ["BENCH_DATABASE"])
    template, texts = _template(app)

    @app.get("/page/<int:key>")
    def show(key: int) -> str:
        return render_template(template, texts=[*texts[:-1], connections.value(key)])

    return app


def _template(app: Flask) -> tuple[Any, list[str]]:
    with open(os.environ["BENCH_PAGE"], encoding="utf-8") as file:
        whole = file.read()
    texts = [html.unescape(found) for found in TEXT.findall(whole)]
    places = iter(range(len(texts)))
    return app.jinja_env.from_string(TEXT.sub(lambda _: f">{{{{ texts[{next(places)}] }}}}<", whole)), texts


def webhook() -> Flask:
    """Check the signature, and write the event and two ledger rows in one commit."""
    app, engine = Flask(__name__), _engine(os.environ["BENCH_DATABASE"])

    @app.post("/webhooks/stripe")
    def receive() -> str:
        name, body, amount = _genuine()
        with Session(engine) as session, session.begin():
            session.add(Event(event=name, payload=body))
            session.add(Row(event=name, account="clearing", amount=amount))
            session.add(Row(event=name, account="receivable", amount=-amount))
        return "applied"

    return app


def plain_webhook() -> Flask:
    """Do the same by the driver alone."""
    app, connections = Flask(__name__), plain.Connections(os.environ["BENCH_DATABASE"])

    @app.post("/webhooks/stripe")
    def receive() -> str:
        connections.book(*_genuine())
        return "applied"

    return app


def _genuine() -> tuple[str, str, int]:
    body = request.get_data()
    parts = dict(part.split("=", 1) for part in request.headers["Stripe-Signature"].split(","))
    secret = os.environ["BENCH_SECRET"].encode()
    wanted = hmac.new(secret, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, parts["v1"]):
        abort(400)
    told = json.loads(body)
    return told["id"], body.decode(), told["data"]["object"]["amount_received"]


def prepare(url: str) -> None:
    """Make the yardsticks' tables in a database of their own."""
    engine = _engine(url)
    _Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add_all(Page(value=f"value {number}") for number in range(1_000))
    engine.dispose()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def durable(connection: Any, _record: object) -> None:
        for pragma in plain.PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    return engine

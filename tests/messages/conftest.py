"""A portal with a real mailbox: what is sent here travels by SMTP over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.policy import Policy
from portal.models import Business, Debtor, Invoice, Message
from portal.runtime import Runtime
from portal.services import delivery, messages
from sandbox.mailbox import Mailbox, MailJson
from tests.cast import Clock, make_business, make_debtor, make_invoice, make_runtime

# A Tuesday noon in Oregon, where the cast lives.
NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)


@dataclass
class Post:
    """A portal, its clock, its mailbox, and one debtor who owes 453.00 since October 21."""

    rt: Runtime
    clock: Clock
    mailbox: Mailbox
    business: Business
    debtor: Debtor
    invoice: Invoice

    def remind(self, cause: str = "step-1") -> Message:
        with self.rt.db.transaction() as session:
            return messages.queue_reminder(session, self.clock(), self.debtor, cause=cause)

    def deliver(self) -> int:
        return delivery.deliver_due(self.rt)

    def all(self) -> list[Message]:
        with self.rt.db.reading() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))

    def write(self) -> None:
        """Write what is only written when it leaves, without letting it leave."""
        with self.rt.db.transaction() as session:
            business, debtor = session.get_one(Business, self.business.id), session.get_one(Debtor, self.debtor.id)
            for message in session.scalars(select(Message).order_by(Message.id)).all():
                messages.write_if_blank(session, self.clock(), message, business, debtor)

    def inbox(self) -> list[MailJson]:
        return self.mailbox.messages()

    def change(self, row: Any, **values: Any) -> None:
        with self.rt.db.transaction() as session:
            stored = session.get_one(type(row), row.id)
            for name, value in values.items():
                setattr(stored, name, value)


@pytest.fixture(scope="session")
def running_mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def mailbox(running_mailbox: Mailbox) -> Mailbox:
    running_mailbox.clear()
    return running_mailbox


@pytest.fixture
def post(db: Database, mailbox: Mailbox, tmp_path: Path) -> Post:
    return make_post(db, mailbox, tmp_path)


def make_post(db: Database, mailbox: Mailbox, folder: Path, *, business: dict[str, Any] | None = None,
              debtor: dict[str, Any] | None = None, policy: Policy | None = None, **settings: Any) -> Post:
    clock = Clock(NOON)
    rt = make_runtime(db, folder, clock, smtp_port=mailbox.smtp_port, **settings)
    alder = {
        "name": "Alder Street Dental", "contact_name": "Tom Whitfield", "brand_color": "#14606b",
        "contact_email": "accounts@alder.example", "contact_phone": "+15415550118",
        "where_to_check": {"en": "on your appointment card", "es": "en su tarjeta de citas"},
        "postal_address": "214 Alder Street\nBend, OR 97701", **(business or {})}
    with db.transaction() as session:
        owner = make_business(session, policy=policy, **alder)
        person = make_debtor(session, owner, **{"greeting_name": "Daniel", "email": "daniel@mail.example",
                                                **(debtor or {})})
        invoice = make_invoice(session, person, 453_00, number="ASD-30418", title="exam, X-rays and night guard")
    return Post(rt, clock, mailbox, owner, person, invoice)

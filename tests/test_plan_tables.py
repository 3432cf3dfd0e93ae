"""What the tables of plans refuse by themselves, whatever the code thinks; they come and go with data in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.db import Database
from portal.models import Arrangement, Installment, InstallmentPayment, Plan
from tests import databases
from tests.cast import NOON, Owed, someone_owes
from tests.ledger.stories import start_payment
from tests.test_migrations import alembic_on

FIRST = date(2026, 12, 1)


def plan_of(db: Database, owed: Owed, *amounts: int, **changed: Any) -> int:
    """Write a signed plan straight into the tables; returns the id of its arrangement."""
    business_id, debtor_id, total = owed.business.id, owed.debtor.id, sum(amounts)
    with db.transaction() as session:
        arrangement = Arrangement(business_id=business_id, debtor_id=debtor_id, kind="plan", state="active",
                                  currency="USD", amount_minor=total, until=FIRST, asked_at=NOON)
        session.add(arrangement)
        session.flush()
        session.add(Plan(**({
            "arrangement_id": arrangement.id, "business_id": business_id, "debtor_id": debtor_id, "currency": "USD",
            "kind": "equal", "frequency": "monthly", "count": len(amounts), "total_minor": total, "first_on": FIRST,
            "last_on": FIRST + timedelta(days=90), "terms": {}, "rules": {}, "grace_days": 5, "cure_days": 10,
            "proposed_by": "debtor", "expires_at": NOON, "signed_version": 1, "signed_at": NOON,
            "standing": "good"} | changed)))
        session.flush()
        session.add_all(Installment(
            business_id=business_id, debtor_id=debtor_id, arrangement_id=arrangement.id, currency="USD",
            position=place, due_on=FIRST, original_on=FIRST, amount_minor=amount, state="open")
            for place, amount in enumerate(amounts, 1))
        return arrangement.id


def refused(db: Database, write: Callable[[Any], None]) -> None:
    with pytest.raises(IntegrityError), db.transaction() as session:
        write(session)
        session.flush()


def test_a_plan_that_contradicts_itself_is_refused(db: Database) -> None:
    owed = someone_owes(db, 60_00)
    for changed in ({"frequency": ""}, {"kind": "custom"}, {"count": 0}, {"down_minor": 60_01}, {"signed_at": None},
                    {"standing": ""}, {"last_on": FIRST - timedelta(days=1)}, {"debtor_id": owed.debtor.id + 1}):
        with pytest.raises(IntegrityError):
            plan_of(db, owed, 30_00, 30_00, **changed)
    plan_of(db, owed, 30_00, 30_00)


def test_an_installment_is_never_paid_beyond_itself_nor_open_when_paid(db: Database) -> None:
    plan_of(db, someone_owes(db, 60_00), 30_00, 30_00)

    def change(**values: Any) -> Callable[[Any], None]:
        def write(session: Any) -> None:
            row = session.scalars(select(Installment).where(Installment.position == 1)).one()
            for name, value in values.items():
                setattr(row, name, value)
        return write

    refused(db, change(paid_minor=30_01))
    refused(db, change(paid_minor=30_00))
    refused(db, change(state="paid"))
    refused(db, change(currency="EUR"))
    refused(db, change(position=2))
    refused(db, change(claim_token="a"))
    with db.transaction() as session:
        change(paid_minor=30_00, state="paid")(session)


def test_one_payment_of_an_installment_is_under_way_and_each_try_charges_once(db: Database) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    plan_of(db, owed, 50_00, 50_00)
    first = start_payment(db, owed, (owed.invoices[0], 60_00))
    second = start_payment(db, owed, (owed.invoices[1], 40_00))

    def pay(payment_id: int, try_no: int, *, under_way: bool = True) -> Callable[[Any], None]:
        def write(session: Any) -> None:
            row = session.scalars(select(Installment).where(Installment.position == 1)).one()
            session.add(InstallmentPayment(
                installment_id=row.id, payment_id=payment_id, business_id=row.business_id, debtor_id=row.debtor_id,
                amount_minor=50_00, try_no=try_no, open=under_way))
        return write

    with db.transaction() as session:
        pay(first.id, 1)(session)
    refused(db, pay(second.id, 2))
    refused(db, pay(second.id, 1, under_way=False))
    with db.transaction() as session:
        pay(second.id, 0, under_way=False)(session)


def test_plans_come_and_go_with_data_in_them(db: Database) -> None:
    owed = someone_owes(db, 60_00)
    plan_of(db, owed, 30_00, 30_00)
    with db.engine.connect() as connection:
        config = alembic_on(connection)
        command.downgrade(config, "0013")
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    databases.migrate(db.engine.url.render_as_string(hide_password=False))
    with db.reading() as session:
        assert session.scalars(select(Arrangement.kind)).one() == "plan"
        assert session.scalars(select(Plan)).all() == []

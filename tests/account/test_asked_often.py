"""The questions in front of every page get the same answers as if SQLAlchemy were asked, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, event, func, select, update
from sqlalchemy.exc import DBAPIError

from portal.db import Database, Question
from portal.models import Business, Debtor, Invoice, Offer
from portal.models.base import fixed
from portal.services import debts
from portal.wordings import MOST_WORDINGS
from tests.cast import NOON, Owed, make_business, make_debtor, make_invoice, make_link, make_offer

EVERY_KIND = (Invoice.id, Invoice.number, Invoice.due_on, Invoice.created_at, Offer.withdrawn_at, Offer.deadline,
              Business.contact_hours, Business.bank_details, Business.name.label("named"))


@pytest.fixture
def owed(db: Database, tmp_path: Path) -> Owed:
    with db.transaction() as session:
        business = make_business(session)
        debtor = make_debtor(session, business)
        invoices = [make_invoice(session, debtor, 100_00 + number, due_on=date(2026, 11, 1 + number))
                    for number in range(3)]
        make_offer(session, invoices[1], 5_00, NOON + timedelta(days=3))
        return Owed(business, debtor, make_link(session, debtor), invoices)


def statement() -> Any:
    return (
        select(*EVERY_KIND, (Invoice.total_minor > bindparam("least")).label("large"))
        .join(Business, Business.id == Invoice.business_id).outerjoin(Offer, Offer.invoice_id == Invoice.id)
        .where(Invoice.id.in_(bindparam("ids", expanding=True)), Invoice.created_at <= bindparam("now"),
               Invoice.currency == fixed("USD"), Invoice.title != "100% of it")
        .order_by(Invoice.id))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_answers_are_the_same_for_lists_of_every_length(db: Database, owed: Owed, count: int) -> None:
    values = {"ids": [invoice.id for invoice in owed.invoices][:count], "least": 100_01,
              "now": datetime.now(UTC) + timedelta(days=400)}
    question = Question(statement())
    with db.rows() as rows:
        usual = [tuple(row) for row in rows.execute(statement(), values)]
        assert [tuple(row) for row in question.ask(rows, values)] == usual
        again = question.ask(rows, values)
    assert len(usual) == count and [tuple(row) for row in again] == usual
    for row in again:
        assert row.created_at.tzinfo is UTC and isinstance(row.due_on, date) and row.named == owed.business.name
        assert isinstance(row.large, bool) and isinstance(row.contact_hours, dict)


def test_whether_somebody_listens_or_not_makes_no_difference_to_the_answers(db: Database, owed: Owed) -> None:
    values = {"ids": [invoice.id for invoice in owed.invoices], "least": 100_01, "now": NOON + timedelta(days=400)}
    question, seen = Question(statement()), []
    with db.rows() as rows:
        alone = question.ask(rows, values)
    event.listen(db.reader, "after_cursor_execute", lambda _c, _k, text, *_more: seen.append(text))
    with db.rows() as rows:
        assert question.ask(rows, values) == alone
    assert len(alone) == 3 and len(seen) == 1


def test_a_connection_that_is_cut_is_an_error_that_says_so_and_the_next_one_is_new(db: Database, owed: Owed) -> None:
    question = Question(select(Debtor.name).where(Debtor.id == bindparam("debtor")))
    if db.is_sqlite:
        return  # a file has no connection that could be cut
    with pytest.raises(DBAPIError) as told, db.rows() as rows, db.transaction() as session:
        own = rows.execute(select(func.pg_backend_pid())).scalar()
        session.execute(select(func.pg_terminate_backend(own)))
        question.ask(rows, {"debtor": owed.debtor.id})
    assert told.value.connection_invalidated
    with db.rows() as rows:
        assert [row.name for row in question.ask(rows, {"debtor": owed.debtor.id})] == [owed.debtor.name]


def test_a_transaction_is_asked_about_what_it_has_changed_itself(db: Database, owed: Owed) -> None:
    question = Question(select(Debtor.name).where(Debtor.id == bindparam("debtor")))
    values = {"debtor": owed.debtor.id}
    with db.transaction() as session:
        session.get_one(Debtor, owed.debtor.id).name = "Another Name"
        assert [row.name for row in question.ask(session, values)] == ["Another Name"]
        with db.rows() as rows:
            assert [row.name for row in question.ask(rows, values)] != ["Another Name"]


def test_every_asking_is_seen_and_counted(db: Database, owed: Owed) -> None:
    seen: list[str] = []
    event.listen(db.reader, "before_cursor_execute", lambda _c, _k, text, *_more: seen.append(text))
    with db.rows() as rows:
        debts.open_invoices(rows, owed.access)
    assert len([text for text in seen if text.startswith("SELECT")]) == 1


def test_a_wrong_question_is_an_error_that_says_so_and_the_connection_goes_on(db: Database, owed: Owed) -> None:
    question = Question(select(Debtor.name).where(Debtor.id == bindparam("debtor")))
    with db.rows() as rows:
        good = question.ask(rows, {"debtor": owed.debtor.id})
    with pytest.raises(DBAPIError), db.rows() as rows:
        question.ask(rows, {"debtor": object()})
    with db.rows() as rows:
        assert question.ask(rows, {"debtor": owed.debtor.id}) == good


def test_what_only_reads_cannot_write_and_sees_one_state(db: Database, owed: Owed) -> None:
    change = update(Debtor).where(Debtor.id == owed.debtor.id).values(name="Changed")
    with pytest.raises(DBAPIError), db.rows() as rows:
        rows.execute(change)
    if db.is_sqlite:
        question = Question(select(Debtor.name).where(Debtor.id == bindparam("debtor")))
        with db.rows() as rows:
            before = question.ask(rows, {"debtor": owed.debtor.id})
            with db.transaction() as session:
                session.execute(change)
            assert question.ask(rows, {"debtor": owed.debtor.id}) == before


def test_wordings_do_not_grow_without_end(db: Database, owed: Owed) -> None:
    question = Question(select(Invoice.id).where(Invoice.id.in_(bindparam("ids", expanding=True))))
    with db.rows() as rows:
        for length in range(1, MOST_WORDINGS + 3):
            question.ask(rows, {"ids": list(range(length))})
    assert 0 < len(question._wordings) <= MOST_WORDINGS

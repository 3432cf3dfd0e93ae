"""Puts staged invoices into the books, a chunk in each commit: all of some debtors, or nothing of them.

The database makes the rows itself (INSERT … SELECT). The number of the next chunk is raised in the same commit, so a
worker that is killed leaves no half debtor, and whoever goes on begins exactly where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Subquery,
    and_,
    func,
    insert,
    literal,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.domain.ledger import DEBTOR_CREDIT
from portal.models import (
    Business,
    Debtor,
    Hold,
    ImportCustomer,
    ImportedInvoice,
    ImportFinding,
    ImportLine,
    ImportRow,
    ImportRun,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    Payment,
    PaymentInvoice,
    SearchWord,
)
from portal.runtime import Runtime
from portal.services import import_corrections, import_opening, ledger, settle
from portal.services.fact_lookup import lock_business
from portal.services.import_known import chunks
from portal.services.import_runs import PUBLISHING
from portal.services.import_runs import Hold as Working
from portal.services.import_staging import fresh_numbers

ORDER = (ImportRow.position,)
STAGED = (ImportRow, ImportCustomer, ImportLine, ImportFinding)
GROWING = (Debtor, Invoice, LedgerAccount, Payment, ImportedInvoice)
# Books of fewer invoices than this change their size by one file.
FEW = 50_000


def publish(session: Session, hold: Working, chunk: int, now: datetime) -> None:
    """Put one chunk into the books; the caller commits. Raises Lost when another worker has gone on with it."""
    business = lock_business(session, hold.business_id)
    _by_index(session, always=True)
    run = session.get_one(ImportRun, hold.run_id, populate_existing=True)
    hold.keep(session, now, step=PUBLISHING, done=chunk + 1, published=chunk + 1)
    mine = and_(ImportRow.run_id == run.id, ImportRow.chunk == chunk)
    known = _lock_debtors(session, business.id, run.id, chunk)
    _make_debtors(session, business, run.id, chunk, now)
    if session.scalar(select(ImportRow.position).where(mine).limit(1)) is not None:
        _make_invoices(session, business.id, mine, now)
        _make_lines(session, business.id, run.id, chunk)
        _make_payments(session, business.id, mine, now)
        _hold_disputed(session, business.id, run, mine, now)
        made = _made(business.id, mine)
        ledger.issue_in_bulk(session, business.id, made, now=now)
        _follow(session, business.id, run, mine)
        import_corrections.correct(session, business.id, run, mine, now)
        _make_findable(session, business.id, mine)
        _use_credit(session, business.id, known, f"import:{run.public_id}:{chunk}", now)
        import_opening.ask_about_disputes(session, business.id, run, chunk, now)
    _by_index(session, always=False)
    import_opening.open_findings(session, business, run, chunk, now)


def look_over(rt: Runtime) -> None:
    """Have PostgreSQL count what was staged and, while its books are small, these too: it plans by such counts.

    Whoever may not do this is told so by the server and goes on.
    """
    if rt.db.is_sqlite:
        return
    with rt.db.rows() as connection:
        small = connection.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'invoice'::regclass"))
    tables = STAGED + (GROWING if small is None or small < FEW else ())
    rt.db.run(lambda session: [session.execute(text(f"ANALYZE {table.__tablename__}")) for table in tables])


def _by_index(session: Session, *, always: bool) -> None:
    """Let PostgreSQL look every row of a chunk up by its index. What was staged a second ago has no statistics yet, and
    a plan made without them walks through all of it for each row; so does a foreign key's check, which is planned by
    the first row that needs it and then kept."""
    if session.get_bind().dialect.name == "postgresql":
        for way in ("seqscan", "hashjoin", "mergejoin"):
            session.execute(text(f"SET LOCAL enable_{way} = {'off' if always else 'on'}"))


def _lock_debtors(session: Session, business_id: int, run_id: int, chunk: int) -> list[int]:
    """Lock the debtors that are there already, in the order of their ids."""
    ids = (
        select(Debtor.id).join(ImportRow, ImportRow.customer_number == Debtor.number)
        .where(Debtor.business_id == business_id, ImportRow.run_id == run_id, ImportRow.chunk == chunk))
    of_findings = select(ImportFinding.debtor_id).where(
        ImportFinding.run_id == run_id, ImportFinding.chunk == chunk, ImportFinding.debtor_id.is_not(None))
    wanted = sorted({*session.scalars(ids), *filter(None, session.scalars(of_findings))})
    for part in chunks(wanted):
        session.scalars(select(Debtor.id).where(Debtor.id.in_(part), Debtor.business_id == business_id)
                        .order_by(Debtor.id).with_for_update(key_share=True)).all()
    return wanted


def _make_debtors(session: Session, business: Business, run_id: int, chunk: int, now: datetime) -> None:
    staged = and_(ImportCustomer.run_id == run_id, ImportCustomer.chunk == chunk)
    names = ("public_id", "number", "kind", "name", "email", "phone", "postal_address", "postal_code", "country",
             "locale", "identity_fact")
    fixed = {"business_id": literal(business.id), "greeting_name": literal(""), "email_state": literal("ok"),
             "prefers": literal("email"), "screening_note": literal(""), "version": literal(1), "created_at": literal(
                 now, Debtor.__table__.c.created_at.type)}
    session.execute(insert(Debtor).from_select(
        [*names, *fixed],
        select(*(getattr(ImportCustomer, name) for name in names), *fixed.values())
        .where(staged, ImportCustomer.public_id != ""), include_defaults=False))
    words = _words(session, ImportCustomer)
    session.execute(insert(SearchWord).from_select(
        ["business_id", "word", "debtor_id", "invoice_id"],
        select(literal(business.id), words.c.value, Debtor.id, literal(0)).select_from(ImportCustomer)
        .join(words, true()).join(Debtor, _named(business.id, ImportCustomer.number))
        .where(staged, ImportCustomer.public_id != ""), include_defaults=False))
    # An address fills an empty place and never takes another's.
    address = select(ImportCustomer.postal_address).where(
        staged, ImportCustomer.number == Debtor.number, ImportCustomer.public_id == "").scalar_subquery()
    session.execute(
        update(Debtor).where(
            Debtor.business_id == business.id, Debtor.postal_address == "", Debtor.erased_at.is_(None),
            Debtor.number.in_(select(ImportCustomer.number).where(staged, ImportCustomer.public_id == "")))
        .values(postal_address=address, version=Debtor.version + 1).execution_options(synchronize_session=False))


def _named(business_id: int, number: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return and_(Debtor.business_id == business_id, Debtor.number == number)


def _make_invoices(session: Session, business_id: int, mine: ColumnElement[bool], now: datetime) -> None:
    session.execute(insert(Invoice).from_select(
        ["business_id", "public_id", "debtor_id", "number", "title", "issued_on", "due_on", "currency", "total_minor",
         "terms", "created_at"],
        select(literal(business_id), ImportRow.public_id, Debtor.id, ImportRow.number, ImportRow.title,
               ImportRow.issued_on, ImportRow.due_on, ImportRow.currency, ImportRow.total_minor, literal(""),
               literal(now, Invoice.__table__.c.created_at.type))
        .join(Debtor, _named(business_id, ImportRow.customer_number))
        .where(mine, ImportRow.invoice_id.is_(None)).order_by(*ORDER), include_defaults=False))


def _new(business_id: int, mine: ColumnElement[bool], *columns: Any) -> Select[Any]:
    """Select from the new invoices of a chunk, each with its staged row."""
    return (
        select(*columns).select_from(ImportRow)
        .join(Invoice, Invoice.public_id == ImportRow.public_id)
        .where(mine, ImportRow.invoice_id.is_(None), Invoice.business_id == business_id))


def _make_lines(session: Session, business_id: int, run_id: int, chunk: int) -> None:
    session.execute(insert(InvoiceLine).from_select(
        ["business_id", "invoice_id", "position", "description", "amount_minor", "tax_minor", "tax_basis_points"],
        select(literal(business_id), Invoice.id, ImportLine.line, ImportLine.description, ImportLine.amount_minor,
               ImportLine.tax_minor, ImportLine.tax_basis_points)
        .join(ImportRow, and_(ImportRow.run_id == ImportLine.run_id, ImportRow.chunk == ImportLine.chunk,
                              ImportRow.position == ImportLine.position))
        .join(Invoice, Invoice.public_id == ImportRow.public_id)
        .where(ImportLine.run_id == run_id, ImportLine.chunk == chunk, ImportRow.invoice_id.is_(None),
               Invoice.business_id == business_id)
        .order_by(ImportLine.position, ImportLine.line), include_defaults=False))


def _make_payments(session: Session, business_id: int, mine: ColumnElement[bool], now: datetime) -> None:
    """One payment for each invoice that came with money."""
    paid = and_(ImportRow.paid_minor > 0, ImportRow.payment_public_id.is_not(None))
    _renumber(session, business_id, and_(mine, paid))
    session.execute(insert(Payment).from_select(
        ["business_id", "public_id", "debtor_id", "number", "channel", "state", "currency", "amount_minor",
         "captured_minor", "returned_minor", "ask_count", "created_at", "received_at"],
        _new(business_id, mine, literal(business_id), ImportRow.payment_public_id, Invoice.debtor_id,
             ImportRow.payment_number, literal("transfer"), literal("succeeded"), ImportRow.currency,
             ImportRow.paid_minor, ImportRow.paid_minor, literal(0), literal(0),
             literal(now, Payment.__table__.c.created_at.type), ImportRow.received_at).where(paid).order_by(*ORDER),
        include_defaults=False))
    session.execute(insert(PaymentInvoice).from_select(
        ["payment_id", "invoice_id", "business_id", "debtor_id", "position", "amount_minor", "discount_minor",
         "returned_minor", "open"],
        _new(business_id, mine, Payment.id, Invoice.id, literal(business_id), Invoice.debtor_id, literal(0),
             ImportRow.paid_minor, literal(0), literal(0), literal(False))
        .join(Payment, Payment.public_id == ImportRow.payment_public_id).where(paid), include_defaults=False))


def _renumber(session: Session, business_id: int, paid: ColumnElement[bool]) -> None:
    """A number that another payment took since it was staged is given anew."""
    taken = session.execute(
        select(ImportRow.run_id, ImportRow.chunk, ImportRow.position)
        .join(Payment, and_(Payment.business_id == business_id, Payment.number == ImportRow.payment_number))
        .where(paid)).all()
    for (run_id, chunk, position), number in zip(taken, fresh_numbers(session, business_id, len(taken)), strict=True):
        session.execute(update(ImportRow).where(
            ImportRow.run_id == run_id, ImportRow.chunk == chunk, ImportRow.position == position)
            .values(payment_number=number).execution_options(synchronize_session=False))


def _hold_disputed(session: Session, business_id: int, run: ImportRun, mine: ColumnElement[bool],
                   now: datetime) -> None:
    """Hold what the file calls disputed, new or known, until somebody has looked at it."""
    kinds = ("reminders", "fees", "autopay", "discount_clock")
    session.execute(insert(Hold).from_select(
        ["business_id", "public_id", "debtor_id", "invoice_id", *kinds, "cause", "cause_id", "starts_at"],
        select(literal(business_id), ImportRow.hold_public_id, Invoice.debtor_id, Invoice.id,
               *(literal(True) for _ in kinds), literal("import"), literal(run.public_id),
               literal(now, Hold.__table__.c.starts_at.type))
        .select_from(ImportRow)
        .join(Invoice, and_(Invoice.business_id == business_id, Invoice.number == ImportRow.number))
        .where(mine, ImportRow.hold_public_id.is_not(None)).order_by(*ORDER), include_defaults=False))


def _made(business_id: int, mine: ColumnElement[bool]) -> CTE:
    # Kept while it is read: else SQLite walks through the staged rows once more for every account.
    return _new(
        business_id, mine, Invoice.id.label("invoice_id"), Invoice.public_id.label("invoice_public_id"),
        Invoice.debtor_id, ImportRow.currency, ImportRow.total_minor.label("total"), ImportRow.issued_at,
        ImportRow.due_on, ImportRow.paid_minor.label("paid"), Payment.id.label("payment_id"),
        Payment.public_id.label("payment_public_id"), ImportRow.received_at,
    ).outerjoin(Payment, Payment.public_id == ImportRow.payment_public_id).cte("made").prefix_with("MATERIALIZED")


def _follow(session: Session, business_id: int, run: ImportRun, mine: ColumnElement[bool]) -> None:
    """Remember which invoices files of this kind hold, so that the next one shows what is gone."""
    known = select(ImportRow.invoice_id).where(mine, ImportRow.invoice_id.is_not(None))
    session.execute(
        update(ImportedInvoice).where(ImportedInvoice.invoice_id.in_(known))
        .values(source=run.source, run_id=run.id).execution_options(synchronize_session=False))
    session.execute(insert(ImportedInvoice).from_select(
        ["invoice_id", "business_id", "source", "run_id", "total_minor"],
        select(Invoice.id, literal(business_id), literal(run.source), literal(run.id), Invoice.total_minor)
        .select_from(ImportRow)
        .join(Invoice, and_(Invoice.business_id == business_id, Invoice.number == ImportRow.number))
        .outerjoin(ImportedInvoice, ImportedInvoice.invoice_id == Invoice.id)
        .where(mine, ImportedInvoice.invoice_id.is_(None)), include_defaults=False))


def _make_findable(session: Session, business_id: int, mine: ColumnElement[bool]) -> None:
    words = _words(session, ImportRow)
    session.execute(insert(SearchWord).from_select(
        ["business_id", "word", "debtor_id", "invoice_id"],
        _new(business_id, mine, literal(business_id), words.c.value, Invoice.debtor_id, Invoice.id)
        .join(words, true()), include_defaults=False))


def _words(session: Session, table: type[ImportRow] | type[ImportCustomer]) -> Subquery:
    """The staged words of each row, one in a row of its own."""
    postgres = session.get_bind().dialect.name == "postgresql"
    each = func.jsonb_array_elements_text(table.words) if postgres else func.json_each(table.words)
    return each.table_valued("value", name="words").lateral() if postgres else each.table_valued("value", name="words")  # type: ignore[return-value]


def _use_credit(session: Session, business_id: int, debtor_ids: Sequence[int], cause: str, now: datetime) -> None:
    """What a known debtor has in credit pays their new invoices at once, as with any invoice."""
    for part in chunks(debtor_ids):
        query = select(LedgerAccount.debtor_id, LedgerAccount.currency).where(
            LedgerAccount.business_id == business_id, LedgerAccount.debtor_id.in_(part),
            LedgerAccount.kind == DEBTOR_CREDIT).order_by(LedgerAccount.debtor_id, LedgerAccount.currency)
        for debtor_id, currency in session.execute(query).all():
            if debtor_id is not None:
                settle.settle(session, business_id, debtor_id, currency, cause=cause, now=now)


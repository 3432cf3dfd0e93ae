"""A furnished stage for proofs of borders: three debtors who each have everything, marked by words of their own.

Two share a business, the third owes another one. Whatever of one is seen by another is seen by its marks.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from portal.db import Database
from portal.gateways.files import FileStore
from portal.models import (
    Agreement,
    Arrangement,
    ArrangementInvoice,
    ArrangementRound,
    Business,
    Debtor,
    Dispute,
    DisputeFile,
    DisputePart,
    Hold,
    Invoice,
    InvoiceDocument,
    Payment,
    PaymentClaim,
    PortalLink,
    Question,
    QuestionEntry,
    StoredFile,
)
from portal.services import bookkeeping
from tests.agreements.staged import signed
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link, make_offer
from tests.ledger.stories import charged_back, line, moved, received, refunded, start_payment, tell
from tests.plans.staged import proposed
from tests.stage_autopay import SavedThings, save_things

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PAY_ONLY_MINOR = 77_31
LOGO = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" '
        'fill="#2f5d3a"/></svg>')


@dataclass(frozen=True)
class Marks:
    """What makes one debtor recognizable: a word nobody else has, digits nobody else has, and unlikely sums."""

    word: str
    digits: str
    sums: tuple[int, int, int, int]

    @property
    def seen(self) -> tuple[str, ...]:
        """Every spelling that must not be read by another."""
        sums = [f"{minor // 100}.{minor % 100:02d}" for minor in self.sums]
        return (self.word, self.word.lower(), self.digits, *sums, *(one.replace(".", ",") for one in sums),
                *(str(minor) for minor in self.sums))


OWN = Marks("Amselwein", "80911", (1871_83, 2914_17, 3461_89, 4577_23))
NEIGHBOUR = Marks("Bachstelz", "80922", (1618_37, 2236_07, 3605_51, 4242_61))
STRANGER = Marks("Cormoranto", "80933", (1732_09, 2645_77, 3316_63, 4123_11))


@dataclass
class Part:
    """One debtor with all that is theirs."""

    marks: Marks
    owed: Owed
    pay_only: PortalLink
    expired: PortalLink
    revoked: PortalLink
    payments: dict[str, Payment] = field(default_factory=dict)
    files: list[StoredFile] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    times: list[Arrangement] = field(default_factory=list)
    claims: list[PaymentClaim] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    dispute_files: list[StoredFile] = field(default_factory=list)
    saved: SavedThings | None = None
    agreements: list[Agreement] = field(default_factory=list)
    settled: list[Arrangement] = field(default_factory=list)
    plans: list[Arrangement] = field(default_factory=list)

    @property
    def question(self) -> Question:
        """The thread they opened."""
        return self.questions[0]

    @property
    def things(self) -> SavedThings:
        """Their running plans and the card that pays one of them."""
        assert self.saved is not None
        return self.saved

    @property
    def dispute(self) -> Dispute:
        """What they say is wrong."""
        return self.disputes[0]

    @property
    def dispute_file(self) -> StoredFile:
        """The paper that came with it."""
        return self.dispute_files[0]

    @property
    def business(self) -> Business:
        return self.owed.business

    @property
    def debtor(self) -> Debtor:
        return self.owed.debtor

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no other reader may see of this debtor."""
        ids = [*(self.saved.all if self.saved else ()),
               *(one.public_id for one in self.owed.invoices), *(one.public_id for one in self.payments.values()),
               *(one.public_id for one in self.files), *(one.public_id for one in self.questions),
               *(one.public_id for one in self.times), *(one.public_id for one in self.claims),
               *(one.public_id for one in self.agreements), *(one.public_id for one in self.settled),
               *(one.public_id for one in self.plans),
               *(one.public_id for one in self.disputes), *(one.public_id for one in self.dispute_files)]
        numbers = [payment.number for payment in self.payments.values()]
        return (*self.marks.seen, *ids, *numbers, self.debtor.public_id)


@dataclass
class Stage:
    """The three of them on one database."""

    own: Part
    neighbour: Part
    stranger: Part


def set_stage(db: Database, folder: Path, now: datetime) -> Stage:
    """Build the stage; every sum is posted the way the portal posts it."""
    files = FileStore(folder / "files")
    with db.transaction() as session:
        first = make_business(session, logo_svg=LOGO, created_at=now - timedelta(days=400))
        second = make_business(session, name="Oak Lane Dental", legal_name="Oak Lane Dental PLLC",
                               stripe_account="acct_oaklane", created_at=now - timedelta(days=400))
    return Stage(furnish(db, files, first, OWN, now), furnish(db, files, first, NEIGHBOUR, now),
                 furnish(db, files, second, STRANGER, now))


def furnish(db: Database, files: FileStore, business: Business, marks: Marks, now: datetime,
            **changes: Any) -> Part:
    """Give a debtor everything: open, discounted, charged, paid, refunded, contested, on its way and in credit."""
    with db.transaction() as session:
        debtor = make_debtor(session, business, **{
            "name": f"{marks.word} Canary", "greeting_name": f"{marks.word}ita", "number": f"{marks.digits}-N",
            "email": f"{marks.word.lower()}@canary.example", "phone": f"+1503{marks.digits}42",
            "postal_code": marks.digits, "created_at": now - timedelta(days=300), **changes})
        link, pay_only, expired, revoked = _links(session, debtor, now)
        invoices = _invoices(session, debtor, marks, now)
        make_offer(session, invoices[0], 50_00, now + timedelta(days=3), created_at=now - timedelta(days=2))
        for number, (amount, interest) in enumerate(((15_00, False), (3_21, True))):
            bookkeeping.charge_fee(session, invoices[1], amount, step=f"late{number}", interest=interest,
                                   rule="late_fee", now=now - timedelta(days=4))
        saved = save_things(session, debtor, link, marks.word, marks.digits, now)
        stored = _documents(session, files, invoices, marks, now)
        asked = _question(session, debtor, invoices[0], marks, now)
        time, claim = _time(session, debtor, invoices[6], marks, now), _claim(session, debtor, marks, now)
        agreement, settled = signed(session, debtor, link, invoices[6], marks.word, now)
        plan = proposed(session, debtor, invoices[6], marks.word, now)
        dispute, paper = _dispute(session, files, debtor, invoices[6], marks, now)
        claim.file_id = _file(session, files, business.id, f"{marks.word}.pdf", marks, now).id
    part = Part(marks, Owed(business, debtor, link, invoices), pay_only, expired, revoked, files=stored, saved=saved,
                disputes=[dispute], dispute_files=[paper],
                questions=[asked], times=[time], claims=[claim], agreements=[agreement], settled=[settled],
                plans=[plan])
    _pay(db, part, now)
    return part


def _question(session: Session, debtor: Debtor, invoice: Invoice, marks: Marks, now: datetime) -> Question:
    asked = now - timedelta(days=1)
    question = Question(
        business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=invoice.id, kind="question", state="business",
        reply_key=secrets.token_hex(16), opened_at=asked, moved_at=asked, answer_by=now + timedelta(days=1))
    session.add(question)
    session.flush()
    session.add(QuestionEntry(
        business_id=debtor.business_id, question_id=question.id, said_by="debtor", channel="page", at=asked,
        body=f"What is {marks.word} for?"))
    return question


def _time(session: Session, debtor: Debtor, invoice: Invoice, marks: Marks, now: datetime) -> Arrangement:
    """A wish for time that a person has to decide about."""
    wanted = (now + timedelta(days=60)).date()
    time = Arrangement(
        business_id=debtor.business_id, debtor_id=debtor.id, kind="hardship", state="asked", asked_until=wanted,
        words=f"{marks.word} was ill.", asked_at=now - timedelta(days=1), answer_by=now + timedelta(days=1), version=1)
    session.add(time)
    session.flush()
    session.add(ArrangementInvoice(arrangement_id=time.id, invoice_id=invoice.id, business_id=debtor.business_id,
                                   debtor_id=debtor.id))
    session.add(ArrangementRound(
        business_id=debtor.business_id, arrangement_id=time.id, position=1, said_by="debtor", what="asked",
        until=wanted, words=time.words, at=time.asked_at))
    return time


def _dispute(session: Session, files: FileStore, debtor: Debtor, invoice: Invoice, marks: Marks,
             now: datetime) -> tuple[Dispute, StoredFile]:
    """Something they say is wrong, with a paper that shows it; it waits for the business."""
    asked = now - timedelta(days=1)
    thread = Question(
        business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=invoice.id, kind="question", of_dispute=True,
        state="business", reply_key=secrets.token_hex(16), opened_at=asked, moved_at=asked,
        answer_by=now + timedelta(days=1))
    session.add(thread)
    session.flush()
    session.add(QuestionEntry(
        business_id=debtor.business_id, question_id=thread.id, said_by="debtor", channel="page", at=asked,
        body=f"{marks.word} never came."))
    dispute = Dispute(
        business_id=debtor.business_id, debtor_id=debtor.id, question_id=thread.id, state="open",
        reason="not_received", wants="credit", currency=invoice.currency, opened_at=asked,
        answer_by=now + timedelta(days=29), looks=1)
    session.add(dispute)
    session.flush()
    session.add(DisputePart(
        business_id=debtor.business_id, debtor_id=debtor.id, dispute_id=dispute.id, invoice_id=invoice.id,
        asked_minor=5_00, credited_minor=0, tax_minor=0, open=True, whole=False))
    session.add(Hold(
        business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=invoice.id, amount_minor=5_00, reminders=True,
        fees=True, autopay=True, discount_clock=True, cause="dispute", cause_id=dispute.public_id, starts_at=asked))
    paper = _file(session, files, debtor.business_id, f"{marks.word}-photo.pdf", marks, now)
    session.add(DisputeFile(business_id=debtor.business_id, dispute_id=dispute.id, file_id=paper.id))
    return dispute, paper


def _claim(session: Session, debtor: Debtor, marks: Marks, now: datetime) -> PaymentClaim:
    claim = PaymentClaim(
        business_id=debtor.business_id, debtor_id=debtor.id, state="waiting", currency="USD",
        amount_minor=marks.sums[0], paid_on=(now - timedelta(days=3)).date(), way="transfer", reference=marks.word,
        claimed_at=now - timedelta(days=1), answer_by=now + timedelta(days=1))
    session.add(claim)
    session.flush()
    return claim


def _links(session: Session, debtor: Debtor, now: datetime) -> list[PortalLink]:
    begun, lasts = now - timedelta(days=3), now + timedelta(days=27)
    return [
        make_link(session, debtor, created_at=begun, expires_at=lasts),
        make_link(session, debtor, created_at=begun, expires_at=lasts, purpose="pay_only", currency="USD",
                  amount_minor=PAY_ONLY_MINOR),
        make_link(session, debtor, created_at=now - timedelta(days=60), expires_at=now - timedelta(days=30)),
        make_link(session, debtor, created_at=begun, expires_at=lasts, revoked_at=now - timedelta(days=1),
                  revoked_reason="staff"),
    ]


def _invoices(session: Session, debtor: Debtor, marks: Marks, now: datetime) -> list[Invoice]:
    found = []
    kinds = [*((sum_, "USD") for sum_ in marks.sums), (120_00, "USD"), (90_00, "USD"), (60_00, "USD"), (45_00, "EUR")]
    for place, (total, currency) in enumerate(kinds):
        due = (now - timedelta(days=30 - 9 * place)).date()
        found.append(make_invoice(
            session, debtor, total, currency=currency, due_on=due, now=now - timedelta(days=60 - place),
            number=f"{marks.word.upper()}-{place}", title=f"Work {place} for {marks.word}"))
    return found


def _documents(session: Session, files: FileStore, invoices: list[Invoice], marks: Marks,
               now: datetime) -> list[StoredFile]:
    stored = []
    for invoice in invoices[:2]:
        row = _file(session, files, invoice.business_id, f"{invoice.number}.pdf", marks, now)
        session.add(InvoiceDocument(business_id=invoice.business_id, invoice_id=invoice.id, file_id=row.id))
        stored.append(row)
    return stored


def _file(session: Session, files: FileStore, business_id: int, name: str, marks: Marks, now: datetime) -> StoredFile:
    content = PDF + f"% {marks.word}\n".encode()
    row = StoredFile(
        business_id=business_id, storage_key=files.put(content), name=name, media_type="application/pdf",
        size=len(content), sha256=hashlib.sha256(content).hexdigest(), created_at=now)
    session.add(row)
    session.flush()
    return row


def _pay(db: Database, part: Part, now: datetime) -> None:
    """Let payments of every state exist: received, refunded, charged back, failed, on its way, open, credit."""
    owed, invoices = part.owed, part.owed.invoices
    account = part.business.stripe_account

    def begin(invoice: Invoice, amount: int, days: int, **changes: Any) -> Payment:
        return start_payment(db, owed, (invoice, amount), at=now - timedelta(days=days), stripe_account=account,
                             **changes)

    def told(*facts: Any) -> None:
        tell(db, *facts, now=now)

    made = part.payments
    made["received"] = begin(invoices[4], 120_00, 20)
    told(received(made["received"], happened_at=now - timedelta(days=20)),
         line(made["received"], 120_00, 3_78, id=f"txn_{made['received'].id}"))
    made["refunded"] = begin(invoices[5], 90_00, 15)
    told(received(made["refunded"], happened_at=now - timedelta(days=15)),
         refunded(made["refunded"], 30_00, id=f"re_{made['refunded'].id}", happened_at=now - timedelta(days=9)))
    made["contested"] = begin(invoices[6], 60_00, 14)
    withdrawn = line(made["contested"], -60_00, 15_00, id=f"txn_du_{made['contested'].id}",
                     source=f"du_{made['contested'].id}", kind="adjustment")
    told(received(made["contested"], happened_at=now - timedelta(days=14)),
         charged_back(made["contested"], 60_00, withdrawn, id=f"du_{made['contested'].id}"))
    for name in ("paid_once", "paid_twice"):
        made[name] = begin(invoices[7], 45_00, 12, opens=False)
        told(received(made[name], happened_at=now - timedelta(days=12)))
    made["declined"] = begin(invoices[1], 100_00, 8)
    told(moved(made["declined"], "failed", failure_code="card_declined", happened_at=now - timedelta(days=8)))
    made["processing"] = begin(invoices[3], 500_00, 1)
    told(moved(made["processing"], "processing", brand="us_bank_account", last4="6789",
               happened_at=now - timedelta(days=1)))
    made["open"] = begin(invoices[2], 200_00, 0, expires_at=now + timedelta(minutes=50))
    made["announced"] = begin(invoices[2], 300_00, 2, opens=False, channel="transfer", state="announced",
                              reference=f"MD {part.marks.digits}", expires_at=None)

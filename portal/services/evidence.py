"""Makes evidence packs and checks them: one signed file and one paper, handed over together."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import evidence as rules
from portal.domain.errors import Refusal
from portal.domain.evidence import Happening, Verdict
from portal.domain.roles import StaffAccess
from portal.gateways import seals
from portal.models import (
    Business,
    Chargeback,
    Debtor,
    Dispute,
    DisputePart,
    Invoice,
    Payment,
    PaymentInvoice,
)
from portal.runtime import Runtime
from portal.services import chargebacks, debtor_desk, paper_sheets
from portal.services.audit import record, staff_actor
from portal.services.documents import Document, safe_name
from portal.services.evidence_rows import Whose, happenings
from portal.words import evidence_paper
from portal.words.core import Words, for_reader, speak, speaking

FILE, PAPER = "evidence.json", "evidence.pdf"


@dataclass(frozen=True)
class Offered:
    """What a pack can be made of: a debtor, with their invoices and disputes, and the public key packs are signed by.

    Each of `about` is (value, what it is, its number or reason).
    """

    debtor_id: str
    name: str
    about: tuple[tuple[str, str, str], ...]
    key: str


def offered(rt: Runtime, access: StaffAccess, debtor_id: str) -> Offered:
    """Give what a pack can be made of; raises Refusal role_may_not, not_found."""
    access.require("export")
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        mine = {"business_id": debtor.business_id, "debtor_id": debtor.id}
        invoices = session.scalars(select(Invoice).filter_by(**mine).order_by(Invoice.id.desc()).limit(200))
        disputes = session.scalars(select(Dispute).filter_by(**mine).order_by(Dispute.id.desc()).limit(50))
        about = (("", "everything", ""), *((f"invoice:{one.public_id}", "invoice", one.number) for one in invoices),
                 *((f"dispute:{one.public_id}", "dispute", one.reason) for one in disputes))
        return Offered(debtor.public_id, debtor.name, about, public_key(rt))


def public_key(rt: Runtime) -> str:
    """Give the public key packs of this installation are signed by, in base64; "" where there is none."""
    secret = rt.settings.evidence_key.get_secret_value()
    return base64.b64encode(seals.public_of(secret)).decode() if secret else ""


def make(rt: Runtime, access: StaffAccess, debtor_id: str, about: str = "") -> Document:
    """Make the pack of a debtor, or of one invoice or dispute of theirs ("invoice:<id>", "dispute:<id>"), as a ZIP.

    Raises Refusal: role_may_not, prove_first, not_found, debtor_erased, evidence_no_key.
    """
    access.require("export")
    now = rt.now()
    access.require_proof(now)
    if not rt.settings.evidence_key.get_secret_value():
        raise Refusal("conflict", "evidence_no_key")

    def work(session: Session) -> tuple[Business, Debtor, list[Happening]]:
        debtor = debtor_desk.lock(session, access, debtor_id)
        whose = Whose(debtor, _invoice_ids(session, debtor, about))
        told = happenings(session, whose)
        record(session, at=now, actor=staff_actor(access), act="evidence.made", business_id=access.business_id,
               debtor_id=debtor.id, target=about or f"debtor:{debtor.public_id}", count=len(told))
        return session.get_one(Business, access.business_id), debtor, told

    business, debtor, told = rt.db.run(work)
    content = _zip(rt, business, debtor, about or f"debtor:{debtor.public_id}", told)
    return Document(safe_name(f"{debtor.number}-evidence.zip"), "application/zip", content)


def verify(content: bytes, key: str, *, paper: bytes | None = None) -> Verdict:
    """Check a pack, as a ZIP or as its JSON file, with nothing but the file and the public key.

    Faults are those of the domain's verify(), and bad_key, bad_zip.
    """
    public = seals.read_key(key)
    if public is None:
        return Verdict("bad_key")
    if content.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sorted(archive.namelist()) != [FILE, PAPER] or any(
                        one.file_size > rules.LARGEST for one in archive.infolist()):
                    return Verdict("bad_zip")
                content, paper = archive.read(FILE), archive.read(PAPER)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
            return Verdict("bad_zip")
    return rules.verify(content, public, seals.is_signed, paper=paper)


def for_chargeback(rt: Runtime, access: StaffAccess, chargeback_id: str) -> Document:
    """Assemble what a bank may want to read about a charge that was taken back, as one PDF ready for Stripe.

    Raises Refusal: role_may_not, not_found.
    """
    access.require("work")
    now = rt.now()
    with rt.db.reading() as session:
        row = session.execute(
            select(Payment, Debtor, Business).join(Chargeback, Chargeback.payment_id == Payment.id)
            .join(Debtor, Debtor.id == Payment.debtor_id).join(Business, Business.id == Payment.business_id)
            .where(Chargeback.public_id == chargeback_id, Chargeback.business_id == access.business_id)).one_or_none()
        if row is None:
            raise Refusal("not_found", "unknown_page")
        payment, debtor, business = row
        paid = frozenset(session.scalars(select(PaymentInvoice.invoice_id).where(
            PaymentInvoice.payment_id == payment.id)))
        told = [one for one in happenings(session, Whose(debtor, paid)) if one.kind != "transfer"]
        case = chargebacks.evidence(session, payment)
    # A bank reads English, whatever the debtor reads.
    words = speak("en", business.timezone)
    with speaking(words, now):
        lines = [line.by(words) for line in case]
        said = evidence_paper.for_stripe(words, business.name, debtor.name, payment.number, lines, told, now)
    return Document(safe_name(f"{said.file_name}.pdf"), "application/pdf",
                    paper_sheets.print_paper(business, words, said, now))


def _zip(rt: Runtime, business: Business, debtor: Debtor, about: str, told: Sequence[Happening]) -> bytes:
    secret, now = rt.settings.evidence_key.get_secret_value(), rt.now()
    key, entries = seals.public_of(secret), rules.chain(told)
    last = entries[-1]["hash"] if entries else rules.NOTHING_BEFORE
    paper = _print(business, for_reader(debtor, business), debtor, about, told, last, key, now)
    named = rules.head(entries, business=business.slug, about=about, made_at=now.isoformat(),
                       paper=hashlib.sha256(paper).hexdigest(), key=key)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(FILE, rules.pack(named, entries, seals.sign(secret, rules.canonical(named))))
        archive.writestr(PAPER, paper)
    return packed.getvalue()


def _print(business: Business, words: Words, debtor: Debtor, about: str, told: Sequence[Happening], last: str,
           key: bytes, now: datetime) -> bytes:
    with speaking(words, now):
        said = evidence_paper.printed(words, business.name, debtor.name, about, told, last=last,
                                      key=base64.b64encode(key).decode(), now=now)
    return paper_sheets.print_paper(business, words, said, now)


def _invoice_ids(session: Session, debtor: Debtor, about: str) -> frozenset[int] | None:
    if not about:
        return None
    kind, _, public_id = about.partition(":")
    if kind == "invoice":
        return frozenset({debtor_desk.invoice_of(session, debtor, public_id).id})
    found = session.scalars(
        select(DisputePart.invoice_id).join(Dispute, Dispute.id == DisputePart.dispute_id)
        .where(Dispute.public_id == public_id, Dispute.business_id == debtor.business_id,
               Dispute.debtor_id == debtor.id)).all()
    if kind != "dispute" or not found:
        raise Refusal("not_found", "unknown_page")
    return frozenset(found)

"""An agreement as it stands on the stage of borders: signed by its debtor, marked by their word, over and done."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain.access import PROVEN, Access
from portal.domain.agreements import ELECTRONIC_RECORDS, LONGEST_NAME, SIGN
from portal.models import (
    Agreement,
    Arrangement,
    ArrangementInvoice,
    Business,
    Debtor,
    DebtorSession,
    Invoice,
    Message,
    OneTimeCode,
    PortalLink,
)
from portal.runtime import Runtime
from portal.services import agreement_papers, agreements
from portal.services.agreements import Signature
from portal.words.core import for_reader
from tests.cast import make_settings


def signed(session: Session, debtor: Debtor, link: PortalLink, invoice: Invoice, word: str,
           now: datetime) -> tuple[Agreement, Arrangement]:
    """Sign a settlement ten days ago; its emails have long left."""
    at = now - timedelta(days=10)
    settled = Arrangement(
        business_id=debtor.business_id, debtor_id=debtor.id, kind="settlement", state="ended", currency="USD",
        amount_minor=5_00, asked_until=at.date(), until=at.date(), asked_at=at, decided_at=at, ended_at=at, version=2)
    session.add(settled)
    session.flush()
    session.add(ArrangementInvoice(arrangement_id=settled.id, invoice_id=invoice.id, business_id=debtor.business_id,
                                   debtor_id=debtor.id))
    words = for_reader(debtor, session.get_one(Business, debtor.business_id))
    to_sign = agreements.ready(
        session, debtor, words, settled, f"# Agreed with {word}\n\nNumber {settled.public_id}", "settlement/1")
    made = agreements.sign(
        session, make_settings(), _door(session, debtor, link, at), to_sign,
        Signature(2, to_sign.seen, _name(word), frozenset({ELECTRONIC_RECORDS}), "203.0.113.9", "Browser"), at)
    session.execute(delete(Message).where(Message.key.in_(
        (f"agreement:{made.public_id}", f"agreement_signed:{made.public_id}"))))
    return made, settled


def _name(word: str) -> str:
    """The name they sign with; some words of a stage are longer than a name may be."""
    name = f"{word} Canary"
    return name if len(name) <= LONGEST_NAME else "Canary"


def print_papers(rt: Runtime) -> None:
    """Print what was signed, as the emails that carry it do before anybody looks."""
    with rt.db.reading() as session:
        signed_ones = session.execute(select(Agreement.business_id, Agreement.public_id)).all()
    for business_id, public_id in signed_ones:
        agreement_papers.for_mail(rt, business_id, public_id)


def _door(session: Session, debtor: Debtor, link: PortalLink, at: datetime) -> Access:
    code = OneTimeCode(business_id=debtor.business_id, debtor_id=debtor.id, link_id=link.id, act=SIGN,
                       code_hash="0" * 64, created_at=at, expires_at=at + timedelta(minutes=10), used_at=at)
    session.add(code)
    session.flush()
    opened = DebtorSession(
        token_hash=f"{debtor.id:064d}", business_id=debtor.business_id, debtor_id=debtor.id, link_id=link.id,
        level=PROVEN, created_at=at, seen_at=at, visit_started_at=at, code_id=code.id)
    session.add(opened)
    session.flush()
    return Access(debtor.business_id, debtor.id, link.id, link.public_id, PROVEN, session_id=opened.id)

"""The letter that says that invoices are paid in full, made whenever a debtor wants to keep it."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.ledger import BAD_DEBT, RECEIVABLE
from portal.models import Business, Debtor, Invoice, LedgerAccount, LedgerTransfer
from portal.runtime import Runtime
from portal.services import letter_print
from portal.services.documents import PDF, Document, safe_name
from portal.words import letter_paper
from portal.words.core import for_reader, speaking
from portal.words.emails import plain
from portal.words.letter_paper import LetterInvoice

# More than this is what the statement is for.
MOST_NAMED = 200


def paid_in_full(rt: Runtime, access: Access) -> Document:
    """Print the letter about everything a debtor has settled, the newest first.

    Raises Refusal not_found while nothing is settled. What was written off was not paid, and is not named.
    """
    now = rt.now()
    with rt.db.reading() as session:
        settled = list(session.scalars(_settled(access).order_by(Invoice.due_on.desc(), Invoice.id).limit(MOST_NAMED)))
        if not settled:
            raise Refusal("not_found", "unknown_page")
        business, debtor = session.get_one(Business, access.business_id), session.get_one(Debtor, access.debtor_id)
        words = for_reader(debtor, business)
        with speaking(words, now):
            said = letter_paper.paid_in_full(
                words, letter_print.written_by(business, debtor, words), letter_print.address_of(debtor),
                debtor.greeting_name,
                [LetterInvoice(plain(one.number), plain(one.title), one.due_on, one.currency, one.total_minor)
                 for one in settled], letter_print.today_of(business, debtor, now))
        contents = {"said": asdict(said), "made_at": now.isoformat(), "locale": words.locale,
                    "brand": letter_print.brand_of(business), "transfer": {}}
    return Document(safe_name(f"paid-in-full-{letter_print.today_of(business, debtor, now)}.pdf"), PDF,
                    letter_print.printed(contents, ""))


def any_settled(session: Session, access: Access) -> bool:
    """Say whether there is anything such a letter could name."""
    return bool(session.scalar(select(_settled(access).exists())))


def _settled(access: Access) -> Select[Invoice]:
    source, mirror = aliased(LedgerAccount), aliased(LedgerTransfer)
    written_off = exists().where(
        LedgerTransfer.credit_account_id == LedgerAccount.id, LedgerTransfer.debit_account_id == source.id,
        source.kind == BAD_DEBT, ~exists().where(mirror.corrects_id == LedgerTransfer.id))
    query = (
        select(Invoice).join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .where(LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id,
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.debits > 0,
               LedgerAccount.credits >= LedgerAccount.debits, ~written_off))
    return query if access.invoice_ids is None else query.where(Invoice.id.in_(access.invoice_ids))

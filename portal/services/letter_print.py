"""Makes letters ready for the printer: a last look, the words of this moment, a private link of its own, and the PDF.

What a letter says is kept in its row, so that printed again it is the same text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.gate import local_day
from portal.models import Business, CadenceStep, Debtor, Invoice, PaperLetter, PortalLink
from portal.runtime import Runtime
from portal.services import (
    agreement_papers,
    askable,
    consents,
    gatekeeping,
    ledger,
    letters,
    links,
    paper_letters,
    payments,
    policies,
    reminder_sums,
)
from portal.services.askable import Askable
from portal.services.paper_letters import DROPPED, WAITING
from portal.services.receipts import LETTER_PAPER
from portal.words import letter_paper, own_words
from portal.words.core import Words, for_reader, speaking
from portal.words.emails import plain
from portal.words.letter_paper import AGREEMENT, PAID_IN_FULL, LetterFrom, LetterInvoice, LetterWords
from portal.words.own_words import OwnWords

# A letter that is made ready again so soon keeps its link.
LINK_IS_FRESH = timedelta(days=3)
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


@dataclass(frozen=True)
class Sheet:
    """One printed letter: the id of its row, the name of its file, and the PDF."""

    public_id: str
    file_name: str
    content: bytes


def make_ready(session: Session, now: datetime, letter: PaperLetter, debtor: Debtor, *, paused: bool) -> bool:
    """Look once more whether a letter may go, and write it with the sums of now; False: it was dropped, with why.

    The caller holds the debtor's lock. Reasons: those of the gate for what is paid, held or on its way, paused,
    no_postal_address, letters_refused, owed_again.
    """
    business = session.get_one(Business, letter.business_id)
    owed = _asked(session, now, letter, debtor)
    reason = _against(session, letter, debtor, owed, paused)
    if reason:
        letter.state, letter.reason, letter.dropped_at = DROPPED, reason, now
        return False
    words = for_reader(debtor, business)
    with speaking(words, now):
        said, link = _worded(session, now, letter, business, debtor, words, owed)
    letter.contents = {
        **letter.contents, "said": asdict(said), "made_at": now.isoformat(), "locale": words.locale,
        "brand": brand_of(business), "link": link.public_id if link else "",
        "transfer": _transfer(business, debtor, owed)}
    return True


def text_of(session: Session, now: datetime, business: Business, debtor: Debtor, owed: Askable, *, tone: str,
            own: OwnWords) -> tuple[str, str]:
    """Write what a step's letter would say, as plain text and its language, to be looked at; nothing is made of it."""
    words = for_reader(debtor, business)
    with speaking(words, now):
        _, filled = letters.filled_in(session, now, business, debtor, owed, tone=tone)
        until = now + timedelta(days=policies.in_force(session, business.id).link_days)
        said = letter_paper.letter(
            words, tone, written_by(business, debtor, words), address_of(debtor), debtor.greeting_name,
            _invoices(session, now, business, debtor, owed), today_of(business, debtor, now),
            link_until=words.local_date(until), own=own_words.said(own, words, filled).paragraphs)
    return letter_paper.plain_text(said), words.language


def is_ready(letter: PaperLetter) -> bool:
    """Say whether a letter has its words already."""
    return "said" in letter.contents


def sheet(rt: Runtime, letter: PaperLetter) -> Sheet:
    """Print a letter from what its row keeps; its link is signed anew and is the same link."""
    contents = letter.contents
    address = ""
    if contents.get("link"):
        with rt.db.reading() as session:
            link = session.scalars(select(PortalLink).where(PortalLink.public_id == contents["link"])).one_or_none()
        address = links.url_of(rt.settings, link) if link else ""
    sheet = Sheet(letter.public_id, f"letter-{letter.created_at.date()}-{letter.public_id[:8]}.pdf",
                  printed(contents, address))
    if letter.kind != AGREEMENT:
        return sheet
    enclosed = agreement_papers.for_mail(rt, letter.business_id, contents["agreement"])
    return replace(sheet, content=together((sheet, replace(sheet, content=enclosed.content))))


def together(sheets: Sequence[Sheet]) -> bytes:
    """Put several letters into one file for the printer, each on pages of its own."""
    # Reading PDF files is large, and most of what runs here never does.
    from pypdf import PdfWriter

    whole = PdfWriter()
    for one in sheets:
        whole.append(io.BytesIO(one.content))
    written = io.BytesIO()
    whole.write(written)
    return written.getvalue()


def _asked(session: Session, now: datetime, letter: PaperLetter, debtor: Debtor) -> Askable:
    owed = askable.askable(session, now, debtor)
    wanted = set(letter.contents["invoices"])
    return Askable(tuple(one for one in owed.invoices if one.id in wanted), owed.owes, owed.reason)


def _against(session: Session, letter: PaperLetter, debtor: Debtor, owed: Askable, paused: bool) -> str:
    if not paper_letters.has_address(debtor):
        return "no_postal_address"
    if letter.kind == AGREEMENT:
        # They asked for it themselves, whatever they want no letters about.
        return ""
    if letter.kind == PAID_IN_FULL:
        left = ledger.left_by_invoice(session, letter.business_id, debtor.id)
        return "owed_again" if any(left.get(id, 1) for id in letter.contents["invoices"]) else ""
    if not consents.may_write(debtor, consents.refused_by(session, debtor)):
        return "letters_refused"
    if paused:
        return "paused"
    return "" if owed.invoices else owed.reason or "nothing_left"


def _worded(session: Session, now: datetime, letter: PaperLetter, business: Business, debtor: Debtor, words: Words,
            owed: Askable) -> tuple[LetterWords, PortalLink | None]:
    sender, to, today = written_by(business, debtor, words), address_of(debtor), today_of(business, debtor, now)
    if letter.kind == AGREEMENT:
        return letter_paper.signed_agreement(words, sender, to, debtor.greeting_name, today), None
    if letter.kind == PAID_IN_FULL:
        settled = [
            LetterInvoice(plain(one.number), plain(one.title), one.due_on, one.currency, one.total_minor)
            for one in session.scalars(select(Invoice).where(
                Invoice.business_id == letter.business_id, Invoice.id.in_(letter.contents["invoices"]))
                .order_by(Invoice.due_on, Invoice.id))]
        return letter_paper.paid_in_full(words, sender, to, debtor.greeting_name, settled, today), None
    link = _link(session, now, letter, debtor)
    said = letter_paper.letter(
        words, letter.kind, sender, to, debtor.greeting_name, _invoices(session, now, business, debtor, owed),
        today, link_until=words.local_date(link.expires_at),
        own=_own(session, now, letter, business, debtor, words, owed))
    return said, link


def written_by(business: Business, debtor: Debtor, words: Words) -> LetterFrom:
    """Name who writes a letter, how to reach them, and where to pay."""
    sender = letters.sender_of(business, words)
    return LetterFrom(
        sender.contact_name, sender.contact_phone, sender.hours,
        [(plain(label), plain(value)) for label, value in business.bank_details],
        payments.transfer_reference(business, debtor))


def address_of(debtor: Debtor) -> tuple[str, ...]:
    """Give the lines of an envelope."""
    return debtor.name, *filter(None, (line.strip() for line in debtor.postal_address.splitlines()))


def today_of(business: Business, debtor: Debtor, now: datetime) -> date:
    """Tell the day where the debtor is."""
    return local_day(now, gatekeeping.zones_of(debtor.timezone, debtor.country, business.timezone))


def _invoices(session: Session, now: datetime, business: Business, debtor: Debtor,
              owed: Askable) -> list[LetterInvoice]:
    return [LetterInvoice(one.number, one.title, one.due_on, one.currency, one.left_minor, one.fees_minor)
            for one in reminder_sums.owed(session, now, business, debtor, owed)]


def _link(session: Session, now: datetime, letter: PaperLetter, debtor: Debtor) -> PortalLink:
    """Give the private link of a letter; one that was made ready before and has not been posted keeps its own."""
    known = session.scalars(select(PortalLink).where(
        PortalLink.public_id == letter.contents.get("link", ""), PortalLink.debtor_id == debtor.id)).one_or_none()
    fresh = known is not None and links.stands(known, now) and known.created_at + LINK_IS_FRESH > now
    return known if known is not None and fresh else links.create(session, now, debtor)


def _own(session: Session, now: datetime, letter: PaperLetter, business: Business, debtor: Debtor, words: Words,
         owed: Askable) -> tuple[str, ...]:
    """Give the business's own paragraphs for the step, if it wrote any in the reader's language."""
    step = session.get(CadenceStep, letter.contents.get("step") or 0)
    if step is None or step.business_id != letter.business_id or not step.own_words:
        return ()
    _, filled = letters.filled_in(session, now, business, debtor, owed, tone=letter.kind)
    return own_words.said(step.own_words, words, filled).paragraphs


def brand_of(business: Business) -> dict[str, Any]:
    """Keep how a business looks on paper, as it is at this moment."""
    return {"name": business.name, "legal_name": business.legal_name, "color": business.brand_color,
            "address": business.postal_address.splitlines(), "logo": business.logo_svg or "",
            "size": "us-letter" if business.country in LETTER_PAPER else "a4"}


def _transfer(business: Business, debtor: Debtor, owed: Askable) -> dict[str, Any]:
    """Name the transfer a European banking app can fill in: one currency, euros, to an account with an IBAN."""
    ibans = [value.replace(" ", "").upper() for _, value in business.bank_details]
    iban = next((one for one in ibans if IBAN.fullmatch(one)), "")
    if not iban or not owed.invoices or {one.currency for one in owed.invoices} != {"EUR"}:
        return {}
    return {"payee": business.legal_name, "iban": iban, "cents": sum(one.left_minor for one in owed.invoices),
            "text": payments.transfer_reference(business, debtor)}


def printed(contents: Mapping[str, Any], address: str) -> bytes:
    """Set what a letter keeps as a PDF; `address` is its private link, empty for none."""
    # Typesetting is large, and most of what runs here never prints.
    from portal.gateways import pdf, qr

    said, brand = contents["said"], contents["brand"]
    codes = []
    if address:
        codes.append(pdf.Code(qr.of_address(address), said["link_caption"]))
    if contents["transfer"]:
        drawn = qr.of_transfer(qr.EuroTransfer(**contents["transfer"]))
        codes += [pdf.Code(drawn, said["transfer_caption"])] if drawn else []
    size: Literal["us-letter", "a4"] = "us-letter" if brand["size"] == "us-letter" else "a4"
    what, due, amount = said["columns"]
    table = pdf.Table(
        columns=(pdf.Column(what, "wide"), pdf.Column(due), pdf.Column(amount, "money")),
        rows=tuple(pdf.Row((title, day, sum_), note) for title, note, day, sum_ in said["rows"]),
        totals=tuple(pdf.Row((label, sum_)) for label, sum_ in said["totals"]))
    return pdf.post_letter(pdf.PostLetter(
        sender=pdf.Sender(brand["name"], brand["legal_name"], tuple(brand["address"]), brand["color"],
                          brand["logo"].encode() or None),
        language=contents["locale"], title=said["title"], issued_at=datetime.fromisoformat(contents["made_at"]),
        page_label=said["page_label"], size=size, to=tuple(said["to"]), lead=said["day"],
        tables=(table,) if said["rows"] else (),
        notes=tuple(said["opening"]), facts=tuple((label, value) for label, value in said["pay"]),
        closing_title=said["pay_title"], closing=tuple(said["closing"]), closing_text=tuple(said["ending"]),
        codes=tuple(codes)))


def waiting(session: Session, business_id: int, limit: int) -> Sequence[PaperLetter]:
    """Give the letters that wait for the printer, the oldest first."""
    return session.scalars(
        select(PaperLetter).where(PaperLetter.business_id == business_id, PaperLetter.state == WAITING)
        .order_by(PaperLetter.created_at, PaperLetter.id).limit(limit)).all()

"""The wording of printed evidence: an evidence pack, and what is handed to Stripe against a chargeback."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portal.domain.evidence import Happening
from portal.words.core import Words
from portal.words.refusals import N_
from portal.words.statement_paper import PaperWords, TableWords

KINDS: dict[str, str] = {
    "invoice": N_("Invoice issued"), "message": N_("Email"), "letter": N_("Letter"), "link_sent": N_("Link made"),
    "link_opened": N_("Link opened"), "identity_check": N_("Check who it is"), "offer": N_("Offer"),
    "arrangement": N_("Arrangement"), "agreement": N_("Agreement signed"), "words": N_("Said"), "call": N_("Call"),
    "dispute_opened": N_("Said that something is wrong"), "dispute_decided": N_("Dispute decided"),
    "says_paid": N_("Said to have paid"), "payment_started": N_("Payment started"),
    "payment_received": N_("Payment received"), "refund": N_("Refund"), "chargeback": N_("Chargeback"),
    "transfer": N_("Entry of the books"),
}
# What of a happening stands in its line, in this order, where it is there.
TOLD = ("invoice", "payment", "title", "kind", "what", "by", "state", "reason", "to", "subject", "channel", "method",
        "last4", "debit", "credit", "until", "paid_on", "result", "link", "fingerprint")
LONGEST_NOTE = 4_000
# More would be a book; all of it stands in the file beside it.
MOST_PRINTED = 3_000


def printed(words: Words, business: str, name: str, about: str, happenings: Sequence[Happening], *, last: str,
            key: str, now: datetime) -> PaperWords:
    """Word a pack as a paper: everything in order, the end of the chain, and the key that signs it."""
    shown = happenings[:MOST_PRINTED]
    facts = [(words.text("About"), about), (words.text("Made on"), words.long_day(now)),
             (words.text("Entries"), words.number(len(happenings))),
             (words.text("Last fingerprint"), _spaced(last)), (words.text("Public key"), _spaced(key))]
    left = () if len(shown) == len(happenings) else (
        words.text("%(count)s more stand in the file beside this paper.",
                   count=words.number(len(happenings) - len(shown))),)
    return PaperWords(
        title=words.text("Evidence pack"), page_label=words.text(
            "Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        file_name="evidence", to=(name,), eyebrow=business, amount="", amount_tail="",
        lead=words.text("Everything that happened, in order. The file beside this paper holds the same, chained and "
                        "signed; a change of either shows."),
        facts=tuple(facts), tables=(_table(words, shown),), notes=left, closing_title="", closing=())


def for_stripe(words: Words, business: str, name: str, number: str, lines: Sequence[str],
               happenings: Sequence[Happening], now: datetime) -> PaperWords:
    """Word what a bank reads about a charge: the case in sentences, then everything that happened."""
    return PaperWords(
        title=words.text("About payment %(number)s", number=number), page_label=words.text(
            "Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        file_name=f"chargeback-{number}", to=(name,), eyebrow=business, amount="", amount_tail="",
        lead=words.text("What was sold, what was agreed, how the customer acted, and what they received."),
        facts=((words.text("Made on"), words.long_day(now)),), tables=(_table(words, happenings[-MOST_PRINTED:]),),
        notes=tuple(lines), closing_title="", closing=())


def _table(words: Words, happenings: Sequence[Happening]) -> TableWords:
    return TableWords(
        "", (words.text("Day"), words.text("What happened"), words.text("Amount")),
        tuple(_row(words, one) for one in happenings), ())


def _row(words: Words, one: Happening) -> tuple[str, str, str, str]:
    what = one.what
    told = [words.text(KINDS[one.kind]), *(str(what[name]) for name in TOLD if what.get(name))]
    minor = next((what[name] for name in ("amount_minor", "total_minor", "discount_minor") if what.get(name)), 0)
    currency = str(what.get("currency") or "")
    amount = words.money(minor, currency) if minor and currency else ""
    return words.moment(datetime.fromisoformat(one.at)), ", ".join(told), amount, _note(what)


def _note(what: Any) -> str:
    said = str(what.get("words") or "")
    parts = [f"{part.get('invoice') or part.get('text')} {part.get('line', '')}".strip()
             for part in (what.get("parts") or what.get("lines") or ())]
    return (said or "; ".join(parts))[:LONGEST_NOTE]


def _spaced(text: str) -> str:
    return " ".join(text[start:start + 16] for start in range(0, len(text), 16))

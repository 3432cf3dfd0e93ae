"""The wording of a printed receipt: what came in, what it was for, and what went back since. Layout is not here."""

from __future__ import annotations

from dataclasses import dataclass

from portal.words.core import Words
from portal.words.email_kinds import PaidInvoice, PaidSum
from portal.words.methods import paid_with


@dataclass(frozen=True)
class ReceiptWords:
    """All texts of one receipt, ready to print."""

    title: str
    page_label: str
    eyebrow: str
    amount: str
    amount_tail: str
    columns: tuple[str, str]
    rows: tuple[tuple[str, str, str], ...]
    total: tuple[str, str]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    closing_title: str
    closing: tuple[str, ...]
    file_name: str


def word(words: Words, paid: PaidSum, *, payer: str, greeting_name: str, returned_minor: int,
         contact: tuple[str, str]) -> ReceiptWords:
    """Word the receipt of a payment that has arrived; `contact` is a person's name and phone number."""
    whole, tail = words.money_parts(paid.amount_minor, paid.currency)
    total = words.money(paid.amount_minor, paid.currency)
    thanks = (words.text("Thank you, %(name)s. We have received", name=greeting_name) if greeting_name
              else words.text("Thank you. We have received"))
    returned = words.text("%(amount)s of it went back to you since.", amount=words.money(returned_minor, paid.currency))
    return ReceiptWords(
        title=words.text("Receipt %(number)s", number=paid.number),
        page_label=words.text("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        eyebrow=thanks, amount=whole, amount_tail=tail, columns=(words.text("For"), words.text("Amount")),
        rows=_rows(words, paid), total=(words.text("Paid"), total),
        facts=((words.text("Account of"), payer), *_paid_with(words, paid),
               (words.text("Received"), words.text("%(day)s, %(time)s", day=words.long_day(paid.at),
                                                   time=words.clock(paid.at)))),
        notes=(returned,) if returned_minor else (),
        closing_title=words.text("Talk to a person"),
        closing=(words.text("%(name)s reads every message.", name=contact[0]), contact[1]),
        file_name=words.text("receipt-%(number)s.pdf", number=paid.number),
    )


def _rows(words: Words, paid: PaidSum) -> tuple[tuple[str, str, str], ...]:
    rows = [(line.title or words.text("Invoice %(number)s", number=line.number), _note(words, paid, line),
             words.money(line.paid_minor, paid.currency)) for line in paid.invoices]
    beyond = paid.amount_minor - sum(line.paid_minor for line in paid.invoices)
    if beyond > 0:
        rows.append((words.text("Beyond what was to pay, kept for you"), "", words.money(beyond, paid.currency)))
    return tuple(rows)


def _note(words: Words, paid: PaidSum, line: PaidInvoice) -> str:
    named = words.text("Invoice %(number)s", number=line.number) if line.title else ""
    if not line.discount_minor:
        return named
    discount = words.text("with a discount of %(amount)s", amount=words.money(line.discount_minor, paid.currency))
    return ", ".join(part for part in (named, discount) if part)


def _paid_with(words: Words, paid: PaidSum) -> tuple[tuple[str, str], ...]:
    """Whose card it was is not ours to say: somebody else may have paid by a link."""
    if not paid.method_last4:
        return ()
    return ((words.text("Paid with"), paid_with(words, paid.method_brand, paid.method_last4)),)

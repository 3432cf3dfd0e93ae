"""The wording of each kind of email: what happened, what it means, what can be done.

No subject tells a bystander that there is a debt, and no sentence threatens. How it looks is in emails.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from portal.words.core import Words
from portal.words.emails import Letter, Reader, Row, Sender, Way
from portal.words.methods import method
from portal.words.own_words import NONE, OwnWords, Said, said, values
from portal.words.reminder_tones import firmer

SHOWN_INVOICES = 12


@dataclass(frozen=True)
class OwedInvoice:
    """An invoice a reminder asks for: what may be asked of it now, in minor units."""

    number: str
    title: str
    issued_on: date
    due_on: date
    currency: str
    left_minor: int
    # Late fees and interest in it, a discount that paying all of it now would earn, and the first day of a late fee.
    fees_minor: int = 0
    discount_minor: int = 0
    discount_until: datetime | None = None
    no_fee_before: date | None = None


@dataclass(frozen=True)
class PaidInvoice:
    """What a payment did for one invoice, minor units; the discount is what it earned beside."""

    number: str
    paid_minor: int
    discount_minor: int = 0
    title: str = ""


@dataclass(frozen=True)
class PaidSum:
    """A payment as its letters tell it; `left_minor` is what is left of the debtor's whole account in its currency."""

    number: str
    amount_minor: int
    currency: str
    method_brand: str
    method_last4: str
    at: datetime
    left_minor: int
    invoices: tuple[PaidInvoice, ...] = ()
    credit_minor: int = 0
    # Whether its payer is to be asked how it was.
    asks: bool = False
    # Whether it was charged by itself, as its payer had allowed.
    automatic: bool = False


def reminder(words: Words, sender: Sender, reader: Reader, invoices: Sequence[OwedInvoice], *, today: date,
             no_fees: bool, tone: str = "friendly", own: OwnWords = NONE) -> Letter:
    """Word the reminder about all open invoices, in a step's tone; at least one, oldest due date first.

    The business's own words take the place of the subject and of what stands before the sums; the rest is always ours.
    """
    one = invoices[0] if len(invoices) == 1 else None
    firm = firmer(words, tone, today) if invoices[0].due_on < today else None
    theirs = said(own, words, filled_in(words, sender, reader, invoices, today, tone)) if own else Said()
    return Letter(
        subject=theirs.subject or words.text("A note from %(business)s", business=sender.name),
        preview=words.text("Your page with us, and the ways to take care of it."),
        greeting=hello(words, reader), opening=theirs.paragraphs or firm or (_why(words, invoices, today),),
        amounts=_totals(words, invoices),
        amount_note=_what_for(words, invoices, no_fees), rows=() if one else _owed_rows(words, invoices, today),
        action=words.text("See your ways to pay"), ways=_ways(words),
        closing=(words.text("You can also just reply; %(name)s reads every answer.", name=sender.contact_name),),
    )


def filled_in(words: Words, sender: Sender, reader: Reader, invoices: Sequence[OwedInvoice], today: date,
              tone: str) -> dict[str, str]:
    """Give what the placeholders of a business's own words become for one reader; at least one invoice."""
    return values(
        words, name=reader.greeting_name or reader.name, business=sender.name, sender=sender.contact_name,
        phone=sender.contact_phone, numbers=[one.number for one in invoices], sums=_totals(words, invoices),
        due_on=min(one.due_on for one in invoices), today=today, tone=tone)


def code(words: Words, sender: Sender, digits: str, until: datetime, *, signs: bool = False) -> Letter:
    """Word the six digits that prove who sits at the page, and say so where entering them signs something."""
    return Letter(
        subject=words.text("Your code for %(business)s", business=sender.name),
        preview=words.text("It works for a few minutes."),
        greeting=words.text("Your code for signing is") if signs else words.text("Your code is"), code=digits,
        closing=(
            words.text("Entered on the page you have open, it signs the agreement that you have read there. It works "
                       "once, until %(time)s.", time=words.clock(until)) if signs else
            words.text("Enter it on the page you have open. It works once, until %(time)s.",
                       time=words.clock(until)),
            words.text("You did not ask for a code? Then you need not do anything: without it, nothing is signed.")
            if signs else
            words.text("You did not ask for a code? Then you need not do anything: without it, nothing opens and "
                       "nothing can be changed."),
        ),
        warning=Way(words.text("Do not read it to anyone."), words.text(
            "Nobody from %(business)s will ask you for it, on the phone or in a message.", business=sender.name)),
        signed=False,
    )


def new_link(words: Words, sender: Sender, reader: Reader, until: datetime) -> Letter:
    """Word the fresh link that a reader asked for; says nothing about what lies behind it."""
    return Letter(
        subject=words.text("Your new link from %(business)s", business=sender.name),
        preview=words.text("It opens your page with us."), greeting=hello(words, reader),
        opening=(words.text("Here is the fresh link to your page that was asked for. It works until %(day)s.",
                            day=words.day(until)),),
        action=words.text("Open your page"),
        closing=(words.text("You did not ask for it? Then you need not do anything."),),
    )


def receipt(words: Words, sender: Sender, reader: Reader, paid: PaidSum) -> Letter:
    """Word the receipt: what came in, what it was for, what is left."""
    return Letter(
        subject=words.text("Your receipt from %(business)s", business=sender.name),
        preview=words.text("Thank you. Your receipt is attached."), greeting=hello(words, reader),
        opening=(words.text("Thank you. As you allowed, we have received your payment by itself.") if paid.automatic
                 else words.text("Thank you. We have received your payment."),),
        amounts=(words.money(paid.amount_minor, paid.currency),), amount_note=_received(words, paid),
        rows=_paid_rows(words, paid), action=words.text("See your page"),
        question=feedback_question(words) if paid.asks else "",
        closing=(words.text("The receipt %(number)s is attached as a PDF. Keep it for your records.",
                            number=paid.number),),
    )


def on_its_way(words: Words, sender: Sender, reader: Reader, paid: PaidSum) -> Letter:
    """Word the note that a bank is moving the money, which takes days."""
    return Letter(
        subject=words.text("A confirmation from %(business)s", business=sender.name),
        preview=words.text("It is on its way."), greeting=hello(words, reader),
        opening=(words.text("Thank you. Your payment is on its way."),),
        amounts=(words.money(paid.amount_minor, paid.currency),),
        amount_note=words.text("Your bank needs a few working days to move it. Please do not pay again."),
        action=words.text("See your page"),
        closing=(words.text("We send you the receipt as soon as the money is here, and write to you if your bank does "
                            "not let it through."),),
    )


def debit_failed(words: Words, sender: Sender, reader: Reader, paid: PaidSum) -> Letter:
    """Word the news that a bank did not make a payment; no blame, and the way to try again."""
    return Letter(
        subject=words.text("A note from %(business)s", business=sender.name),
        preview=words.text("Nothing was taken, and you can choose another way."), greeting=hello(words, reader),
        opening=(words.text("Your bank did not let this payment through. Nothing was taken."),),
        amounts=(words.money(paid.amount_minor, paid.currency),),
        amount_note=words.text("Payment %(number)s, started on %(day)s. What it was for is open again.",
                               number=paid.number, day=words.day(paid.at)),
        action=words.text("See your ways to pay"),
        closing=(words.text("You can try again or choose another way. If something is in the way, just reply; "
                            "%(name)s reads every answer.", name=sender.contact_name),),
    )


def refund_made(words: Words, sender: Sender, reader: Reader, paid: PaidSum, refunded_minor: int, *,
                reopens: bool) -> Letter:
    """Word the news that money goes back to the payer, and what that means for the account."""
    meaning = (
        words.text("What this money had paid is open again.") if reopens
        else words.text("It comes out of money you had with us beyond what was to pay."))
    return Letter(
        subject=words.text("A refund from %(business)s", business=sender.name),
        preview=words.text("It is on its way back to you."), greeting=hello(words, reader),
        opening=(words.text("We are sending money back to you."),),
        amounts=(words.money(refunded_minor, paid.currency),),
        amount_note=words.text("From payment %(number)s, back to where it came from. Banks take five to ten working "
                               "days to show it.", number=paid.number),
        action=words.text("See your page"), closing=(meaning,),
    )


def refund_failed(words: Words, sender: Sender, reader: Reader, paid: PaidSum, refunded_minor: int) -> Letter:
    """Word the news that a refund came back to the business, and that the money is not lost."""
    return Letter(
        subject=words.text("About your refund from %(business)s", business=sender.name),
        preview=words.text("It came back to us; nothing is lost."), greeting=hello(words, reader),
        opening=(words.text("Your bank or card did not take the refund we sent you. It came back to us, and nothing is "
                            "lost: it counts for your account again."),),
        amounts=(words.money(refunded_minor, paid.currency),),
        amount_note=words.text("From payment %(number)s.", number=paid.number), action=words.text("See your page"),
        closing=(words.text("Please reply or call, so that %(name)s can send it another way.",
                            name=sender.contact_name),),
    )


def feedback_question(words: Words) -> str:
    """Ask how paying was; the words are the link to the page of three answers."""
    return words.text("How was this for you? One press tells us.")


def hello(words: Words, reader: Reader) -> str:
    """Greet the reader by the name they are known by here, if there is one."""
    if reader.greeting_name:
        return words.text("Hello %(name)s,", name=reader.greeting_name)
    return words.text("Hello,")


def _why(words: Words, invoices: Sequence[OwedInvoice], today: date) -> str:
    first = min(invoices, key=lambda invoice: invoice.due_on)
    due, issued = words.day(first.due_on), words.day(first.issued_on)
    if first.due_on >= today:
        return words.plural(
            "A short note ahead of time: your invoice from %(issued)s is due on %(due)s. Nothing is late.",
            "A short note ahead of time: %(n)s of your invoices are open, the first due on %(due)s. Nothing is late.",
            len(invoices), issued=issued, due=due)
    return words.plural(
        "Your invoice from %(issued)s was due on %(due)s. Perhaps it slipped by, perhaps something is in the way. "
        "Both happen.",
        "%(n)s of your invoices are open, the first was due on %(due)s. Perhaps they slipped by, perhaps something is "
        "in the way. Both happen.",
        len(invoices), issued=issued, due=due)


def _totals(words: Words, invoices: Sequence[OwedInvoice]) -> tuple[str, ...]:
    sums: dict[str, int] = {}
    for invoice in invoices:
        sums[invoice.currency] = sums.get(invoice.currency, 0) + invoice.left_minor
    return tuple(words.money(minor, currency) for currency, minor in sums.items())


def _what_for(words: Words, invoices: Sequence[OwedInvoice], no_fees: bool) -> str:
    first = invoices[0]
    if len(invoices) > 1:
        note = words.plural("Left to pay on %(n)s invoice.", "Left to pay on %(n)s invoices.", len(invoices))
    elif first.title:
        note = words.text("Left to pay on invoice %(number)s: %(title)s.", number=first.number, title=first.title)
    else:
        note = words.text("Left to pay on invoice %(number)s.", number=first.number)
    return " ".join((note, *_fee_words(words, invoices, no_fees), *_discount_words(words, invoices)))


def _fee_words(words: Words, invoices: Sequence[OwedInvoice], no_fees: bool) -> list[str]:
    """What has been added, and until when nothing is: said before it happens, so that nobody is surprised."""
    found = [words.text("No fee has been added.")] if no_fees else []
    added = _totals(words, [replace(one, left_minor=one.fees_minor) for one in invoices if one.fees_minor])
    if added:
        found.append(words.text("%(fees)s of it are late fees and interest; your page tells each of them.",
                                fees=", ".join(added)))
    days = [one.no_fee_before for one in invoices if one.no_fee_before]
    if days:
        found.append(words.text("Paid before %(day)s, no late fee is added.", day=words.day(min(days))))
    return found


def _discount_words(words: Words, invoices: Sequence[OwedInvoice]) -> list[str]:
    """The discount of a single invoice; several have theirs in their rows."""
    one = invoices[0]
    if len(invoices) > 1 or one.discount_until is None:
        return []
    return [words.text("Paid in full until %(moment)s, it is %(sum)s: %(saving)s less.",
                       moment=words.moment(one.discount_until),
                       sum=words.money(one.left_minor - one.discount_minor, one.currency),
                       saving=words.money(one.discount_minor, one.currency))]


def _owed_rows(words: Words, invoices: Sequence[OwedInvoice], today: date) -> tuple[Row, ...]:
    rows = [_owed_row(words, invoice, today) for invoice in invoices[:SHOWN_INVOICES]]
    more = len(invoices) - SHOWN_INVOICES
    if more > 0:
        rows.append(Row(words.plural("and %(n)s more on your page", "and %(n)s more on your page", more), ""))
    return tuple(rows)


def _owed_row(words: Words, invoice: OwedInvoice, today: date) -> Row:
    label = f"{invoice.number}: {invoice.title}" if invoice.title else invoice.number
    day = words.short_day(invoice.due_on)
    late = invoice.due_on < today
    notes = [words.text("was due on %(day)s", day=day) if late else words.text("due on %(day)s", day=day)]
    if invoice.fees_minor:
        notes.append(words.text("with %(fees)s of late fees and interest",
                                fees=words.money(invoice.fees_minor, invoice.currency)))
    if invoice.discount_until is not None:
        notes.append(words.text("%(saving)s less if paid in full until %(moment)s",
                                saving=words.money(invoice.discount_minor, invoice.currency),
                                moment=words.moment(invoice.discount_until)))
    return Row(label, words.money(invoice.left_minor, invoice.currency), ", ".join(notes))


def _ways(words: Words) -> tuple[Way, ...]:
    return (
        Way(words.text("Pay"), words.text("all of it or a part")),
        Way(words.text("Pay over time"), words.text("in payments that we agree on with you")),
        Way(words.text("Ask for help"), words.text("more time, already paid, or something is wrong")),
    )


def _received(words: Words, paid: PaidSum) -> str:
    day = words.day(paid.at)
    if paid.method_last4:
        return words.text("Received on %(day)s, %(method)s ending in %(last4)s.", day=day,
                          method=method(words, paid.method_brand), last4=paid.method_last4)
    return words.text("Received on %(day)s.", day=day)


def _paid_rows(words: Words, paid: PaidSum) -> tuple[Row, ...]:
    rows = [_paid_row(words, invoice, paid.currency) for invoice in paid.invoices]
    if paid.credit_minor:
        rows.append(Row(words.text("Kept for you as credit"), words.money(paid.credit_minor, paid.currency)))
    left = words.money(paid.left_minor, paid.currency)
    last = Row(words.text("Left to pay now"), left, strong=True)
    return (*rows, last)


def _paid_row(words: Words, invoice: PaidInvoice, currency: str) -> Row:
    note = ""
    if invoice.discount_minor:
        note = words.text("with a discount of %(amount)s", amount=words.money(invoice.discount_minor, currency))
    label = words.text("Invoice %(number)s", number=invoice.number)
    return Row(label, words.money(invoice.paid_minor, currency), note)

"""What a reader allows when installments are to be charged by themselves; each version of the text stays known by it.

Whoever changes a sentence raises the version: what was allowed before counts in the words it was allowed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.domain.agreements import AUTOPAY, Statement
from portal.domain.autopay import AMOUNT_DAYS, DAY_DAYS, KEEP_YEARS
from portal.domain.schedules import Part
from portal.words.core import Words
from portal.words.emails import Sender

VERSION = "2"


def charges(words: Words, sender: Sender, parts: Sequence[Part], currency: str, *, today: date,
            notice_days: int, retry_days: Sequence[int]) -> Statement:
    """Say what is charged and when, how early that is told, what happens when a bank refuses, and how to end it.

    What is due `today` or before is paid by hand while the method is saved: no email can come days before it.
    """
    rows = "\n".join(f"- {words.long_day(part.due_on)}: {words.money(part.amount_minor, currency)}" for part in parts)
    said = [
        words.text("I allow %(business)s to charge the card or bank account that I save for this, on the day of each "
                   "installment:", business=sender.name),
        rows,
        words.plural("At least %(n)s day before each charge I get an email with its day and amount.",
                     "At least %(n)s days before each charge I get an email with its day and amount.", notice_days),
        words.text("Where the amount is not the one above, that email comes at least %(amount_days)s days before, and "
                   "where only the day is another, at least %(day_days)s days.", amount_days=AMOUNT_DAYS,
                   day_days=DAY_DAYS),
    ]
    if any(part.due_on <= today for part in parts):
        said.append(words.text("What is due today or before I pay at once, when I save a card or account. Where I do "
                               "not, it is charged like the others, after such an email."))
    if retry_days:
        said.append(words.text(
            "If my bank does not let a charge through, it may be tried again %(days)s days later, and never on a day "
            "on which I have paid myself.", days=", ".join(words.number(day) for day in retry_days)))
    said += [
        words.text("I can end this at any time on my page or by a call to %(phone)s. It counts at once, and my plan "
                   "goes on: I then pay each installment myself.", phone=sender.contact_phone),
        words.text("A copy of this comes to me by email, and it is kept for %(years)s years after it ends.",
                   years=KEEP_YEARS),
    ]
    return Statement(AUTOPAY, VERSION, "\n\n".join(said))

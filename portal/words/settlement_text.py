"""The text of a settlement as it is signed: the one sum, its last moment, what it closes, and what happens otherwise.

Whoever changes a sentence raises VERSION: what was signed before counts in the words it was signed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.words.core import Words
from portal.words.emails import Sender

VERSION = "settlement/1"


@dataclass(frozen=True)
class SettlementWords:
    """What the text of a settlement names; minor units. `invoices` are (number, title, what is left of it)."""

    public_id: str
    legal_name: str
    debtor_name: str
    debtor_number: str
    currency: str
    amount_minor: int
    owed_minor: int
    deadline: datetime
    invoices: Sequence[tuple[str, str, int]]

    @property
    def forgiven_minor(self) -> int:
        return self.owed_minor - self.amount_minor


def text(words: Words, sender: Sender, one: SettlementWords) -> str:
    """Write the whole agreement, in the canonical form of domain/agreements.py."""
    rows = "\n".join("- " + words.text("Invoice %(number)s, %(title)s: %(sum)s", number=number, title=title or number,
                                       sum=words.money(minor, one.currency)) for number, title, minor in one.invoices)
    return "\n\n".join((
        "# " + words.text("Agreement to close it with one payment"),
        words.text("Between %(business)s (“we”) and %(name)s, account number %(number)s (“you”).",
                   business=one.legal_name, name=one.debtor_name, number=one.debtor_number),
        words.text("Number of this agreement: %(id)s", id=one.public_id),
        "## " + words.text("What this covers"), rows,
        words.text("Together %(sum)s.", sum=words.money(one.owed_minor, one.currency)),
        "## " + words.text("What you pay"),
        words.text("One payment of %(sum)s, started by %(moment)s. A bank may take some days to move it; that does not "
                   "matter, as long as it arrives.", sum=words.money(one.amount_minor, one.currency),
                   moment=words.moment(one.deadline)),
        words.text("If an invoice is corrected or a part is paid in another way before, the payment becomes less by as "
                   "much."),
        "## " + words.text("What we do"),
        words.text("As soon as the payment has arrived, we no longer ask for the other %(rest)s, now or later. All of "
                   "the above is then closed.", rest=words.money(one.forgiven_minor, one.currency)),
        words.text("Until %(moment)s we send no reminders about it, and no fee is added.",
                   moment=words.moment(one.deadline)),
        "## " + words.text("If it does not work out"),
        words.text("If the payment is not started in time, this agreement ends by itself and the full sum stands "
                   "again, less what you have paid. It costs nothing on top."),
        words.text("If a bank takes the payment back, or all or a part of it is refunded, what it had closed is owed "
                   "again, also the sum we had stopped asking for."),
        words.text("For a change call %(phone)s before the day is over.", phone=sender.contact_phone)))


def summary(words: Words, one: SettlementWords) -> tuple[tuple[str, str], ...]:
    """Give the points of a settlement in a few lines, for the page on which it is signed."""
    return (
        (words.text("You pay, once"), words.money(one.amount_minor, one.currency)),
        (words.text("Instead of"), words.money(one.owed_minor, one.currency)),
        (words.text("We no longer ask for"), words.money(one.forgiven_minor, one.currency)),
        (words.text("Started by"), words.moment(one.deadline)),
        (words.text("If it is missed"), words.text("The full sum stands again, less what you have paid")),
    )

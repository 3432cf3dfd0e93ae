"""The text of a plan as it is signed: plain words, every day and sum, what happens when one is missed, how it ends.

Whoever changes a sentence raises VERSION: what was signed before counts in the words it was signed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.domain.plan_rules import Living
from portal.domain.schedules import Part
from portal.words.core import Words
from portal.words.emails import Sender

VERSION = "plan/1"


@dataclass(frozen=True)
class PlanWords:
    """What the text of a plan names; sums in minor units. `invoices` are (number, title, covered sum)."""

    public_id: str
    legal_name: str
    debtor_name: str
    debtor_number: str
    currency: str
    total_minor: int
    parts: Sequence[Part]
    invoices: Sequence[tuple[str, str, int]]
    living: Living
    autopay: bool
    down_minor: int = 0
    # The number of the agreement whose place this takes; empty: of none.
    replaces: str = ""


def text(words: Words, sender: Sender, plan: PlanWords) -> str:
    """Write the whole agreement, in the canonical form of domain/agreements.py."""
    return "\n\n".join((
        _head(words.text("Agreement to pay over time"), "#"), *_who(words, plan), *_what(words, plan),
        *_when(words, plan), *_how(words, plan), *_early(words, plan), *_changes(words, sender, plan),
        *_missed(words, plan), *_rest(words, sender, plan)))


def summary(words: Words, plan: PlanWords) -> tuple[tuple[str, str], ...]:
    """Give the points of a plan in a few lines, for the page on which it is signed."""
    first, last = plan.parts[0], plan.parts[-1]
    return (
        (words.text("You pay"), words.money(plan.total_minor, plan.currency)),
        (words.text("In"), words.plural("%(n)s payment", "%(n)s payments", len(plan.parts))),
        (words.text("First"), f"{words.long_day(first.due_on)}, {words.money(first.amount_minor, plan.currency)}"),
        (words.text("Last"), f"{words.long_day(last.due_on)}, {words.money(last.amount_minor, plan.currency)}"),
        (words.text("Interest and fees for this"), words.text("None")),
        (words.text("How"), words.text("By itself") if plan.autopay else words.text("You pay each one yourself")),
    )


def _who(words: Words, plan: PlanWords) -> tuple[str, ...]:
    return (words.text("Between %(business)s (“we”) and %(name)s, account number %(number)s (“you”).",
                       business=plan.legal_name, name=plan.debtor_name, number=plan.debtor_number),
            words.text("Number of this agreement: %(id)s", id=plan.public_id),
            *((words.text("It takes the place of the plan in agreement %(id)s, which ends when this is signed.",
                          id=plan.replaces),) if plan.replaces else ()))


def _what(words: Words, plan: PlanWords) -> tuple[str, ...]:
    rows = "\n".join("- " + words.text("Invoice %(number)s, %(title)s: %(sum)s", number=number, title=title or number,
                                       sum=words.money(minor, plan.currency)) for number, title, minor in plan.invoices)
    return (_head(words.text("What this covers")), rows,
            words.text("Together %(sum)s. You pay this sum and nothing on top: no interest and no fee for paying over "
                       "time.", sum=words.money(plan.total_minor, plan.currency)))


def _when(words: Words, plan: PlanWords) -> tuple[str, ...]:
    rows = "\n".join(
        "- " + words.text("%(number)s. %(day)s: %(sum)s", number=number, day=words.long_day(part.due_on),
                          sum=words.money(part.amount_minor, plan.currency))
        for number, part in enumerate(plan.parts, 1))
    said = [_head(words.text("When you pay")), rows]
    if plan.down_minor:
        said.append(words.text("The first of these is due on the day you sign."))
    return tuple(said)


def _how(words: Words, plan: PlanWords) -> tuple[str, ...]:
    title = _head(words.text("How you pay"))
    if plan.autopay:
        return (title, words.text(
            "Each payment is charged to the card or bank account that you save for this. You allow that apart from "
            "this agreement, and you can end it at any time: you then pay each one yourself."))
    return (title, words.text(
        "You pay each one yourself on your page, by card, bank debit or transfer, on its day at the latest. We remind "
        "you by email before each day."))


def _early(words: Words, plan: PlanWords) -> tuple[str, ...]:
    return (_head(words.text("Paying more or earlier")),
            words.text("You can pay more, or all of it, at any time and free of charge."),
            words.text("What you pay beyond the payment of the day counts for the last ones first, so that the plan "
                       "ends earlier.") if plan.living.extra == "last" else
            words.text("What you pay beyond the payment of the day counts for the next ones, the earliest first."),
            words.text("If what you owe becomes less for another reason, for example because an invoice is corrected, "
                       "that counts in the same way."))


def _changes(words: Words, sender: Sender, plan: PlanWords) -> tuple[str, ...]:
    living, said = plan.living, [_head(words.text("Changing it"))]
    if living.moves:
        said.append(words.plural(
            "You can move the day of a payment on your page once, by up to %(days)s days.",
            "You can move the day of a payment on your page %(n)s times, by up to %(days)s days each time.",
            living.moves, days=words.number(living.move_days)))
    if living.skips:
        said.append(words.plural(
            "You can leave out one payment; it then comes after the last one.",
            "You can leave out %(n)s payments; they then come after the last one.", living.skips))
    said.append(words.text("Any other change is agreed on anew, and counts once you have signed it. You can end this "
                           "agreement at any time by paying what is left; for anything else call %(phone)s.",
                           phone=sender.contact_phone))
    return tuple(said)


def _missed(words: Words, plan: PlanWords) -> tuple[str, ...]:
    living = plan.living
    return (_head(words.text("When a payment does not come")),
            words.plural("A payment is in time until %(n)s day after its day.",
                         "A payment is in time until %(n)s days after its day.", living.grace_days),
            words.plural("After that we write to you, and you have %(n)s more day to pay it or to choose on your page "
                         "how to make up for it: on a later day, after the last payment, or spread over the others.",
                         "After that we write to you, and you have %(n)s more days to pay it or to choose on your page "
                         "how to make up for it: on a later day, after the last payment, or spread over the others.",
                         living.cure_days),
            words.text("If neither happens, this agreement ends, and what is left is due at once. What you have paid "
                       "stays paid. No fee is added for that."))


def _rest(words: Words, sender: Sender, plan: PlanWords) -> tuple[str, ...]:
    return (_head(words.text("While you keep to it")),
            words.text("We send no reminders about these invoices and add no late fees to them."),
            words.text("A dispute about an invoice stays open to you: what you question rests until it is answered."),
            words.text("By signing you say that you owe this sum to %(business)s.", business=sender.name))


def _head(text: str, mark: str = "##") -> str:
    return f"{mark} {text}"

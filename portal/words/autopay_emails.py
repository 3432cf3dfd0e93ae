"""The wording of emails about automatic payments: what was allowed, what will be charged, what a bank refused.

No subject tells what is paid or that anything is owed; nobody is blamed for what their bank decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portal.words import declines
from portal.words.core import Words
from portal.words.emails import Letter, Reader, Sender, Way


@dataclass(frozen=True)
class DebitWords:
    """One debit as its emails tell it; the sum in minor units of `currency`."""

    amount_minor: int
    currency: str
    day: date
    number: int
    of: int
    brand: str
    last4: str
    # What differs from what was allowed: amount, day, or nothing.
    changed: str = ""
    # Why a bank refused it, and when it is tried again.
    code: str = ""
    again_on: date | None = None


def notice(words: Words, sender: Sender, reader: Reader, debit: DebitWords) -> Letter:
    """Word the notice before a debit: the day, the sum, from where, and what can be done until then."""
    told = {"amount": words.text("The amount is not the one your schedule began with; your page shows why."),
            "day": words.text("The day is not the one your schedule began with.")}.get(debit.changed, "")
    return Letter(
        subject=words.text("A payment of yours is coming up, from %(business)s", business=sender.name),
        preview=words.text("You need not do anything."), greeting=_hello(words, reader),
        opening=(words.text("As you allowed, your next payment is made by itself on %(day)s.",
                            day=words.day(debit.day)),
                 *((told,) if told else ())),
        amounts=(words.money(debit.amount_minor, debit.currency),), amount_note=_which(words, debit),
        action=words.text("See your page"),
        ways=(Way(words.text("Pay earlier"), words.text("then nothing is charged that day")),
              Way(words.text("Change the card or account"), words.text("whenever you like")),
              Way(words.text("Turn it off"), words.text("it counts at once"))))


def turned_on(words: Words, sender: Sender, reader: Reader, allowed: str, brand: str, last4: str) -> Letter:
    """Word the copy of a permission, for its giver to keep."""
    return Letter(
        subject=words.text("For your records, from %(business)s", business=sender.name),
        preview=words.text("A copy of what you allowed."), greeting=_hello(words, reader),
        opening=(words.text("Your payments are made by themselves now, with %(method)s. This is what you allowed, for "
                            "you to keep:", method=words.paid_with(brand, last4)),
                 *_paragraphs(allowed)),
        action=words.text("See your page"),
        closing=(words.text("You did not do this? Please call %(phone)s, and turn it off on your page.",
                            phone=sender.contact_phone),))


def turned_off(words: Words, sender: Sender, reader: Reader) -> Letter:
    """Word that nothing is charged by itself any more."""
    return Letter(
        subject=words.text("A confirmation from %(business)s", business=sender.name),
        preview=words.text("Nothing is charged by itself any more."), greeting=_hello(words, reader),
        opening=(words.text("Automatic payments are off. Nothing is charged by itself any more."),
                 words.text("Your plan goes on as agreed: we remind you before each installment, and you pay it on "
                            "your page.")),
        action=words.text("See your page"))


def method_lost(words: Words, sender: Sender, reader: Reader, brand: str, last4: str) -> Letter:
    """Word that a saved method cannot be charged any more, and how to save another one."""
    return Letter(
        subject=words.text("A note from %(business)s", business=sender.name),
        preview=words.text("Your saved card or account can no longer be used."), greeting=_hello(words, reader),
        opening=(words.text("%(method)s can no longer be used for your automatic payments.",
                            method=words.paid_with(brand, last4)),
                 words.text("Nothing is charged until you save another card or account. It takes a minute on your "
                            "page; your plan stays as it is.")),
        action=words.text("See your page"))


def again(words: Words, sender: Sender, reader: Reader, debit: DebitWords) -> Letter:
    """Word that a bank refused a debit, and when it is tried again."""
    assert debit.again_on is not None
    return Letter(
        subject=words.text("A note from %(business)s", business=sender.name),
        preview=words.text("Your bank did not let a payment through. Nothing was taken."),
        greeting=_hello(words, reader), opening=_refused(words, debit),
        amounts=(words.money(debit.amount_minor, debit.currency),), amount_note=_which(words, debit),
        action=words.text("See your page"),
        closing=(words.text("We try once more on %(day)s. You need not do anything, or you pay it yourself on your "
                            "page before; then nothing is charged.", day=words.day(debit.again_on)),))


def stopped(words: Words, sender: Sender, reader: Reader, debit: DebitWords) -> Letter:
    """Word that a bank refused a debit which is not tried again, and the ways to mend it."""
    return Letter(
        subject=words.text("A note from %(business)s", business=sender.name),
        preview=words.text("Your bank did not let a payment through. Nothing was taken."),
        greeting=_hello(words, reader), opening=_refused(words, debit),
        amounts=(words.money(debit.amount_minor, debit.currency),), amount_note=_which(words, debit),
        action=words.text("See your ways to pay"),
        closing=(words.text("We do not try this one again by ourselves. On your page you can pay it, save another card "
                            "or account, or see what else your plan allows. If something is in the way, just reply; "
                            "%(name)s reads every answer.", name=sender.contact_name),))


def confirm(words: Words, sender: Sender, reader: Reader, debit: DebitWords) -> Letter:
    """Word that a bank wants its customer to confirm a payment themselves; one press leads there."""
    return Letter(
        subject=words.text("Please confirm a payment with %(business)s", business=sender.name),
        preview=words.text("Your bank asks for you. Nothing was taken."), greeting=_hello(words, reader),
        opening=(words.text("Your bank wants to hear from you before it lets this payment through. That is a check "
                            "against misuse, and nothing is wrong with your account."),),
        amounts=(words.money(debit.amount_minor, debit.currency),), amount_note=_which(words, debit),
        action=words.text("Confirm it on your page"),
        closing=(words.text("It takes a minute. Until then nothing is charged."),))


def _refused(words: Words, debit: DebitWords) -> tuple[str, ...]:
    return (words.text("Your bank did not let this payment through. Nothing was taken."),
            declines.reason(words, debit.code))


def _which(words: Words, debit: DebitWords) -> str:
    if not debit.last4:
        return words.text("Installment %(number)s of %(of)s.", number=debit.number, of=debit.of)
    return words.text("Installment %(number)s of %(of)s, %(method)s.", number=debit.number, of=debit.of,
                      method=words.paid_with(debit.brand, debit.last4))


def _paragraphs(text: str) -> tuple[str, ...]:
    """Take a statement apart as an email lays it out: each item of a list is a line of its own."""
    return tuple(line.removeprefix("- ").strip() for line in text.split("\n") if line.strip())


def _hello(words: Words, reader: Reader) -> str:
    if reader.greeting_name:
        return words.text("Hello %(name)s,", name=reader.greeting_name)
    return words.text("Hello,")

"""The wording of emails that neither ask nor are needed: thanks after paying, and the question whether all is well.

No subject tells a bystander of money, and nothing here asks for any.
"""

from __future__ import annotations

from portal.words.core import Words
from portal.words.email_kinds import PaidSum, feedback_question, hello
from portal.words.emails import Letter, Reader, Sender


def thank_you(words: Words, sender: Sender, reader: Reader, paid: PaidSum, credit_minor: int) -> Letter:
    """Word the thanks of the day after, with the credit that paying early earned, if it earned one; minor units."""
    opening = [
        words.text("Thank you. Your payment of %(amount)s arrived on %(day)s, and it helps us more than you may think.",
                   amount=words.money(paid.amount_minor, paid.currency), day=words.day(paid.at))]
    if credit_minor:
        opening.append(words.text(
            "You paid before the due date. As a thank-you we have put %(credit)s to your account. It comes off your "
            "next invoice by itself.", credit=words.money(credit_minor, paid.currency)))
    return Letter(
        subject=words.text("Thank you from %(business)s", business=sender.name),
        preview=words.text("A short note, and nothing to do."), greeting=hello(words, reader), opening=tuple(opening),
        question=feedback_question(words) if paid.asks else "", action=words.text("See your page"),
        closing=(words.text("There is nothing to do. You can just reply, and %(name)s reads it.",
                            name=sender.contact_name),),
    )


def check_in(words: Words, sender: Sender, reader: Reader) -> Letter:
    """Word the friendly question, some time after everything was paid."""
    return Letter(
        subject=words.text("How are things? %(business)s", business=sender.name),
        preview=words.text("A short note, and nothing to do."), greeting=hello(words, reader),
        opening=(
            words.text("It has been a while since we worked for you. Is everything as you hoped?"),
            words.text("If something is not, tell us, and we will look after it. If all is well, there is nothing to "
                       "do."),
        ),
        closing=(words.text("You can just reply; %(name)s reads every answer.", name=sender.contact_name),),
    )

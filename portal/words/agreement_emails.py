"""The wording of emails that bring a signed agreement; no subject tells what was agreed."""

from __future__ import annotations

from portal.words.core import Words
from portal.words.emails import Letter, Reader, Sender


def signed(words: Words, sender: Sender, reader: Reader) -> Letter:
    """Word the email that brings the signed agreement to whoever signed it."""
    return Letter(
        subject=words.text("Your document from %(business)s", business=sender.name),
        preview=words.text("It is attached, for you to keep."),
        greeting=words.text("Hello %(name)s,", name=reader.greeting_name) if reader.greeting_name
        else words.text("Hello,"),
        opening=(
            words.text("Thank you. What you have signed is attached, word for word as you read it. Please keep it."),
            words.text("It also stands on your page, where you can have it on paper, free of charge. Its last page "
                       "says how anyone can check that it is genuine and unchanged."),
        ),
        action=words.text("See your page"))


def signed_for_staff(words: Words, sender: Sender, agreement_id: str) -> Letter:
    """Word the email that brings the business its copy; who has signed stands in the attachment alone."""
    return Letter(
        subject=words.text("A signed document for %(business)s", business=sender.name),
        preview=words.text("It is attached, for your files."), greeting=words.text("Hello,"),
        opening=(words.text("A customer has signed an agreement with you. Your copy is attached, and it stands on the "
                            "customer's page in the office."),),
        action=words.text("See it in the office"), signed=False, office_page=f"/agreements/{agreement_id}")

"""What a reader agrees to beside an agreement itself: signing on a page instead of on paper. Each text has a version.

Whoever changes a sentence raises its version: an older consent then counts no more, and the page asks again.
"""

from __future__ import annotations

from portal.domain.agreements import ELECTRONIC_RECORDS, Statement
from portal.words.core import Words
from portal.words.emails import Sender

ELECTRONIC_VERSION = "1"


def electronic_records(words: Words, sender: Sender) -> Statement:
    """Say what it means to sign and to receive records on a page, and that paper is always there."""
    said = (
        words.text("You can sign and receive agreements with %(business)s here instead of on paper. It is your choice, "
                   "and it costs nothing either way.", business=sender.name),
        words.text("This counts for agreements about paying what you owe %(business)s: the agreement itself, changes "
                   "to it, and notices about it. Nothing else.", business=sender.name),
        words.text("You can have any of it on paper, free of charge. One press on the page of the agreement is "
                   "enough, or a call to %(phone)s.", phone=sender.contact_phone),
        words.text("You can take this consent back at any time, on the same page or by a call. What you have signed "
                   "stays as it is; what comes after it reaches you on paper."),
        words.text("If your email address changes, tell us by a question on your page or by a call, so that our "
                   "notices reach you."),
        words.text("To read and keep the agreement you need a browser, the email address we have for you, and a "
                   "program that opens PDF files. That you can read this page and enter the code from our email shows "
                   "that they work."),
    )
    return Statement(ELECTRONIC_RECORDS, ELECTRONIC_VERSION, "\n\n".join(said))

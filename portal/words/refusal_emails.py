"""The wording of the short word to the business that somebody wants no more emails."""

from __future__ import annotations

from portal.words.core import Words
from portal.words.emails import Letter, Sender


def refused(words: Words, sender: Sender, debtor_id: str, *, complained: bool) -> Letter:
    """Word it; who it is and how they said so stands only behind the sign-in."""
    news = (
        words.text("A customer has marked one of your emails as unwanted. No more emails that ask go to them.")
        if complained else
        words.text("A customer has answered that they want no more emails. No more emails that ask go to them."))
    return Letter(
        subject=words.text("Somebody wants no more emails from %(business)s", business=sender.name),
        preview=words.text("In the office, on their page."), greeting=words.text("Hello,"),
        opening=(news, words.text("What they need to have still goes: a code, a receipt, an answer. A call or a "
                                  "letter may be the better way now.")),
        action=words.text("See their page"), signed=False, office_page=f"/debtors/{debtor_id}")

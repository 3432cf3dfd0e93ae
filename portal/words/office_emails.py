"""The wording of emails to the people of the office: what is asked of them and where to do it."""

from __future__ import annotations

from collections.abc import Sequence

from portal.words.core import Words
from portal.words.emails import Letter, Sender, plain


def approval_asked(words: Words, sender: Sender, reader: str, asker: str, act: str, amount: int, currency: str,
                   approval: str) -> Letter:
    """Word the request to decide about a refund or a write-off; who owes stands only behind the sign-in."""
    asks = {
        "refund": words.text("%(name)s wants to send money back to a debtor. Above your limit a second person decides, "
                             "and until then nothing happens.", name=plain(asker)),
        "write_off": words.text("%(name)s wants to write off what is left of an invoice. Above your limit a second "
                                "person decides, and until then nothing happens.", name=plain(asker)),
        "correction": words.text("%(name)s wants to correct an entry of the books, which lowers what a debtor owes. "
                                 "Above your limit a second person decides, and until then nothing happens.",
                                 name=plain(asker)),
    }
    return Letter(
        subject=words.text("Your decision is needed at %(business)s", business=sender.name),
        preview=words.text("Until you decide, nothing happens."),
        greeting=words.text("Hello %(name)s,", name=plain(reader)), opening=(asks[act],),
        amounts=(words.money(amount, currency),), action=words.text("Look and decide"),
        closing=(words.text("The page shows the reason and what would change. You sign in as always."),),
        signed=False, office_page=f"/approvals/{approval}")


def approval_decided(words: Words, sender: Sender, reader: str, decider: str, state: str, amount: int, currency: str,
                     approval: str) -> Letter:
    """Word the news of a decision to whoever asked for it."""
    news = {
        "approved": words.text("%(name)s approved what you asked for, and it is being done.", name=plain(decider)),
        "refused": words.text("%(name)s refused what you asked for. Nothing was changed.", name=plain(decider)),
    }
    return Letter(
        subject=words.text("A decision at %(business)s", business=sender.name),
        preview=words.text("About something you asked for."),
        greeting=words.text("Hello %(name)s,", name=plain(reader)), opening=(news[state],),
        amounts=(words.money(amount, currency),), action=words.text("See the decision"), signed=False,
        office_page=f"/approvals/{approval}")


def setup_changed(words: Words, sender: Sender, reader: str, who: str, labels: Sequence[str]) -> Letter:
    """Word the news that weighty fields of the set-up changed; by name only, the values stand behind the sign-in."""
    return Letter(
        subject=words.text("The set-up of %(business)s was changed", business=sender.name),
        preview=words.text("Something about where money goes."),
        greeting=words.text("Hello %(name)s,", name=plain(reader)),
        opening=(words.text("%(name)s changed this in the set-up:", name=plain(who)),
                 ", ".join(words.text(label) for label in labels)),
        action=words.text("Look at the set-up"),
        closing=(words.text("You did not expect this? Look at it at once, and talk to whoever changed it."),),
        signed=False, office_page="/set-up")

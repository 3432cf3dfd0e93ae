"""What to say on a call that a reminder step asks for: a short script in the tone of the step.

It begins with a question and ends with a day or a person; money is named to nobody but the debtor.
"""

from __future__ import annotations

from collections.abc import Mapping

from portal.words.core import Words
from portal.words.own_words import OwnWords, said
from portal.words.refusals import N_

FIRST = N_("Ask for them by name. To anybody else, say only who you are and that you will call again.")
OURS = {
    "note": N_("Say who you are and where from. Ask whether the invoice has reached them and is as agreed. Offer to "
               "send the link to their page again."),
    "friendly": N_("Say who you are and where from, and ask how they are. Ask whether the invoice has reached them and "
                   "whether anything is wrong with it. Offer to send the link to their page again."),
    "firm": N_("Ask first whether something is in the way. Then ask what they can pay now and what would work for the "
               "rest. Agree on one day and repeat it at the end."),
    "formal": N_("Say that you call before the next letter, so that it may not be needed. Ask what is in the way, and "
                 "name the ways there are: all now, a part, more time. Agree on one day and repeat it."),
    "final": N_("Say calmly what comes next and on which day, as a fact and once. Ask what would still work for them, "
                "and write it down. Thank them for talking with you."),
}


def script(words: Words, tone: str, own: OwnWords, filled: Mapping[str, str]) -> tuple[str, ...]:
    """Give the paragraphs of a call's script: the business's own, else ours for the tone."""
    theirs = said(own, words, filled).paragraphs
    return (words.text(FIRST), *(theirs or (words.text(OURS[tone]),)))

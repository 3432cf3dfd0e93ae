"""Sentences for refusals on the pages about disputes, on both sides."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


DISPUTES: dict[str, str] = {
    "invoice_disputed": N_("You question this. Nobody has to pay it before it is answered."),
    "dispute_reason": N_("Please choose what is wrong."),
    "dispute_wish": N_("Please choose what would put it right."),
    "dispute_nothing": N_("Please choose what it is about."),
    "dispute_paid": N_("Invoice %(number)s is settled. Please ask us about it with a question."),
    "dispute_above": N_("That is more than it costs. It can be at most %(most)s."),
    "dispute_stands": N_("You have told us that this is wrong already. We are looking at it."),
    "dispute_answered": N_("We have answered this already. If there is something new, open it below and add it there; "
                           "or write to us."),
    "dispute_withdrawn_before": N_("You have told us of this before and taken it back. Please write to us about it."),
    "dispute_one_currency": N_("Please tell us of each currency by itself."),
    "disputes_wait": N_("We are already looking at %(count)s things you told us. Please wait for an answer, or write "
                        "to us."),
    "dispute_decided": N_("This has been answered already. Please look again."),
    "dispute_undecided": N_("This is not decided yet."),
    "dispute_final": N_("We have looked at this twice. Please call us if it is still not right."),
    "code_first": N_("Files need a short check first: enter the code we email you, then choose them."),
    "too_many_files": N_("Please choose at most %(most)s files."),
    "files_too_large": N_("Together the files are larger than 25 MB. Please choose fewer."),
    "evidence_no_key": N_("There is no key to sign packs with. Whoever runs this installation has to set one."),
    "credit_above_line": N_("That is more than they question. It can be at most %(most)s."),
}

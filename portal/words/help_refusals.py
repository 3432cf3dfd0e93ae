"""Sentences for refusals on the pages about time, promises and money already paid."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


HELP: dict[str, str] = {
    "day_missing": N_("Please choose a day."),
    "day_unreadable": N_("Please enter the day like this: 2026-12-01."),
    "day_passed": N_("Please choose a day that is still to come."),
    "day_too_far": N_("That day is too far away. Please choose one up to %(day)s, or tell us more with a question."),
    "promises_off": N_("There is nothing here, or it is not yours to see."),
    "time_decided": N_("This has been decided already. Please look again."),
    "time_moved_on": N_("Something was said in the meantime. Please look again before you answer."),
    "time_stands": N_("You already have time. You can pay on any day before it ends."),
    "hardship_stands": N_("Everything rests already. If that is not enough, please write to us."),
    "plan_stands": N_("There is a payment plan for this. It is changed on its own page."),
    "settlement_stands": N_("There is an agreement for this. Please write to us if it has to change."),
    "dispute_first": N_("A part of this is questioned. That has to be answered first."),
    "unknown_way": N_("Please choose how you paid."),
    "claims_wait": N_("We are already looking for %(count)s payments of yours. Please wait for an answer, or write to "
                      "us."),
    "claim_decided": N_("This has been answered already. Please look again."),
    "at_once_beyond_longest": N_("Time given at once cannot be longer than the furthest day somebody can ask for."),
    "slip_empty": N_("The file is empty. Please choose another one."),
    "slip_too_large": N_("The file is larger than 10 MB. Please choose a smaller one."),
    "slip_unknown": N_("Please choose a PDF, or a picture as JPEG or PNG."),
    "slip_broken": N_("We could not open this file. Please choose another one, such as a photo of it."),
    "slip_locked": N_("This PDF needs a password. Please choose one without, or a photo of it."),
    "slip_too_detailed": N_("This picture is too large to open. Please choose a smaller one."),
    "no_postal_address": N_("We have no postal address of yours. Please tell us where to send it, with a question."),
    "promise_beyond_longest": N_("A promised day cannot lie further ahead than the furthest day somebody can ask for."),
    "notice_first": N_("Please read the note about old debts first; then go on."),
    "code_first": N_("Before you sign, please enter the code we email you."),
    "agreement_moved_on": N_("The agreement has changed since you read it. Please read it again; nothing was signed."),
    "consent_missing": N_("To sign here, please tick that you agree to sign and receive records on this page. "
                          "Or ask for paper."),
    "autopay_consent_missing": N_("To be charged by itself, the plan needs your tick at that sentence."),
    "signature_missing": N_("Please type your full name."),
    "signature_too_long": N_("A name may have at most %(longest)s letters."),
    "signature_unreadable": N_("Please type your name in letters."),
    "signature_half_name": N_("Please type your first and your last name. If %(name)s is all of it, tick that below."),
    "signature_other_name": N_("Our invoices name %(known)s. If you sign as %(name)s for them, tick that below; "
                               "otherwise correct the name."),
    "pick_one": N_("Please choose the payment it is."),
}

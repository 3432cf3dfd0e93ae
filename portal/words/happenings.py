"""Words for what happened with a debtor, as staff read it: kinds of email, why one was held, acts, reasons, causes."""

from __future__ import annotations

from collections.abc import Mapping

from portal.words import office_reasons
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable

MESSAGE_KINDS: Mapping[str, str] = {
    "code": N_("Six digits to enter"), "new_link": N_("New link to their page"), "receipt": N_("Receipt"),
    "on_its_way": N_("Payment on its way"), "debit_failed": N_("Bank debit that did not go through"),
    "autopay_on": N_("Copy of what they allowed to be charged"), "autopay_off": N_("Automatic payments are off"),
    "autopay_lost": N_("Saved card or account can no longer be charged"), "debit_notice": N_("Notice before a charge"),
    "debit_again": N_("Charge that is tried again"), "debit_stopped": N_("Charge that did not work"),
    "debit_confirm": N_("Charge their bank wants confirmed"),
    "refund": N_("Refund made"), "refund_failed": N_("Refund that came back"), "reminder": N_("Reminder"),
    "answer": N_("Answer, or news of what was agreed"), "agreement": N_("What they signed, as a PDF"),
    "thank_you": N_("Thanks after paying"),
    "check_in": N_("Question whether all is well"), "offer_made": N_("Discount made by hand"),
    "plan_due": N_("Next payment of a plan"), "plan_completed": N_("Thanks for a plan that is paid"),
    "plan_asked": N_("A plan waits for an answer"), "ends_soon": N_("An agreement ends soon"),
}
# Why an email was sent, waits or was not sent; the codes are those of domain/gate.py and of sending.
MESSAGE_REASONS: Mapping[str, str] = {
    "essential": N_("Essential, so it goes at any hour."),
    "clear": N_("Nothing stood against it."),
    "quiet_hours": N_("It is night where they may be; it leaves in the morning."),
    "no_address": N_("There is no email address on file."),
    "bounced": N_("Their mail server refused the address."),
    "wrong_person": N_("The reader of this address said it is not them."),
    "blocked": N_("The reader of this address said it is not them."),
    "expired": N_("It had no use any more when its time came."),
    "opted_out": N_("They asked for no such emails."),
    "nothing_left": N_("Nothing was left to pay."),
    "paused": N_("The business has paused all reminders."),
    "held": N_("All that is open is on hold."),
    "on_its_way": N_("Their payment is on its way."),
    "one_a_day": N_("They had an email that asks for money on that day already."),
    "safe_mode": N_("Safe mode is on, so nothing leaves."),
    "closed_day": N_("The business rests on that day; it leaves on the next working day."),
    "too_soon": N_("An email that asks left a short while ago; it keeps its distance."),
    "sending_limit": N_("As many emails have left as the mail server takes; it leaves a little later."),
    "mailbox_full": N_("Their mailbox did not take it, several times."),
    "tried_later": N_("Their mailbox did not take it; it is tried again later."),
    "given_up": N_("Their mail server did not take it for more than a day."),
    "refused": N_("The mail server refused it."),
    "unsafe": N_("Something in it must not stand in an email."),
    "not_delivered": N_("The mail server did not take it yet; it is tried again."),
    "perhaps_delivered": N_("The mail server broke off; it is tried again under the same number."),
    "not_ready": N_("It could not be made ready; it is tried again."),
    "never_ready": N_("It could not be made ready, however often it was tried."),
    "erased": N_("Their personal data was erased."),
}
CALL_RESULTS: Mapping[str, str] = {
    "reached": N_("reached"), "promised": N_("promised to pay"), "no_answer": N_("no answer"),
    "voicemail": N_("left a message"), "wrong_number": N_("wrong number"), "call_back": N_("asked to be called back"),
}
HOLD_CAUSES: Mapping[str, str] = {
    "dispute": N_("Dispute"), "deferral": N_("More time"), "promise": N_("Promise"), "plan": N_("Plan"),
    "settlement": N_("Settlement"),
    "already_paid": N_("Says it is paid"), "staff": N_("Pause"), "chargeback": N_("Chargeback"),
    "transfer": N_("Transfer announced"), "import": N_("From the import"), "payment": N_("Payment on its way"),
    "hand_over": N_("Handed over"),
}
LETTER_KINDS: Mapping[str, str] = {
    "note": N_("Note before the due date"), "friendly": N_("Friendly reminder"), "firm": N_("Firm reminder"),
    "formal": N_("Formal request to pay"), "final": N_("Last notice"), "paid_in_full": N_("Paid in full, thank you"),
    "agreement": N_("Agreement on paper"),
}
# Why a letter was dropped; the others are those of emails.
LETTER_REASONS: Mapping[str, str] = {
    **MESSAGE_REASONS, "no_postal_address": N_("There is no postal address on file."),
    "letters_refused": N_("They asked for no letters."), "owed_again": N_("Something of it is owed again."),
    "by_staff": N_("Somebody took it out of the queue."),
}
HAND_OVER_KINDS: Mapping[str, str] = {"agency": N_("Agency"), "lawyer": N_("Lawyer"), "court": N_("Court")}
HAND_OVER_STATUSES: Mapping[str, str] = {
    "handed_over": N_("Handed over"), "in_progress": N_("In progress"), "recovered": N_("Recovered"),
    "returned": N_("Returned"),
}
CHANNELS: Mapping[str, str] = {
    "checkout": N_("Card or bank, by Stripe"), "off_session": N_("Autopay"), "transfer": N_("Bank transfer"),
    "cash": N_("Cash"), "check": N_("Check"),
}
REASONS: Mapping[str, str] = {
    **office_reasons.REASONS,
    "checking": N_("We are checking something"), "hardship": N_("Hardship"),
    "goods_missing": N_("Goods or work are missing"), "thanks": N_("Thank-you"), "apology": N_("Apology"),
    "loyalty": N_("Long-standing customer"), "billed_wrong": N_("Billed wrong"), "returned": N_("Goods came back"),
    "price_agreed": N_("Another price was agreed"), "first_time": N_("First time late"),
    "our_mistake": N_("Our mistake"),
}
ACTS: Mapping[str, str] = {
    "hold.made": N_("Hold made"), "hold.lifted": N_("Hold lifted"), "link.sent": N_("Link sent by email"),
    "link.copied": N_("Link made to hand over"), "links.revoked": N_("Links ended"),
    "code.read_out": N_("Code read out on the phone"), "debtor.edited": N_("Contact changed"),
    "preferences.changed": N_("Preferences changed"), "terms.changed": N_("Screening and terms changed"),
    "debtor.exported": N_("All data taken out"), "debtor.erased": N_("Personal data erased"),
    "credit.used": N_("Credit put to use"), "fee.waived": N_("Fee taken back"),
    "goodwill.given": N_("Goodwill credit given"), "credit_note.made": N_("Credit note made"),
    "payment.recorded": N_("Payment recorded"), "payment.bounced": N_("Payment taken back"),
    "invoice.written_off": N_("Invoice written off"), "approval.asked": N_("A second person was asked"),
    "approval.approved": N_("The second person agreed"), "approval.refused": N_("The second person refused"),
    "approval.withdrawn": N_("The request for approval was withdrawn"),
    "email.stopped": N_("They stopped the emails that ask"), "email.resumed": N_("They let emails come again"),
    "debtor.not_me": N_("The reader said it is not them"), "debtor.email_bounced": N_("The email address bounced"),
    "email.complained": N_("They marked an email as unwanted"),
    "identity.failed": N_("A fact or a code was entered wrongly"), "assignment.changed": N_("Assigned to somebody"),
    "letter.asked": N_("Letter put into the print queue"), "letter.dropped": N_("Letter taken out of the queue"),
    "hand_over.made": N_("Invoices handed over"), "hand_over.handed_over": N_("Hand-over waits to be taken up"),
    "hand_over.in_progress": N_("Hand-over in progress"), "hand_over.recovered": N_("Hand-over ended: recovered"),
    "hand_over.returned": N_("Invoices taken back from a hand-over"),
    "question.answered": N_("Question answered"), "question.closed": N_("Question closed"),
}
OTHER_ACT = N_("Changed: %(act)s")


def named(words: Mapping[str, str], code: str) -> Sayable:
    """Say a code's word; one without a word is shown as it is."""
    return Said(words[code]) if code in words else Plain(code)


def act(code: str) -> Sayable:
    """Say what was done; an act we have no words for yet is named by its code."""
    return Said(ACTS[code]) if code in ACTS else Said(OTHER_ACT, {"act": Plain(code)})

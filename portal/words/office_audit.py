"""The audit in words: a short sentence for each act, and the names of what was acted on and of what was noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.words import declines, disputes, happenings, office_reasons

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


ACTS: dict[str, str] = {
    "business.created": N_("Business made"), "business.changed": N_("Business changed on the command line"),
    "setup.changed": N_("Set-up changed"), "setup.stripe_changed": N_("Stripe account changed"),
    "reminders.paused": N_("All reminders paused"), "reminders.resumed": N_("Reminders resumed"),
    "links.all_ended": N_("All links ended"), "ledger.corrected": N_("Entry of the books corrected"),
    "books.reconciled": N_("Books held against Stripe"),
    "statement.exported": N_("Part of the books taken out as a file"),
    "bank.taken_in": N_("Bank statement taken in"), "bank.ignored": N_("Bank line set aside"),
    "bank.linked": N_("Bank line tied to what was booked"), "bank.untied": N_("Bank line untied again"),
    "invoices.imported": N_("Invoices brought in"),
    "import.answered": N_("Answered what a file implied"), "list.exported": N_("List taken out as a file"),
    "refund.requested": N_("Refund asked of Stripe"), "refund.booked": N_("Refund went out"),
    "refund.reversed": N_("Refund came back"), "call.logged": N_("Call noted"), "note.written": N_("Note written"),
    "code.sent": N_("Code emailed"), "identity.passed": N_("A check at the door passed"),
    "link.created": N_("Link made"), "link.replaced": N_("Link replaced by a fresh one"),
    "payment.started": N_("Payment started"), "payment.received": N_("Payment received"),
    "payment.processing": N_("Payment on its way"), "payment.failed": N_("Payment failed"),
    "payment.expired": N_("Payment page closed"), "payment.canceled": N_("Payment canceled"),
    "payment.suspended": N_("Payment put into suspense"), "transfer.announced": N_("Bank transfer announced"),
    "transfer.expired": N_("Announced transfer never came, no longer waited for"),
    "suspense.applied": N_("Suspense applied to an invoice"), "suspense.returned": N_("Suspense sent back"),
    "method.asked": N_("Saving a card or account begun"), "method.saved": N_("Card or account saved"),
    "method.removed": N_("Saved card or account removed"), "method.gone": N_("Saved card or account gone at Stripe"),
    "method.unusable": N_("Saved card or account can no longer be charged"),
    "autopay.allowed": N_("Automatic payments allowed"), "autopay.off": N_("Automatic payments turned off"),
    "autopay.method_chosen": N_("Saved card or account chosen for a plan"),
    "autopay.stopped": N_("All automatic payments stopped"), "autopay.resumed": N_("Automatic payments go on"),
    "suspense.refund_requested": N_("Suspense refund asked of Stripe"), "session.left": N_("Debtor left the page"),
    "question.asked": N_("Question asked"), "question.emailed": N_("Question came by email"),
    "question.replied": N_("Answer came by email"), "queue.put_off": N_("Request put off"),
    "debtor.call_later": N_("Call put off"), "reminder.queued": N_("Reminder queued"),
    "reminder.skipped": N_("Reminder skipped"), "dashboard.refresh": N_("Figures worked out anew"),
    "letters.made": N_("Letters made ready"), "letters.printed": N_("Letters printed"),
    "fee.charged": N_("Late fee or interest added"),
    "payout.paid": N_("Payout arrived"), "payout.failed": N_("Payout failed"),
    "cadence.switched_on": N_("Reminders by themselves switched on"),
    "cadence.switched_off": N_("Reminders by themselves switched off"),
    "jobs.woken": N_("What rested was let try again"),
    "thank_you.given": N_("Thank-you credit given"), "feedback.given": N_("Said how it was"),
    "cadence.drafted": N_("Draft of reminders begun"), "cadence.draft_dropped": N_("Draft of reminders thrown away"),
    "cadence.whom_changed": N_("Changed whom reminders are for"), "cadence.moved": N_("Order of reminders changed"),
    "cadence.preset_used": N_("Steps of reminders replaced by a preset"),
    "cadence.step_added": N_("Reminder step added"), "cadence.step_changed": N_("Reminder step changed"),
    "cadence.step_removed": N_("Reminder step taken out"), "cadence.steps_swapped": N_("Reminder steps changed places"),
    "safe_mode.on": N_("Safe mode begun"), "safe_mode.off": N_("Safe mode ended"),
    "own_day.added": N_("Day of rest added"), "own_day.removed": N_("Day of rest removed"),
    "call_task.done": N_("Call of a reminder step made"), "call_task.dropped": N_("Call of a reminder step not needed"),
    "step.words_changed": N_("Words of a reminder step changed"),
    "plan.proposed": N_("Proposed a plan"), "plan.withdrawn": N_("Took a proposed plan back"),
    "plan.how_chosen": N_("Chose how a plan is paid"), "plan.expired": N_("Proposed plan ran out"),
    "plan.outgrown": N_("Changed plan proposed, as the running one no longer covered everything"),
    "plan.renewed": N_("Changed plan followed what came in"), "plan.change_dropped": N_("Changed plan not needed"),
    "plan.beside": N_("What is owed beside a plan told apart from it"),
    "plan.accepted": N_("Plan agreed to"), "plan.countered": N_("Another plan offered"),
    "plan.refused": N_("Plan refused"), "plan.offered": N_("Plan proposed"), "plan.ended": N_("Plan ended"),
    "plan.moved": N_("Moved a payment of a plan"), "plan.put_to_end": N_("Put a payment after the last one"),
    "plan.spread": N_("Spread a payment over the others"), "plan.kept": N_("Plan paid"),
    "plan.broken": N_("Plan not kept"), "plan.stands_good": N_("Plan stands well again"),
    "plan.stands_late": N_("Payment of a plan late"), "plan.stands_cure": N_("Last notice about a plan"),
    "agreement.signed": N_("Agreement signed"), "agreement.paper_asked": N_("Asked for an agreement on paper"),
    "signing_consent.withdrawn": N_("Took back the consent to sign here"),
    "offer.made": N_("Discount made by hand"), "offer.withdrawn": N_("Discount taken back"),
    "offer.by_terms": N_("Discount from the terms"), "bulk.offer": N_("Discount made for many"),
    "settlement.asked": N_("Asked to settle"), "settlement.referred": N_("Asked a person to decide about a settlement"),
    "settlement.withdrawn": N_("Took a wish to settle back"), "settlement.accepted": N_("Settlement agreed to"),
    "settlement.countered": N_("Another sum offered"), "settlement.refused": N_("Settlement refused"),
    "settlement.ended": N_("Offer to settle taken back"), "settlement.offered": N_("Settlement offered"),
    "settlement.kept": N_("Settlement kept"), "settlement.broken": N_("Settlement not kept"),
    "settlement.run_out": N_("Offer to settle ran out"), "settlement.day_moved": N_("Last day of a settlement moved"),
    "time.asked": N_("Asked for time"), "time.taken": N_("Took the time that was offered"),
    "time.referred": N_("Asked a person about time"), "time.withdrawn": N_("Took a wish for time back"),
    "time.accepted": N_("Time given"), "time.countered": N_("Another day offered"),
    "time.refused": N_("Time refused"), "time.ended": N_("Time over"),
    "time.reviewed": N_("A pause looked at again"), "promise.made": N_("Promised a day"),
    "promise.kept": N_("Promise kept"), "promise.broken": N_("Promised day passed"),
    "promise.ended": N_("Promise replaced"), "claim.made": N_("Said to have paid"),
    "claim.proof_added": N_("Sent a proof of payment later"), "claim.withdrawn": N_("Took back having paid"),
    "claim.matched": N_("Payment of a debtor found"), "claim.rejected": N_("Payment of a debtor not found"),
    "claim.reopened": N_("Payment of a debtor looked for again"),
    "dispute.opened": N_("Said that something is wrong"), "dispute.replied": N_("Said more about a dispute"),
    "dispute.withdrawn": N_("Took a dispute back"), "dispute.second_look": N_("Asked for a second look"),
    "dispute.asked": N_("Wrote about a dispute"), "dispute.noted": N_("Internal note on a dispute"),
    "dispute.closed": N_("Words about a dispute left unanswered"), "dispute.upheld": N_("Dispute upheld"),
    "dispute.partly_upheld": N_("Dispute upheld in part"), "dispute.rejected": N_("Dispute rejected"),
    "evidence.made": N_("Evidence pack made"),
    "dispute.warned": N_("Told that a dispute is due soon"), "dispute.escalated": N_("Owners told of a late dispute"),
    "staff.signed_in": N_("Signed in"), "staff.signed_out": N_("Signed out"),
    "staff.business_chosen": N_("Business chosen"), "staff.comfort": N_("Look of the office chosen"),
    "staff.owner_made": N_("Owner made on the command line"), "staff.invited": N_("Person invited"),
    "staff.invitation_withdrawn": N_("Invitation taken back"), "staff.invitation_accepted": N_("Invitation accepted"),
    "staff.joined": N_("Person joined"), "staff.role_changed": N_("Role changed"),
    "staff.membership_ended": N_("Person left the business"), "staff.password_chosen": N_("Password chosen"),
    "staff.password_changed": N_("Password changed"), "staff.password_link_sent": N_("Link for a password sent"),
    "staff.second_factor_set": N_("Second factor set up"), "staff.second_factor_reset": N_("Second factor reset"),
    "staff.recovery_codes_made": N_("New recovery codes made"), "staff.session_ended": N_("Session ended"),
    "chargeback.withdrawn": N_("Bank took a payment back"), "chargeback.reinstated": N_("Bank gave a payment back"),
    "chargeback.answered": N_("Chargeback answered"), "chargeback.let": N_("Chargeback let stand"),
    "chargeback.ask_again": N_("Asking again after a chargeback"),
    "chargeback.rest": N_("Left on hold after a chargeback"),
    "bulk.link": N_("Links sent to many"), "bulk.hold": N_("Holds made for many"),
    "bulk.assign": N_("Many assigned to somebody"), "link.opened": N_("Link opened"),
    "pay_link.made": N_("Link to pay made"), "pay_link.revoked": N_("Link to pay ended"),
    "failed_payment.called": N_("Called about a failed payment"),
    "failed_payment.done": N_("Failed payment dealt with"),
    "question.noted": N_("Internal note on a question"), "question.called": N_("Called about a question"),
    "refund.failed": N_("Refund did not go through"),
    "suspense.refund": N_("Suspense refund went out"), "suspense.refund_failed": N_("Suspense refund came back"),
    "suspense.chargeback": N_("Chargeback on money in suspense"),
    "staff.details_changed": N_("Own details changed"), "staff.proved": N_("Proved who they are again"),
}
# What stands in front of the colon of a target.
TARGETS: dict[str, str] = {
    "payment": N_("payment"), "invoice": N_("invoice"), "approval": N_("approval"), "transfer": N_("transfer"),
    "refund": N_("refund"), "debtor": N_("debtor"), "link": N_("link"), "message": N_("message"),
    "business": N_("business"), "staff": N_("person"), "import": N_("import"), "question": N_("question"),
    "arrangement": N_("arrangement"), "claim": N_("payment told of"),
    "dispute": N_("dispute"),
    "hold": N_("hold"), "session": N_("session"), "invitation": N_("invitation"), "note": N_("note"),
    "suspense": N_("money in suspense"), "chargeback": N_("chargeback"), "intent": N_("money in suspense"),
    "payout": N_("payout"), "bulk": N_("act for many"), "hand_over": N_("hand-over"),
    "reconciliation": N_("comparison with Stripe"), "bank": N_("bank statement"), "bank_line": N_("bank line"),
    "statement": N_("part of the books"),
    "letter": N_("letter"), "step": N_("step"), "method": N_("saved card or account"),
    "setup": N_("saving a card or account"), "mandate": N_("automatic payments"),
}
FIELDS: dict[str, str] = {
    "amount": N_("amount"), "reason": N_("reason"), "mode": N_("way"), "count": N_("how many"), "new": N_("new"),
    "unchanged": N_("as before"), "settled": N_("came paid"), "holds": N_("held"), "debtors": N_("new debtors"),
    "role": N_("role"), "section": N_("section"), "wanted": N_("wanted"), "currency": N_("currency"),
    "name": N_("name"), "legal_name": N_("full legal name"), "contact_name": N_("who answers debtors"),
    "contact_email": N_("email debtors write to"), "contact_phone": N_("phone debtors call"),
    "postal_address": N_("postal address"), "contact_hours": N_("hours"),
    "where_to_check": N_("where the number stands"),
    "bank_details": N_("bank details"), "brand_color": N_("color"), "logo_svg": N_("logo"),
    "link_days": N_("days a link works"), "pay_only_link_days": N_("days a link to pay only works"),
    "minimum_part": N_("smallest part payment"), "bank_transfer": N_("bank transfer offered"),
    "transfer_wait_days": N_("days to wait for a transfer"), "fees": N_("late fees and interest"),
    "discount_grace_minutes": N_("minutes a discount stays open"),
    "part_payment_discount": N_("what a part payment does to a discount"),
    "offer_days": N_("days a discount made by hand lasts"), "settlements": N_("settlements"), "plans": N_("plans"),
    "early_pay_basis_points": N_("discount on every invoice, share"),
    "early_pay_days": N_("discount on every invoice, days"),
    "offers": N_("offers"), "discount": N_("discount"), "answer": N_("answer"),
    "quiet_from_hour": N_("quiet from"), "quiet_until_hour": N_("quiet until"),
    "reminder_gap_days": N_("days between reminders"),
    "answer_business_days": N_("working days for an answer"), "second_approver_above": N_("limit of one person"),
    "business_debtors_skip_check": N_("companies need no check"), "code": N_("what happened"), "to": N_("led to"),
    "channel": N_("how it came"), "result": N_("result"), "cause": N_("cause"), "state": N_("state"),
    "files": N_("files"), "why": N_("what is wrong"), "wants": N_("what would put it right"),
    "dispute_answer_days": N_("days until a dispute is decided"),
    "parts": N_("payments"), "autopay": N_("charged by itself"), "left": N_("left of it"),
    "until": N_("until"), "invoice": N_("invoice"), "to_kind": N_("to whom"),
    "thank_you_notes": N_("notes of thanks"), "ask_feedback": N_("question how it was"),
    "thank_you_credit": N_("credit for paying early"), "thank_you_credit_basis_points": N_("credit, share"),
    "thank_you_credit_amount": N_("credit, amount"), "thank_you_credit_cap": N_("credit, at most"),
    "check_in_days": N_("days until a check-in"),
    "found": N_("differences found"), "repaired": N_("booked since"), "gone": N_("agree again"),
    "still_open": N_("still open"), "known": N_("known before"), "bank_line": N_("bank line"),
    "subject_en": N_("English subject"), "body_en": N_("English text"), "subject_es": N_("Spanish subject"),
    "body_es": N_("Spanish text"),
}
# Where a debtor's own link led, and why money could not be matched.
LED_TO: dict[str, str] = {
    "balance": N_("the account"), "pay_only": N_("the page to pay only"), "check": N_("the first check"),
    "code": N_("the code by email"),
}
MISMATCHES: dict[str, str] = {
    "unknown_payment": N_("no payment of ours"), "other_amount": N_("another amount"),
    "other_currency": N_("another currency"), "other_account": N_("another Stripe account"),
    "other_intent": N_("another payment at Stripe"), "other_channel": N_("a payment made otherwise"),
}
WAYS: dict[str, str] = {"reopen": N_("it is owed again"), "credit": N_("it is not owed again")}
# Codes that have words somewhere, by the name under which they are noted.
CODES: dict[str, tuple[Mapping[str, str], ...]] = {
    "reason": (office_reasons.REASONS, happenings.REASONS, happenings.MESSAGE_REASONS, MISMATCHES),
    "code": (declines.REASONS,), "to": (LED_TO,), "mode": (WAYS,), "channel": (happenings.CHANNELS,),
    "result": (happenings.CALL_RESULTS,), "to_kind": (happenings.HAND_OVER_KINDS,), "cause": (happenings.HOLD_CAUSES,),
    "state": (office_reasons.STATES,), "why": (disputes.OFFICE_REASONS,), "wants": (disputes.OFFICE_WANTS,),
}
# Rules with a sum for each currency.
MONEY_RULES = frozenset({"minimum_part", "second_approver_above", "thank_you_credit_amount", "thank_you_credit_cap"})
# Ids and codes that say nothing to a reader.
UNTOLD = frozenset({
    "file", "about", "payment", "write_off", "refund_row", "code_act", "by", "entry", "done", "left_out", "note",
    "hold", "link", "message", "invoices", "person", "rows", "installment", "arrangement", "method"})


def act(words: Words, code: str) -> str:
    """Say what was done."""
    return words.text(ACTS[code]) if code in ACTS else happenings.act(code).by(words)


def known() -> tuple[str, ...]:
    """List the acts one can ask for."""
    return tuple(sorted({*ACTS, *happenings.ACTS}))


def target(words: Words, kind: str) -> str:
    """Name the kind of thing that was acted on."""
    return words.text(TARGETS[kind]) if kind in TARGETS else kind


def field(words: Words, name: str) -> str:
    """Name what was noted or changed."""
    return words.text(FIELDS[name]) if name in FIELDS else name


def value(words: Words, name: str, noted: Any, currency: str = "") -> str:
    """Write what was noted: money as money, yes and no as words, the rest as it is."""
    if noted is None or noted == "" or noted in ({}, []):
        return "–"
    if isinstance(noted, bool):
        return words.text(N_("yes")) if noted else words.text(N_("no"))
    if isinstance(noted, dict):
        return ", ".join(_entry(words, name, key, one) for key, one in noted.items())
    if isinstance(noted, list):
        return ", ".join(str(one) for one in noted)
    if name == "amount" and isinstance(noted, int) and currency:
        return words.money(noted, currency)
    if name.endswith("_basis_points") and isinstance(noted, int):
        return words.percent(noted)
    if name == "wanted" and noted in office_reasons.ACTS:
        return words.text(office_reasons.ACTS[noted])
    if name in CODES and isinstance(noted, str):
        code = noted.rpartition(":")[2]
        return next((words.text(known[code]) for known in CODES[name] if code in known), noted)
    return str(noted)


def _entry(words: Words, name: str, key: str, noted: Any) -> str:
    if name in MONEY_RULES and isinstance(noted, int):
        return words.money(noted, key)
    return f"{key}: {noted}"

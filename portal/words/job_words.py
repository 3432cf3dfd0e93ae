"""Words for what runs by itself: what each job does, and what rests after too many tries."""

from __future__ import annotations

from collections.abc import Mapping

from portal.words.refusals import N_

JOBS: Mapping[str, str] = {
    "deliver_messages": N_("Send emails"),
    "fetch_from_stripe": N_("Fetch fees from Stripe and close pages whose price has changed"),
    "ask_stripe": N_("Ask Stripe about payments we have heard nothing of"),
    "ask_about_methods": N_("Ask Stripe about cards and accounts that were to be saved"),
    "tell_before_charges": N_("Tell debtors of the charges to come, as early as was promised"),
    "charge_installments": N_("Charge the installments that are due, where that is allowed"),
    "forget_permissions": N_("Forget permissions to charge that ended two years ago"),
    "send_refunds": N_("Send refunds to Stripe"),
    "track_new_invoices": N_("Give new invoices their series of reminders"),
    "remind": N_("Take the reminder steps that are due"),
    "sweep_files": N_("Remove files that came with something never finished"),
    "end_settlements": N_("Note how settlements ended, and remind of those that end soon"),
    "end_announcements": N_("Wait no longer for announced transfers that never came"),
    "offer_terms": N_("Make the discounts that come with new invoices"),
    "note_ended_arrangements": N_("Note how promises and time that was given ended"),
    "watch_disputes": N_("Tell of disputes that are to be decided soon"),
    "end_plan_proposals": N_("End proposed plans that nobody signed, and remind of those that end soon"),
    "renew_plans": N_("Propose a changed plan where the running one no longer covers all that is owed"),
    "watch_plans": N_("Look whether plans are kept, and remind of their next payment"),
    "thank": N_("Thank those who paid, where it is switched on"),
    "check_in": N_("Write a friendly check-in, where it is switched on"),
    "track_late_invoices": N_("Find invoices that late fees may come to"),
    "charge_late_fees": N_("Charge late fees and interest, where they are switched on"),
    "wake_reminders": N_("Remind again of what is owed again"),
    "count_dashboards": N_("Count what the first page shows"),
    "catch_up_events": N_("Ask Stripe for events that never came"),
    "catch_up_all_events": N_("Look through all that Stripe still keeps"),
    "reconcile": N_("Hold the books against everything Stripe has"),
    "forget_payloads": N_("Forget the contents of old events"),
    "forget_bank_files": N_("Forget bank statements that were never taken in"),
    "take_in_files": N_("Read files of invoices, and take in what was confirmed"),
    "forget_import_files": N_("Forget files that were never imported"),
}
RESTING: Mapping[str, str] = {
    "emails": N_("Emails that could not be sent after many tries"),
    "fetches": N_("Questions to Stripe that were never answered"),
    "questions": N_("Payments Stripe was asked about too often"),
    "refunds": N_("Refunds Stripe has not answered about for a day"),
    "steps": N_("Reminder steps that could not be taken; they are tried once a day"),
}


def job(code: str) -> str:
    """Say what a job does; one that is gone or new is shown by its name."""
    return JOBS.get(code, code)


def resting(code: str) -> str:
    """Say what it is that rests."""
    return RESTING[code]

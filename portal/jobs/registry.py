"""The list of what runs by itself: each job is one service function that takes the runtime and says how much it did.

The one-machine loop and Celery run the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal.runtime import Runtime
from portal.services import (
    announced,
    asking,
    autopay_charges,
    autopay_notices,
    bank_statements,
    cadences,
    dashboard_summary,
    delivery,
    dispute_deadlines,
    fetching,
    import_files,
    inbox,
    late_fees,
    mandates,
    method_setups,
    offer_terms,
    plan_proposals,
    plan_renewal,
    plan_watch,
    promises,
    reconciliation,
    refunds,
    reminder_sweep,
    sent_files,
    settlement_ends,
    thanks,
)


@dataclass(frozen=True)
class Shares:
    """How several workers take one job together: `split` cuts what is due into stretches of ids, `run` does one."""

    split: Callable[[Runtime], Sequence[tuple[int, int]]]
    run: Callable[[Runtime, int, int], int]


@dataclass(frozen=True)
class Job:
    """One job. It does a bounded batch; as long as it reports work done it is called again without waiting."""

    name: str
    run: Callable[[Runtime], int]
    every_seconds: float
    # A sweep does all there is in one call, so that calling it again at once would be idle.
    sweep: bool = False
    # For a job of which one worker would do all; other jobs share by claiming rows.
    shares: Shares | None = None


JOBS: tuple[Job, ...] = (
    Job("deliver_messages", delivery.deliver_due, every_seconds=2),
    Job("fetch_from_stripe", fetching.fetch_due, every_seconds=5),
    Job("ask_stripe", asking.ask_due, every_seconds=10),
    Job("ask_about_methods", method_setups.ask_due, every_seconds=20),
    Job("tell_before_charges", autopay_notices.prepare, every_seconds=900, sweep=True),
    Job("charge_installments", autopay_charges.charge_due, every_seconds=30),
    Job("forget_permissions", mandates.forget_old, every_seconds=86_400, sweep=True),
    Job("send_refunds", refunds.send_due, every_seconds=15, sweep=True),
    Job("track_new_invoices", cadences.track_new, every_seconds=60),
    Job("remind", reminder_sweep.sweep, every_seconds=30,
        shares=Shares(reminder_sweep.shares, reminder_sweep.sweep_share)),
    Job("sweep_files", sent_files.sweep, every_seconds=3_600, sweep=True),
    Job("note_ended_arrangements", promises.note_ended, every_seconds=900),
    Job("end_settlements", settlement_ends.note_ended, every_seconds=900),
    Job("end_announcements", announced.end_due, every_seconds=900),
    Job("offer_terms", offer_terms.make_due, every_seconds=300, sweep=True),
    Job("watch_disputes", dispute_deadlines.watch, every_seconds=900),
    Job("end_plan_proposals", plan_proposals.end_due, every_seconds=900),
    Job("renew_plans", plan_renewal.renew, every_seconds=120, sweep=True),
    Job("watch_plans", plan_watch.watch, every_seconds=900, sweep=True),
    Job("wake_reminders", cadences.wake, every_seconds=3600, sweep=True),
    Job("thank", thanks.thank, every_seconds=1800, sweep=True),
    Job("check_in", thanks.check_in, every_seconds=6 * 3600, sweep=True),
    Job("track_late_invoices", late_fees.track, every_seconds=6 * 3600, sweep=True),
    Job("charge_late_fees", late_fees.charge_due, every_seconds=600),
    Job("count_dashboards", dashboard_summary.refresh_due, every_seconds=60, sweep=True),
    Job("catch_up_events", inbox.catch_up, every_seconds=600, sweep=True),
    Job("catch_up_all_events", inbox.catch_up_wide, every_seconds=86_400, sweep=True),
    Job("reconcile", reconciliation.reconcile_due, every_seconds=3600, sweep=True),
    Job("forget_payloads", inbox.forget_payloads, every_seconds=3600, sweep=True),
    Job("forget_bank_files", bank_statements.forget, every_seconds=3600, sweep=True),
    Job("take_in_files", import_files.work_due, every_seconds=3),
    Job("forget_import_files", import_files.forget, every_seconds=3600, sweep=True),
)


def job(name: str) -> Job:
    """Find a job by its name; raises KeyError."""
    return {job.name: job for job in JOBS}[name]

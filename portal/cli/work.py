"""Commands for what runs by itself: the worker, and reminders by hand."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal.cli.shared import refused, running
from portal.domain.errors import Refusal


@click.command("work")
@click.option("--once", is_flag=True, help="Do what is due now and end.")
@with_appcontext
def work(once: bool) -> None:
    """Send emails, ask Stripe and do all else that runs by itself, until stopped."""
    from portal.jobs import loop

    done = loop.work(running(), once=once)
    if once:
        click.echo(f"{done} done")


@click.command("send-reminder")
@click.argument("business")
@click.argument("debtors", nargs=-1, metavar="[DEBTOR]...")
@click.option("--all-due", is_flag=True, help="Everyone with something past its due date.")
@with_appcontext
def send_reminder(business: str, debtors: tuple[str, ...], all_due: bool) -> None:
    """Ask debtors of BUSINESS, by number, for what is open; at most one email each a day."""
    from portal.services import reminders

    if all_due == bool(debtors):
        raise click.UsageError("name debtors, or say --all-due")
    try:
        numbers = reminders.late_debtors(running(), business) if all_due else debtors
        for number in numbers:
            asked = reminders.send_reminder(running(), business, number)
            when = f" for {asked.due_at.isoformat()}" if asked.state == "queued" else ""
            click.echo(f"{asked.debtor_number} {asked.state} ({asked.reason}){when}")
    except Refusal as refusal:
        raise refused(refusal) from refusal

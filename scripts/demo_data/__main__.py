"""python -m scripts.demo_data: fills an empty, migrated database; portal, stand-in, mailbox and worker are running."""

from __future__ import annotations

import sys
from datetime import datetime

from sqlalchemy import func, select

from config import load_settings
from portal.assembly import assemble
from portal.models import Business, Message
from portal.runtime import Runtime
from portal.services import dashboard_summary, ledger_verify, reminders
from scripts.demo_data import alder, books, marsh, people, stories
from scripts.demo_data.stage import Stage, wait_until


def main() -> int:
    """Write the businesses, play what has happened, send the reminders, and look whether the books are right."""
    rt = assemble(load_settings())
    now = rt.now()
    for house in (marsh.HOUSE, alder.HOUSE):
        books.write(rt, house)
    people.write(rt)
    _say("{} debtors with {} invoices", *books.count(rt))
    _play(rt, now)
    _say("payments, a bank debit, a chargeback, a credit")
    for house in (marsh.HOUSE, alder.HOUSE):
        for number in reminders.late_debtors(rt, house.business.slug):
            reminders.send_reminder(rt, house.business.slug, number)
    wait_until(lambda: _waiting(rt) == 0, "every email that is due has left")
    _say("{} emails in the mailbox", _sent(rt))
    # What the worker counts within a minute, so that the office's first page has its figures from the first look on.
    with rt.db.reading() as session:
        businesses = session.scalars(select(Business.id)).all()
    for business_id in businesses:
        dashboard_summary.refresh(rt, business_id, at_once=True)
    differences, _ = ledger_verify.verify(rt)
    if differences:
        print(f"  the books do not add up: {differences}", file=sys.stderr)
    return 1 if differences else 0


def _play(rt: Runtime, now: datetime) -> None:
    for house, story in ((marsh.HOUSE, stories.marsh), (alder.HOUSE, stories.alder)):
        story(Stage(rt, house.business.slug, books.Calendar(now, house.business.timezone)))


def _waiting(rt: Runtime) -> int:
    with rt.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Message).where(
            Message.state == "queued", Message.due_at <= rt.now())) or 0


def _sent(rt: Runtime) -> int:
    with rt.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Message).where(Message.state == "sent")) or 0


def _say(text: str, *numbers: int) -> None:
    print("  " + text.format(*numbers), flush=True)


if __name__ == "__main__":
    sys.exit(main())

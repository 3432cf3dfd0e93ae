"""Emails: sent ones when they left, and those that wait or were not sent, always with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func

from portal.models import Message
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words import happenings
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable

SENT = N_("Email sent: %(what)s")
LEAVING = N_("Email on its way out: %(what)s")
WAITS = N_("Email waits: %(what)s")
SKIPPED = N_("Not sent: %(what)s")
FAILED = N_("Could not be delivered: %(what)s")
READ = N_("Read the email")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for emails that left, by when they did, and for all others by when they were made."""
    columns: dict[str, Any] = {
        "id": Message.id, "code": Message.state, "word": Message.kind, "extra": Message.reason,
        "text": Message.subject, "ref": Message.public_id, "until": Message.due_at, "made_at": Message.created_at}
    mine = (Message.business_id == scope.business_id, Message.debtor_id == scope.debtor_id)
    sent = reads("messages:sent", at=func.coalesce(Message.sent_at, Message.created_at), **columns)
    unsent = reads("messages:unsent", at=Message.created_at, **columns)
    return {"emails": [sent.where(*mine, Message.state == "sent")],
            "unsent": [unsent.where(*mine, Message.state != "sent")]}


def tell(row: Row) -> Entry:
    """Tell one email: its subject, what kind it is, and why it went or did not."""
    kind = happenings.named(happenings.MESSAGE_KINDS, row.word)
    what: Sayable = Plain(row.text) if row.text else kind
    leads = (Lead("office.message", {"message_id": row.ref}, READ),)
    lines = (*((kind,) if row.text else ()), *_reason(row))
    if row.code == "sent":
        return Entry(row.at, Said(SENT, {"what": what}), "mail", lines=lines, leads=leads)
    if row.code == "queued":
        later = _later(row)
        return Entry(row.at, Said(WAITS if later else LEAVING, {"what": what}), "hold" if later else "mail",
                     "held" if later else "", (*lines, *later), leads=leads)
    if row.code == "failed":
        return Entry(row.at, Said(FAILED, {"what": what}), "warn", "bad", lines, leads=leads)
    return Entry(row.at, Said(SKIPPED, {"what": what}), "skip", "skip", lines, leads=leads)


def _reason(row: Row) -> tuple[Sayable, ...]:
    return (happenings.named(happenings.MESSAGE_REASONS, row.extra),) if row.extra else ()


def _later(row: Row) -> tuple[Sayable, ...]:
    """Say when it leaves, if that was not meant to be at once."""
    if row.until is None or row.until <= row.at:
        return ()
    return (Said(N_("Leaves on %(day)s at the earliest."), {"day": row.until}),)

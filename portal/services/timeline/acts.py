"""What staff, jobs and the debtor changed, from the audit trail; what another source tells already is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, or_

from portal.models import AuditEvent
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words import happenings

# Each has an entry of its own kind, which says more.
TOLD = (
    "call.logged", "note.written", "payment.recorded", "payment.bounced", "credit.used", "goodwill.given",
    "credit_note.made", "fee.waived", "invoice.written_off", "refund.requested", "link.sent", "link.copied",
    "link.created", "question.answered", "question.remarked", "reminder.queued", "reminder.skipped", "credit.refunded",
    "email.stopped", "email.resumed",
)
# What a debtor does is told by visits and payments; these few are told here.
OF_DEBTORS = ("debtor.not_me", "debtor.email_bounced", "identity.failed")
ICONS = {"hold.made": ("hold", "held"), "hold.lifted": ("hold", ""), "debtor.email_bounced": ("warn", "bad"),
         "debtor.not_me": ("warn", "bad"), "identity.failed": ("warn", "skip"), "debtor.erased": ("erase", ""),
         "code.read_out": ("phone", ""), "links.revoked": ("link", "skip"), "hand_over.made": ("scales", "held"),
         "hand_over.in_progress": ("scales", "held"), "hand_over.recovered": ("scales", "in"),
         "hand_over.returned": ("scales", ""), "letter.asked": ("print", ""), "letter.dropped": ("print", "skip")}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for the acts of the staff and of commands, and for a few of the debtor's."""
    asked = reads("acts:act", at=AuditEvent.at, id=AuditEvent.id, code=AuditEvent.act, word=AuditEvent.actor_kind,
                  ref=AuditEvent.target)
    return {"changes": [asked.where(
        AuditEvent.business_id == scope.business_id, AuditEvent.debtor_id == scope.debtor_id,
        AuditEvent.act.not_in(TOLD),
        or_(AuditEvent.actor_kind.in_(("staff", "cli")), AuditEvent.act.in_(OF_DEBTORS)))]}


def tell(row: Row) -> Entry:
    """Tell an act in a few words."""
    icon, kind = ICONS.get(row.code, ("cog", ""))
    return Entry(row.at, happenings.act(row.code), icon, kind)

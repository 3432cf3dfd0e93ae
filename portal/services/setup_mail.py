"""Tells all owners by email when somebody changed what leads money astray in wrong hands; names of fields only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Business, Membership, Staff
from portal.services import staff_mail
from portal.services.staff_mail import StaffReader
from portal.words import office_emails
from portal.words.core import Words
from portal.words.emails import Letter, Sender


def tell_owners(session: Session, now: datetime, business: Business, changed_by: int, labels: Sequence[str]) -> None:
    """Tell everybody who owns the business, also whoever changed it, which fields were changed; none: nothing."""
    if not labels:
        return
    who = session.get_one(Staff, changed_by).name
    owners = session.scalars(
        select(Staff).join(Membership, Membership.staff_id == Staff.id)
        .where(Membership.business_id == business.id, Membership.ended_at.is_(None), Staff.disabled_at.is_(None),
               Membership.role == "owner").order_by(Staff.id)).all()
    for owner in owners:
        def wording(words: Words, sender: Sender, reader: str = owner.name) -> Letter:
            return office_emails.setup_changed(words, sender, reader, who, labels)

        staff_mail.queue(session, now, business, StaffReader(owner.email, owner.locale), "setup_changed",
                         f"setup:{business.public_id}:{business.version}:{owner.public_id}", wording)

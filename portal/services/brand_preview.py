"""What a color would make of an email, with a made-up debtor: the real letter, laid out as it would leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from portal.domain.brand import safe_color
from portal.domain.roles import StaffAccess
from portal.models import Business
from portal.runtime import Runtime
from portal.services import letters
from portal.words import email_kinds
from portal.words.core import Words
from portal.words.email_kinds import OwedInvoice
from portal.words.emails import PLACEHOLDERS, Reader, fill_in, render


def email(rt: Runtime, access: StaffAccess, color: str, words: Words) -> str:
    """Write the reminder nobody gets, in a color that may not be kept yet; its links lead nowhere."""
    access.require("set_up")
    now = rt.now()
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
    sender = replace(letters.sender_of(business, words), color=safe_color(color))
    reader = Reader("Ada", "postal_code")
    today = words.local_date(now)
    invoice = OwedInvoice("1041", "", today - timedelta(days=40), today - timedelta(days=10), business.currency, 123456)
    letter = email_kinds.reminder(words, sender, reader, [invoice], today=today, no_fees=True)
    return fill_in(render(words, sender, reader, letter).html, dict.fromkeys(PLACEHOLDERS, "#"))

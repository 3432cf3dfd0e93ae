"""The emails around time, promises and money already paid: what was decided, and to staff that someone waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Arrangement, Business, Message, PaymentClaim
from portal.services import messages, staff_mail
from portal.services.letters import Voice
from portal.services.staff_mail import StaffReader
from portal.words import arrangement_emails
from portal.words.emails import Letter


def tell_debtor(session: Session, now: datetime, arrangement: Arrangement, what: str, *, words: str = "",
                staff_name: str = "") -> Message:
    """Email what was decided, at once: `what` is time_given, time_countered, time_refused,
    time_ended or promise_taken."""
    wording = arrangement_emails.DECIDED[what]
    return _send(session, now, arrangement.business_id, arrangement.debtor_id,
                 f"{what}:{arrangement.public_id}:{arrangement.version}",
                 lambda voice: wording(voice.words, voice.sender, voice.reader, arrangement.until,
                                       words_of_staff=words, name=staff_name))


def tell_of_claim(session: Session, now: datetime, claim: PaymentClaim, *, found: bool, staff_name: str) -> Message:
    """Email whether the money a debtor told of was found, with what staff wrote."""
    # A claim that is looked for anew is answered anew, even on the same day.
    key = f"claim_answered:{claim.public_id}:{claim.decided_at:%Y%m%d%H%M%S%f}"
    return _send(session, now, claim.business_id, claim.debtor_id, key,
                 lambda voice: arrangement_emails.claim_answered(
                     voice.words, voice.sender, voice.reader, claim.amount_minor, claim.currency, claim.paid_on,
                     found=found, words_of_staff=claim.answer, name=staff_name))


def tell_staff(session: Session, now: datetime, business: Business, arrangement: Arrangement) -> None:
    """Tell the business that someone asks for time; who and why stands only behind the sign-in."""
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), "time_asked",
        f"time_asked:{arrangement.public_id}:{arrangement.version}",
        lambda words, sender: arrangement_emails.time_asked(
            words, sender, arrangement.public_id, arrangement.answer_by or now))


def tell_staff_of_claim(session: Session, now: datetime, business: Business, claim: PaymentClaim) -> None:
    """Tell the business that someone says they have paid."""
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), "claim_made",
        f"claim_made:{claim.public_id}",
        lambda words, sender: arrangement_emails.claim_made(words, sender, claim.public_id, claim.answer_by))


def _send(session: Session, now: datetime, business_id: int, debtor_id: int, key: str,
          wording: Callable[[Voice], Letter]) -> Message:
    return messages.queue_answer(session, now, business_id, debtor_id, key, "", wording)



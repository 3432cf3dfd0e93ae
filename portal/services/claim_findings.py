"""What "I already paid" may be: a payment that is booked, money that waits on a bank statement, or nothing yet.

Saying which it is books the money where that has not been done, and answers the debtor, in one commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import BankLine, Debtor, PaymentClaim
from portal.runtime import Runtime
from portal.services import bank_lines, claim_answers, debtor_money
from portal.services.claim_answers import Answered
from portal.services.debtor_money import Seen

MOST_LINES = 10
LINE, RECORD = "line.", "record"
# How money comes that nobody has told us of; what a card paid is booked by Stripe's own word.
CHANNELS = {"transfer": "transfer", "cash": "cash", "check": "check", "other": "transfer"}


@dataclass(frozen=True)
class LineFound:
    """A line of a bank statement that nobody has said anything about, with the very sum of a claim; minor units."""

    public_id: str
    payer: str
    amount_minor: int
    currency: str
    booked_on: date


def lines(session: Session, claim: PaymentClaim) -> Sequence[LineFound]:
    """List the money on bank statements that may be it, the day that fits best first."""
    rows = session.scalars(select(BankLine).where(
        BankLine.business_id == claim.business_id, BankLine.state == "waiting",
        BankLine.amount_minor == claim.amount_minor, BankLine.currency == claim.currency)
        .order_by(BankLine.added_at.desc(), BankLine.id.desc()).limit(MOST_LINES)).all()
    found = [LineFound(row.public_id, row.payer, row.amount_minor, row.currency, row.booked_on) for row in rows]
    return sorted(found, key=lambda one: abs((one.booked_on - claim.paid_on).days))


def found(rt: Runtime, access: StaffAccess, claim_id: str, pick: str, *, words: str = "") -> Answered:
    """Say which money it is: a payment's id, a bank line behind "line.", or "record" for what somebody saw arrive.

    Raises Refusal: role_may_not, not_found, pick_one, claim_decided, claim_looks_recorded, bank_line_decided, and what
    recording money refuses.
    """
    if pick.startswith(LINE):
        return bank_lines.confirm_claim(rt, access, pick.removeprefix(LINE), claim_id, words)
    if pick == RECORD:
        return rt.db.run(lambda session: _record(rt, session, access, claim_id, words))
    return claim_answers.match(rt, access, claim_id, pick, words=words)


def _record(rt: Runtime, session: Session, access: StaffAccess, claim_id: str, words: str) -> Answered:
    """Write down what they told of as they told it, once for each claim."""
    now, claim = rt.now(), claim_answers.find(session, access, claim_id)
    channel = CHANNELS.get(claim.way)
    if channel is None:
        raise Refusal("invalid", "pick_one")
    debtor = session.get_one(Debtor, claim.debtor_id)
    try:
        made = debtor_money.receive(session, access, debtor.public_id, Seen(
            channel=channel, currency=claim.currency, amount_minor=claim.amount_minor, received_on=claim.paid_on,
            nonce=f"claim-{claim.public_id}", reference=claim.reference[:debtor_money.LONGEST_REFERENCE],
            send_receipt=True), now)
    except Refusal as refusal:
        if refusal.code == "payment_looks_recorded":
            raise Refusal("conflict", "claim_looks_recorded", **refusal.params) from None
        raise
    return claim_answers.match_in(session, access, claim_id, made.public_id, words=words, now=now)

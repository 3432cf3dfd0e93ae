"""Who may see the books beside Stripe: whoever sees the books. Comparing is a job's work; nothing is changed here."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.models import Drift, Payout, Reconciliation, StripeRecord
from tests.cast import NOON
from tests.office.matrix import OfficePart, OfficeRow


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A payout of which Stripe told one line, a run, and a difference of each state."""
    business, payment = office.part.business, office.part.payments["received"]
    account = business.stripe_account or ""
    run = Reconciliation(account=account, since=NOON, until=NOON, stage="compare", objects=3, found=2, repaired=1,
                         still_open=1, started_at=NOON, finished_at=NOON)
    session.add(run)
    session.flush()
    name = f"po_{office.part.marks.digits}"
    session.add(Payout(business_id=business.id, stripe_payout=name, amount_minor=96_80, currency="USD", state="paid",
                       arrives_at=NOON, created_at=NOON))
    records = (("payout", name, -96_80, 0, "paid", ""), ("line", f"txn_{name}", 100_00, 3_20, "charge", name))
    for kind, object_id, amount, fee, status, payout in records:
        session.add(StripeRecord(
            account=account, kind=kind, object_id=object_id, amount=amount, fee=fee, currency="USD", status=status,
            source=payment.charge or "", payout=payout, parts="known" if kind == "payout" else "none", made_at=NOON,
            run_id=run.id))
    for state, kind in (("open", "fee_amount"), ("repaired", "fee_missing")):
        session.add(Drift(business_id=business.id, account=account, kind=kind, object_id=f"txn_{name}", currency="USD",
                          at_stripe=-3_20, in_books=-3_00, state=state, found_at=NOON,
                          ended_at=None if state == "open" else NOON))
    return {"payout": name}


PREPARE = prepare
ROWS = {
    ("office.reconciliation", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.payout", "GET"): OfficeRow("see", canary=True, target={
        "payout_id": lambda office: str(office.things["payout"])}),
}

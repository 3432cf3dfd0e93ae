"""Borders of the list of payments, of one payment, and of sending money back."""

from __future__ import annotations

from tests.office.matrix import OfficeRow, said

PAYMENT = {"payment_id": lambda office: office.part.payments["received"].public_id}

ROWS = {
    ("office.payments", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.payment", "GET"): OfficeRow("see", canary=True, target=PAYMENT),
    ("office.refund", "GET"): OfficeRow("move_money", canary=True, target=PAYMENT),
    # The stage's payments are unknown at the stand-in, so Stripe refuses; that it was asked for is kept all the same.
    ("office.make_refund", "POST"): OfficeRow(
        "move_money", own="409", target=PAYMENT, proof=True, audits=1,
        form={"seen": said("12000"), "amount": said("1.00"), "mode": said("reopen"), "reason": said("agreed"),
              # Looked at before, as the page shows it: done at once, this sum, this way, this reason.
              "reviewed": said("done:100:reopen:agreed")}),
}

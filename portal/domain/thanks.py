"""What a business gives for paying early: how large a thank-you credit is, and which payments earn one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from portal.domain.policy import Policy

WHOLE = 10_000
# Above this, what is given back is a discount and belongs into an offer.
MOST_BASIS_POINTS = 1_000


@dataclass(frozen=True)
class PaidPart:
    """What one payment did for one invoice, minor units; `left_minor` is what is left of the invoice since."""

    amount_minor: int
    discount_minor: int
    left_minor: int
    due_on: date


def early_minor(parts: Iterable[PaidPart], paid_on: date) -> int:
    """Add up what of a payment closed an invoice before its due date, in minor units.

    An invoice that had a discount has its thanks already. Worked: 300.00 and 200.00 paid on November 3, due on
    November 10 and November 3: only the first was early, 300.00.
    """
    return sum(part.amount_minor for part in parts
               if paid_on < part.due_on and part.left_minor <= 0 and not part.discount_minor)


def credit_minor(policy: Policy, currency: str, early: int) -> int:
    """Give the credit that paying `early` minor units before the due date earns; 0 where none is given.

    Worked: 2 % of 300.00 is 6.00, with a cap of 5.00 it is 5.00. A plain amount is never more than what was paid.
    """
    if not policy.thank_you_credit or early <= 0:
        return 0
    if policy.thank_you_credit_basis_points:
        earned = early * policy.thank_you_credit_basis_points // WHOLE
    else:
        earned = min((policy.thank_you_credit_amount or {}).get(currency, 0), early)
    cap = (policy.thank_you_credit_cap or {}).get(currency)
    return earned if cap is None else min(earned, cap)

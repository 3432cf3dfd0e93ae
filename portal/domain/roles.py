"""Who in the office may do what: four roles, and for each permission the roles that have it. Everything else is denied.

A viewer reads. An agent works with debtors. A manager moves money by hand and changes terms. An owner decides who works
here, which Stripe account is used, and about the end of things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from portal.domain.errors import Refusal

Role = Literal["owner", "manager", "agent", "viewer"]
ROLES: tuple[Role, ...] = ("owner", "manager", "agent", "viewer")

_ALL = frozenset(ROLES)
_WORKERS = frozenset({"owner", "manager", "agent"})
_MANAGERS = frozenset({"owner", "manager"})
_OWNERS = frozenset({"owner"})

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "see": _ALL,                 # every page that shows what is owed and what happened
    "work": _WORKERS,            # calls, notes, links, holds, answers, contact data, assignments
    "record_money": _WORKERS,    # a bank transfer, cash or a check that was seen to arrive
    "move_money": _MANAGERS,     # refund, credit, write off, correct, resolve suspense
    "hand_over": _MANAGERS,     # give invoices to an agency, a lawyer or a court, and take them back
    "approve": _MANAGERS,        # be the second person
    "import": _MANAGERS,
    "export": _MANAGERS,
    "erase": _MANAGERS,          # personal data of a debtor: take out, erase
    "set_up": _MANAGERS,         # brand, terms, cadence
    "see_audit": _MANAGERS,
    "staff": _OWNERS,
    "stripe": _OWNERS,
    "danger": _OWNERS,
}
# How long "this is really me" holds before something weighty asks again.
PROOF_HOLDS = timedelta(minutes=10)


@dataclass(frozen=True)
class StaffAccess:
    """One of the staff at work for one business: what every service of the office is handed."""

    business_id: int
    staff_id: int
    staff_public_id: str
    role: str
    session_id: int
    stepped_up_at: datetime | None = None

    def may(self, permission: str) -> bool:
        """Say whether this role has a permission; raises KeyError for one that does not exist."""
        return self.role in PERMISSIONS[permission]

    def require(self, permission: str) -> None:
        """Refuse what this role may not do; raises Refusal not_allowed/role_may_not."""
        if not self.may(permission):
            raise Refusal("not_allowed", "role_may_not")

    def is_proven(self, now: datetime) -> bool:
        """Say whether the person has just now shown again that it is them."""
        return self.stepped_up_at is not None and now - self.stepped_up_at < PROOF_HOLDS

    def require_proof(self, now: datetime) -> None:
        """Refuse something weighty without a fresh proof; raises Refusal not_allowed/prove_first."""
        if not self.is_proven(now):
            raise Refusal("not_allowed", "prove_first")

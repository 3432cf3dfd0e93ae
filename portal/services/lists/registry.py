"""The lists there are, by name."""

from __future__ import annotations

from portal.domain.errors import Refusal
from portal.services.lists.debtors import DEBTORS
from portal.services.lists.frame import ListOf
from portal.services.lists.invoices import INVOICES
from portal.services.lists.messages import MESSAGES
from portal.services.lists.payments import PAYMENTS

LISTS: dict[str, ListOf] = {one.name: one for one in (DEBTORS, INVOICES, PAYMENTS, MESSAGES)}


def named(name: str) -> ListOf:
    """Find a list; raises Refusal not_found for one that is none."""
    if name not in LISTS:
        raise Refusal("not_found", "unknown_page")
    return LISTS[name]

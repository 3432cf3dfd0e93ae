"""Handing invoices over: to whom, how such a case goes on, and what the debtor is told instead of "pay". Pure."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("agency", "lawyer", "court")
# How a case goes on: the first two stand, the other two end it.
HANDED_OVER, IN_PROGRESS, RECOVERED, RETURNED = "handed_over", "in_progress", "recovered", "returned"
STATUSES = (HANDED_OVER, IN_PROGRESS, RECOVERED, RETURNED)
STANDING = frozenset({HANDED_OVER, IN_PROGRESS})


@dataclass(frozen=True, order=True)
class HandedTo:
    """Who pursues an invoice now, how to reach them, and the reference to name to them."""

    kind: str
    name: str
    contact: str
    reference: str


def may_become(status: str, wanted: str) -> bool:
    """Say whether a case may go on to a status: what has ended stays ended, and is handed over anew if need be."""
    return status in STANDING and wanted in STATUSES

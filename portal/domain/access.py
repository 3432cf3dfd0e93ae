"""How far a debtor's browser may see: the levels of access and what a link is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass

LINK_ONLY = 0  # the link alone: the business's name and "continue"
KNOWN = 1  # link and a fact that is not in the email: balance, paying, downloads
PROVEN = 2  # and six digits emailed to the address on file: signing, changing


@dataclass(frozen=True)
class Access:
    """One debtor's door, already checked: ids inside are trusted, ids from a URL never are."""

    business_id: int
    debtor_id: int
    link_id: int
    link_public_id: str
    level: int
    # None: the whole account; else only these invoices exist for this reader.
    invoice_ids: frozenset[int] | None = None
    pay_only: bool = False
    session_id: int | None = None

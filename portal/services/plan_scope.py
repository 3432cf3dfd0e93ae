"""What a plan would cover for a debtor, and what the rules are asked with: sums, age, days and working days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.plan_rules import PlanRules
from portal.domain.plan_terms import Owed
from portal.domain.quotes import OpenInvoice
from portal.domain.schedules import IsOpen
from portal.models import Arrangement, ArrangementInvoice, Business, Debtor
from portal.services import arrangements, calendars, debts, policies

BINDING = ("plan", "settlement")


@dataclass(frozen=True)
class Scope:
    """The invoices of one currency a plan would cover, with all that the rules are asked with."""

    invoices: tuple[OpenInvoice, ...]
    owed: Owed
    rules: PlanRules
    today: date
    is_open: IsOpen


def choosable(session: Session, access: Access) -> list[OpenInvoice]:
    """List the invoices a plan may cover: what is on its way, elsewhere, questioned whole or agreed on is left out."""
    bound = set(session.scalars(
        select(ArrangementInvoice.invoice_id)
        .join(Arrangement, Arrangement.id == ArrangementInvoice.arrangement_id)
        .where(ArrangementInvoice.debtor_id == access.debtor_id, ArrangementInvoice.binding,
               Arrangement.kind.in_(BINDING))))
    return [one for one in debts.open_invoices(session, access)
            if one.payable_minor > 0 and not one.on_its_way and one.handed_to is None and one.id not in bound]


def scope(session: Session, access: Access, debtor: Debtor, now: datetime, currency: str,
          public_ids: Sequence[str] = ()) -> Scope:
    """Gather what a plan over these invoices (none named: all of the currency) would cover.

    Raises Refusal: plan_nothing_fits, unknown_invoice.
    """
    offered = [one for one in choosable(session, access) if one.currency == currency]
    chosen = [one for one in offered if one.public_id in public_ids] if public_ids else offered
    if len(chosen) < len(set(public_ids)):
        raise Refusal("not_found", "unknown_invoice")
    if not chosen:
        raise Refusal("conflict", "plan_nothing_fits")
    business = session.get_one(Business, access.business_id)
    owed = Owed(sum(one.payable_minor for one in chosen), currency, min(one.due_on for one in chosen),
                consumer=debtor.kind == "consumer")
    return Scope(tuple(chosen), owed, policies.in_force(session, access.business_id).plan_rules,
                 arrangements.today(session, debtor, now), working_days(debtor, business))


def working_days(debtor: Debtor, business: Business) -> IsOpen:
    """Give the question whether a day is a working day where the debtor lives."""
    return calendars.question(debtor.country or business.country, frozenset())

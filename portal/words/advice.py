"""Where people find free and independent advice on debt, by country; names and sites as these services give them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A service that advises people at no cost: its name, its site and its number ("" where it has none)."""

    name: str
    site: str
    phone: str = ""


PLACES: dict[str, tuple[Place, ...]] = {
    "US": (Place("National Foundation for Credit Counseling", "nfcc.org", "+1 800 388 2227"),),
    "GB": (Place("StepChange Debt Charity", "stepchange.org", "+44 800 138 1111"),
           Place("National Debtline", "nationaldebtline.org", "+44 808 808 4000")),
    "IE": (Place("MABS, Money Advice and Budgeting Service", "mabs.ie", "+353 818 07 2000"),),
    "CA": (Place("Credit Counselling Canada", "creditcounsellingcanada.ca"),),
    "AU": (Place("National Debt Helpline", "ndh.org.au", "+61 1800 007 007"),),
    "NZ": (Place("MoneyTalks", "moneytalks.co.nz", "+64 800 345 123"),),
}


def places_of(country: str) -> tuple[Place, ...]:
    """Give the services of a country; none where we know of none for sure."""
    return PLACES.get(country, ())

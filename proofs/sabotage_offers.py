"""The guards of offers: where each stands, how it is taken away, and which figure must notice."""

from __future__ import annotations

from proofs.guards import Guard

STORIES, HISTORIES = ("offers", "sqlite", "scenarios"), ("offers", "sqlite", "histories")
RACES = ("offers", "postgresql", "races")

OFFERS = (
    Guard("what a payment earned goes with the payment", "portal/domain/earning.py",
          "    if earner.returned == 0:\n", "    if earner.returned >= 0:\n", STORIES, "scenarios_wrong"),
    Guard("a discount ends with its last moment", "portal/domain/quotes.py",
          "    return offer if started_in_time(now, offer.deadline, grace) else None\n", "    return offer\n",
          HISTORIES, "offer_violations"),
    Guard("a part payment does to a discount what was said", "portal/domain/offers.py",
          "    if left >= base or effect == KEEPS:\n", "    if left >= base or effect != SHARES:\n", HISTORIES,
          "offer_violations"),
    Guard("a discount keeps to the steps of its currency", "portal/domain/offers.py",
          "    return found - found % step\n", "    return found\n", HISTORIES, "offer_violations"),
    Guard("what a part payment leaves is told before", "portal/domain/quotes.py",
          "base=offer.base_minor, left=invoice.left_minor - amount,", "base=invoice.payable_minor, left=left,",
          HISTORIES, "offer_violations"),
    Guard("who answers reads again under the lock", "portal/services/settlement_answers.py",
          "        session.refresh(found)\n", "        found.state\n", RACES, "offer_races_wrong"),
)

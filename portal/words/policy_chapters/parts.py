"""Paying a part: how small it may be, and where it goes."""

from __future__ import annotations

from portal.domain.currencies import minimum_charge
from portal.domain.policy import Policy
from portal.words.core import Words
from portal.words.refusals import N_

TITLE, PLACE, PUBLIC = N_("Paying a part"), 10, True


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say the smallest part and the order in which parts are used."""
    least = max((policy.minimum_part or {}).get(currency, 0), minimum_charge(currency))
    return [words.text("You can pay any part from %(least)s on.", least=words.money(least, currency)),
            words.text("A part goes to the invoice that was due first, then to the next one.")]

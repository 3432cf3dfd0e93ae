"""Discounts: what comes with every invoice, until when one counts, and what a part payment does to it."""

from __future__ import annotations

from portal.words.offer_rules import sentences as sentences
from portal.words.refusals import N_

TITLE, PLACE, PUBLIC = N_("Discounts"), 15, True

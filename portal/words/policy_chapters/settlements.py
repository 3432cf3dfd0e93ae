"""Settlements: on what is agreed at once and what waits; for those who set it alone, and never advertised."""

from __future__ import annotations

from portal.words.offer_rules import settlement_sentences as sentences
from portal.words.refusals import N_

TITLE, PLACE, PUBLIC = N_("Settlements"), 35, False

__all__ = ["PLACE", "PUBLIC", "TITLE", "sentences"]

"""Help: more time, promised days, hard times, and money that is said to be paid."""

from __future__ import annotations

from portal.words.help_terms import sentences as sentences
from portal.words.refusals import N_

TITLE, PLACE, PUBLIC = N_("When you need time or help"), 40, True

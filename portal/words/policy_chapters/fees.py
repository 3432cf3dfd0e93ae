"""Late fees and interest, for people and for businesses."""

from __future__ import annotations

from portal.words.office_fees import sentences as sentences
from portal.words.refusals import N_

# The terms page has its own chapter about fees, for each kind of reader.
TITLE, PLACE, PUBLIC = N_("Fees"), 20, False

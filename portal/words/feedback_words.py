"""The three answers to "how was this for you?", as whoever paid reads them and as staff do."""

from __future__ import annotations

from collections.abc import Mapping

from portal.words.refusals import N_

# The best first: that is how they stand on the page.
ANSWERS: Mapping[int, str] = {3: N_("Easy"), 2: N_("All right"), 1: N_("Hard")}

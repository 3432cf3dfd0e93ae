"""Which arrangements may stand on an invoice at the same time, and which gives way to which. Pure.

The one table of precedence: every service that begins an arrangement asks it under the debtor's lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.domain.errors import Refusal

# The new one stands beside the old one, takes its place, or is refused with a code for the reader.
BESIDE, REPLACES = "beside", "replaces"

# What happens when `first` begins on an invoice on which `second` stands.
PRECEDENCE: dict[tuple[str, str], str] = {
    # What is questioned is nobody's to ask for: everything else covers the rest of the invoice.
    **{("dispute", kind): BESIDE for kind in ("deferral", "hardship", "promise", "settlement", "plan", "offer")},
    ("deferral", "dispute"): BESIDE,
    ("hardship", "dispute"): BESIDE,
    ("promise", "dispute"): BESIDE,
    ("offer", "dispute"): BESIDE,
    # Who pays less for all of it, or in parts, says that all of it is owed.
    ("settlement", "dispute"): "dispute_first",
    ("plan", "dispute"): BESIDE,
    # More time follows more time; a pause in hard times is more than time; both are more than a word.
    ("deferral", "deferral"): REPLACES,
    ("deferral", "promise"): REPLACES,
    ("deferral", "hardship"): "hardship_stands",
    ("hardship", "deferral"): REPLACES,
    ("hardship", "promise"): REPLACES,
    ("hardship", "hardship"): REPLACES,
    # Nobody has to promise what nobody asks for.
    ("promise", "deferral"): "time_stands",
    ("promise", "hardship"): "hardship_stands",
    ("promise", "promise"): REPLACES,
    # What was signed or accepted is changed by its own rules alone.
    **{(kind, "plan"): "plan_stands" for kind in ("deferral", "hardship", "promise", "settlement", "plan", "offer")},
    **{(kind, "settlement"): "settlement_stands" for kind in ("deferral", "hardship", "promise", "plan", "offer")},
    ("settlement", "settlement"): REPLACES,
    **{("settlement", kind): REPLACES for kind in ("deferral", "hardship", "promise", "offer")},
    **{("plan", kind): REPLACES for kind in ("deferral", "hardship", "promise", "offer")},
    # A discount keeps its clock whatever time was granted; only a dispute stops it.
    **{(kind, "offer"): BESIDE for kind in ("deferral", "hardship", "promise")},
    **{("offer", kind): BESIDE for kind in ("deferral", "hardship", "promise")},
    ("offer", "offer"): REPLACES,
}


@dataclass(frozen=True)
class Standing:
    """One arrangement that binds an invoice now."""

    id: int
    kind: str


def gives_way(new: str, standing: Iterable[Standing]) -> tuple[int, ...]:
    """Tell which standing arrangements a new one ends; raises Refusal conflict with the code of the one it may not."""
    ended = []
    for one in standing:
        rule = PRECEDENCE[new, one.kind]
        if rule == REPLACES:
            ended.append(one.id)
        elif rule != BESIDE:
            raise Refusal("conflict", rule)
    return tuple(ended)

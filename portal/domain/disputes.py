"""The rules of disputes: what may be questioned, how much of an invoice then rests, and what may come of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.domain.errors import Refusal

REASONS = ("not_received", "wrong_amount", "duplicate", "already_paid", "quality", "not_mine", "other")
WANTS = ("credit", "document", "correction", "call")
OPEN, UPHELD, PARTLY, REJECTED, WITHDRAWN = "open", "upheld", "partly_upheld", "rejected", "withdrawn"
DECIDED = (UPHELD, PARTLY, REJECTED)
MOST_PARTS = 60
MOST_FILES = 5
# Disputes of one debtor that may be open at the same time.
MOST_OPEN = 10
# Files of one dispute in all: five with it, and room for what staff ask for.
MOST_FILES_IN_ALL = 20
# Who takes the same question back again and again would stop reminders for ever.
MOST_WITHDRAWN = 2


@dataclass(frozen=True)
class Part:
    """What is questioned: an invoice, one line of it, or (with a sum) a part of either; minor units."""

    invoice_id: int
    line_id: int | None
    amount_minor: int | None

    @property
    def whole(self) -> bool:
        """Whether all of the invoice is questioned, whatever is added to it later."""
        return self.line_id is None and self.amount_minor is None


def held(left: int, parts: Iterable[int | None]) -> int:
    """Tell how much of what is left rests, given what is questioned of the invoice (None: all); minor units.

    Worked: 100.00 billed, a line of 40.00 questioned, 70.00 paid: of the 30.00 left nothing can be asked for.
    """
    found = list(parts)
    if None in found:
        return left
    return min(left, sum(part or 0 for part in found))


def check_room(wanted: Part, standing: Sequence[Part]) -> None:
    """Refuse what is questioned already: a line once at a time, and all or a sum of an invoice beside nothing else.

    Raises Refusal conflict/dispute_stands.
    """
    beside = [part for part in standing if part.invoice_id == wanted.invoice_id]
    if any(part.line_id is None or wanted.line_id is None or part.line_id == wanted.line_id for part in beside):
        raise Refusal("conflict", "dispute_stands")


def same_again(wanted: Part, earlier: Part) -> bool:
    """Say whether an earlier dispute was about this: the same line, or one of both was about more than a line."""
    if earlier.invoice_id != wanted.invoice_id:
        return False
    return earlier.line_id is None or wanted.line_id in (None, earlier.line_id)


def outcome(credited: Sequence[tuple[int, int]]) -> str:
    """Tell how a dispute ended by (questioned, credited) of each part; minor units.

    Worked: 40.00 and 10.00 questioned, 40.00 and 0 credited: partly upheld. Raises Refusal: credit_above_line,
    amount_negative.
    """
    if any(given < 0 for _, given in credited):
        raise Refusal("invalid", "amount_negative")
    for asked, given in credited:
        if given > asked:
            raise Refusal("invalid", "credit_above_line", most=asked)
    if all(given == asked for asked, given in credited):
        return UPHELD
    return PARTLY if any(given for _, given in credited) else REJECTED


def discount_on_rest(discount: int, *, base: int, rest: int) -> int:
    """Tell what a discount on a whole sum is on the rest of it, rounded down; minor units.

    Worked: 2.00 on 100.00, of which 60.00 can be paid now, is 1.20 on those.
    """
    return discount * rest // base if 0 < rest < base else discount if rest >= base else 0

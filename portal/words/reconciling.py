"""Words for the comparison of the books with Stripe: what each kind of difference means, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portal.words.refusals import N_

if TYPE_CHECKING:
    from portal.models import Drift
    from portal.services.reconciliation import Outcome
    from portal.words.core import Words

NO_ANSWER = N_("Stripe did not answer (%(why)s). Run it again; it goes on where it was.")
ONE_OF_BOTH = N_("Say --since or --all, not both.")
STATES: Mapping[str, str] = {
    "open": N_("open"), "repaired": N_("booked since"), "gone": N_("agrees again"),
}
KINDS: Mapping[str, tuple[str, str]] = {
    "event_missing": (N_("An event never reached us"), N_("It was fetched and booked.")),
    "payment_missing": (N_("A payment the books did not have"), N_("Stripe has the money; the books learn of it.")),
    "payment_amount": (N_("A payment of another sum"), N_(
        "Look at the payment at Stripe. If Stripe is right, correct the entry in the ledger.")),
    "payment_not_at_stripe": (N_("A payment Stripe does not know"), N_(
        "The books hold money for it. Ask Stripe’s support before you correct anything.")),
    "refund_missing": (N_("A refund the books did not have"), N_("Stripe sent the money back; the books learn of it.")),
    "refund_amount": (N_("A refund of another sum"), N_("Look at the refund at Stripe, then at its entry.")),
    "refund_not_at_stripe": (N_("A refund Stripe does not know"), N_(
        "The books say that money went back. Ask Stripe’s support.")),
    "chargeback_missing": (N_("A chargeback the books did not have"), N_(
        "A bank took the money back; the books learn of it.")),
    "chargeback_amount": (N_("A chargeback of another sum"), N_("Look at the chargeback at Stripe.")),
    "chargeback_not_at_stripe": (N_("A chargeback Stripe does not know"), N_(
        "The books say that a bank took money back. Ask Stripe’s support.")),
    "payout_missing": (N_("A payout the books did not have"), N_("The books learn of it.")),
    "payout_amount": (N_("A payout of another sum"), N_("Compare it with what arrived at your bank.")),
    "payout_not_at_stripe": (N_("A payout Stripe does not know"), N_("Compare it with what arrived at your bank.")),
    "fee_missing": (N_("A fee the books did not have"), N_("The books learn of it.")),
    "fee_amount": (N_("A fee of another sum"), N_("Stripe changed a fee after it was booked. Correct the entry.")),
    "line_missing": (N_("Money without a line in Stripe’s balance"), N_(
        "Stripe tells of the money, but its balance does not show it. Ask Stripe’s support.")),
    "line_amount": (N_("Stripe’s balance shows another sum"), N_(
        "The lines of Stripe’s balance and the books differ. Look at both.")),
    "line_unknown": (N_("A line of Stripe’s balance that belongs to nothing"), N_(
        "Perhaps a reserve, an adjustment or a charge of Stripe’s own. It is not in the books.")),
    "line_not_at_stripe": (N_("A fee or exchange Stripe does not know"), N_("The books hold it; Stripe does not.")),
}


def kind(words: Words, code: str) -> str:
    """Name a kind of difference."""
    return words.text(KINDS[code][0]) if code in KINDS else code


def advice(words: Words, code: str) -> str:
    """Say what a kind of difference asks of a person."""
    return words.text(KINDS[code][1]) if code in KINDS else ""


def drift_line(words: Words, drift: Drift) -> str:
    """Tell one difference on a terminal."""
    return words.text(N_("%(kind)s: %(object)s, %(stripe)s at Stripe, %(books)s in the books"),
                      kind=kind(words, drift.kind), object=drift.object_id,
                      stripe=words.money(drift.at_stripe, drift.currency),
                      books=words.money(drift.in_books, drift.currency))


def outcome_line(words: Words, outcome: Outcome) -> str:
    """Tell on a terminal what a run came to."""
    return words.text(
        N_("%(account)s: %(objects)s objects at Stripe; %(found)s differences found, %(repaired)s booked since, "
           "%(gone)s gone, %(open)s still open"),
        account=outcome.account or words.text(N_("own account")), objects=words.number(outcome.objects),
        found=words.number(outcome.found), repaired=words.number(outcome.repaired), gone=words.number(outcome.gone),
        open=words.number(outcome.still_open))

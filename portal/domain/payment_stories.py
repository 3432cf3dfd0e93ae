"""What became of a payment, as one word that pages choose their sentences by. Pure: facts of the record come in."""

from __future__ import annotations

from typing import Literal

Story = Literal["asking", "waiting", "declined", "announced", "processing", "received", "partly_refunded", "refunded",
                "charged_back", "failed", "expired"]

# A chargeback in one of these states has given the money back or never took it.
HARMLESS_CHARGEBACKS = ("", "won", "warning_closed")
# Money that staff write down: they name the day it came, and nobody knows the hour.
BY_HAND = ("transfer", "cash", "check")


def story(*, state: str, captured: int, returned: int, chargeback: str, failed_before: bool) -> Story:
    """Tell how a payment stands: money that arrived counts first, then what went back of it; minor units.

    `chargeback` is the state of the last one that took money, `failed_before` says that a bank has refused a try.
    """
    if captured:
        if chargeback not in HARMLESS_CHARGEBACKS:
            return "charged_back"
        if returned >= captured:
            return "refunded"
        return "partly_refunded" if returned else "received"
    if state == "open":
        return "declined" if failed_before else "waiting"
    if state in ("announced", "processing", "failed", "expired"):
        known: Story = state  # type: ignore[assignment]
        return known
    return "expired" if state == "canceled" else "asking"

"""QR codes as small SVG drawings: an address to open, or a bank transfer that a banking app fills in by itself."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal

import segno
from segno import helpers

# The standard of European transfers knows no more than this.
LONGEST_PAYEE, LONGEST_TEXT, MOST_EURO_CENTS = 70, 140, 999_999_999_99


@dataclass(frozen=True)
class EuroTransfer:
    """A transfer in euros, as the code for banking apps names it; the amount in cents."""

    payee: str
    iban: str
    cents: int
    text: str


def of_address(url: str) -> bytes:
    """Draw the code that opens an address."""
    return _drawn(segno.make(url, error="m", micro=False))


def of_transfer(transfer: EuroTransfer) -> bytes | None:
    """Draw the code a banking app reads (EPC069-12); None where the standard cannot hold the transfer."""
    if not 0 < transfer.cents <= MOST_EURO_CENTS:
        return None
    try:
        code = helpers.make_epc_qr(
            name=transfer.payee[:LONGEST_PAYEE], iban=transfer.iban, amount=Decimal(transfer.cents).scaleb(-2),
            text=transfer.text[:LONGEST_TEXT])
    except ValueError:
        return None
    return _drawn(code)


def _drawn(code: segno.QRCode) -> bytes:
    drawing = io.BytesIO()
    code.save(drawing, kind="svg", border=2, xmldecl=False)
    return drawing.getvalue()

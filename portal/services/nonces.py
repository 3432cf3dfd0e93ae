"""What makes the same form count once: a row's public id is reckoned from the random id its form was made with.

Sent twice, the form names the same row, which is found under the debtor's lock the second time; nothing is kept beside.
"""

from __future__ import annotations

import base64
import hashlib
import re

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.services import payments

LENGTH = 22
_SHAPE = re.compile(r"[A-Za-z0-9_-]{16,64}")


def public_id(access: StaffAccess, act: str, nonce: str) -> str:
    """Give the public id of what a form makes, the same for the same form; raises Refusal invalid/form_without_id.

    It is bound to the business, so that a nonce of another office never meets our rows.
    """
    return base64.urlsafe_b64encode(_digest(access, act, nonce)).decode()[:LENGTH]


def number(access: StaffAccess, act: str, nonce: str) -> str:
    """Give the number people read out for what a form makes, such as P-7K3M-Q9TX; the same for the same form."""
    left, letters = int.from_bytes(_digest(access, act, nonce)), ""
    for _ in range(8):
        left, place = divmod(left, len(payments.ALPHABET))
        letters += payments.ALPHABET[place]
    return f"P-{letters[:4]}-{letters[4:]}"


def _digest(access: StaffAccess, act: str, nonce: str) -> bytes:
    if not _SHAPE.fullmatch(nonce):
        raise Refusal("invalid", "form_without_id")
    return hashlib.sha256(f"{access.business_id}\x1f{act}\x1f{nonce}".encode()).digest()

"""Six digits from an authenticator app (TOTP): the secret behind them, encrypted at rest, and each code once."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from config import Settings
from portal.models import Staff

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

STEP_SECONDS = 30
DIGITS = 6
# Clocks of phones differ a little: the code before and the one after count too.
TOLERANCE = 1


def new_secret() -> str:
    """Make a secret for an authenticator app: 160 bits, as text that can be typed."""
    return pyotp.random_base32()


def seal(settings: Settings, secret: str) -> str:
    """Encrypt a secret the way it is stored."""
    return _box(settings).encrypt(secret.encode()).decode()


def unseal(settings: Settings, sealed: str) -> str:
    """Decrypt a stored secret; empty when there is none, or no key of ours opens it any more."""
    from cryptography.fernet import InvalidToken

    try:
        return _box(settings).decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        return ""


def address(secret: str, email: str, issuer: str) -> str:
    """Give what a QR code holds, so that the app knows whose code it shows and where it is for."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Tell which time step a code belongs to, one early or late allowed; None when to none of them."""
    digits = "".join(typed.split())
    if not secret or len(digits) != DIGITS or not digits.isascii() or not digits.isdigit():
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    steps = range(current - TOLERANCE, current + TOLERANCE + 1)
    totp = pyotp.TOTP(secret)
    found = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), digits)]
    return max(found, default=None)


def spend(session: Session, staff_id: int, step: int | None) -> bool:
    """Use up a code's time step; False when this code or a later one has been used already."""
    if step is None:
        return False
    spent = session.execute(
        update(Staff).where(Staff.id == staff_id, Staff.totp_last_step < step).values(totp_last_step=step)
        .execution_options(synchronize_session=False))
    return bool(spent.rowcount == 1)  # type: ignore[attr-defined]


def _box(settings: Settings) -> MultiFernet:
    # Slow to load, and only the office's second factor needs it.
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key.get_secret_value()) for key in settings.encryption_keys])

"""Is it really our mail provider who speaks? Mailgun signs with a secret, SendGrid with the private half of a key.

Nothing is read out of a payload here beyond its signature. Without a key of ours nothing is genuine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

# As long as the two try again to reach us; within it each report and each token counts once all the same.
OLDEST, FUTURE = timedelta(hours=24), timedelta(minutes=5)
LONGEST_TOKEN = 100


class NotGenuine(Exception):
    """The call is not proven to be the provider's; its text is a short code for the log."""


def check_mailgun(signing_key: str, signature: Any, now: datetime) -> str:
    """Check Mailgun's signature object and give its token, which must not come a second time. Raises NotGenuine.

    The signature covers time and token, not the event: whoever could read one delivery could pair it with words of
    their own, and therefore each token is taken once.
    """
    if not signing_key:
        raise NotGenuine("no_key")
    if not isinstance(signature, Mapping):
        raise NotGenuine("no_signature")
    stamp, token, given = (str(signature.get(name, "")) for name in ("timestamp", "token", "signature"))
    if not token or len(token) > LONGEST_TOKEN:
        raise NotGenuine("bad_token")
    wanted = hmac.new(signing_key.encode(), f"{stamp}{token}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise NotGenuine("bad_signature")
    _check_age(stamp, now)
    return token


def check_sendgrid(verification_key: str, payload: bytes, signature: str, stamp: str, now: datetime) -> None:
    """Check SendGrid's signature over the time and the very bytes of the payload. Raises NotGenuine."""
    if not verification_key:
        raise NotGenuine("no_key")
    try:
        raw = base64.b64decode(signature, validate=True)
        public_key(verification_key).verify(raw, stamp.encode("utf-8", "replace") + payload, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise NotGenuine("bad_signature") from error
    _check_age(stamp, now)


@lru_cache(maxsize=4)
def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Read the key as SendGrid shows it: base64 of its DER form. Raises ValueError for anything else."""
    try:
        found = load_der_public_key(base64.b64decode(text, validate=True))
    except (binascii.Error, UnsupportedAlgorithm) as error:
        raise ValueError("no public key") from error
    if not isinstance(found, ec.EllipticCurvePublicKey):
        raise ValueError("no key of an elliptic curve")
    return found


def _check_age(stamp: str, now: datetime) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NotGenuine("bad_time")
    age = timedelta(seconds=now.timestamp() - int(stamp))
    if not -FUTURE <= age <= OLDEST:
        raise NotGenuine("bad_time")

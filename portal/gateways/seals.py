"""Signs with the installation's own key and checks such signatures (Ed25519); the only place that knows how."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32


def sign(secret: str, message: bytes) -> bytes:
    """Sign a message with a secret key in base64; raises ValueError for what is none."""
    return _private(secret).sign(message)


def public_of(secret: str) -> bytes:
    """Give the public key that belongs to a secret one, 32 bytes."""
    return _private(secret).public_key().public_bytes_raw()


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether a signature over a message was made by the secret key that belongs to this public one."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_key(text: str) -> bytes | None:
    """Read a key of 32 bytes in base64 or hex; None for anything else."""
    plain = text.strip()
    try:
        found = bytes.fromhex(plain) if len(plain) == 2 * KEY_BYTES else base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == KEY_BYTES else None


def _private(secret: str) -> Ed25519PrivateKey:
    raw = read_key(secret)
    if raw is None:
        raise ValueError("an evidence key is 32 bytes in base64")
    return Ed25519PrivateKey.from_private_bytes(raw)

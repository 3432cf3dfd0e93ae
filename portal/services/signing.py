"""Signs as itsdangerous does, to the letter, without making each signer and its key anew for every signature."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from itsdangerous import HMACAlgorithm, Serializer, Signer, TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, want_bytes

# Random signs do not become shorter, and among so few there is no room for repeats that would.
NEVER_SHORTER = 64


class _AtOnce(HMACAlgorithm):
    """HMAC in one call instead of three."""

    def __init__(self, digest: Callable[..., Any]) -> None:
        super().__init__(digest)
        self._digest: str = digest().name

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, self._digest)


class KeptSigner(Signer):
    """A signer that derives the key of its purpose once, and serves all threads."""

    def __init__(self, secret_key: Any, salt: str | bytes | None = None, key_derivation: str | None = None,
                 digest_method: Callable[..., Any] = hashlib.sha1) -> None:
        super().__init__(secret_key, salt, key_derivation=key_derivation, digest_method=digest_method,
                         algorithm=_AtOnce(digest_method))
        self._derived: dict[object, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Give the key that one of our secrets has for this purpose."""
        found = self._derived.get(secret_key)
        if found is None:
            found = self._derived[secret_key] = super().derive_key(secret_key)
        return found

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Compare with the very text that we would write: a decoder forgives altered text, such as its last bits."""
        signed, given = want_bytes(value), want_bytes(sig)
        written = [base64_encode(self.algorithm.get_signature(self.derive_key(key), signed))
                   for key in self.secret_keys]
        return any([hmac.compare_digest(text, given) for text in written])


class KeptTimedSigner(KeptSigner, TimestampSigner):
    """The same, for signatures that carry their time."""


class _Kept(Serializer[str]):
    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        """Give the signer, always the same one."""
        if salt is not None and salt != self.salt:
            return super().make_signer(salt)
        kept: Signer | None = self.__dict__.get("_signer")
        if kept is None:
            kept = self.__dict__["_signer"] = super().make_signer()
        return kept

    def dump_payload(self, obj: Any) -> bytes:
        """Write a payload out; a short one of random signs stays as it is, as it would if that were tried."""
        written = Serializer.dump_payload(self, obj)
        return base64_encode(written) if len(written) <= NEVER_SHORTER else super().dump_payload(obj)


class KeptSerializer(_Kept, URLSafeSerializer):
    """Payloads with a signature, safe in addresses and cookies."""

    default_signer = KeptSigner


class KeptTimedSerializer(_Kept, URLSafeTimedSerializer):
    """Payloads with their time and a signature."""

    default_signer = KeptTimedSigner

"""Signed tokens for links in emails and for the cookies that name a link or a session.

A token holds an id, its end and perhaps one more word; what it opens is decided by rows. Nothing is stored here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from itsdangerous import BadSignature
from pydantic import SecretStr

from config import Settings
from portal.services.signing import KeptSerializer

Purpose = Literal["portal-link", "link-cookie", "session-cookie", "stop", "not-me", "office-cookie", "invitation",
                  "choose-password", "import-file", "bank-file", "known-device", "feedback"]

# Far above any token of ours; what is longer is not read at all.
LONGEST = 400


@dataclass(frozen=True)
class Token:
    """What a genuine token says."""

    id: str
    ends_at: datetime
    word: str = ""


class NotGenuine(Exception):
    """The text is not exactly one that we signed for this purpose."""


class Ended(Exception):
    """A genuine token whose time is over; it still says what it was for."""

    def __init__(self, token: Token) -> None:
        super().__init__()
        self.token = token


class Tokens:
    """Makes and reads tokens; `keys` run oldest first, the last one signs."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = [key.get_secret_value() for key in keys]

    def make(self, purpose: Purpose, id: str, ends_at: datetime, word: str = "") -> str:
        """Sign a token that ends with the second before `ends_at`'s own."""
        return _text(self._serializer(self._keys[-1:], purpose).dumps([id, int(ends_at.timestamp()), word]))

    def read(self, purpose: Purpose, text: str, now: datetime) -> Token:
        """Read a token. Raises NotGenuine, or Ended when its second has come."""
        token = self._genuine(purpose, text)
        if now >= token.ends_at:
            raise Ended(token)
        return token

    def _genuine(self, purpose: Purpose, text: str) -> Token:
        if len(text) > LONGEST or not text.isascii():
            raise NotGenuine
        try:
            # One token has exactly one spelling: the payload's is what is signed, and the signature's is compared.
            id, end, word = self._serializer(self._keys, purpose).loads(text)
        except BadSignature as error:
            raise NotGenuine from error
        return Token(id, datetime.fromtimestamp(end, UTC), word)

    def _serializer(self, keys: list[str], purpose: Purpose) -> KeptSerializer:
        return _serializer(tuple(keys), purpose)


@lru_cache(maxsize=64)
def _serializer(keys: tuple[str, ...], purpose: Purpose) -> KeptSerializer:
    return KeptSerializer(
        list(keys), salt=f"portal.{purpose}", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"})


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()


def link_tokens(settings: Settings) -> Tokens:
    """Give the tokens that travel in emails."""
    return Tokens(settings.link_keys)


def cookie_tokens(settings: Settings) -> Tokens:
    """Give the tokens that live in cookies."""
    return Tokens((settings.session_key,))


def keyed_hash(key: SecretStr, purpose: str, *parts: str) -> str:
    """Hash short secrets and addresses so that a stolen table tells nothing without the key; 64 hex digits."""
    message = "\x1f".join((purpose, *parts)).encode()
    return hmac.new(key.get_secret_value().encode(), message, hashlib.sha256).hexdigest()

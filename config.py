"""Every setting of the portal, read from the environment and checked at start.

No setting that is a secret has a default. Production refuses stand-ins, plain HTTP and Stripe test
addresses, so that a forgotten variable is a refusal to start and never a quiet weakness.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}
SHORTEST_KEY = 32
DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

Keys = Annotated[tuple[SecretStr, ...], NoDecode]


class Settings(BaseSettings):
    """All knobs and secrets; lists are written comma-separated."""

    # What was typed for a wrong setting may be a key: errors name the setting and never its value.
    model_config = SettingsConfigDict(
        env_prefix="PORTAL_", env_file=None, extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["demo", "test", "production"]
    base_url: str
    # Addresses of servers may hold passwords, so they are not shown with the other settings.
    database_url: str = Field("sqlite:///var/portal.sqlite3", repr=False)
    files_dir: Path = Path("var/files")

    # One secret per purpose. Link keys run oldest first (itsdangerous signs with the last);
    # encryption keys run newest first (MultiFernet encrypts with the first).
    session_key: SecretStr
    link_keys: Keys
    code_key: SecretStr
    encryption_keys: Keys
    # Seal what is signed, oldest first; an old one stays as long as agreements of its time are to be believed.
    agreement_keys: Keys

    # Signs evidence packs (Ed25519, 32 bytes in base64); without it none are made.
    evidence_key: SecretStr = SecretStr("")

    stripe_secret_key: SecretStr
    stripe_webhook_secrets: Keys = ()
    stripe_connect_webhook_secrets: Keys = ()
    stripe_api_base: str = "https://api.stripe.com"
    stripe_checkout_origins: Annotated[tuple[str, ...], NoDecode] = ("https://checkout.stripe.com",)
    stripe_timeout_seconds: float = 20.0

    smtp_host: str
    smtp_port: int = 587
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_starttls: bool = True
    mail_from: str
    # In safe mode every email is rendered, decided and kept, and none leaves.
    mail_safe_mode: bool = False
    # The domain whose reply+…@ addresses come back to us by receive-email; empty: answers go to the business.
    reply_domain: str = ""
    # The name our own receiving server signs its Authentication-Results with; empty: the From alone is believed.
    mail_auth_server: str = ""

    # What a mail provider's events are proven by; empty: none of that provider is believed.
    mailgun_signing_key: SecretStr = SecretStr("")
    sendgrid_verification_key: SecretStr = SecretStr("")
    # How many emails the mail server takes from us; 0: as many as there are.
    mail_per_minute: int = Field(0, ge=0)
    mail_per_hour: int = Field(0, ge=0)

    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    proxy_hops: int = 0
    limiter_storage: str = Field("memory://", repr=False)
    celery_broker_url: str = Field("", repr=False)
    database_pool_size: int = 10
    log_level: str = "INFO"
    # With it /metrics answers whoever brings it; without it only this very machine.
    metrics_token: SecretStr = SecretStr("")

    @field_validator("link_keys", "encryption_keys", "agreement_keys", "stripe_webhook_secrets",
                     "stripe_connect_webhook_secrets", mode="before")
    @classmethod
    def _split_secrets(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_hosts", "stripe_checkout_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("evidence_key")
    @classmethod
    def _a_signing_key(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        try:
            fits = not text or len(base64.b64decode(text, validate=True)) == 32
        except ValueError:
            fits = False
        if not fits:
            raise ValueError("must be 32 bytes in base64; flask --app wsgi evidence new-key makes one")
        return value

    @field_validator("reply_domain")
    @classmethod
    def _a_domain(cls, value: str) -> str:
        if value and not DOMAIN.fullmatch(value):
            raise ValueError("must be a domain such as reply.example.com, without an @")
        return value.lower()

    @field_validator("sendgrid_verification_key")
    @classmethod
    def _a_public_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _is_public_key(value.get_secret_value()):
            raise ValueError("must be the public key as SendGrid shows it, in one line of base64")
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("session_key", "code_key"):
            _refuse_weak(name, (getattr(self, name),))
        _refuse_weak("link_keys", self.link_keys)
        _refuse_weak("agreement_keys", self.agreement_keys)
        if self.metrics_token.get_secret_value():
            _refuse_weak("metrics_token", (self.metrics_token,))
        if not self.link_keys or not self.encryption_keys or not self.agreement_keys:
            raise ValueError("link_keys, encryption_keys and agreement_keys need at least one key each")
        if self.environment == "production":
            self._check_production()
        else:
            self._check_stand_ins()
        return self

    def _check_production(self) -> None:
        if not self.base_url.startswith("https://"):
            raise ValueError("in production PORTAL_BASE_URL must use https")
        keys = [self.session_key, self.code_key, *self.link_keys, *self.encryption_keys, *self.agreement_keys]
        if len({key.get_secret_value() for key in keys}) < len(keys):
            raise ValueError(
                "in production each key must be another one: session, code, link, encryption and agreement keys")
        if not self.stripe_webhook_secrets:
            raise ValueError("in production PORTAL_STRIPE_WEBHOOK_SECRETS must be set")
        if self.stripe_api_base != "https://api.stripe.com":
            raise ValueError("in production PORTAL_STRIPE_API_BASE must be Stripe's own address")
        if self.stripe_checkout_origins != ("https://checkout.stripe.com",) and any(
                _is_loopback(origin) for origin in self.stripe_checkout_origins):
            raise ValueError("in production PORTAL_STRIPE_CHECKOUT_ORIGINS must not be a stand-in")

    def _check_stand_ins(self) -> None:
        if self.stripe_secret_key.get_secret_value().startswith(("sk_live_", "rk_live_")):
            raise ValueError("a live Stripe key needs PORTAL_ENVIRONMENT=production")

    @property
    def livemode(self) -> bool:
        """Whether Stripe's key moves real money; events of the other mode are refused."""
        return self.stripe_secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))

    @property
    def secure_cookies(self) -> bool:
        """Cookies carry Secure wherever the portal is reached by HTTPS."""
        return self.base_url.startswith("https://")


def _is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK_HOSTS


def _is_public_key(text: str) -> bool:
    # Read by a large library, which most installations never need.
    from portal.gateways.mail_webhooks import public_key

    try:
        public_key(text)
    except ValueError:
        return False
    return True


def _refuse_weak(name: str, keys: tuple[SecretStr, ...]) -> None:
    for key in keys:
        if len(key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"{name}: a key needs at least {SHORTEST_KEY} characters")


def load_settings() -> Settings:
    """Read the settings from the environment; raises pydantic's ValidationError naming each mistake."""
    return Settings()  # type: ignore[call-arg]  # every value comes from the environment

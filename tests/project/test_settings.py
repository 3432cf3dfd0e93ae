"""Settings are checked at start: no secret has a default, weak or mixed ones are refused, and none is ever shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from config import Settings
from tests.cast import make_settings
from tests.messages.reports import SENDGRID_KEY

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "session_key": "session-canary-" + "s" * 32, "link_keys": "link-canary-" + "l" * 32,
    "code_key": "code-canary-" + "c" * 32, "encryption_keys": "encryption-canary-" + "e" * 32,
    "agreement_keys": "agreement-canary-" + "a" * 32,
    "stripe_secret_key": "sk_live_canary", "stripe_webhook_secrets": "whsec_canary",
    "stripe_connect_webhook_secrets": "whsec_connect_canary", "smtp_password": "smtp-canary",
    "mailgun_signing_key": "mailgun-canary",
    "database_url": "postgresql://portal:database-canary@db.example/portal",
    "limiter_storage": "redis://:limiter-canary@redis.example/0",
    "celery_broker_url": "redis://:broker-canary@redis.example/1"}
LIVE: dict[str, Any] = {
    **SECRETS, "environment": "production", "base_url": "https://pay.example.com",
    "stripe_api_base": "https://api.stripe.com", "smtp_host": "mail.example.com", "smtp_port": 587,
    "smtp_starttls": True, "mail_from": "pay@example.com"}


def start(**changes: str | None) -> subprocess.CompletedProcess[str]:
    """Start the portal as an operator does, by the environment."""
    given = {name: str(value) for name, value in {**LIVE, **changes}.items() if value is not None}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return subprocess.run(
        [sys.executable, "-c", "from config import load_settings; print(repr(load_settings()))"], cwd=ROOT, text=True,
        env={**clean, **{f"PORTAL_{name.upper()}": value for name, value in given.items()}}, capture_output=True,
        check=False, timeout=60)


def test_production_starts_with_all_it_needs() -> None:
    assert start().returncode == 0


@pytest.mark.parametrize(
    "name", ["session_key", "link_keys", "code_key", "encryption_keys", "agreement_keys", "stripe_secret_key"])
def test_no_secret_has_a_default(name: str) -> None:
    missing = start(**{name: None})
    assert missing.returncode != 0 and name in missing.stderr


@pytest.mark.parametrize("name", ["session_key", "link_keys", "code_key", "agreement_keys"])
@pytest.mark.parametrize("weak", ["", "short", "x" * 31])
def test_weak_and_empty_keys_are_refused(name: str, weak: str) -> None:
    with pytest.raises(ValidationError, match="key"):
        make_settings(**{name: weak})


@pytest.mark.parametrize("wrong", ["canary", "MDEyMw==", "-----BEGIN PUBLIC KEY-----", "AAAA" * 30])
def test_a_key_of_a_mail_provider_that_is_none_stops_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError, match="public key as SendGrid shows it") as refused:
        make_settings(sendgrid_verification_key=wrong)
    assert wrong not in str(refused.value)
    assert make_settings(sendgrid_verification_key=SENDGRID_KEY)


@pytest.mark.parametrize("name", ["mail_per_minute", "mail_per_hour"])
def test_a_limit_of_emails_is_never_below_nothing(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        make_settings(**{name: -1})


def test_empty_lists_hold_no_empty_secret() -> None:
    settings = make_settings(stripe_webhook_secrets=" , ,", stripe_connect_webhook_secrets="")
    assert settings.stripe_webhook_secrets == settings.stripe_connect_webhook_secrets == ()


@pytest.mark.parametrize(("changes", "said"), [
    ({"base_url": "http://pay.example.com"}, "https"),
    ({"stripe_webhook_secrets": ""}, "PORTAL_STRIPE_WEBHOOK_SECRETS"),
    ({"stripe_api_base": "http://127.0.0.1:12111"}, "PORTAL_STRIPE_API_BASE"),
    ({"stripe_checkout_origins": "http://127.0.0.1:12111"}, "PORTAL_STRIPE_CHECKOUT_ORIGINS"),
    ({"code_key": SECRETS["session_key"]}, "each key"),
    ({"link_keys": f"{SECRETS['link_keys']},{SECRETS['code_key']}"}, "each key"),
])
def test_production_refuses_what_is_weak(changes: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**{**LIVE, **changes})


@pytest.mark.parametrize("environment", ["demo", "test"])
def test_a_live_key_never_meets_a_stand_in(environment: str) -> None:
    for key in ("sk_live_x", "rk_live_x"):
        with pytest.raises(ValidationError, match="production"):
            make_settings(environment=environment, stripe_secret_key=key)


def test_no_secret_is_shown_when_settings_are() -> None:
    settings = Settings(**LIVE)
    shown = start().stdout + repr(settings) + str(settings)
    assert "pay.example.com" in shown
    assert [name for name, secret in SECRETS.items() if secret in shown or secret.partition("@")[0] in shown] == []
    assert "canary" not in shown


@pytest.mark.parametrize("changes", [
    {"smtp_port": "sk_live_canary"}, {"base_url": "sk_live_canary"}, {"environment": "sk_live_canary"},
    {"session_key": "canary"}, {"stripe_webhook_secrets": ""}, {"proxy_hops": "canary"}])
def test_an_error_names_the_setting_and_never_its_value(changes: dict[str, str]) -> None:
    refused = start(**changes)
    assert refused.returncode != 0 and "validation error" in refused.stderr
    assert "canary" not in refused.stderr + refused.stdout


def test_secrets_are_kept_as_secrets() -> None:
    kinds = {name: field.annotation for name, field in Settings.model_fields.items()
             if any(word in name for word in ("key", "secret", "password"))}
    assert kinds
    assert [name for name, kind in kinds.items() if kind is str] == []
    assert isinstance(make_settings().session_key, SecretStr)

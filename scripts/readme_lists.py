"""The lists in README.md that code knows best, settings and events: python -m scripts.readme_lists writes them anew."""

from __future__ import annotations

import sys

from pydantic import SecretStr

from config import Settings
from portal.gateways.stripe_facts import ALSO_EVENT_TYPES, EVENT_TYPES
from scripts.places import ROOT

README = ROOT / "README.md"
WORDS = {
    "environment": "`demo`, `test` or `production`; production refuses stand-ins and plain HTTP",
    "base_url": "where debtors reach the portal, such as `https://pay.example.com`; links are made from nothing else",
    "database_url": "SQLite, or `postgresql://…` for more than one process or machine",
    "files_dir": "documents of invoices; outside the application, in the backup",
    "session_key": "signs cookies and forms; 32 characters at least, as every key",
    "link_keys": "sign the links in emails, **oldest first**: add a new one at the end to rotate",
    "code_key": "hashes emailed codes and blocked addresses",
    "encryption_keys": "encrypt stored secrets (Fernet), **newest first**",
    "agreement_keys": "seal what is signed, **oldest first**: add a new one at the end, and never take one away",
    "evidence_key": "signs evidence packs (`flask --app wsgi evidence new-key` makes one); empty: none are made",
    "stripe_secret_key": "Stripe's secret or restricted key; a live one needs `production`",
    "stripe_webhook_secrets": "of the endpoint `/webhooks/stripe`; several while rotating",
    "stripe_connect_webhook_secrets": "of the endpoint `/webhooks/stripe/connect`",
    "stripe_api_base": "only a stand-in changes this",
    "stripe_checkout_origins": "where the form that starts a payment may lead; a custom checkout domain goes here",
    "stripe_timeout_seconds": "how long an answer of Stripe may take",
    "smtp_host": "the server that takes our mail",
    "smtp_port": "its port",
    "smtp_username": "empty: no login",
    "smtp_password": "its password",
    "smtp_starttls": "off only for a server on this machine",
    "mail_from": "the address emails come from, under the business's name; answers go to the business",
    "mail_safe_mode": "on: every email is made, decided and kept, and none leaves",
    "reply_domain": "mail to `reply+…@` this domain reaches `receive-email`; empty: answers go to the business",
    "mail_auth_server": "the name in your mail server's `Authentication-Results`; empty: an email's From is believed",
    "mailgun_signing_key": "Mailgun's webhook signing key, for `/webhooks/mail/mailgun`; empty: its events are refused",
    "sendgrid_verification_key": "the public key of SendGrid's signed events, for `/webhooks/mail/sendgrid`",
    "mail_per_minute": "emails that may leave in a minute, all workers together; a fifth is for codes and receipts",
    "mail_per_hour": "emails that may leave in an hour; `0`: no limit",
    "trusted_hosts": "host names the portal answers to; empty: that of `PORTAL_BASE_URL` alone",
    "proxy_hops": "how many proxies of yours stand in front: exactly",
    "limiter_storage": "counts floods; `redis://…` with several processes",
    "celery_broker_url": "only with Celery, see docs/operations.md",
    "database_pool_size": "connections of one process to PostgreSQL",
    "log_level": "`DEBUG`, `INFO`, `WARNING` …",
    "metrics_token": "who brings it (Bearer) may read `/metrics`; empty: only this machine itself may",
}


def table() -> str:
    """Give the table as Markdown, in the order of config.py."""
    prefix = Settings.model_config["env_prefix"]
    rows = [
        f"| `{prefix}{name.upper()}` | {_default(name)} | {WORDS[name]} |" for name in Settings.model_fields]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.is_required():
        return "**needed**"
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{value}`" if value != "" else "empty"


def events() -> str:
    """Give the events to subscribe to, grouped by what they are about."""
    groups: dict[str, list[str]] = {}
    for kind in EVENT_TYPES + ALSO_EVENT_TYPES:
        about, _, happened = kind.rpartition(".")
        groups.setdefault(about, []).append(f"`{happened}`")
    return "\n".join(f"   * `{about}.` {', '.join(happened)}" for about, happened in groups.items()) + "\n"


LISTS = {"settings": table, "events": events}


def written(name: str) -> str:
    """Give a list as README.md has it now."""
    return README.read_text().split(_begin(name))[1].split(_end(name))[0]


def _begin(name: str) -> str:
    return f"<!-- {name}: begin -->\n"


def _end(name: str) -> str:
    return f"<!-- {name}: end -->\n"


def main() -> int:
    """Write the lists into README.md."""
    for name, made in LISTS.items():
        text = README.read_text()
        README.write_text(text.replace(
            _begin(name) + written(name) + _end(name), _begin(name) + made() + _end(name)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

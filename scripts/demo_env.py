"""The demo's settings: var/demo.env, with secrets made up on this machine and kept for the next start.

Standard library only. The file is for shells too: set -a; . var/demo.env
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from scripts.places import DEMO, DEMO_ENV, LOOPBACK, Ports, shown

SECRETS = (
    "PORTAL_SESSION_KEY", "PORTAL_LINK_KEYS", "PORTAL_CODE_KEY", "PORTAL_ENCRYPTION_KEYS", "PORTAL_AGREEMENT_KEYS",
    "PORTAL_EVIDENCE_KEY",
    "PORTAL_STRIPE_SECRET_KEY", "PORTAL_STRIPE_WEBHOOK_SECRETS", "PORTAL_STRIPE_CONNECT_WEBHOOK_SECRETS",
    # What opens the demo's office; the portal itself knows neither.
    "DEMO_PASSWORD", "DEMO_TOTP_SECRET",
)


def write(ports: Ports, path: Path = DEMO_ENV) -> dict[str, str]:
    """Write the file, its secrets made once, readable by its owner alone; gives its settings."""
    known = read(path)
    settings = {name: known.get(name) or _new_secret(name) for name in SECRETS} | _plain(ports)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("# Made by `make demo` for this machine alone; `make demo-reset` forgets it.\n")
        file.writelines(f"{name}={value}\n" for name, value in settings.items())
    fresh.replace(path)
    return settings


def read(path: Path = DEMO_ENV) -> dict[str, str]:
    """Read the file; empty when there is none."""
    if not path.exists():
        return {}
    lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def for_children(settings: dict[str, str]) -> dict[str, str]:
    """Give the environment of the demo's processes: the machine's, with the demo's settings and no other of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return {**kept, **settings, "PYTHONUNBUFFERED": "1"}


def _plain(ports: Ports) -> dict[str, str]:
    where = shown(DEMO)
    stripe = f"http://{LOOPBACK}:{ports.stripe}"
    return {
        "PORTAL_ENVIRONMENT": "demo", "PORTAL_BASE_URL": f"http://{LOOPBACK}:{ports.portal}",
        "PORTAL_DATABASE_URL": f"sqlite:///{where}/portal.sqlite3", "PORTAL_FILES_DIR": f"{where}/files",
        "PORTAL_STRIPE_API_BASE": stripe, "PORTAL_STRIPE_CHECKOUT_ORIGINS": stripe,
        "PORTAL_SMTP_HOST": LOOPBACK, "PORTAL_SMTP_PORT": str(ports.smtp), "PORTAL_SMTP_STARTTLS": "false",
        "PORTAL_MAIL_FROM": "bills@portal.example",
    }


def _new_secret(name: str) -> str:
    if name == "PORTAL_ENCRYPTION_KEYS":
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    if name == "PORTAL_EVIDENCE_KEY":
        return base64.b64encode(secrets.token_bytes(32)).decode()
    if name == "DEMO_PASSWORD":
        return "-".join(secrets.token_hex(2) for _ in range(4))
    if name == "DEMO_TOTP_SECRET":
        return base64.b32encode(secrets.token_bytes(20)).decode()
    prefix = "sk_test_" if name.endswith("SECRET_KEY") else "whsec_" if "WEBHOOK" in name else ""
    return prefix + secrets.token_hex(24)

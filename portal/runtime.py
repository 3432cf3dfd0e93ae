"""What every use case is handed: settings, database, clock and the gateways. Nothing global, nothing of Flask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from config import Settings
from portal.db import Database
from portal.gateways.files import FileStore
from portal.gateways.mail import MailGateway
from portal.gateways.stripe import StripeGateway

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Tell the time; aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Runtime:
    """One running portal. `now()` is the only clock; tests hand in their own."""

    settings: Settings
    db: Database
    stripe: StripeGateway
    mail: MailGateway
    files: FileStore
    clock: Clock = utc_now

    def now(self) -> datetime:
        return self.clock()

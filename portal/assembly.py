"""Puts one running portal together from its settings: database, clock and the gateways to the outside world."""

from __future__ import annotations

from config import Settings
from portal.db import Database
from portal.gateways.files import FileStore
from portal.gateways.mail import SmtpMail
from portal.gateways.stripe import StripeGateway
from portal.runtime import Runtime


def assemble(settings: Settings) -> Runtime:
    """Build what every use case is handed; nothing is connected before it is first needed."""
    return Runtime(
        settings=settings,
        db=Database(settings.database_url, pool_size=settings.database_pool_size),
        stripe=StripeGateway(settings),
        mail=SmtpMail(
            settings.smtp_host, settings.smtp_port, settings.smtp_username, settings.smtp_password.get_secret_value(),
            settings.smtp_starttls),
        files=FileStore(settings.files_dir),
    )

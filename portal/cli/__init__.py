"""Commands for people and timers: `flask --app wsgi …`, one per use case. Each only reads its arguments and prints."""

from __future__ import annotations

from flask import Flask

from portal.cli.books import books
from portal.cli.businesses import create_business, set_business
from portal.cli.cadences import cadence
from portal.cli.imports import import_invoices
from portal.cli.jobs import jobs
from portal.cli.links import links
from portal.cli.mail import receive_email
from portal.cli.owners import create_owner, reset_second_factor
from portal.cli.search import search
from portal.cli.work import send_reminder, work


def install(app: Flask) -> None:
    """Add all commands."""
    for command in (links, books, cadence, import_invoices, create_business, set_business, create_owner,
                    reset_second_factor, work, jobs, send_reminder, receive_email, search):
        app.cli.add_command(command)

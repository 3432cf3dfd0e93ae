"""Words to search by, made anew from the books."""

from __future__ import annotations

import click
from flask.cli import AppGroup, with_appcontext

from portal.cli.shared import running
from portal.services import search as words

search = AppGroup("search", help="Look after the words by which debtors and invoices are found.")


@search.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Make the words of all debtors and invoices anew; safe while people work."""
    click.echo(f"{words.rebuild(running())} made findable")

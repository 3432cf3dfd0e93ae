"""Commands for the books."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.cli.shared import language, running, spoken

books = AppGroup("ledger", help="Look after the books.")


@books.command("verify")
@language
def verify_ledger(language: str) -> None:
    """Recompute the whole ledger; name each difference and end with 1 if there is any."""
    from portal.services import ledger_verify
    from portal.words.imports import difference_line, verified_line

    said = spoken(language)
    differences, transfers = ledger_verify.verify(running())
    for found in differences:
        click.echo(difference_line(said, found.what, found.where, found.kept, found.found))
    click.echo(verified_line(said, transfers, len(differences)))
    if differences:
        raise click.exceptions.Exit(1)

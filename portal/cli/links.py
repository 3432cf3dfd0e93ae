"""Commands for debtors' private links."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.cli.shared import refused, running
from portal.domain.errors import Refusal
from portal.services import desk

links = AppGroup("links", help="Make and end the private links of debtors.")


@links.command("create")
@click.option("--business", "slug", required=True, help="The business's short name, as in its addresses.")
@click.option("--debtor", "number", required=True, help="The debtor's account number.")
@click.option("--invoice", "invoices", multiple=True, help="Narrow the link to this invoice number; may be repeated.")
def create_link(slug: str, number: str, invoices: tuple[str, ...]) -> None:
    """Print a fresh private link to a debtor's page."""
    try:
        click.echo(desk.make_link(running(), slug, number, invoices))
    except Refusal as refusal:
        raise refused(refusal) from refusal


@links.command("revoke")
@click.option("--business", "slug", required=True, help="The business's short name, as in its addresses.")
@click.option("--debtor", "number", required=True, help="The debtor's account number.")
def revoke_links(slug: str, number: str) -> None:
    """End every private link of a debtor, and the pages opened with them."""
    try:
        click.echo(f"{desk.revoke_links(running(), slug, number)} ended")
    except Refusal as refusal:
        raise refused(refusal) from refusal


@links.command("read-code")
@click.option("--business", "slug", required=True, help="The business's short name, as in its addresses.")
@click.option("--debtor", "number", required=True, help="The debtor's account number.")
def read_code(slug: str, number: str) -> None:
    """Print six digits to read to a debtor you have called at the number on file; it is noted that you did."""
    try:
        click.echo(desk.read_code(running(), slug, number))
    except Refusal as refusal:
        raise refused(refusal) from refusal

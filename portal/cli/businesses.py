"""Commands that make a business and add to it."""

from __future__ import annotations

from typing import BinaryIO

import click
from flask.cli import with_appcontext

from portal.cli.shared import file_refused, language, refused, running, spoken
from portal.domain.errors import Refusal
from portal.services.audit import COMMAND_LINE


@click.command("create-business")
@click.option("--slug", required=True, help="Its short name in addresses: small letters, digits, dashes.")
@click.option("--name", required=True, help="Its name as debtors know it.")
@click.option("--legal-name", default="", help="Its full name, if it has another one.")
@click.option("--currency", required=True, help="Its usual currency, such as USD.")
@click.option("--timezone", required=True, help="Where its day begins, such as America/New_York.")
@click.option("--country", required=True, help="Two letters, such as US.")
@click.option("--locale", default="en", show_default=True, help="The language its debtors usually read: en or es.")
@click.option("--color", "brand_color", default="#2f5d3a", show_default=True, help="Its one color, as #rrggbb.")
@click.option("--contact-name", default="", help="Who answers debtors' questions; else the business's name.")
@click.option("--contact-email", required=True, help="Where debtors write to.")
@click.option("--contact-phone", required=True, help="Where debtors call.")
@click.option("--address", "postal_address", required=True, help="Its postal address, in one line.")
@language
@with_appcontext
def create_business(language: str, **texts: str) -> None:
    """Make a business, so that invoices can be imported for it."""
    from portal.services import businesses
    from portal.words.imports import ready_line

    said = spoken(language)
    try:
        businesses.create_business(running(), businesses.NewBusiness(**texts), actor=COMMAND_LINE)
    except Refusal as refusal:
        raise file_refused(said, refusal) from refusal
    click.echo(ready_line(said, texts["slug"]))


@click.command("set-business")
@click.argument("slug")
@click.option("--stripe-account", help="Its connected account at Stripe, acct_…")
@click.option("--logo", type=click.File("rb"), help="Its logo, an SVG drawing.")
@click.option("--hours", multiple=True, metavar="LANG=TEXT", help='When people answer: en="Monday to Friday, 8 to 5".')
@click.option("--check", "where", multiple=True, metavar="LANG=TEXT", help='Where its number is: en="on your bill".')
@click.option("--bank", multiple=True, metavar="LABEL=VALUE", help='A line for transfers: "Account number=0044 1187".')
@with_appcontext
def set_business(slug: str, stripe_account: str | None, logo: BinaryIO | None, hours: tuple[str, ...],
                 where: tuple[str, ...], bank: tuple[str, ...]) -> None:
    """Add a business's Stripe account, logo, hours and bank details."""
    from portal.services import business_details
    from portal.services.business_details import Details

    details = Details(
        stripe_account=stripe_account, logo=logo.read() if logo else None, hours=dict(_pairs(hours)) or None,
        where_to_check=dict(_pairs(where)) or None, bank_details=_pairs(bank) or None)
    try:
        business_details.set_details(running(), slug, details, actor=COMMAND_LINE)
    except Refusal as refusal:
        raise refused(refusal) from refusal
    click.echo(slug)


def _pairs(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    for text in texts:
        if "=" not in text:
            raise click.BadParameter(f"{text!r} has no =")
    return tuple((text.partition("=")[0], text.partition("=")[2]) for text in texts)

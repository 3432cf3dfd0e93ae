"""Commands that make the owner of a business, and help one who has lost everything but the machine."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal.cli.shared import file_refused, language, refused, running, spoken
from portal.domain.errors import Refusal
from portal.services.audit import COMMAND_LINE


@click.command("create-owner")
@click.option("--email", prompt="Email address", help="Who it is; asked for when left out.")
@click.option("--name", prompt="Name", help="As colleagues know them; asked for when left out.")
@click.option("--business", "slug", default="", help="Short name of the business. One that is not there yet is made "
              "now; without it the owner makes it at the first sign-in.")
@click.option("--by-email", is_flag=True, help="Send the link by email instead of printing it.")
@language
@with_appcontext
def create_owner(email: str, name: str, slug: str, by_email: bool, language: str) -> None:
    """Make the owner of a business; prints a link, good once and for thirty minutes, to choose a password."""
    from portal.services import owners, readiness

    if not readiness.look(running()).ready:
        raise click.ClickException("the database has no tables of this release yet: run `alembic upgrade head` first")
    said = spoken(language)
    if slug and not owners.is_known(running(), slug):
        _make_business(slug, email, language)
    try:
        owner = owners.make_owner(
            running(), email=email, name=name, slug=slug, way="email" if by_email else "print", actor=COMMAND_LINE,
            locale=said.language if said.language in ("en", "es") else "en")
    except Refusal as refusal:
        raise refused(refusal) from refusal
    click.echo(f"{owner.email} is an owner." if owner.is_new else f"{owner.email} has an account already and is an "
               "owner; sign in as before, or choose a new password:")
    click.echo(f"The link to choose a password works once, until {owner.works_until:%H:%M} UTC:\n{owner.link}"
               if owner.link else "The link to choose a password leaves by email.")


@click.command("reset-second-factor")
@click.argument("email")
@with_appcontext
def reset_second_factor(email: str) -> None:
    """Take the second factor of EMAIL away, for an owner whom no other owner can help."""
    from portal.services import owners

    try:
        owners.reset_second_factor(running(), email, actor=COMMAND_LINE)
    except Refusal as refusal:
        raise refused(refusal) from refusal
    click.echo("reset; the next sign-in sets up a new one")


def _make_business(slug: str, email: str, language: str) -> None:
    """Ask for what a business needs, and make it."""
    from portal.services import businesses

    click.echo(f"There is no business “{slug}” yet; it is made now.")
    asked = {
        "name": click.prompt("Its name as debtors know it"),
        "currency": click.prompt("Its usual currency", default="USD"),
        "country": click.prompt("Its country, two letters", default="US"),
        "timezone": click.prompt("Its timezone", default="America/New_York"),
        "contact_email": click.prompt("Where debtors write to", default=email),
        "contact_phone": click.prompt("Where debtors call"),
        "postal_address": click.prompt("Its postal address, in one line"),
    }
    try:
        businesses.create_business(
            running(), businesses.NewBusiness(slug=slug, **asked), actor=COMMAND_LINE)
    except Refusal as refusal:
        raise file_refused(spoken(language), refusal) from refusal

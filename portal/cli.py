"""Commands for people and timers: `flask --app wsgi …`, one per use case. Each only reads its arguments and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions, Limits
from portal.runtime import Runtime
from portal.services import desk
from portal.services.audit import COMMAND_LINE

if TYPE_CHECKING:
    from portal.domain.imports.results import DateOrder, Delimiter
    from portal.domain.money import Mark
    from portal.words.core import Words

links = AppGroup("links", help="Make and end the private links of debtors.")
books = AppGroup("ledger", help="Look after the books.")

# A terminal says in its environment which language its user reads.
language = click.option("--language", envvar=["LC_ALL", "LC_MESSAGES", "LANG"], default="en", metavar="en|es",
                        help="The language to answer in; by default the terminal's.")
DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
# Refusals that speak of how the command was called, not of what is in the file.
MISUSE = {"unknown_business", "mapping_unknown_field", "mapping_unknown_header", "currency_unknown"}


def install(app: Flask) -> None:
    """Add all commands."""
    for command in (links, books, import_invoices, create_business, set_business, work, send_reminder):
        app.cli.add_command(command)


def running() -> Runtime:
    """Give the portal the command works on."""
    rt: Runtime = current_app.extensions["portal"]
    return rt


def refused(refusal: Refusal) -> click.ClickException:
    """Say a refusal the way commands do: one line, exit code 1."""
    from portal import words

    return click.ClickException(words.current().refusal(refusal))


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


def _read_mapping(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        field, sign, header = pair.partition("=")
        if not sign or not field.strip():
            raise click.BadParameter("field=Header")
        mapping[field.strip()] = header
    return mapping


def _spoken(tag: str) -> Words:
    """Give the words for a terminal's language, such as es_ES.UTF-8."""
    from portal import words

    return words.speak(tag.partition(".")[0], "UTC")


def _file_refused(said: Words, refusal: Refusal) -> click.ClickException:
    from portal.words.imports import refusal_line

    kind = click.UsageError if refusal.code in MISUSE else click.ClickException
    return kind(refusal_line(said, refusal))


@click.command("import-invoices")
@click.argument("file", type=click.File("rb"))
@click.option("--business", "slug", required=True, help="The business's short name, as in its addresses.")
@click.option("--currency", default="", help="The currency of rows that name none; else the business's own.")
@click.option("--map", "mapping", multiple=True, callback=_read_mapping, metavar="field=Header",
              help="Say which column a field is in; may be repeated. An empty header leaves the field out.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="The order of dates such as 3/4/2026.")
@click.option("--decimal", type=click.Choice([",", "."]), help="The decimal mark of amounts.")
@click.option("--delimiter", type=click.Choice(list(DELIMITERS)), help="What separates the cells.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@language
@with_appcontext
def import_invoices(file: BinaryIO, slug: str, currency: str, mapping: dict[str, str], date_order: DateOrder | None,
                    decimal: Mark | None, delimiter: str | None, dry_run: bool, language: str) -> None:
    """Take in a business's invoices from a CSV file: all rows or none; the same file twice changes nothing."""
    from portal.services import imports
    from portal.words.imports import error_line, report_lines

    said = _spoken(language)
    options = ImportOptions(
        currency=currency, mapping=mapping, date_order=date_order, decimal=decimal,
        delimiter=cast("Delimiter | None", DELIMITERS.get(delimiter or "")))
    # One byte more than is allowed is enough to know that a file is too large.
    data = file.read(Limits().max_bytes + 1)
    try:
        report = imports.import_invoices(running(), slug, data, options, dry_run=dry_run, actor=COMMAND_LINE)
    except Refusal as refusal:
        raise _file_refused(said, refusal) from refusal
    for line in (*report_lines(said, report, dry_run=dry_run), *(error_line(said, error) for error in report.errors)):
        click.echo(line)
    if report.errors:
        raise click.exceptions.Exit(1)


@books.command("verify")
@language
def verify_ledger(language: str) -> None:
    """Recompute the whole ledger; name each difference and end with 1 if there is any."""
    from portal.services import ledger_verify
    from portal.words.imports import difference_line, verified_line

    said = _spoken(language)
    differences, transfers = ledger_verify.verify(running())
    for found in differences:
        click.echo(difference_line(said, found.what, found.where, found.kept, found.found))
    click.echo(verified_line(said, transfers, len(differences)))
    if differences:
        raise click.exceptions.Exit(1)


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

    said = _spoken(language)
    try:
        businesses.create_business(running(), businesses.NewBusiness(**texts), actor=COMMAND_LINE)
    except Refusal as refusal:
        raise _file_refused(said, refusal) from refusal
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


@click.command("work")
@click.option("--once", is_flag=True, help="Do what is due now and end.")
@with_appcontext
def work(once: bool) -> None:
    """Send emails, ask Stripe and do all else that runs by itself, until stopped."""
    from portal.jobs import loop

    done = loop.work(running(), once=once)
    if once:
        click.echo(f"{done} done")


@click.command("send-reminder")
@click.argument("business")
@click.argument("debtors", nargs=-1, metavar="[DEBTOR]...")
@click.option("--all-due", is_flag=True, help="Everyone with something past its due date.")
@with_appcontext
def send_reminder(business: str, debtors: tuple[str, ...], all_due: bool) -> None:
    """Ask debtors of BUSINESS, by number, for what is open; at most one email each a day."""
    from portal.services import reminders

    if all_due == bool(debtors):
        raise click.UsageError("name debtors, or say --all-due")
    try:
        numbers = reminders.late_debtors(running(), business) if all_due else debtors
        for number in numbers:
            asked = reminders.send_reminder(running(), business, number)
            when = f" for {asked.due_at.isoformat()}" if asked.state == "queued" else ""
            click.echo(f"{asked.debtor_number} {asked.state} ({asked.reason}){when}")
    except Refusal as refusal:
        raise refused(refusal) from refusal

"""The command that takes in a file of invoices."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click
from flask.cli import with_appcontext

from portal.cli.shared import file_refused, language, running, spoken
from portal.domain.errors import Refusal
from portal.services.audit import COMMAND_LINE

if TYPE_CHECKING:
    from portal.domain.imports.results import DateOrder, Delimiter
    from portal.domain.money import Mark
    from portal.words.core import Words

DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
ENCODINGS = ("utf-8", "cp1252", "cp1250", "cp1251", "mac_roman", "cp850", "shift_jis", "gb18030")
BAR_WIDTH = 30


class _Bar:
    """How far an import is, in one line of a terminal; a file or a pipe hears nothing of it."""

    def __init__(self, words: Words) -> None:
        self._words, self._line, self._shows = words, "", sys.stderr.isatty()

    def told(self, step: str, done: int, total: int) -> None:
        """Draw how far a step has come."""
        from portal.words.imports import STEPS

        if self._shows and total:
            full = BAR_WIDTH * done // total
            self._draw(f"{self._words.text(STEPS[step])} [{'#' * full}{'.' * (BAR_WIDTH - full)}] {done}/{total}")

    def end(self) -> None:
        """Leave the line empty again."""
        if self._line:
            self._draw("")

    def _draw(self, line: str) -> None:
        click.echo("\r" + line.ljust(len(self._line)) + ("" if line else "\r"), nl=False, err=True)
        self._line = line


def _read_mapping(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        field, sign, header = pair.partition("=")
        if not sign or not field.strip():
            raise click.BadParameter("field=Header")
        mapping[field.strip()] = header
    return mapping


@click.command("import-invoices")
@click.argument("file", type=click.File("rb"))
@click.option("--business", "slug", required=True, help="The business's short name, as in its addresses.")
@click.option("--currency", default="", help="The currency of rows that name none; else the business's own.")
@click.option("--map", "mapping", multiple=True, callback=_read_mapping, metavar="field=Header",
              help="Say which column a field is in; may be repeated. An empty header leaves the field out.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="The order of dates such as 3/4/2026.")
@click.option("--decimal", type=click.Choice([",", "."]), help="The decimal mark of amounts.")
@click.option("--delimiter", type=click.Choice(list(DELIMITERS)), help="What separates the cells.")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="How the file's characters are written.")
@click.option("--errors", "errors_to", type=click.Path(dir_okay=False, writable=True),
              help="Also write the errors to a CSV file here.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@language
@with_appcontext
def import_invoices(file: BinaryIO, slug: str, currency: str, mapping: dict[str, str], date_order: DateOrder | None,
                    decimal: Mark | None, delimiter: str | None, encoding: str | None, errors_to: str | None,
                    dry_run: bool, language: str) -> None:
    """Take in a business's invoices from a CSV or XLSX file, an e-invoice or a ZIP of such: all of it or nothing.

    The same file twice changes nothing. A later file shows what is new, changed, gone and as before.
    """
    from portal.domain.imports import ImportOptions, Limits
    from portal.services import imports
    from portal.words.imports import error_line, errors_table, report_lines

    said = spoken(language)
    options = ImportOptions(
        currency=currency, mapping=mapping, date_order=date_order, decimal=decimal,
        delimiter=cast("Delimiter | None", DELIMITERS.get(delimiter or "")), encoding=encoding)
    # One byte more than is allowed is enough to know that a file is too large.
    data = file.read(Limits().max_bytes + 1)
    bar = _Bar(said)
    try:
        report = imports.import_invoices(
            running(), slug, data, options, dry_run=dry_run, actor=COMMAND_LINE, told=bar.told)
    except Refusal as refusal:
        raise file_refused(said, refusal) from refusal
    finally:
        bar.end()
    if errors_to and report.errors:
        Path(errors_to).write_text(errors_table(said, report.errors), encoding="utf-8-sig", newline="")
    for line in (*report_lines(said, report, dry_run=dry_run), *(error_line(said, error) for error in report.errors)):
        click.echo(line)
    if report.errors:
        raise click.exceptions.Exit(1)

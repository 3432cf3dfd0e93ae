"""Commands about letters on paper."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from portal.cli.shared import refused, running
from portal.domain.errors import Refusal
from portal.services import letter_desk

letters = AppGroup("letters", help="Print the letters that go by post.")


@letters.command("print")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path))
@click.option("--business", "slug", required=True, help="The business's short name, as in its addresses.")
def print_letters(folder: Path, slug: str) -> None:
    """Write every letter that waits into FOLDER as a PDF file, and note it as printed."""
    try:
        click.echo(f"{letter_desk.print_into(running(), slug, folder)} letters")
    except Refusal as refusal:
        raise refused(refusal) from refusal

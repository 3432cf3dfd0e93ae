"""Commands about what was signed."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from portal.cli.shared import language, running, spoken

agreements = AppGroup("agreements", help="Check what was signed.")


@agreements.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--fingerprint", default="", help="Check this fingerprint instead of a file.")
@language
def verify_agreements(file: Path | None, fingerprint: str, language: str) -> None:
    """Check FILE (the PDF of an agreement, its text or its evidence), or, with none, every agreement that is kept.

    Each finding is a line; ends with 1 if there is any.
    """
    from portal.services import agreement_check, agreement_lookup
    from portal.words import agreement_verdicts

    said, rt = spoken(language), running()
    if file is not None or fingerprint:
        genuine = (agreement_lookup.is_genuine_file(rt, file.read_bytes()) if file is not None
                   else agreement_lookup.is_genuine(rt, fingerprint))
        click.echo(agreement_verdicts.one(said, genuine))
        wrong = 0 if genuine else 1
    else:
        findings, checked = agreement_check.verify(rt)
        for found in findings:
            click.echo(found)
        wrong = len(findings)
        click.echo(agreement_verdicts.all_of_them(said, checked, wrong))
    if wrong:
        raise click.exceptions.Exit(1)

"""Commands about evidence packs: check one, make a key, show the public one."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import click
from flask.cli import AppGroup

from portal.cli.shared import language, running, spoken
from portal.words import evidence_verdicts

evidence = AppGroup("evidence", help="Check evidence packs, and look after the key that signs them.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@evidence.command("verify", with_appcontext=False)
@click.argument("file", type=FILE)
@click.option("--key", required=True, help="The public key, in base64 or hex, as its owner published it.")
@click.option("--paper", type=FILE, help="The printed pack, where it lies beside the file.")
@language
def verify_evidence(file: Path, key: str, paper: Path | None, language: str) -> None:
    """Check the pack in FILE (.zip or .json) with nothing but it and the public key; end with 1 if anything differs."""
    from portal.services import evidence as service

    verdict = service.verify(file.read_bytes(), key, paper=paper.read_bytes() if paper else None)
    click.echo(evidence_verdicts.line(spoken(language), verdict))
    if not verdict.holds:
        raise click.exceptions.Exit(1)


@evidence.command("key")
def show_key() -> None:
    """Print the public key packs of this installation are signed by."""
    from portal.services import evidence as service

    click.echo(service.public_key(running()))


@evidence.command("new-key", with_appcontext=False)
def new_key() -> None:
    """Print a new secret key for PORTAL_EVIDENCE_KEY; keep it out of sight."""
    click.echo(base64.b64encode(secrets.token_bytes(32)).decode())

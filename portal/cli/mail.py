"""The command that takes email in: one message from a mail server's pipe, or all that lie in a maildir."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from flask.cli import with_appcontext

from portal.cli.shared import running

# What is longer is read up to here; words come first in an email.
LONGEST = 10 * 1024 * 1024
# The exit code by which a mail server knows to try again later (sysexits.h: EX_TEMPFAIL).
TRY_LATER = 75


@click.command("receive-email")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--maildir", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Take in what lies in its folder new/, and move it to cur/.")
@with_appcontext
def receive_email(file: BinaryIO | None, maildir: Path | None) -> None:
    """Take in one raw email from FILE (- is standard input), or a maildir; say what became of each."""
    if (file is None) == (maildir is None):
        raise click.UsageError("name a file, - for standard input, or --maildir")
    if file is not None:
        click.echo(_taken(file.read(LONGEST)))
    for path in _waiting(maildir):
        with path.open("rb") as opened:
            click.echo(f"{path.name} {_taken(opened.read(LONGEST))}")
        seen = path.parent.parent / "cur"
        seen.mkdir(exist_ok=True)
        path.rename(seen / f"{path.name.partition(':')[0]}:2,S")


def _waiting(maildir: Path | None) -> Iterator[Path]:
    folder = None if maildir is None else maildir / "new"
    if folder is not None and folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.is_file())


def _taken(raw: bytes) -> str:
    from portal import logs
    from portal.services import inbound

    try:
        return inbound.receive(running(), raw)
    except Exception as error:
        # The email is not lost: a mail server keeps what was not taken, and a maildir's file stays where it is.
        logs.failed(error, command="receive-email")
        raise click.exceptions.Exit(TRY_LATER) from error

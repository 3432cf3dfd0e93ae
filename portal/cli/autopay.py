"""Commands that stop all automatic payments and let them go on; a restored backup is the reason they are there."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.cli.shared import language, refused, running, spoken
from portal.domain.errors import Refusal

autopay = AppGroup("autopay", help="Stop all automatic payments, or let them go on.")


@autopay.command("stop")
@click.option("--restored", is_flag=True, help="A backup was restored: going on needs the books to be whole first.")
@language
def stop(restored: bool, language: str) -> None:
    """Charge nothing by itself any more, for any business; twice is once."""
    from portal.services import autopay_stops
    from portal.words import autopay_commands

    autopay_stops.stop(running(), "restored" if restored else "by_hand")
    click.echo(autopay_commands.stopped(spoken(language)))


@autopay.command("resume")
@language
def resume(language: str) -> None:
    """Book what Stripe tells and we do not know, then charge again; ends with 1 while something has to be mended."""
    from portal.services import autopay_stops
    from portal.words import autopay_commands

    try:
        caught = autopay_stops.resume(running())
    except Refusal as refusal:
        raise refused(refusal) from refusal
    click.echo(autopay_commands.resumed(spoken(language), caught))


@autopay.command("state")
@language
def state(language: str) -> None:
    """Say whether automatic payments run, and if not, why and since when."""
    from portal.services import autopay_stops
    from portal.words import autopay_commands

    said = spoken(language)
    for line in autopay_commands.state(said, autopay_stops.standing(running())):
        click.echo(line)

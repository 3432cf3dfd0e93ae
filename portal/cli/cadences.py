"""Commands about cadences: when a business's reminders go out by themselves."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.cli.shared import refused, running
from portal.domain.cadences import PRESETS
from portal.domain.errors import Refusal
from portal.services import cadences, simulator
from portal.services.audit import COMMAND_LINE

cadence = AppGroup("cadence", help="Let reminders go out by themselves, or stop them.")


@cadence.command("switch-on")
@click.argument("business")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="standard", show_default=True,
              help="How patient the series of reminders is.")
def switch_on(business: str, preset: str) -> None:
    """Begin reminding the debtors of BUSINESS; who was reminded before goes on from there."""
    try:
        click.echo(f"{cadences.switch_on(running(), business, preset, actor=COMMAND_LINE)} invoices")
    except Refusal as refusal:
        raise refused(refusal) from refusal


@cadence.command("simulate")
@click.argument("business")
@click.option("--preset", type=click.Choice(list(PRESETS)), default=None,
              help="As if this series were switched on now, in place of all there is.")
def simulate(business: str, preset: str | None) -> None:
    """Count what would leave BUSINESS in the next 30 days, day by day; nothing is sent."""
    try:
        found = simulator.count(running(), business, preset or "")
    except Refusal as refusal:
        raise refused(refusal) from refusal
    for day in found.days:
        if day.leaving or day.held:
            click.echo(f"{day.day}  {day.emails} emails, {day.letters} letters, {day.calls} calls; {day.held} wait")
    total = found.total
    click.echo(f"{found.people} of {found.counted} debtors: {total.emails} emails, {total.letters} letters, "
               f"{total.calls} calls; {total.held} wait")


@cadence.command("switch-off")
@click.argument("business")
def switch_off(business: str) -> None:
    """Stop reminding the debtors of BUSINESS."""
    try:
        cadences.switch_off(running(), business, actor=COMMAND_LINE)
    except Refusal as refusal:
        raise refused(refusal) from refusal
    click.echo(business)

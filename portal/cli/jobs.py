"""Commands about what runs by itself: how it fares, and another try for what rests."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from portal.cli.shared import running

if TYPE_CHECKING:
    from portal.services.job_report import JobLine

NOT_WELL = 1


@click.command("jobs")
@click.option("--check", is_flag=True, help="End with 1 when something is late, fails or rests, or no worker runs.")
@click.option("--wake", is_flag=True, help="First let every question to Stripe that rests be asked again.")
@with_appcontext
def jobs(check: bool, wake: bool) -> None:
    """Print how what runs by itself fares: when each job ended, what waits for it, and what rests."""
    from portal.services import job_report, resting_work

    if wake:
        click.echo(f"{resting_work.wake(running())} woken")
    report = job_report.look(running())
    click.echo(f"worker seen {_when(report.seen_at)}{' (gone)' if report.gone else ''}")
    for one in report.jobs:
        click.echo(_line(one, report.at))
    for rest in report.resting:
        click.echo(f"resting {rest.kind}: {rest.count}, the oldest since {_when(rest.since)}")
    if check and not report.well:
        raise click.exceptions.Exit(NOT_WELL)


def _line(one: JobLine, now: datetime) -> str:
    parts = [f"{one.name:22}", f"ended {_when(one.ended_at)}", f"waiting {one.lag.waiting}",
             f"lag {one.lag.seconds(now):.0f} s", f"failures {one.failures}"]
    parts += [one.error] if one.error else []
    parts += [f"running since {_when(one.running_since)}"] if one.running_since else []
    return "  ".join(parts)


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "never"

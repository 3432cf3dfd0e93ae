"""Commands for the books."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import AppGroup, with_appcontext

from portal.cli.shared import language, refused, running, spoken
from portal.domain.errors import Refusal

books = AppGroup("ledger", help="Look after the books.")


@books.command("verify")
@language
def verify_ledger(language: str) -> None:
    """Recompute the whole ledger; name each difference and end with 1 if there is any."""
    from portal.services import ledger_verify
    from portal.words.imports import difference_line, verified_line

    said = spoken(language)
    differences, transfers = ledger_verify.verify(running())
    for found in differences:
        click.echo(difference_line(said, found.what, found.where, found.kept, found.found))
    click.echo(verified_line(said, transfers, len(differences)))
    if differences:
        raise click.exceptions.Exit(1)


@click.command("reconcile")
@click.option("--business", "slug", default="", help="Only the account of this business, by its short name.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Look at what was made at Stripe since that day.")
@click.option("--all", "everything", is_flag=True, help="Look at everything since the business began here.")
@language
@with_appcontext
def reconcile(slug: str, since: datetime | None, everything: bool, language: str) -> None:
    """Hold the books against Stripe and mend what its facts can mend; end with 1 while anything differs."""
    from portal.services import reconcile_views, reconciliation
    from portal.services.audit import COMMAND_LINE
    from portal.services.reconciliation import StripeRefused, StripeUnknown
    from portal.words import reconciling

    said, rt = spoken(language), running()
    if since is not None and everything:
        raise click.UsageError(said.text(reconciling.ONE_OF_BOTH))
    still_open = 0
    try:
        for account in reconcile_views.accounts(rt, slug):
            from_when = reconcile_views.beginning(rt, account) if everything else since and since.replace(tzinfo=UTC)
            outcome = reconciliation.reconcile(rt, account, since=from_when, actor=COMMAND_LINE)
            click.echo(reconciling.outcome_line(said, outcome))
            still_open += outcome.still_open
        for drift in reconcile_views.open_drifts(rt, slug):
            click.echo(reconciling.drift_line(said, drift))
    except Refusal as refusal:
        raise refused(refusal) from refusal
    except (StripeUnknown, StripeRefused) as error:
        raise click.ClickException(said.text(reconciling.NO_ANSWER, why=str(error))) from error
    if still_open:
        raise click.exceptions.Exit(1)

"""Commands for people and timers: `flask --app wsgi …`, one per use case. Each only reads its arguments and prints."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup


class Commands(AppGroup):
    """All commands, loaded when one is asked for; a web server asks for none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give one command."""
        self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        from portal.cli.agreements import agreements
        from portal.cli.autopay import autopay
        from portal.cli.books import books, reconcile
        from portal.cli.businesses import create_business, set_business
        from portal.cli.cadences import cadence
        from portal.cli.evidence import evidence
        from portal.cli.imports import import_invoices
        from portal.cli.jobs import jobs
        from portal.cli.letters import letters
        from portal.cli.links import links
        from portal.cli.mail import receive_email
        from portal.cli.owners import create_owner, reset_second_factor
        from portal.cli.search import search
        from portal.cli.work import send_reminder, work

        for command in (links, letters, books, reconcile, cadence, import_invoices, create_business, set_business,
                        create_owner, reset_second_factor, work, jobs, send_reminder, receive_email, search,
                        evidence, autopay, agreements):
            self.add_command(command)


def install(app: Flask) -> None:
    """Let the flask command know ours."""
    app.cli = Commands(app.name)

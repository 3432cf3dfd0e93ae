"""What all commands share: the running portal, the terminal's language, and how a refusal is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask import current_app

from portal.domain.errors import Refusal
from portal.runtime import Runtime

if TYPE_CHECKING:
    from portal.words.core import Words

# A terminal says in its environment which language its user reads.
language = click.option("--language", envvar=["LC_ALL", "LC_MESSAGES", "LANG"], default="en", metavar="en|es",
                        help="The language to answer in; by default the terminal's.")
# Refusals that speak of how the command was called, not of what is in the file.
MISUSE = {"unknown_business", "mapping_unknown_field", "mapping_unknown_header", "currency_unknown"}


def running() -> Runtime:
    """Give the portal the command works on."""
    rt: Runtime = current_app.extensions["portal"]
    return rt


def refused(refusal: Refusal) -> click.ClickException:
    """Say a refusal the way commands do: one line, exit code 1."""
    from portal import words

    return click.ClickException(words.current().refusal(refusal))


def spoken(tag: str) -> Words:
    """Give the words for a terminal's language, such as es_ES.UTF-8."""
    from portal import words

    return words.speak(tag.partition(".")[0], "UTC")


def file_refused(said: Words, refusal: Refusal) -> click.ClickException:
    """Say why a file or a new business was not taken; exit code 2 where the command was called wrongly."""
    from portal.words.imports import refusal_line

    kind = click.UsageError if refusal.code in MISUSE else click.ClickException
    return kind(refusal_line(said, refusal))

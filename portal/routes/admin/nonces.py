"""The random id a form is made with, so that the same form sent twice does its work once (see services/nonces.py)."""

from __future__ import annotations

import re
import secrets
from datetime import date
from typing import Any

from wtforms import Field, HiddenField, StringField
from wtforms.validators import ValidationError

from portal.routes.admin.desk import blueprint
from portal.routes.admin.forms import OfficeForm
from portal.words.core import current
from portal.words.refusals import N_

# Digits of our own only; others also count as digits.
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@blueprint.app_template_global("new_nonce")
def new_nonce() -> str:
    """Make the random id of one form."""
    return secrets.token_urlsafe(16)


def _day(text: str) -> date:
    """Read 2026-11-10 and nothing else: fromisoformat alone takes weeks and days without dashes as well."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


class DayField(StringField):  # type: ignore[misc]
    """A calendar day as browsers send it, in words when it is none; `day` is None while it is empty."""

    day: date | None = None

    def pre_validate(self, form: Any) -> None:
        """Read the day."""
        text = (self.data or "").strip()
        try:
            self.day = _day(text) if text else None
        except ValueError:
            raise ValidationError(current().text(N_("Please choose a day."))) from None


class Known:
    """Refuse a choice that was not offered, in words."""

    def __init__(self, *offered: str) -> None:
        self.offered = offered

    def __call__(self, form: Any, field: Field) -> None:
        """Compare what was sent with what was offered."""
        if (field.data or "") not in self.offered:
            raise ValidationError(current().text(N_("Please choose one of those offered.")))


class OnceForm(OfficeForm):
    """A form that works once: place `once_field(form)` from admin/components/debtor.html inside it."""

    nonce = HiddenField(default=new_nonce)

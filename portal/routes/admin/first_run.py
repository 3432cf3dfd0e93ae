"""The first steps of a business as one page: each is done or open, and leads to where it is done."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from wtforms import StringField

from portal.domain.errors import Refusal
from portal.routes.admin import desk
from portal.routes.admin.desk import blueprint, signed_in
from portal.routes.admin.forms import Filled, OfficeForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import first_run as beginnings
from portal.services.businesses import NewBusiness
from portal.words import places
from portal.words.core import current
from portal.words.imports import refusal_line
from portal.words.refusals import N_

MISSING = N_("Please fill this in.")
FIELD_OF = {"slug_malformed": "slug", "slug_taken": "slug", "timezone_unknown": "timezone",
            "country_unknown": "country", "currency_unknown": "currency", "language_unknown": "locale",
            "email_expected": "contact_email"}


class BusinessForm(OfficeForm):
    """What must be known of a business before it can begin."""

    name = StringField(validators=[Filled(MISSING)])
    legal_name = StringField()
    slug = StringField(validators=[Filled(MISSING)])
    currency = StringField(validators=[Filled(MISSING)])
    country = StringField(validators=[Filled(MISSING)])
    timezone = StringField(validators=[Filled(MISSING)])
    locale = StringField(validators=[Filled(MISSING)])
    contact_email = StringField(validators=[Filled(MISSING)])
    contact_phone = StringField(validators=[Filled(MISSING)])
    postal_address = StringField(validators=[Filled(MISSING)])

    def wanted(self) -> NewBusiness:
        """Give the business that was typed in."""
        return NewBusiness(**{name: str(field.data or "").strip() for name, field in self._fields.items()
                              if name != "csrf_token"})


@blueprint.get("/first-run")
@signed_in
def first_run() -> Any:
    """Show the steps; whoever has no business yet begins with making it."""
    visit = desk.visit()
    if visit.access is None and not beginnings.may_create(runtime(), visit):
        return see_other(url_for("office.businesses"))
    if visit.access is not None:
        visit.access.require("set_up")
    return _page(BusinessForm(formdata=None, contact_email=visit.staff.email, locale=visit.staff.locale,
                              currency="USD", country="US", timezone="America/New_York"))


@blueprint.post("/first-run/business")
@signed_in
def first_business() -> Any:
    """Make the business of an owner who has none."""
    form = BusinessForm()
    if not form.sent():
        return _page(form), 422
    try:
        beginnings.create(runtime(), desk.visit(), form.wanted())
    except Refusal as refusal:
        if refusal.code == "role_may_not":
            raise
        _say(form, refusal)
        return _page(form), status_of(refusal)
    return see_other(url_for("office.first_run"))


def _say(form: BusinessForm, refusal: Refusal) -> None:
    """Show why a business was not made at the field it speaks of."""
    field = FIELD_OF.get(refusal.code) or str(refusal.params.get("name", ""))
    said = refusal_line(current(), refusal)
    if field in form:
        form[field].errors = [*form[field].errors, said]
    else:
        form.form_errors.append(said)


def _page(form: BusinessForm) -> str:
    visit, said = desk.visit(), current()
    return render_template(
        "admin/first_run.html", form=form, steps=beginnings.steps(runtime(), visit.access), places=places,
        language=said.language, has_business=visit.access is not None)

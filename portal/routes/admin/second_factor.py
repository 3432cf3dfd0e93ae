"""Setting up the authenticator app: the first one on the way in, or another one from the account."""

from __future__ import annotations

from typing import Any

import segno
from flask import render_template, url_for
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField

from portal.domain.errors import Refusal
from portal.routes.admin import arrival, desk
from portal.routes.admin.desk import blueprint
from portal.routes.admin.forms import OfficeForm, ProvenForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import staff_second_factor, staff_sessions
from portal.services.staff_second_factor import Offered, SetUp
from portal.services.staff_sessions import StaffVisit

QR_SCALE = 5


class FirstForm(OfficeForm):
    """The first app: the secret on offer, and a code made with it."""

    sealed = HiddenField()
    code = StringField()


class OtherForm(ProvenForm):
    """Another app: the same, and a proof by the present one."""

    sealed = HiddenField()
    code = StringField()


Form = FirstForm | OtherForm


@blueprint.get("/second-factor")
def second_factor() -> Any:
    """Show a secret for the app, as a picture and as text."""
    found = _at_this_step()
    if not isinstance(found, StaffVisit):
        return found
    form = OtherForm(formdata=None) if found.second_factor else FirstForm(formdata=None)
    return _page(form, staff_second_factor.offer(runtime(), found))


@blueprint.post("/second-factor")
def keep_second_factor() -> Any:
    """Keep the secret because its code is right, and show the recovery codes once."""
    found = _at_this_step()
    if not isinstance(found, StaffVisit):
        return found
    form: Form = OtherForm() if found.second_factor else FirstForm()
    try:
        if not form.sent():
            return _again(found, form), 422
        done = staff_second_factor.keep(
            runtime(), desk.visit(), form.sealed.data or "", form.code.data or "", arrival.browser())
    except Refusal as refusal:
        if refusal.code == "second_factor_there":
            raise
        form.refuse(refusal, "code")
        return _again(found, form), status_of(refusal)
    return _codes_page(done)


def _at_this_step() -> StaffVisit | Response:
    found = desk.visit_or_none()
    if found is None:
        return desk.forget(see_other(url_for("office.sign_in")))
    desk.greet(found)
    if not found.second_factor and found.staff.has_second_factor:
        return see_other(url_for("office.sign_in_code"))
    return found


def _again(found: StaffVisit, form: Form) -> str:
    return _page(form, staff_second_factor.offer_again(runtime(), found, form.sealed.data or ""))


def _page(form: Form, offered: Offered) -> str:
    picture = segno.make(offered.address, error="m").svg_data_uri(scale=QR_SCALE, border=4, light="#fff")
    grouped = " ".join(offered.secret[at:at + 4] for at in range(0, len(offered.secret), 4))
    return render_template("admin/second_factor.html", form=form, offered=offered, picture=picture, grouped=grouped,
                           first=isinstance(form, FirstForm))


def _codes_page(done: SetUp) -> Response:
    found = staff_sessions.find(runtime(), done.key)
    assert found is not None
    page = render_template("admin/second_factor_codes.html", codes=done.recovery_codes,
                           onward=arrival.address_for(found))
    return arrival.remember(desk.keep(Response(page, mimetype="text/html"), done.key), found)

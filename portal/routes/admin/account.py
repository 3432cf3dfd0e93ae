"""A person's own account: signed-in devices, password, recovery codes, name and language."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField

from portal.domain.errors import Refusal
from portal.routes.admin import desk
from portal.routes.admin.desk import blueprint, signed_in
from portal.routes.admin.forms import Filled, OfficeForm, ProvenForm
from portal.routes.admin.passwords import NewPasswordForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import staff_account, staff_recovery, staff_second_factor
from portal.words.core import current
from portal.words.refusals import N_

KEPT = N_("Kept.")
CHANGED = N_("Your password is changed, and every other device is signed out.")
ENDED = N_("That device is signed out.")
LANGUAGES = (("en", "English"), ("es", "Español"))


class DetailsForm(OfficeForm):
    """Name and language."""

    name = StringField(validators=[Filled(N_("Please enter your name."))])
    locale = StringField()


class ChangeForm(NewPasswordForm):
    """The present password and the new one."""

    old = PasswordField(validators=[Filled(N_("Please enter your present password."))])


class CodesForm(ProvenForm):
    """New recovery codes need a fresh proof and nothing else."""


@blueprint.get("/account")
@signed_in
def account() -> str:
    """Show the account of whoever is at the desk."""
    return _page()


@blueprint.post("/account/details")
@signed_in
def change_details() -> Any:
    """Keep name and language."""
    form = DetailsForm()
    if not form.sent():
        return _page(details=form), 422
    try:
        staff_account.change_details(runtime(), desk.visit(), name=form.name.data, locale=form.locale.data or "")
    except Refusal as refusal:
        form.refuse(refusal, "name" if refusal.code == "name_missing" else "locale")
        return _page(details=form), status_of(refusal)
    return _back(KEPT)


@blueprint.post("/account/password")
@signed_in
def change_password() -> Any:
    """Take a new password from who knows the old one."""
    form = ChangeForm()
    if not form.sent() or not form.agree():
        return _page(password=form), 422
    try:
        staff_account.change_password(runtime(), desk.visit(), form.old.data, form.new.data, desk.network())
    except Refusal as refusal:
        form.refuse(refusal, "old" if refusal.code in ("old_password_wrong", "sign_in_wait") else "new")
        return _page(password=form), status_of(refusal)
    return _back(CHANGED)


@blueprint.post("/account/sessions/<session_id>/end")
@signed_in
def end_session(session_id: str) -> Response:
    """Sign one device out."""
    staff_account.end_session(runtime(), desk.visit(), session_id)
    return _back(ENDED)


@blueprint.post("/account/sessions/end-others")
@signed_in
def end_other_sessions() -> Response:
    """Sign all other devices out."""
    ended = staff_account.end_other_sessions(runtime(), desk.visit())
    flash(current().plural("%(n)s other device is signed out.", "%(n)s other devices are signed out.", ended))
    return see_other(url_for("office.account"))


@blueprint.post("/account/recovery-codes")
@signed_in
def new_recovery_codes() -> Any:
    """Make ten new recovery codes and show them once."""
    form = CodesForm()
    if not form.sent():
        return _page(codes=form), 422
    made = staff_second_factor.new_recovery_codes(runtime(), desk.visit())
    return render_template("admin/second_factor_codes.html", codes=made, onward=url_for("office.account"))


def _page(*, details: DetailsForm | None = None, password: ChangeForm | None = None,
          codes: CodesForm | None = None) -> str:
    who = desk.visit().staff
    return render_template(
        "admin/account.html", account=staff_account.look(runtime(), desk.visit()), who=who, languages=LANGUAGES,
        few=staff_recovery.FEW, details=details or DetailsForm(formdata=None, name=who.name, locale=who.locale),
        password=password or ChangeForm(formdata=None), codes=codes or CodesForm(formdata=None))


def _back(said: str) -> Response:
    flash(current().text(said))
    return see_other(url_for("office.account"))

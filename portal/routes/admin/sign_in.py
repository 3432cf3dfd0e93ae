"""The way into the office: password, code or recovery code, and out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import render_template, session, url_for
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField

from portal.domain.errors import Refusal
from portal.routes.admin import arrival, desk
from portal.routes.admin.desk import blueprint
from portal.routes.admin.forms import Filled, OfficeForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.runtime import Runtime
from portal.services import staff_attempts, staff_sign_in
from portal.services.staff_sessions import StaffVisit
from portal.services.staff_sign_in import Browser, SignedIn
from portal.words.refusals import N_

CODE_PAGE, RECOVERY_PAGE = "admin/sign_in_code.html", "admin/sign_in_recovery.html"


class SignInForm(OfficeForm):
    """Who, and the password."""

    email = StringField(validators=[Filled(N_("Please enter your email address."))])
    password = PasswordField(validators=[Filled(N_("Please enter your password."))])


class CodeForm(OfficeForm):
    """Six digits, or a recovery code."""

    code = StringField()


@blueprint.get("/sign-in")
def sign_in() -> Any:
    """Ask who comes, or say how an empty installation begins."""
    found = desk.visit_or_none()
    if found is not None:
        return see_other(arrival.address_for(found))
    if staff_sign_in.nobody_yet(runtime()):
        return render_template("admin/sign_in_empty.html")
    return _sign_in_page(SignInForm(formdata=None))


@blueprint.post("/sign-in")
def give_password() -> Any:
    """Compare the password and go on to the second step."""
    form, before = SignInForm(), desk.visit_or_none()
    if not form.sent():
        return _sign_in_page(form), 422
    try:
        key = staff_sign_in.give_password(
            runtime(), form.email.data, form.password.data, arrival.browser(),
            replaces=before.session_id if before else None)
    except Refusal as refusal:
        form.refuse(refusal)
        return _sign_in_page(form), status_of(refusal)
    return arrival.opened(key)


@blueprint.get("/sign-in/code")
def sign_in_code() -> Any:
    """Ask for the code of the app."""
    return _ask(CODE_PAGE)


@blueprint.post("/sign-in/code")
def give_code() -> Any:
    """Compare the code and let the person in."""
    return _take(staff_sign_in.give_code, CODE_PAGE)


@blueprint.get("/sign-in/recovery-code")
def sign_in_recovery() -> Any:
    """Ask for a recovery code because the phone is not there."""
    return _ask(RECOVERY_PAGE)


@blueprint.post("/sign-in/recovery-code")
def give_recovery_code() -> Any:
    """Compare a recovery code and let the person in."""
    return _take(staff_sign_in.give_recovery_code, RECOVERY_PAGE)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session."""
    found = desk.visit_or_none()
    if found is not None:
        staff_sign_in.sign_out(runtime(), found)
    session.clear()
    return desk.forget(see_other(url_for("office.sign_in")))


def _between() -> StaffVisit | Response:
    """Give who stands between password and code; anybody else is shown to where they are."""
    found = desk.visit_or_none()
    if found is None:
        return desk.forget(see_other(url_for("office.sign_in")))
    if found.second_factor or not found.staff.has_second_factor:
        return see_other(arrival.address_for(found))
    desk.greet(found)
    return found


def _sign_in_page(form: SignInForm) -> str:
    return render_template("admin/sign_in.html", form=form)


def _ask(template: str) -> Any:
    found = _between()
    return _second_page(template, found, CodeForm(formdata=None)) if isinstance(found, StaffVisit) else found


def _take(compare: Callable[[Runtime, StaffVisit, str, Browser], SignedIn], template: str) -> Any:
    found, form = _between(), CodeForm()
    if not isinstance(found, StaffVisit):
        return found
    try:
        came = compare(runtime(), found, form.code.data or "", arrival.browser())
    except Refusal as refusal:
        form.refuse(refusal, "code")
        return _second_page(template, found, form), status_of(refusal)
    return arrival.opened(came.key, came.recovery_left)


def _second_page(template: str, found: StaffVisit, form: CodeForm) -> str:
    left = staff_attempts.codes_left(runtime(), found.staff.email)
    return render_template(template, form=form, email=found.staff.email, left=left)

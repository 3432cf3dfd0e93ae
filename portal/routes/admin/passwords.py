"""A forgotten password: a link by email, and the page behind it. The second factor is asked for as always."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from wtforms import PasswordField, StringField

from portal.domain.errors import Refusal
from portal.routes.admin import desk
from portal.routes.admin.desk import blueprint
from portal.routes.admin.forms import Filled, OfficeForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import staff_links
from portal.services.staff_links import Chooser
from portal.words.core import current
from portal.words.refusals import N_

CHOSEN = N_("Your new password is kept. Sign in with it.")


class AskForm(OfficeForm):
    """Whose password."""

    email = StringField(validators=[Filled(N_("Please enter your email address."))])


class NewPasswordForm(OfficeForm):
    """A new password, typed twice because it is not shown."""

    new = PasswordField(validators=[Filled(N_("Please enter a password."))])
    again = PasswordField()

    def agree(self) -> bool:
        """Say whether both are the same, and say so at the second when not."""
        if self.new.data == self.again.data:
            return True
        self.refuse(Refusal("invalid", "password_differs"), "again")
        return False


@blueprint.get("/forgotten-password")
def forgotten() -> str:
    """Ask for the address."""
    return render_template("admin/forgotten.html", form=AskForm(formdata=None))


@blueprint.post("/forgotten-password")
def send_password_link() -> Any:
    """Email a link if anybody has this address; the answer is the same for all."""
    form = AskForm()
    if not form.sent():
        return render_template("admin/forgotten.html", form=form), 422
    try:
        staff_links.ask(runtime(), form.email.data, desk.network())
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("admin/forgotten.html", form=form), status_of(refusal)
    return see_other(url_for("office.forgotten_sent"))


@blueprint.get("/forgotten-password/sent")
def forgotten_sent() -> str:
    """Say what happens now."""
    return render_template("admin/forgotten_sent.html")


@blueprint.get("/choose-password/<token>")
def choose_password(token: str) -> str:
    """Ask for the new password; looking uses the link up for nobody."""
    return _page(staff_links.look(runtime(), token), token, NewPasswordForm(formdata=None))


@blueprint.post("/choose-password/<token>")
def keep_password(token: str) -> Any:
    """Keep the new password."""
    chooser, form = staff_links.look(runtime(), token), NewPasswordForm()
    if not form.sent() or not form.agree():
        return _page(chooser, token, form), 422
    try:
        staff_links.choose(runtime(), token, form.new.data)
    except Refusal as refusal:
        if refusal.kind != "invalid":
            raise
        form.refuse(refusal, "new")
        return _page(chooser, token, form), status_of(refusal)
    flash(current().text(CHOSEN), "in")
    return desk.forget(see_other(url_for("office.sign_in")))


def _page(chooser: Chooser, token: str, form: NewPasswordForm) -> str:
    return render_template("admin/choose_password.html", form=form, email=chooser.email, token=token)

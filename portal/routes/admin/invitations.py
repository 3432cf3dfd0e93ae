"""The page behind an emailed invitation: a new account for who has none, the way to sign in for who has one."""

from __future__ import annotations

from typing import Any

from flask import render_template
from wtforms import StringField

from portal.domain.errors import Refusal
from portal.routes.admin import arrival, desk
from portal.routes.admin.desk import blueprint
from portal.routes.admin.forms import Filled
from portal.routes.admin.passwords import NewPasswordForm
from portal.routes.admin.shell import ROLE_WORDS
from portal.routes.shared.errors import status_of
from portal.routes.shared.runtime import runtime
from portal.services import staff_invitations
from portal.services.staff_invitations import InvitationView
from portal.words.refusals import N_


class JoinForm(NewPasswordForm):
    """A name and a password; the address is that of the invitation."""

    name = StringField(validators=[Filled(N_("Please enter your name."))])


@blueprint.get("/invitation/<token>")
def invitation(token: str) -> str:
    """Show who invites to what; looking uses the link up for nobody."""
    return _page(staff_invitations.look(runtime(), token), token, JoinForm(formdata=None))


@blueprint.post("/invitation/<token>")
def join(token: str) -> Any:
    """Make the account and go on to the second factor."""
    invited, form, before = staff_invitations.look(runtime(), token), JoinForm(), desk.visit_or_none()
    if not form.sent() or not form.agree():
        return _page(invited, token, form), 422
    try:
        key = staff_invitations.join(
            runtime(), token, name=form.name.data, password=form.new.data, browser=arrival.browser(),
            replaces=before.session_id if before else None)
    except Refusal as refusal:
        if refusal.kind != "invalid":
            raise
        form.refuse(refusal, "name" if refusal.code == "name_missing" else "new")
        return _page(invited, token, form), status_of(refusal)
    return arrival.opened(key)


def _page(invited: InvitationView, token: str, form: JoinForm) -> str:
    found = desk.visit_or_none()
    mine = found is not None and found.second_factor and found.staff.email == invited.email
    return render_template("admin/invitation.html", invited=invited, token=token, form=form, mine=mine,
                           role_words=ROLE_WORDS)

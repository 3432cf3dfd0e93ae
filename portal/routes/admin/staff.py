"""The people of a business, for its owners: who works here in which role, invitations, and the end of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import StringField

from portal.domain.errors import Refusal
from portal.domain.roles import ROLES
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import Filled, OfficeForm, ProvenForm
from portal.routes.admin.shell import ROLE_WORDS
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import staff_invitations, staff_team
from portal.services.staff_team import Member
from portal.words.core import current
from portal.words.refusals import N_

INVITED = N_("The invitation is on its way. It works for seven days.")
WITHDRAWN = N_("The invitation is taken back.")
ROLE_CHANGED = N_("The new role counts from the next click on.")
LEFT = N_("This person works here no more and is signed out.")
RESET = N_("The second factor is reset. The person is told by email and sets up a new one at the next sign-in.")
ROLE_HINTS = {
    "owner": N_("Everything, and who works here, the Stripe account and the end of things."),
    "manager": N_("Work with debtors, move money by hand, approve, import, export, erase data, set terms and brand, "
                  "read the audit."),
    "agent": N_("Work with debtors, and note money that came in."),
    "viewer": N_("See what is owed, what happened and the books; change nothing. No set-up, staff or audit."),
}


class InviteForm(ProvenForm):
    """Whom, and as what."""

    email = StringField(validators=[Filled(N_("Please enter their email address."))])
    role = StringField(default="agent")


class RoleForm(ProvenForm):
    """Another role."""

    role = StringField()


class EndForm(ProvenForm):
    """The end of somebody's work here."""


class ResetForm(ProvenForm):
    """A lost phone."""


@blueprint.get("/staff")
@guarded("staff")
def staff() -> str:
    """Show who works here and who is invited."""
    return _team_page(InviteForm(formdata=None))


@blueprint.post("/staff/invite")
@guarded("staff")
def invite() -> Any:
    """Invite somebody by email."""
    form = InviteForm()
    if not form.sent():
        return _team_page(form), 422
    try:
        staff_invitations.invite(runtime(), access(), form.email.data, form.role.data or "")
    except Refusal as refusal:
        form.refuse(refusal, "role" if refusal.code == "role_unknown" else "email")
        return _team_page(form), status_of(refusal)
    return _to_team(INVITED)


@blueprint.post("/staff/invitations/<invitation_id>/withdraw")
@guarded("staff")
def withdraw_invitation(invitation_id: str) -> Response:
    """Take an invitation back."""
    staff_invitations.withdraw(runtime(), access(), invitation_id)
    return _to_team(WITHDRAWN)


@blueprint.get("/staff/<staff_id>")
@guarded("staff")
def staff_member(staff_id: str) -> str:
    """Show one person and what can be decided about them."""
    return _person_page(_member(staff_id))


@blueprint.post("/staff/<staff_id>/role")
@guarded("staff")
def change_role(staff_id: str) -> Any:
    """Give a person another role."""
    form = RoleForm()
    return _decided(staff_id, form, "role", ROLE_CHANGED, lambda: staff_team.change_role(
        runtime(), access(), staff_id, form.role.data or ""))


@blueprint.post("/staff/<staff_id>/end")
@guarded("staff")
def end_membership(staff_id: str) -> Any:
    """Let a person work here no more."""
    return _decided(staff_id, EndForm(), "end", LEFT, lambda: staff_team.end_membership(
        runtime(), access(), staff_id))


@blueprint.post("/staff/<staff_id>/reset-second-factor")
@guarded("staff")
def reset_second_factor(staff_id: str) -> Any:
    """Take a colleague's second factor away because their phone is lost."""
    return _decided(staff_id, ResetForm(), "reset", RESET, lambda: staff_team.reset_second_factor(
        runtime(), access(), staff_id))


def _decided(staff_id: str, form: OfficeForm, name: str, said: str, act: Callable[[], None]) -> Any:
    person = _member(staff_id)
    if not form.sent():
        return _person_page(person, **{name: form}), 422
    try:
        act()
    except Refusal as refusal:
        form.refuse(refusal)
        return _person_page(person, **{name: form}), status_of(refusal)
    return _to_team(said)


def _member(staff_id: str) -> Member:
    return staff_team.member(runtime(), access(), staff_id)


def _team_page(form: InviteForm) -> str:
    rt = runtime()
    return render_template(
        "admin/staff.html", form=form, members=staff_team.members(rt, access()), role_words=ROLE_WORDS,
        roles=_roles(), invitations=staff_invitations.open_ones(rt, access()))


def _person_page(person: Member, *, role: OfficeForm | None = None, end: OfficeForm | None = None,
                 reset: OfficeForm | None = None) -> str:
    return render_template(
        "admin/staff_member.html", person=person, role_words=ROLE_WORDS, roles=_roles(),
        role=role or RoleForm(formdata=None, role=person.role), end=end or EndForm(formdata=None),
        reset=reset or ResetForm(formdata=None))


def _roles() -> list[tuple[str, str, str]]:
    said = current()
    return [(role, said.text(ROLE_WORDS[role]), said.text(ROLE_HINTS[role])) for role in ROLES]


def _to_team(said: str) -> Response:
    flash(current().text(said))
    return see_other(url_for("office.staff"))

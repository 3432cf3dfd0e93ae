"""Which business a person works for, among those they belong to and those that have invited them."""

from __future__ import annotations

from flask import render_template, url_for
from werkzeug.wrappers import Response

from portal.routes.admin import desk
from portal.routes.admin.desk import blueprint, signed_in
from portal.routes.admin.shell import ROLE_WORDS
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import first_run, staff_businesses, staff_invitations


@blueprint.get("/businesses")
@signed_in
def businesses() -> str:
    """Show the businesses to choose from, and invitations to others."""
    rt, visit = runtime(), desk.visit()
    return render_template(
        "admin/businesses.html", workplaces=staff_businesses.workplaces(rt, visit), role_words=ROLE_WORDS,
        invitations=staff_invitations.for_person(rt, visit), may_create=first_run.may_create(rt, visit))


@blueprint.post("/businesses/<business_id>")
@signed_in
def work_for(business_id: str) -> Response:
    """Work for one of them."""
    staff_businesses.work_for(runtime(), desk.visit(), business_id)
    return see_other(url_for("office.dashboard"))


@blueprint.post("/invitations/<invitation_id>/accept")
@signed_in
def accept_invitation(invitation_id: str) -> Response:
    """Accept an invitation as the person who is signed in."""
    staff_invitations.accept(runtime(), desk.visit(), invitation_id)
    return see_other(url_for("office.dashboard"))

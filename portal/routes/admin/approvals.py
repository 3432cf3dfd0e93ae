"""The second person's pages: what waits for a decision, and the one decision about it."""

from __future__ import annotations

from flask import flash, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import TextAreaField

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import OfficeForm, ProvenForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import approval_decisions
from portal.words import office_reasons
from portal.words.core import current
from portal.words.refusals import N_

APPROVED = N_("Approved and done.")
REFUSED = N_("Refused. Nothing was changed, and the person who asked is told.")
WITHDRAWN = N_("Taken back. Nothing was changed.")


class ApproveForm(ProvenForm):
    """Approving needs nothing but the proof that it is you."""


class RefuseForm(OfficeForm):
    """Refusing may say why."""

    note = TextAreaField()


@blueprint.app_template_filter("act_reason")
def act_reason(code: str) -> str:
    """Say why staff moved money by hand."""
    return office_reasons.reason(current(), code)


@blueprint.app_template_filter("act_word")
def act_word(code: str) -> str:
    """Say what kind of act waits for a second person, or how it was decided."""
    return current().text({**office_reasons.ACTS, **office_reasons.STATES}[code])


@blueprint.get("/approvals")
@guarded("see")
def approvals() -> str:
    """Show what waits for a second person, and what was decided lately."""
    rt, who = runtime(), access()
    return render_template("admin/approvals.html", waiting=approval_decisions.waiting(rt, who),
                           decided=approval_decisions.decided(rt, who), today=current().local_date(rt.now()))


@blueprint.get("/approvals/<approval_id>")
@guarded("see")
def approval(approval_id: str) -> str:
    """Show one act with its reason, what it would change, and the answers."""
    return _page(approval_id, ApproveForm(), RefuseForm())


@blueprint.post("/approvals/<approval_id>/approve")
@guarded("approve")
def approve(approval_id: str) -> Response | tuple[str, int]:
    """Approve it, which does it."""
    form = ApproveForm()
    approval_decisions.one(runtime(), access(), approval_id)
    if not form.sent():
        return _page(approval_id, form, RefuseForm(formdata=None)), 422
    try:
        approval_decisions.approve(runtime(), access(), approval_id)
    except Refusal as refusal:
        return _told(approval_id, refusal, form)
    flash(current().text(APPROVED))
    return see_other(url_for("office.approval", approval_id=approval_id))


@blueprint.post("/approvals/<approval_id>/refuse")
@guarded("approve")
def refuse_approval(approval_id: str) -> Response | tuple[str, int]:
    """Refuse it; nothing changes."""
    form = RefuseForm()
    try:
        approval_decisions.refuse(runtime(), access(), approval_id, form.note.data or "")
    except Refusal as refusal:
        return _told(approval_id, refusal, ApproveForm(formdata=None), form)
    flash(current().text(REFUSED))
    return see_other(url_for("office.approval", approval_id=approval_id))


@blueprint.post("/approvals/<approval_id>/withdraw")
@guarded("move_money")
def withdraw_approval(approval_id: str) -> Response | tuple[str, int]:
    """Take back what one asked for oneself."""
    try:
        approval_decisions.withdraw(runtime(), access(), approval_id)
    except Refusal as refusal:
        return _told(approval_id, refusal, ApproveForm(formdata=None))
    flash(current().text(WITHDRAWN))
    return see_other(url_for("office.approval", approval_id=approval_id))


def _told(approval_id: str, refusal: Refusal, form: ApproveForm,
          refuse_form: RefuseForm | None = None) -> tuple[str, int]:
    if refusal.kind == "not_found":
        raise refusal
    # The page shows how things stand now; the sentence says why nothing was done.
    form.refuse(refusal)
    return _page(approval_id, form, refuse_form or RefuseForm(formdata=None)), status_of(refusal)


def _page(approval_id: str, form: ApproveForm, refuse_form: RefuseForm) -> str:
    seen = approval_decisions.one(runtime(), access(), approval_id)
    why = current().refusal(seen.obstacle) if seen.obstacle else ""
    return render_template("admin/approval.html", approval=seen, form=form, refuse_form=refuse_form, why=why,
                           may_approve=access().may("approve"), today=current().local_date(runtime().now()))

"""Links for somebody else who pays: the debtor's page that makes and ends them."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal.domain.errors import Refusal
from portal.routes.debtor.choices import from_form
from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import account, pay_links
from portal.services.account import PayOptions
from portal.services.pay_links import MadeLink

JUST_MADE = "made_pay_link"


@blueprint.get("/pay-link")
@require_level(1)
def pay_link() -> str:
    """Offer to make a link, show the one just made (once), and list those that still work."""
    return _page(_options(), made=_just_made(), refusal=None)


@blueprint.post("/pay-link")
@require_level(1)
def make_pay_link() -> Any:
    """Make a link for what was chosen."""
    options = _options()
    payable = {part.currency: part for part in options.account.sums if part.acts.pay}
    try:
        chosen = from_form(request.form, current_visit().words, payable)
        session[JUST_MADE] = pay_links.make(runtime(), current_access(), chosen.choice)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _page(options, made=None, refusal=refusal), 422
    return see_other(url_for("debtor.pay_link"))


@blueprint.post("/pay-link/<link_id>/revoke")
@require_level(1)
def revoke_pay_link(link_id: str) -> Response:
    """End a link at once."""
    pay_links.revoke(runtime(), current_access(), link_id)
    return see_other(url_for("debtor.pay_link"))


def _just_made() -> MadeLink | None:
    public_id = session.pop(JUST_MADE, None)
    try:
        return pay_links.made(runtime(), current_access(), str(public_id)) if public_id else None
    except Refusal:
        # Made on another debtor's page in this browser, or ended since.
        return None


def _options() -> PayOptions:
    visit = current_visit()
    today = visit.words.local_date(runtime().now())
    return account.pay_options(runtime(), visit.access, visit.business.currency, today)


def _page(options: PayOptions, *, made: MadeLink | None, refusal: Refusal | None) -> str:
    return render_template(
        "debtor/pay_link.html", options=options, account=options.account, made=made, refusal=refusal,
        typed=request.form, standing=pay_links.standing(runtime(), current_access()))

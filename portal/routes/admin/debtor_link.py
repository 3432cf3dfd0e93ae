"""Handing out links to a debtor's page: by email, to copy, with a code read out on the phone; and ending them."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_links
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_


@blueprint.get("/debtors/<debtor_id>/links")
@guarded("work")
def debtor_link(debtor_id: str) -> str:
    """Show the links that stand and the ways to hand one out."""
    return _page(debtor_id)


@blueprint.post("/debtors/<debtor_id>/links/send")
@guarded("work")
def send_link(debtor_id: str) -> Response:
    """Email a fresh link."""
    sent = debtor_links.send(runtime(), access(), debtor_id, request.form.get("nonce", ""))
    said = current()
    if sent.state == "skipped":
        why = happenings.MESSAGE_REASONS.get(sent.reason, "")
        flash(said.text(N_("Not sent.")) + (" " + said.text(why) if why else ""), "wait")
    else:
        flash(said.text(N_("The link is on its way by email.")))
    return see_other(url_for("office.debtor", debtor_id=debtor_id))


@blueprint.post("/debtors/<debtor_id>/links/copy")
@guarded("work")
def copy_link(debtor_id: str) -> str:
    """Make a link and show its address."""
    address = debtor_links.copy(runtime(), access(), debtor_id, request.form.get("nonce", ""))
    return _page(debtor_id, address=address)


@blueprint.post("/debtors/<debtor_id>/links/code")
@guarded("work")
def read_out_code(debtor_id: str) -> str:
    """Make a code and show it for reading out."""
    return _page(debtor_id, code=debtor_links.read_code(runtime(), access(), debtor_id))


@blueprint.post("/debtors/<debtor_id>/links/end")
@guarded("work")
def end_links(debtor_id: str) -> Response:
    """End all links."""
    return _ended(debtor_id, debtor_links.end(runtime(), access(), debtor_id))


@blueprint.post("/debtors/<debtor_id>/links/<link_id>/end")
@guarded("work")
def end_link(debtor_id: str, link_id: str) -> Response:
    """End one link."""
    return _ended(debtor_id, debtor_links.end(runtime(), access(), debtor_id, link_id))


def _ended(debtor_id: str, count: int) -> Response:
    flash(current().plural("%(n)s link ended, with every page opened by it.",
                           "%(n)s links ended, with every page opened by them.", count))
    return see_other(url_for("office.debtor_link", debtor_id=debtor_id))


def _page(debtor_id: str, *, address: str = "", code: str = "") -> str:
    return render_template("admin/debtor_link.html", desk=debtor_links.desk(runtime(), access(), debtor_id),
                           debtor_id=debtor_id, address=address, code=code)

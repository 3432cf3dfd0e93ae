"""One search over debtors, invoices and payments, from the field at the top of every page."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from portal.routes.admin import lists
from portal.routes.admin.desk import blueprint, guarded
from portal.routes.shared.frame import see_other
from portal.services.lists.registry import LISTS

SEARCHED = ("debtors", "invoices", "payments")
SHOWN = 8


@blueprint.get("/search")
@guarded("see")
def search() -> Any:
    """Show what was found, some of each kind; the whole of each is one press away."""
    typed = request.args.get("q", "").strip()
    if not typed:
        return see_other(url_for("office.debtors"))
    views = [lists.look(LISTS[name], {"q": typed, **({"state": "all"} if name == "invoices" else {})})
             for name in SEARCHED]
    wrong = next((view.error("q") for view in views if view.error("q")), "")
    return render_template("admin/search.html", views=views, typed=typed, shown=SHOWN, wrong=wrong), (
        422 if wrong else 200)

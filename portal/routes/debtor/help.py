"""Help: the ways that lead to a person."""

from __future__ import annotations

from flask import render_template

from portal.routes.debtor.door import blueprint
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import settlements


@blueprint.get("/help")
@require_level(1)
def help() -> str:
    """Show the kinds of help and whom to reach."""
    return render_template("debtor/help.html", debtor=current_visit().debtor,
                           settles=settlements.is_offered(runtime(), current_access()))


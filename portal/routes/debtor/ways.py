"""All ways out on one page: what each costs in all, until when, what it saves, and what is lost when it is missed."""

from __future__ import annotations

from flask import render_template

from portal.routes.debtor.door import blueprint
from portal.routes.shared.guard import current_access, require_level
from portal.routes.shared.runtime import runtime
from portal.services import ways as service


@blueprint.get("/ways")
@require_level(1)
def ways() -> str:
    """Show the ways that are open now, side by side."""
    return render_template("debtor/ways.html", found=service.side_by_side(runtime(), current_access()))

"""Help: the ways that lead to a person. Pages that are not there yet say plainly how to reach the business."""

from __future__ import annotations

from flask import render_template

from portal.routes.debtor.door import blueprint
from portal.routes.shared.guard import current_visit, require_level


@blueprint.get("/help")
@require_level(1)
def help() -> str:
    """Show the kinds of help and whom to reach."""
    return render_template("debtor/help.html", debtor=current_visit().debtor)


@blueprint.get("/plan")
@require_level(1)
def plan() -> str:
    """Say how paying over time is agreed here: with a person."""
    return render_template("debtor/plan.html", debtor=current_visit().debtor)

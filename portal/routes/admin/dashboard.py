"""The first page of the office: what to do now, and how things stand."""

from __future__ import annotations

from flask import render_template

from portal.routes.admin.desk import blueprint, guarded


@blueprint.get("/")
@guarded("see")
def dashboard() -> str:
    """Show whom to call, what waits, and the figures."""
    return render_template("admin/dashboard.html")

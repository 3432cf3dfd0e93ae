"""Taking a list out as a file: exactly the rows its address shows."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, send_file
from wtforms import RadioField

from portal.domain.errors import Refusal
from portal.domain.listing import EXPORT_MOST
from portal.routes.admin import lists
from portal.routes.admin.desk import access, blueprint, guarded, visit
from portal.routes.admin.forms import ProvenForm
from portal.routes.shared import errors
from portal.routes.shared.runtime import runtime
from portal.services.lists import exports
from portal.services.lists.registry import named
from portal.words.core import current


class ExportForm(ProvenForm):
    """Which kind of file."""

    file_format = RadioField(choices=exports.FORMATS, default="csv", validate_choice=False)


@blueprint.get("/exports/<list_name>")
@guarded("export")
def export(list_name: str) -> Any:
    """Ask which kind of file, and that it is really you: a file leaves the house."""
    view = lists.look(named(list_name))
    return _page(view, ExportForm()), 200 if view.shown else 422


@blueprint.post("/exports/<list_name>")
@guarded("export")
def make_export(list_name: str) -> Any:
    """Hand the file over."""
    view, form, business = lists.look(named(list_name)), ExportForm(), visit().business
    assert business is not None
    status = 422
    if view.shown and form.sent():
        try:
            made = exports.export(runtime(), access(), business.currency, current(), view.wanted,
                                  request.args.to_dict(), form.file_format.data or "")
            return _file(made)
        except Refusal as refusal:
            if refusal.kind in ("not_found", "not_allowed"):
                raise
            form.refuse(refusal, "file_format" if refusal.code == "unknown_format" else "")
            status = errors.status_of(refusal)
    return _page(view, form), status


def _file(made: exports.Export) -> Response:
    response = send_file(made.content, mimetype=made.media_type, as_attachment=True, download_name=made.name,
                         etag=False)
    response.headers["Content-Security-Policy"] = lists.NOTHING_RUNS
    return response


def _page(view: lists.ListPage, form: ExportForm) -> str:
    return render_template("admin/export.html", view=view, form=form, most=EXPORT_MOST)

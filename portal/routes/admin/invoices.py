"""The list of invoices, and one invoice with all that belongs to it."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, render_template, send_file

from portal.routes.admin import lists
from portal.routes.admin.desk import access, blueprint, guarded, visit
from portal.routes.shared.runtime import runtime
from portal.services.lists import invoice_page
from portal.services.lists.registry import LISTS
from portal.words.core import current


@blueprint.get("/invoices")
@guarded("see")
def invoices() -> Any:
    """Show what is open, the oldest first, or as the address asks."""
    return lists.page(LISTS["invoices"])


@blueprint.get("/invoices/<invoice_id>")
@guarded("see")
def invoice(invoice_id: str) -> str:
    """Show one invoice."""
    business = visit().business
    assert business is not None
    page = invoice_page.page(runtime(), access(), business.currency, current(), invoice_id)
    return render_template("admin/invoice.html", page=page)


@blueprint.get("/invoices/<invoice_id>/documents/<file_id>")
@guarded("see")
def invoice_document(invoice_id: str, file_id: str) -> Response:
    """Give a document of an invoice for saving, never for showing inside our pages."""
    made = invoice_page.paper(runtime(), access(), invoice_id, file_id)
    response = send_file(
        io.BytesIO(made.content), mimetype=made.media_type, as_attachment=True, download_name=made.name, etag=False)
    response.headers["Content-Security-Policy"] = lists.NOTHING_RUNS
    return response

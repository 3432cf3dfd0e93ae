"""Papers to take along. Each is handed over as a file to save, never as a page that could run something."""

from __future__ import annotations

import io

from flask import send_file
from werkzeug.wrappers import Response

from portal.routes.debtor.door import blueprint
from portal.routes.shared.guard import current_access, require_level
from portal.routes.shared.runtime import runtime
from portal.services import documents, paid_letters
from portal.services.documents import Document

NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"


@blueprint.get("/payments/<payment_id>/receipt.pdf")
@require_level(1)
def receipt(payment_id: str) -> Response:
    """Hand over the receipt of a payment that has arrived."""
    return handed_over(documents.receipt(runtime(), current_access(), payment_id))


@blueprint.get("/statement.pdf")
@require_level(1)
def statement() -> Response:
    """Hand over the statement of the account as of now."""
    return handed_over(documents.statement(runtime(), current_access()))


@blueprint.get("/paid-in-full.pdf")
@require_level(1)
def paid_in_full() -> Response:
    """Hand over the letter about everything that is settled."""
    return handed_over(paid_letters.paid_in_full(runtime(), current_access()))


@blueprint.get("/invoices/<invoice_id>.pdf")
@require_level(1)
def invoice_pdf(invoice_id: str) -> Response:
    """Hand over a copy of an invoice."""
    return handed_over(documents.invoice(runtime(), current_access(), invoice_id))


@blueprint.get("/invoices/<invoice_id>/documents/<document_id>")
@require_level(1)
def document(invoice_id: str, document_id: str) -> Response:
    """Hand over a file that came with an invoice."""
    return handed_over(documents.stored(runtime(), current_access(), invoice_id, document_id))


def handed_over(found: Document) -> Response:
    """Give a file to save; nothing in it can run."""
    response = send_file(
        io.BytesIO(found.content), mimetype=found.media_type, as_attachment=True, download_name=found.name, etag=False)
    response.headers["Content-Security-Policy"] = NOTHING_RUNS
    return response

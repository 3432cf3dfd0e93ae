"""What a debtor signed, as the PDF both sides have."""

from __future__ import annotations

from werkzeug.wrappers import Response

from portal.routes.admin.debtor import saved
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import agreement_papers


@blueprint.get("/agreements/<agreement_id>")
@guarded("work")
def agreement_pdf(agreement_id: str) -> Response:
    """Give the PDF of an agreement for saving, always the same bytes."""
    return saved(agreement_papers.for_staff(runtime(), access(), agreement_id))

"""The file that came with "I already paid", for those who look for the money."""

from __future__ import annotations

from werkzeug.wrappers import Response

from portal.routes.admin.debtor import saved
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import claim_proofs


@blueprint.get("/claims/<claim_id>/proof")
@guarded("work")
def claim_proof(claim_id: str) -> Response:
    """Give the file for saving, never for showing inside our pages."""
    return saved(claim_proofs.for_staff(runtime(), access(), claim_id))

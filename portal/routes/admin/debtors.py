"""The list of debtors; a debtor's own page is in debtor.py."""

from __future__ import annotations

from typing import Any

from portal.routes.admin import lists
from portal.routes.admin.desk import blueprint, guarded
from portal.services.lists.registry import LISTS


@blueprint.get("/debtors")
@guarded("see")
def debtors() -> Any:
    """Show who owes, by name or by how much."""
    return lists.page(LISTS["debtors"])

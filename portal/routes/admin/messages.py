"""The list of messages, and one message as it was or will be sent."""

from __future__ import annotations

from typing import Any

from flask import render_template

from portal.routes.admin import lists
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services.lists import message_page
from portal.services.lists.registry import LISTS
from portal.words.core import current


@blueprint.get("/messages")
@guarded("see")
def messages() -> Any:
    """Show what was written to debtors, the newest first."""
    return lists.page(LISTS["messages"])


@blueprint.get("/messages/<message_id>")
@guarded("see")
def message(message_id: str) -> str:
    """Show one message: its exact text, and why it left, waits or did not leave."""
    return render_template("admin/message.html", page=message_page.page(runtime(), access(), current(), message_id))

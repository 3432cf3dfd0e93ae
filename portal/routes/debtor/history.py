"""What has happened on the account: every payment, refund, fee and credit, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import render_template, request

from portal.domain.errors import Refusal
from portal.routes.debtor.door import blueprint
from portal.routes.shared.guard import current_access, require_level
from portal.routes.shared.runtime import runtime
from portal.services import history as service

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 17


@blueprint.get("/history")
@require_level(1)
def history() -> str:
    """Show the newest entries, or those before a moment."""
    text = request.args.get("before", "")
    before = _moment(text) if text else None
    page = service.history(runtime(), current_access(), before)
    return render_template(
        "debtor/history.html", history=page, newest=before is None,
        earlier=None if page.earlier is None else (page.earlier - EPOCH) // timedelta(microseconds=1))


def _moment(text: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
        raise Refusal("not_found", "unknown_page")
    try:
        return EPOCH + timedelta(microseconds=int(text))
    except OverflowError as far:
        raise Refusal("not_found", "unknown_page") from far

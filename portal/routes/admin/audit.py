"""The audit page: every act, who did it and what it changed, with filters that make an address."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from portal.domain.listing import read_day
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import audit_pages
from portal.services.audit_pages import KINDS, Asked, Event
from portal.words import office_audit, office_books
from portal.words.core import current
from portal.words.refusals import N_

NAMES = ("who", "act", "debtor", "from", "to")
PAGES = {"approval": ("office.approval", "approval_id"), "transfer": ("office.transfer", "transfer_id"),
         "payment": ("office.payment", "payment_id"), "invoice": ("office.invoice", "invoice_id"),
         "message": ("office.message", "message_id")}


@blueprint.app_template_filter("audit_act")
def audit_act(code: str) -> str:
    """Say what was done."""
    return office_audit.act(current(), code)


@blueprint.app_template_global("audit_told")
def audit_told(event: Event) -> list[tuple[str, str]]:
    """Tell what was noted with an act, what says nothing to a reader left out."""
    words, currency = current(), str(event.details.get("currency") or "")
    return [(office_audit.field(words, name), office_audit.value(words, name, noted, currency))
            for name, noted in event.details.items()
            if name not in (*office_audit.UNTOLD, "currency") and noted not in (0, "", None)]


@blueprint.app_template_global("audit_changes")
def audit_changes(event: Event) -> list[tuple[str, str, str]]:
    """Tell each changed field with before and after; personal ones by their name alone."""
    words = current()
    return [(office_audit.field(words, one.field) if one.field else "",
             "" if one.before is None and one.after is None else office_audit.value(words, one.field, one.before),
             "" if one.before is None and one.after is None else office_audit.value(words, one.field, one.after))
            for one in event.changes]


@blueprint.app_template_global("audit_target")
def audit_target(event: Event) -> tuple[str, str]:
    """Name what was acted on, and where its page is."""
    where = PAGES.get(event.target_kind)
    named: dict[str, Any] = {where[1]: event.target_id} if where else {}
    href = url_for(where[0], **named) if where and _exists(where[0]) else ""
    return office_audit.target(current(), event.target_kind), href


@blueprint.get("/audit")
@guarded("see_audit")
def audit() -> str:
    """Show what was done, the newest first."""
    typed = {name: request.args.get(name, "").strip() for name in NAMES}
    first, last = (read_day(typed[name]) if typed[name] else None for name in ("from", "to"))
    asked = Asked(typed["who"], typed["act"], typed["debtor"], first, last)
    page = audit_pages.page(runtime(), access(), asked, request.args.get("after", "")[:700])
    words = current()
    who = [("", words.text(N_("everybody"))), *page.people,
           *((kind, office_books.actor(words, kind)) for kind in KINDS)]
    acts = sorted(((code, office_audit.act(words, code)) for code in office_audit.known()), key=lambda one: one[1])
    return render_template("admin/audit.html", page=page, typed=typed, who=who,
                           acts=[("", words.text(N_("all acts"))), *acts],
                           query={name: value for name, value in typed.items() if value})


def _exists(endpoint: str) -> bool:
    from portal.routes.admin.shell import shell

    return shell().has(endpoint)

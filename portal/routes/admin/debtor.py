"""A debtor's page: balance, invoices, holds, what comes next, their questions and one timeline of everything."""

from __future__ import annotations

import io
from typing import Any

from flask import render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from portal.domain.access import KNOWN, Access
from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import debtor_desk, debtor_page, documents, hand_overs, timeline
from portal.services.documents import Document
from portal.services.timeline.entry import GROUPS
from portal.words import calls, happenings, learning
from portal.words.core import current
from portal.words.refusals import N_

NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
TERMS_WORDS = {
    "too_few": N_("Too few paid invoices to say."),
    "keep": N_("They pay about as agreed. Nothing to change."),
    "shorter": N_("Often late: a shorter time to pay, %(days)s days."),
    "in_advance": N_("Mostly late: half in advance, the rest in %(days)s days."),
    "longer": N_("Always on time: %(days)s days are safe, if they would like that."),
}


@blueprint.get("/debtors/<debtor_id>")
@guarded("see")
def debtor(debtor_id: str) -> str:
    """Show the page; `show`, `before` and `invoices` in its address make a view that can be sent to a colleague."""
    group, before = request.args.get("show", ""), request.args.get("before", "")
    if (group and group not in GROUPS) or (before and not timeline.is_mark(before)):
        raise Refusal("not_found", "unknown_page")
    page = debtor_page.page(runtime(), access(), debtor_id, group=group, before=before,
                            all_invoices=request.args.get("invoices") == "all")
    return render_template("admin/debtor.html", page=page, groups=_groups(page, debtor_id), shown=happenings,
                           terms_words=_terms(page), call=_call(page), learned=learning,
                           hand_overs=hand_overs.standing(runtime(), access(), debtor_id))


@blueprint.get("/debtors/<debtor_id>/statement.pdf")
@guarded("see")
def debtor_statement(debtor_id: str) -> Response:
    """Give the statement as the debtor gets it."""
    rt = runtime()
    whose = debtor_desk.id_of(rt, access(), debtor_id)
    return saved(documents.statement(rt, Access(access().business_id, whose, 0, "", KNOWN)))


def saved(made: Document) -> Response:
    """Hand a file over for saving, never for showing inside our pages."""
    response = send_file(
        io.BytesIO(made.content), mimetype=made.media_type, as_attachment=True, download_name=made.name, etag=False)
    response.headers["Content-Security-Policy"] = NOTHING_RUNS
    return response


def _groups(page: debtor_page.Page, debtor_id: str) -> list[tuple[str, str, bool]]:
    """The chips over the timeline: a word with its count, where it leads, and whether it is chosen."""
    said, counts = current(), page.timeline.counts

    def address(group: str) -> str:
        values: dict[str, Any] = {"show": group} if group else {}
        return url_for("office.debtor", debtor_id=debtor_id, _anchor="h-tl", **values)

    chips = [(said.text(N_("All %(n)s"), n=said.number(page.timeline.total)), address(""),
              not page.timeline.chosen)]
    for group, text in GROUPS.items():
        if counts[group] or group == page.timeline.chosen:
            chips.append((f"{said.text(text)} {said.number(counts[group])}", address(group),
                          group == page.timeline.chosen))
    return chips


def _call(page: debtor_page.Page) -> tuple[str, str, str] | None:
    """Why to call today: the first reason, what else is known, and how such a call may begin."""
    if not page.call_reasons:
        return None
    said, (code, values) = current(), page.call_reasons[0]
    return (calls.lead(said, code, values, page.call_currency), calls.more(said, page.call_reasons[1:]),
            calls.advice(said, code))


def _terms(page: debtor_page.Page) -> str:
    text = TERMS_WORDS[page.terms.code]
    return current().text(text, days=page.terms.days) if "%(days)s" in text else current().text(text)

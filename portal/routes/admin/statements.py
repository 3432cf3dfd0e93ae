"""Statements: parts of the books as files for the accountant, and a debtor's account as it stood on a day."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from flask import render_template, request, send_file
from wtforms import RadioField, StringField
from wtforms.validators import Length

from portal.domain.errors import Refusal
from portal.domain.listing import read_day
from portal.routes.admin import lists
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import ProvenForm
from portal.routes.admin.nonces import DayField
from portal.routes.shared import errors
from portal.routes.shared.runtime import runtime
from portal.services import statement_as_of, statement_files
from portal.services.lists import exports
from portal.services.statement_files import Wanted
from portal.words import office_books
from portal.words.core import current
from portal.words.refusals import N_

KINDS = {
    "transfers": (N_("All transfers of a time"), N_("every entry with both accounts; what an accountant asks for")),
    "trial-balance": (N_("Trial balance"), N_("what lay on each account at the end of the last day")),
    "account": (N_("One account"), N_("brought forward, each entry, and what lay on it after")),
}
AT = {"unknown_format": "kind", "period_missing": "first", "period_backwards": "last", "unknown_page": "account",
      "list_day": "first"}


class StatementForm(ProvenForm):
    """Which part of the books, as which kind of file."""

    kind = RadioField(choices=statement_files.KINDS, default="transfers", validate_choice=False)
    account = StringField(validators=[Length(max=80)])
    first = DayField()
    last = DayField()
    file_format = RadioField(choices=exports.FORMATS, default="csv", validate_choice=False)


@blueprint.get("/ledger/statements")
@guarded("export")
def statements() -> Any:
    """Ask which part of the books, and that it is really you: a file leaves the house."""
    form = StatementForm()
    today = current().local_date(runtime().now())
    form.first.data, form.last.data = today.replace(month=1, day=1).isoformat(), today.isoformat()
    form.account.data = request.args.get("account", "")[:80]
    form.kind.data = "account" if form.account.data else "transfers"
    return _page(form)


@blueprint.post("/ledger/statements")
@guarded("export")
def make_statement() -> Any:
    """Hand the file over."""
    form, status = StatementForm(), 422
    if form.sent():
        kind = form.kind.data or ""
        wanted = Wanted(kind, form.file_format.data or "", form.first.day if kind != "trial-balance" else None,
                        form.last.day, (form.account.data or "").strip() if kind == "account" else "")
        try:
            made = statement_files.take_out(runtime(), access(), current(), wanted)
        except Refusal as refusal:
            if refusal.kind == "not_allowed":
                raise
            form.refuse(refusal, AT.get(refusal.code, ""))
            status = errors.status_of(refusal)
        else:
            answer = send_file(made.content, mimetype=made.media_type, as_attachment=True, download_name=made.name,
                               etag=False)
            answer.headers["Content-Security-Policy"] = lists.NOTHING_RUNS
            return answer
    return _page(form), status


@blueprint.get("/debtors/<debtor_id>/as-of")
@guarded("see")
def debtor_as_of(debtor_id: str) -> str:
    """Show a debtor's account as it stood at the end of a day."""
    return render_template("admin/debtor_as_of.html",
                           page=statement_as_of.as_of(runtime(), access(), debtor_id, _day()))


@blueprint.get("/debtors/<debtor_id>/as-of.pdf")
@guarded("see")
def debtor_as_of_pdf(debtor_id: str) -> Any:
    """Give the same on paper, in the debtor's language."""
    made = statement_as_of.paper(runtime(), access(), debtor_id, _day())
    answer = send_file(io.BytesIO(made.content), mimetype=made.media_type, as_attachment=True,
                       download_name=made.name)
    answer.headers["Content-Security-Policy"] = lists.NOTHING_RUNS
    return answer


def _day() -> date | None:
    typed = request.args.get("on", "").strip()
    return read_day(typed) if typed else None


def _page(form: StatementForm) -> str:
    said = current()
    named = [(name, f"{office_books.account(said, name.partition('-')[0])}, {name[-3:]}")
             for name in statement_files.accounts(runtime(), access())]
    known = {name for name, _ in named}
    if form.account.data and form.account.data not in known:
        named.append((form.account.data, form.account.data))
    return render_template(
        "admin/statements.html", form=form, accounts=named,
        kinds=[(code, said.text(label), said.text(hint)) for code, (label, hint) in KINDS.items()])

"""Letters on paper: the print queue, one file of all that waits, what was printed or dropped, and a letter by hand."""

from __future__ import annotations

import io
from typing import Any

from flask import flash, render_template, request, send_file, url_for
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import OfficeForm
from portal.routes.admin.nonces import Known, OnceForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_money, letter_desk
from portal.services.paper_letters import WAITING
from portal.words import happenings
from portal.words.core import current
from portal.words.refusals import N_

PDF = "application/pdf"
NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
AT = {"nothing_chosen": "invoices", "unknown_invoice": "invoices", "letter_nothing_open": "invoices",
      "letter_still_open": "invoices", "unknown_reason": "kind"}


class PrintedForm(OfficeForm):
    """Which letters came out of the printer."""

    letters = SelectMultipleField(validate_choice=False, choices=[])


class LetterForm(OnceForm):
    """Which letter to write, about what."""

    kind = StringField(validators=[Known(*letter_desk.HAND_KINDS)], default="friendly")
    invoices = SelectMultipleField(validate_choice=False, choices=[])


@blueprint.get("/letters")
@guarded("see")
def letters() -> str:
    """Show what waits for the printer, or what was printed or dropped."""
    return _page(request.args.get("show", WAITING), PrintedForm(formdata=None))


@blueprint.post("/letters/print")
@guarded("work")
def print_letters() -> Any:
    """Make what waits ready and give it as one file."""
    form = PrintedForm()
    try:
        stack = letter_desk.print_waiting(runtime(), access())
    except Refusal as refusal:
        if refusal.kind == "not_allowed":
            raise
        form.refuse(refusal)
        return _page(WAITING, form), status_of(refusal)
    return _file(stack.content, current().text(N_("letters.pdf")))


@blueprint.post("/letters/printed")
@guarded("work")
def letters_printed() -> Any:
    """Note what came out of the printer."""
    form = PrintedForm()
    if form.sent() and form.does(lambda: letter_desk.note_printed(
            runtime(), access(), tuple(form.letters.data or ())), at={"nothing_chosen": "letters"}):
        flash(current().plural("%(n)s letter noted as printed.", "%(n)s letters noted as printed.", form.outcome))
        return see_other(url_for("office.letters"))
    return _page(WAITING, form), form.status


@blueprint.post("/letters/<letter_id>/drop")
@guarded("work")
def drop_letter(letter_id: str) -> Response:
    """Take a letter out of the queue."""
    letter_desk.drop(runtime(), access(), letter_id)
    flash(current().text(N_("Taken out of the queue.")))
    return see_other(url_for("office.letters"))


@blueprint.get("/letters/<letter_id>.pdf")
@guarded("see")
def letter_pdf(letter_id: str) -> Response:
    """Give one letter again, with the same text."""
    sheet = letter_desk.again(runtime(), access(), letter_id)
    return _file(sheet.content, sheet.file_name)


@blueprint.get("/debtors/<debtor_id>/letter")
@guarded("work")
def debtor_letter(debtor_id: str) -> str:
    """Show the form for a letter by hand."""
    return _letter_page(debtor_id, LetterForm())


@blueprint.post("/debtors/<debtor_id>/letter")
@guarded("work")
def write_letter(debtor_id: str) -> Any:
    """Put a letter into the queue."""
    form = LetterForm()
    if form.sent() and form.does(lambda: letter_desk.write(
            runtime(), access(), debtor_id, form.kind.data or "", tuple(form.invoices.data or ()),
            form.nonce.data or ""), at=AT):
        flash(current().text(N_("The letter waits for the printer.")))
        return see_other(url_for("office.letters"))
    return _letter_page(debtor_id, form), form.status


def _file(content: bytes, name: str) -> Response:
    answer = send_file(io.BytesIO(content), mimetype=PDF, as_attachment=True, download_name=name)
    answer.headers["Content-Security-Policy"] = NOTHING_RUNS
    return answer


def _page(state: str, form: PrintedForm) -> str:
    said = current()
    shown = (("waiting", N_("Waiting")), ("printed", N_("Printed")), ("dropped", N_("Not printed")))
    return render_template(
        "admin/letters.html", form=form, state=state, rows=letter_desk.queue(runtime(), access(), state),
        chips=[(said.text(text), url_for("office.letters", show=code), code == state) for code, text in shown],
        kinds=happenings.LETTER_KINDS, reasons=happenings.LETTER_REASONS, shown=letter_desk.SHOWN,
        most=letter_desk.MOST_AT_ONCE)


def _letter_page(debtor_id: str, form: LetterForm) -> str:
    said = current()
    return render_template(
        "admin/debtor_letter.html", form=form, choice=letter_desk.choice(runtime(), access(), debtor_id),
        counter=debtor_money.counter(runtime(), access(), debtor_id),
        kinds=[(code, said.text(happenings.LETTER_KINDS[code])) for code in letter_desk.HAND_KINDS])

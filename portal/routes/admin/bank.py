"""Bank statements: send a file, look at how it was read, take it in; say yes to many lines; take an answer back."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain.bank_lines import FIELDS, Reading
from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import bank_lines, bank_statements
from portal.services.bank_statements import Checked
from portal.words import bank as words
from portal.words.core import current
from portal.words.refusals import N_

MOST_COLUMNS = 60


@blueprint.app_template_global("bank_reasons")
def bank_reasons(codes: tuple[str, ...]) -> str:
    """Say why a line may be somebody's."""
    return words.reasons(current(), codes)


@blueprint.app_template_global("bank_level")
def bank_level(level: str) -> tuple[str, str]:
    """Word how sure a suggestion is, with the kind of its mark."""
    text, kind = words.LEVELS[level]
    return current().text(text), kind


@blueprint.get("/bank")
@guarded("see")
def bank() -> str:
    """Show what came in and is not matched, or what was matched, set aside or went out."""
    return _page(request.args.get("show", "waiting"))


@blueprint.post("/bank")
@guarded("record_money")
def check_bank() -> Any:
    """Read a file that was sent and show what it would add."""
    sent = request.files.get("file")
    try:
        checked = bank_statements.check(runtime(), access(), sent.read() if sent else b"")
    except Refusal as refusal:
        return _page("waiting", words.refused(current(), refusal)), status_of(refusal)
    return _check_page(checked, Reading())


@blueprint.post("/bank/columns")
@guarded("record_money")
def check_bank_again() -> Any:
    """Read the kept file once more with the columns that were chosen."""
    try:
        reading = _reading()
        return _check_page(bank_statements.check_again(runtime(), access(), _kept(), reading), reading)
    except Refusal as refusal:
        return _page("waiting", words.refused(current(), refusal)), status_of(refusal)


@blueprint.post("/bank/take-in")
@guarded("record_money")
def take_in_bank() -> Any:
    """Store what is new of the kept file."""
    try:
        reading = _reading()
        done = bank_statements.take_in(runtime(), access(), _kept(), reading)
    except Refusal as refusal:
        return _page("waiting", words.refused(current(), refusal)), status_of(refusal)
    if isinstance(done, Checked):
        return _check_page(done, reading)[0], 409
    said = current()
    flash(said.plural("Taken in: %(n)s new line.", "Taken in: %(n)s new lines.", done.new) if done.new
          else said.text(N_("Every line of this file was here already. Nothing was added.")),
          "in" if done.new else "wait")
    return see_other(url_for("office.bank"))


@blueprint.post("/bank/confirm")
@guarded("record_money")
def confirm_bank() -> Any:
    """Say yes to the suggestions of the lines that were ticked."""
    picked = [(line, pick) for line, _, pick in (one.partition(" ") for one in request.form.getlist("pick"))]
    try:
        done = bank_lines.confirm_many(runtime(), access(), picked)
    except Refusal as refusal:
        if refusal.kind == "not_allowed":
            raise
        return _page("waiting", current().refusal(refusal)), status_of(refusal)
    flash(current().plural("%(n)s line booked.", "%(n)s lines booked.", done.done), "in" if done.done else "wait")
    if done.left:
        flash(current().plural(
            "%(n)s line could not be done; somebody may have been faster.",
            "%(n)s lines could not be done; somebody may have been faster.", done.left), "wait")
    return see_other(url_for("office.bank"))


@blueprint.post("/bank/lines/<line_id>/undo")
@guarded("record_money")
def undo_bank(line_id: str) -> Any:
    """Take the answer to a line back."""
    try:
        bank_lines.undo(runtime(), access(), line_id)
    except Refusal as refusal:
        if refusal.kind in ("not_found", "not_allowed"):
            raise
        return _page("matched", current().refusal(refusal)), status_of(refusal)
    flash(current().text(N_("Taken back. The line waits anew; what it had paid is owed again.")))
    return see_other(url_for("office.bank"))


def _kept() -> str:
    return request.form.get("kept", "")


def _reading() -> Reading:
    """Which column becomes what; a field chosen twice counts once."""
    mapping: dict[str, str] = {}
    for place in range(MOST_COLUMNS):
        becomes = request.form.get(f"becomes-{place}")
        if becomes in FIELDS:
            mapping[becomes] = request.form.get(f"column-{place}", "")
    return Reading(mapping, *(request.form.get(name, "") for name in ("date_order", "decimal", "delimiter")))


def _page(state: str, said: str = "") -> str:
    state = state if state in words.STATES else "waiting"
    with runtime().db.reading() as session:
        shown = bank_lines.listed(session, access(), state)
        sums = bank_lines.waiting_sums(session, access())
        earlier = bank_statements.earlier(session, access())
    chips = [(current().text(text), url_for("office.bank", show=code), code == state)
             for code, text in words.STATES.items()]
    return render_template("admin/bank.html", shown=shown, sums=sums, earlier=earlier, state=state, chips=chips,
                           said=said, may=access().may("record_money"))


def _check_page(checked: Checked, reading: Reading) -> tuple[str, int]:
    statement = checked.statement
    errors = [(error.row, error.column, error.read, words.expected(current(), error))
              for error in (statement.errors if statement else ())]
    page = render_template(
        "admin/bank_check.html", checked=checked, reading=reading, statement=statement, errors=errors,
        said=words.refused(current(), checked.refusal) if checked.refusal else "",
        fields=[(field, words.field_name(current(), field)) for field in FIELDS])
    return page, 422 if checked.refusal or errors else 200


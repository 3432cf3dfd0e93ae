"""Bringing in invoices: send a file, look at what it would do, then take it in, whole or not at all."""

from __future__ import annotations

import csv
import io

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.errors import Refusal
from portal.domain.listing import neutralized
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import import_files
from portal.services.import_files import Checked, Reading
from portal.words import office_imports
from portal.words.core import current
from portal.words.refusals import N_

NOTHING_NEW = N_("Everything in this file was in the books already. Nothing was changed.")
DROPPED = N_("Stopped. Nothing was taken in, and the file is forgotten.")
LONGEST_NAME = 120
MOST_COLUMNS = 60


@blueprint.get("/imports")
@guarded("import")
def imports() -> str:
    """Show where to send a file, and what was brought in before."""
    return _first_page()


@blueprint.post("/imports")
@guarded("import")
def check_import() -> tuple[str, int] | str:
    """Read a file that was sent and show what it would do."""
    sent = request.files.get("file")
    try:
        checked = import_files.check(runtime(), access(), sent.read() if sent else b"", Reading())
    except Refusal as refusal:
        return _first_page(office_imports.refused(current(), refusal)), status_of(refusal)
    return _check_page(checked, _name((sent.filename if sent else "") or ""), Reading())


@blueprint.post("/imports/columns")
@guarded("import")
def check_import_again() -> tuple[str, int] | str:
    """Read the kept file once more with the columns that were chosen."""
    reading, name = _reading(), _name(request.form.get("name", ""))
    try:
        return _check_page(import_files.check_again(runtime(), access(), _kept(), reading), name, reading)
    except Refusal as refusal:
        return _first_page(office_imports.refused(current(), refusal)), status_of(refusal)


@blueprint.post("/imports/take-in")
@guarded("import")
def take_in_import() -> tuple[str, int] | Response:
    """Take the kept file in."""
    reading, name = _reading(), _name(request.form.get("name", ""))
    try:
        done = import_files.take_in(runtime(), access(), _kept(), reading)
    except Refusal as refusal:
        return _first_page(office_imports.refused(current(), refusal)), status_of(refusal)
    if isinstance(done, Checked):
        return _check_page(done, name, reading)[0], 409
    said = current().plural("Taken in: %(n)s new invoice.", "Taken in: %(n)s new invoices.", done.new)
    flash(said if done.booked else current().text(NOTHING_NEW), "in" if done.booked else "wait")
    return see_other(url_for("office.imports"))


@blueprint.post("/imports/drop")
@guarded("import")
def drop_import() -> tuple[str, int] | Response:
    """Forget the kept file."""
    try:
        import_files.drop(runtime(), access(), _kept())
    except Refusal as refusal:
        return _first_page(office_imports.refused(current(), refusal)), status_of(refusal)
    flash(current().text(DROPPED))
    return see_other(url_for("office.imports"))


@blueprint.post("/imports/errors")
@guarded("import")
def import_errors() -> tuple[str, int] | Response:
    """Give the errors of the kept file as a file, for whoever mends them."""
    try:
        checked = import_files.check_again(runtime(), access(), _kept(), _reading())
    except Refusal as refusal:
        return _first_page(office_imports.refused(current(), refusal)), status_of(refusal)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([current().text(head) for head in (
        N_("Row"), N_("Column"), N_("What we read"), N_("What we expected"))])
    for error in checked.report.errors if checked.report else ():
        writer.writerow([error.row, *(neutralized(text) for text in (
            error.column, error.read, office_imports.expected(current(), error)))])
    # The mark in front tells spreadsheets that the text is UTF-8.
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=errors.csv"
    return response


def _kept() -> str:
    return request.form.get("kept", "")


def _name(text: str) -> str:
    plain = "".join(char for char in text if char.isprintable())
    return plain.replace("\\", "/").rpartition("/")[2][:LONGEST_NAME]


def _reading() -> Reading:
    """Which column becomes what: column-N says the header, becomes-N the field; a field chosen twice counts once."""
    mapping: dict[str, str] = {}
    known = set()
    for place in range(MOST_COLUMNS):
        becomes, header = request.form.get(f"becomes-{place}"), request.form.get(f"column-{place}", "")
        if becomes is None:
            continue
        known.add(place)
        if becomes in import_files.FIELDS:
            mapping[becomes] = header
    if known:
        # What no column becomes is left out, rather than guessed once more.
        mapping = {field: mapping.get(field, "") for field in import_files.FIELDS}
    return Reading(mapping, *(request.form.get(name, "") for name in ("date_order", "decimal", "delimiter")))


def _first_page(said: str = "") -> str:
    fields = [(office_imports.field_name(current(), name), name) for name in import_files.FIELDS]
    return render_template("admin/imports.html", earlier=import_files.earlier(runtime(), access()), said=said,
                           fields=fields)


def _check_page(checked: Checked, name: str, reading: Reading) -> tuple[str, int]:
    words = current()
    report = checked.report
    # One column can stand for two fields, and would then be told of twice.
    errors = list(dict.fromkeys(
        (error.row, error.column, error.read, office_imports.expected(words, error))
        for error in (report.errors if report else ())))
    page = render_template(
        "admin/import_check.html", checked=checked, name=name, report=report, reading=reading, errors=errors,
        notes=[office_imports.note(words, note) for note in (report.notes if report else ())],
        said=office_imports.refused(words, checked.refusal) if checked.refusal else "",
        fields=[(field, office_imports.field_name(words, field)) for field in import_files.FIELDS])
    return page, 422 if checked.refusal or errors else 200

"""Bringing in invoices: send a file, look at what it would do, take it in, and answer what it implied."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import import_answers, import_files, import_lists
from portal.services.import_files import Reading, Seen
from portal.words import imports as import_words
from portal.words import office_imports
from portal.words.core import current
from portal.words.refusals import N_

DROPPED = N_("Stopped. Nothing was taken in, and the file is forgotten.")
ANSWERED_OTHERWISE = N_("Some were answered by somebody else, or do not fit this answer, and were left out.")
MOST_COLUMNS = 60
SHOWN_ERRORS = 500


@blueprint.get("/imports")
@guarded("import")
def imports() -> str:
    """Show where to send a file, what is under way, and what was brought in before."""
    return _first_page()


@blueprint.post("/imports")
@guarded("import")
def check_import() -> tuple[str, int] | Response:
    """Read a file that was sent, or several e-invoices, and show what it would do."""
    sent = [(_name(one.filename or ""), one.read()) for one in request.files.getlist("file")] or [("", b"")]
    try:
        run_id = import_files.send_several(runtime(), access(), sent)
    except Refusal as refusal:
        return _refused(refusal)
    return see_other(url_for("office.import_run", run_id=run_id))


@blueprint.get("/imports/<run_id>")
@guarded("import")
def import_run(run_id: str) -> tuple[str, int] | str:
    """Show one file: how far it is, what it would do, or what it did."""
    try:
        seen = import_files.seen(runtime(), access(), run_id)
        errors = import_files.errors(runtime(), access(), run_id)
    except Refusal as refusal:
        return _refused(refusal)
    words = current()
    # One column can stand for two fields, and would then be told of twice.
    listed = list(dict.fromkeys(
        (error.row, error.column, error.read, office_imports.expected(words, error)) for error in errors))
    return render_template(
        "admin/import_under_way.html" if seen.under_way else "admin/import_check.html", seen=seen, report=seen.report,
        errors=listed[:SHOWN_ERRORS], error_count=len(listed), rows_wrong=len({error.row for error in errors}),
        step=words.text(import_words.STEPS[seen.step]) if seen.step else "",
        notes=[office_imports.note(words, note) for note in (seen.report.notes if seen.report else ())],
        said=office_imports.refused(words, seen.refusal) if seen.refusal else "", encodings=import_files.ENCODINGS,
        fields=[(field, office_imports.field_name(words, field)) for field in import_files.FIELDS])


@blueprint.post("/imports/<run_id>/columns")
@guarded("import")
def check_import_again(run_id: str) -> tuple[str, int] | Response:
    """Read the file once more with the columns that were chosen."""
    try:
        import_files.read_again(runtime(), access(), run_id, _reading())
    except Refusal as refusal:
        return _refused(refusal)
    return see_other(url_for("office.import_run", run_id=run_id))


@blueprint.post("/imports/<run_id>/take-in")
@guarded("import")
def take_in_import(run_id: str) -> tuple[str, int] | Response:
    """Take the file in."""
    try:
        import_files.take_in(runtime(), access(), run_id)
        seen = import_files.seen(runtime(), access(), run_id)
    except Refusal as refusal:
        return _refused(refusal)
    if seen.state == "done" and seen.report:
        flash(current().plural("Taken in: %(n)s new invoice.", "Taken in: %(n)s new invoices.", seen.report.new), "in")
    return see_other(url_for("office.import_run", run_id=run_id))


@blueprint.post("/imports/<run_id>/drop")
@guarded("import")
def drop_import(run_id: str) -> tuple[str, int] | Response:
    """Forget the file."""
    try:
        import_files.drop(runtime(), access(), run_id)
    except Refusal as refusal:
        return _refused(refusal)
    flash(current().text(DROPPED))
    return see_other(url_for("office.imports"))


@blueprint.post("/imports/<run_id>/errors")
@guarded("import")
def import_errors(run_id: str) -> tuple[str, int] | Response:
    """Give the errors of the file as a file, for whoever mends them."""
    try:
        errors = import_files.errors(runtime(), access(), run_id)
    except Refusal as refusal:
        return _refused(refusal)
    # The mark in front tells spreadsheets that the text is UTF-8.
    response = Response("\ufeff" + import_words.errors_table(current(), errors), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=errors.csv"
    return response


@blueprint.get("/imports/told")
@guarded("import")
def import_told() -> str:
    """List what files implied and nobody has confirmed yet."""
    kind = request.args.get("kind", "")
    chosen = kind if kind in import_answers.ANSWERS else ""
    found = import_answers.open_ones(runtime(), access(), chosen)
    groups = {one: [open_one for open_one in found if open_one.kind == one] for one in import_answers.ANSWERS}
    return render_template(
        "admin/import_told.html", groups={name: ones for name, ones in groups.items() if ones}, chosen=chosen,
        words_of=office_imports.FINDINGS, more=len(found) == import_answers.MOST_AT_ONCE)


@blueprint.post("/imports/told")
@guarded("import")
def answer_told() -> Response:
    """Give one answer to all that were picked."""
    done, left = import_answers.answer_many(
        runtime(), access(), request.form.getlist("pick"), request.form.get("answer", ""))
    if done:
        flash(current().plural("Done: %(n)s.", "Done: %(n)s.", done), "in")
    if left:
        flash(current().text(ANSWERED_OTHERWISE), "wait")
    return see_other(url_for("office.import_told"))


def _name(text: str) -> str:
    plain = "".join(char for char in text if char.isprintable())
    return plain.replace("\\", "/").rpartition("/")[2][:import_files.LONGEST_NAME]


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
    names = ("date_order", "decimal", "delimiter", "encoding")
    return Reading(mapping, *(request.form.get(name, "") for name in names))


def _refused(refusal: Refusal) -> tuple[str, int]:
    return _first_page(office_imports.refused(current(), refusal)), status_of(refusal)


def _first_page(said: str = "") -> str:
    rt, who = runtime(), access()
    fields = [(office_imports.field_name(current(), name), name) for name in import_files.FIELDS]
    under_way: list[Seen] = import_files.under_way(rt, who)
    return render_template(
        "admin/imports.html", earlier=import_lists.earlier(rt, who), said=said, fields=fields, under_way=under_way,
        waiting=import_lists.waiting(rt, who))

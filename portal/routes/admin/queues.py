"""Requests: everything that waits for staff, one line per kind; solved from here, and the next one comes up."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import DateField, HiddenField, StringField, TextAreaField

from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import OfficeForm, ProvenForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import queues as service
from portal.services.queues.frame import Queue, Solved, Typed
from portal.words.core import current
from portal.words.refusals import N_

LAST_ONE = N_("That was the last one here.")
LONGEST_SEARCH = 120
# Which field a refusal speaks of.
FIELDS = {
    "words_missing": "words", "words_too_long": "words", "words_unsent": "words", "nothing_picked": "pick",
    "unknown_invoice": "pick", "other_currency": "pick", "pick_one": "pick", "later_day_wrong": "until",
    "promise_needs_day": "until", "promise_day_wrong": "until",
    "amount_empty": "amount", "amount_not_a_number": "amount", "settlement_not_less": "amount",
    "below_minimum_charge": "amount", "amount_step": "amount",
    "day_missing": "until", "day_passed": "until", "day_too_far": "until",
}


class _Answer:
    """The fields every answer may carry; each act reads those it takes."""

    answer = StringField()
    words = TextAreaField()
    pick = StringField()
    seen = HiddenField()
    until = DateField()
    amount = StringField()


class AnswerForm(_Answer, OfficeForm):
    """An answer to an item."""


class ProvenAnswerForm(_Answer, ProvenForm):
    """An answer that moves money out, with the code it asks for."""


@blueprint.get("/requests")
@guarded("see")
def queues() -> str:
    """Show all kinds with their counts, and the first of each line, what is due soonest first."""
    counts, waiting = service.overview(runtime(), access())
    return render_template("admin/queues.html", counts=counts, waiting=waiting)


@blueprint.get("/requests/<name>")
@guarded("see")
def queue(name: str) -> str:
    """Show the line of one kind, page by page."""
    counts, page = service.in_line(runtime(), access(), name, request.args.get("after", ""))
    return render_template("admin/queue.html", counts=counts, page=page, queue=service.named(name))


@blueprint.get("/requests/<name>/<item>")
@guarded("see")
def queue_item(name: str, item: str) -> Any:
    """Show one item with what can be answered; `find` searches on its page."""
    return _page(service.named(name), item, _empty_form(service.named(name)))


@blueprint.post("/requests/<name>/<item>")
@guarded("work")
def queue_act(name: str, item: str) -> Any:
    """Give an answer, then show the next one."""
    found = service.named(name)
    form = _form_of(found, request.form.get("answer", ""))
    if not form.sent():
        return _page(found, item, form), 422
    try:
        solved = service.solve(runtime(), access(), name, item, form.answer.data or "", _typed(form))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "not_allowed"):
            raise
        form.refuse(refusal, FIELDS.get(refusal.code, ""))
        return _page(found, item, form), status_of(refusal)
    return _on(found, item, solved)


def _form_of(found: Queue, code: str) -> AnswerForm | ProvenAnswerForm:
    act = found.act(code)
    return ProvenAnswerForm() if act is not None and act.proof else AnswerForm()


def _empty_form(found: Queue) -> AnswerForm | ProvenAnswerForm:
    return ProvenAnswerForm() if any(act.proof for act in found.acts) else AnswerForm()


def _typed(form: AnswerForm | ProvenAnswerForm) -> Typed:
    return Typed(words=form.words.data or "", pick=form.pick.data or "", seen=form.seen.data or "",
                 until=form.until.data, amount=form.amount.data or "", mark=current().decimal_mark)


def _on(found: Queue, item: str, solved: Solved) -> Response:
    said = current()
    flash(solved.said.by(said), "in")
    if not solved.next_item:
        flash(said.text(LAST_ONE), "in")
        return see_other(url_for("office.queue", name=found.name))
    return see_other(url_for("office.queue_item", name=found.name, item=solved.next_item))


def _page(found: Queue, item: str, form: AnswerForm | ProvenAnswerForm) -> str:
    find = request.args.get("find", "")[:LONGEST_SEARCH]
    case, page, behind = service.case(runtime(), access(), found.name, item, find)
    acts = [act for act in found.acts if act.code in case.acts]
    return render_template(
        "admin/queue_item.html", queue=found, case=case, page=page, behind=behind, form=form, acts=acts,
        may=access().may(found.permission), proof=_proof_of(form, [act.proof for act in acts]))


def _proof_of(form: AnswerForm | ProvenAnswerForm, asked: list[bool]) -> ProvenForm | None:
    """Give the form that shows the field for the code, where one of the answers needs it."""
    if not any(asked):
        return None
    return form if isinstance(form, ProvenForm) else ProvenAnswerForm(formdata=None)

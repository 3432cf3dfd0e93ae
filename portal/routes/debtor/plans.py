"""Pay over time: choose a plan and see it at once, propose it, follow a proposal, and live with a plan."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from portal.domain.errors import Refusal
from portal.domain.patience import LONGEST_WORDS
from portal.domain.schedules import FREQUENCIES
from portal.routes.debtor import plan_form, sign
from portal.routes.debtor.days import read_day
from portal.routes.debtor.door import blueprint
from portal.routes.debtor.plan_form import Typed
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.guard import current_access, current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import plan_changes, plan_proposals, plans
from portal.services.plan_proposals import Looked, Offered
from portal.words import plan_words

# Which field a refusal speaks of.
FIELDS = {
    "first_day_missing": "first", "day_passed": "first", "day_too_far": "first", "day_unreadable": "first",
    "count_missing": "n", "too_many_parts": "n", "size_missing": "each", "size_too_small": "each",
    "down_too_large": "down",
    "down_not_payable": "down", "frequency_missing": "every",
}
sign.AFTER[plans.KIND] = "debtor.plan_signed"


@blueprint.get("/plan")
@require_level(1)
def plan() -> str:
    """Let a debtor choose a plan, with what the rules say to it; looking keeps nothing."""
    return _builder(None)


@blueprint.post("/plan")
@require_level(1)
def propose_plan() -> Any:
    """Propose the plan that was shown; what fits leads to its signature."""
    form, rt, access = request.form, runtime(), current_access()
    total = form.get("total", "")
    if not (total.isascii() and total.isdigit() and len(total) <= 14):
        raise Refusal("not_found", "unknown_page")
    try:
        chosen = plan_form.asked(plan_form.typed(form, Typed()), current_visit().words,
                                 said=form.get("words", ""), person=form.get("person") == "yes")
        made = plan_proposals.propose(rt, access, chosen, total_minor=int(total))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        return _builder(refusal), status_of(refusal)
    shown = plans.one(rt, access, made)
    return see_other(url_for("debtor.sign", arrangement_id=made) if shown.state == "countered"
                     else url_for("debtor.one_plan", plan_id=made))


@blueprint.get("/plan/<plan_id>")
@require_level(1)
def one_plan(plan_id: str) -> str:
    """Show a proposal or a plan: every payment, how it came about, and what can be done with it."""
    shown = plans.one(runtime(), current_access(), plan_id)
    often = plan_words.often(current_visit().words, shown.frequency)
    return render_template("debtor/plan_one.html", plan=shown, often=often)


@blueprint.post("/plan/<plan_id>/withdraw")
@require_level(1)
def withdraw_plan(plan_id: str) -> Any:
    """Take a proposal back."""
    return _act(plan_id, plan_proposals.withdraw)


@blueprint.post("/plan/<plan_id>/how")
@require_level(1)
def how_plan(plan_id: str) -> Any:
    """Choose, before signing, whether payments are charged by themselves."""
    by_itself = request.form.get("autopay") == "yes"
    try:
        plan_proposals.choose_how(runtime(), current_access(), plan_id, autopay=by_itself,
                                  seen=request.form.get("seen", ""))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.one_plan", plan_id=plan_id))


@blueprint.get("/plan/signed/<agreement_id>")
@require_level(1)
def plan_signed(agreement_id: str) -> Any:
    """Lead from a signature to the plan it began."""
    return see_other(url_for("debtor.one_plan", plan_id=plans.of_agreement(runtime(), current_access(), agreement_id)))


@blueprint.get("/plan/<plan_id>/payments/<installment_id>")
@require_level(1)
def change_installment(plan_id: str, installment_id: str) -> str:
    """Show what may be done with one payment of a running plan."""
    return _change_page(plan_id, installment_id, None)


@blueprint.post("/plan/<plan_id>/payments/<installment_id>")
@require_level(1)
def installment_changed(plan_id: str, installment_id: str) -> Any:
    """Move one payment, put it to the end, or spread it over the others."""
    form, rt, access = request.form, runtime(), current_access()
    seen, what = form.get("seen", ""), form.get("do", "")
    try:
        if what == "move":
            plan_changes.move(rt, access, plan_id, installment_id, read_day(form.get("until", "")), seen=seen)
        elif what == "to_end":
            plan_changes.to_end(rt, access, plan_id, installment_id, seen=seen)
        elif what == "spread":
            plan_changes.spread(rt, access, plan_id, installment_id, seen=seen)
        else:
            raise Refusal("not_found", "unknown_page")
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        if refusal.code in ("plan_running", "plan_part_done"):
            flash(current_visit().words.refusal(refusal))
            return see_other(url_for("debtor.one_plan", plan_id=plan_id))
        return _change_page(plan_id, installment_id, refusal), status_of(refusal)
    flash(current_visit().words.text("Your plan has changed."))
    return see_other(url_for("debtor.one_plan", plan_id=plan_id))


def _change_page(plan_id: str, installment_id: str, refusal: Refusal | None) -> str:
    found = plan_changes.changeable(runtime(), current_access(), plan_id, installment_id)
    return render_template(
        "debtor/plan_change.html", found=found, typed=request.form,
        error=current_visit().words.refusal(refusal) if refusal else "")


def _act(plan_id: str, act: Any) -> Any:
    try:
        act(runtime(), current_access(), plan_id, seen=request.form.get("seen", ""))
    except Refusal as refusal:
        if refusal.kind in ("not_found", "gone"):
            raise
        flash(current_visit().words.refusal(refusal))
    return see_other(url_for("debtor.one_plan", plan_id=plan_id))


def _builder(refusal: Refusal | None) -> str:
    """Show the form with its answer. `refusal` is one to a proposal; what was typed is looked at all the same."""
    rt, access, words = runtime(), current_access(), current_visit().words
    offered = plan_proposals.offered(rt, access, request.values.get("currency", ""))
    standing = [one for one in plans.all_of(rt, access) if one.state in ("asked", "countered", "active")]
    if not offered.invoices or not offered.offered:
        return render_template("debtor/plan_person.html", debtor=current_visit().debtor, standing=standing)
    form = _filled(offered)
    looked, wrong = None, refusal
    try:
        looked = plan_proposals.look(rt, access, plan_form.asked(form, words))
    except Refusal as found:
        if found.kind == "gone":
            raise
        # Days of one's own that nobody has filled in yet are no mistake.
        wrong = refusal or (None if found.code == "too_few_parts" else found)
    return render_template(
        "debtor/plan.html", offered=offered, standing=standing, form=form, rows=plan_form.shown_rows(form),
        frequencies=[(one, plan_words.often(words, one)) for one in FREQUENCIES], longest=LONGEST_WORDS,
        error=words.refusal(wrong, form.currency) if wrong else "",
        error_at=FIELDS.get(wrong.code) or plan_form.unread(form, words) if wrong else "", **_shown(looked))


def _filled(offered: Offered) -> Typed:
    """Take what came with the address or the form; at first a plan that fits, where any does."""
    plain = Typed(first=offered.first_on.isoformat() if offered.first_on else "", currency=offered.currency)
    if offered.usual:
        plain = plan_form.filled(offered.usual, offered.currency, current_visit().words)
    form = plan_form.typed(request.form if request.method == "POST" else request.args, plain)
    if form.currency not in offered.invoices:
        raise Refusal("not_found", "unknown_page")
    return form


def _shown(looked: Looked | None) -> dict[str, Any]:
    """What the page shows of an answer: both schedules, why it does not fit, and the fields that carry each on."""
    if looked is None:
        return {"looked": None}
    words, told = current_visit().words, looked.told
    return {
        "looked": looked, "told": told, "schedule": plans.as_rows(told.parts),
        "nearest": plans.as_rows(told.nearest_parts), "reasons": plan_words.reasons(words, told.why, looked.currency),
        "items": plan_form.as_items(told.wish, looked.currency, looked.chosen, words),
        "nearest_items": plan_form.as_items(told.nearest, looked.currency, looked.chosen, words)
        if told.nearest else (),
        "nearest_often": plan_words.often(words, (told.nearest.frequency or "") if told.nearest else ""),
        "often": plan_words.often(words, told.wish.frequency or ""),
    }

"""Plans in the office: all that run, those of one debtor, proposing and countering with terms, ending with a reason."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.domain.plan_terms import Wish
from portal.domain.schedules import FREQUENCIES, MOST_PARTS
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import Filled
from portal.routes.admin.nonces import DayField, OnceForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_money, plan_answers, plan_desk
from portal.services.plan_answers import PERMISSION
from portal.words import plan_words
from portal.words.core import current
from portal.words.refusals import N_

STANDINGS = {"good": N_("Stands well"), "late": N_("A payment is late"), "cure": N_("Last notice is out")}
STATES = {"asked": N_("waits for you"), "countered": N_("waits for their signature"), "active": N_("runs"),
          "kept": N_("paid"), "broken": N_("not kept"), "refused": N_("refused"), "withdrawn": N_("taken back"),
          "ended": N_("over")}
AT = {"day_passed": "first", "day_too_far": "first", "down_too_large": "down", "too_many_parts": "count",
      "words_too_long": "words", "words_missing": "words", "plan_law_four": "count", "owner_only": "count"}


class TermsForm(OnceForm):
    """The terms of a plan: how often, from when, how many, what at once; `plan` answers a proposal with them."""

    plan = HiddenField(validators=[Length(max=32)])
    seen = HiddenField(validators=[Length(max=12)])
    currency = StringField(validators=[Length(max=3)])
    every = SelectField(choices=FREQUENCIES, default="monthly")
    first = DayField(validators=[Filled(N_("Please choose a day."))])
    count = IntegerField(validators=[InputRequired(), NumberRange(1, MOST_PARTS)], default=4)
    down = StringField(validators=[Optional(), Length(max=60)])
    words = TextAreaField(validators=[Length(max=plan_answers.LONGEST_ANSWER)])

    def wish(self, currency: str) -> Wish | None:
        """Read the terms; None with the reason at its field."""
        down = 0
        if (self.down.data or "").strip():
            down = self.amount_of(self.down, currency)
            if not down:
                return None
        frequency = next(one for one in FREQUENCIES if one == self.every.data)
        return Wish(frequency, self.first.day, self.count.data, None, down)


class EndForm(OnceForm):
    """Why a plan is ended; the debtor reads it."""

    seen = HiddenField(validators=[Length(max=12)])
    why = TextAreaField(validators=[Filled(N_("Please say why.")), Length(max=plan_answers.LONGEST_ANSWER)])


@blueprint.get("/plans")
@guarded("see")
def plans_list() -> str:
    """List the plans that run, those that need somebody first."""
    return render_template("admin/plans.html", running=plan_desk.running(runtime(), access()), standings=STANDINGS)


@blueprint.get("/debtors/<debtor_id>/plans")
@guarded(PERMISSION)
def debtor_plans(debtor_id: str) -> str:
    """Show a debtor's plans and the form for a new one."""
    return _page(debtor_id, TermsForm(), EndForm())


@blueprint.post("/debtors/<debtor_id>/plans")
@guarded(PERMISSION)
def offer_plan(debtor_id: str) -> Any:
    """Propose a plan, or answer a proposal with other terms."""
    form = TermsForm()
    counter = debtor_money.counter(runtime(), access(), debtor_id)
    currency = form.currency.data if form.currency.data in counter.currencies else ""
    if form.sent() and currency:
        wish = form.wish(currency)
        if wish is not None and form.does(lambda: _offer(debtor_id, currency, wish, form), at=AT):
            flash(current().text(N_("Offered. It counts once they sign; they are told by email.")), "in")
            return see_other(url_for("office.debtor_plans", debtor_id=debtor_id))
    return _page(debtor_id, form, EndForm()), form.status


@blueprint.post("/plans/<plan_id>/end")
@guarded(PERMISSION)
def end_plan(plan_id: str) -> Any:
    """End a plan, or take an offer of one back."""
    form = EndForm()
    debtor_id = plan_desk.debtor_of(runtime(), access(), plan_id)
    if form.sent() and form.does(lambda: plan_answers.end(
            runtime(), access(), plan_id, seen=form.seen.data or "", words=form.why.data or ""), at=AT):
        flash(current().text(N_("Ended. Your words leave by email now.")), "in")
        return see_other(url_for("office.debtor_plans", debtor_id=debtor_id))
    return _page(debtor_id, TermsForm(formdata=None), form), form.status


def _offer(debtor_id: str, currency: str, wish: Wish, form: TermsForm) -> Any:
    words = form.words.data or ""
    if form.plan.data:
        return plan_answers.counter(runtime(), access(), form.plan.data, wish, seen=form.seen.data or "", words=words)
    return plan_answers.propose(runtime(), access(), debtor_id, currency, wish, words=words)


def _page(debtor_id: str, form: TermsForm, ending: EndForm) -> str:
    words = current()
    return render_template(
        "admin/debtor_plans.html", found=plan_desk.of_debtor(runtime(), access(), debtor_id), form=form, ending=ending,
        counter=debtor_money.counter(runtime(), access(), debtor_id), states=STATES, standings=STANDINGS,
        frequencies=[(one, plan_words.often(words, one)) for one in FREQUENCIES])

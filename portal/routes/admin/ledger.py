"""The books: from a figure to its transfers, from a transfer to its cause; the trial balance; corrections."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import SelectField, TextAreaField

from portal.domain.errors import Refusal
from portal.domain.listing import read_day
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import ReviewedForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import corrections, explorer, explorer_transfers
from portal.services import trial_balance as trials
from portal.services.explorer import AccountPage, Period
from portal.services.trial_balance import TrialBalance
from portal.words import office_books, office_reasons
from portal.words.core import Words, current
from portal.words.refusals import N_

CORRECTED = N_("Corrected. The mirror stands below the entry it undoes.")
WAITS = N_("This lowers a debt above your limit, so a second person decides. They are told by email.")
AT = {"reason_missing": "reason", "note_too_long": "note", "note_needs_debtor": "note", "prove_first": "proof"}
BAR_WIDTH = 760
BAR_COLORS = ("f-in", "f-age-1", "f-age-2", "f-soft")


class CorrectionForm(ReviewedForm):
    """Why a transfer is undone."""

    reason = SelectField()
    note = TextAreaField()


def _filter(name: str) -> Callable[[Callable[[Words, str], str]], None]:
    def hang(say: Callable[[Words, str], str]) -> None:
        blueprint.add_app_template_filter(lambda code: say(current(), code), name)
    return hang


_filter("account_word")(office_books.account)
_filter("account_holds")(office_books.holds)
_filter("entry_word")(office_books.entry)
_filter("actor_word")(office_books.actor)


@blueprint.app_template_global("cause_words")
def cause_words(kind: str, number: str) -> str:
    """Name what caused a transfer."""
    return office_books.cause(current(), kind, number)


@blueprint.app_template_global("balance_bars")
def balance_bars(trial: TrialBalance, side: str) -> list[tuple[str, str, str]]:
    """Draw one side of a trial balance: (class, x, width) of each piece, the largest first."""
    total = trial.debits if side == "debit" else trial.credits
    pieces, x = [], 0.0
    for place, amount in enumerate(sorted((getattr(one, side) for one in trial.balances), reverse=True)):
        if not amount:
            break
        width = BAR_WIDTH * amount / total
        pieces.append((bar_color(side, place), f"{x:.1f}", f"{width:.1f}"))
        x += width
    return pieces


def bar_color(side: str, place: int) -> str:
    """Give the class that colors one piece and its mark in the table; the largest is 0."""
    return BAR_COLORS[min(place, len(BAR_COLORS) - 1)] if side == "debit" else ("f-ink" if place == 0 else "f-soft")


blueprint.add_app_template_global(bar_color, "bar_color")


@blueprint.get("/ledger")
@guarded("see")
def ledger() -> str:
    """Show what lies on every account now."""
    return render_template("admin/ledger.html", trial=trials.trial_balance(runtime(), access()), asked="")


@blueprint.get("/ledger/trial-balance")
@guarded("see")
def trial_balance() -> str:
    """Show what lay on every account at the end of a day."""
    typed = request.args.get("on", "").strip()
    trial = trials.trial_balance(runtime(), access(), read_day(typed) if typed else None)
    return render_template("admin/ledger.html", trial=trial, asked=trial.on.isoformat())


@blueprint.get("/ledger/accounts/<account_id>")
@guarded("see")
def ledger_account(account_id: str) -> str:
    """Show an account: its figure, and the transfers it is the sum of."""
    period = _period()
    page = explorer.account(runtime(), access(), account_id, period, request.args.get("after", "")[:700])
    if isinstance(page, AccountPage):
        return render_template("admin/ledger_account.html", page=page, period=period)
    return render_template("admin/ledger_group.html", page=page, name=account_id, no_day="from" in request.args)


@blueprint.get("/ledger/transfers/<int:transfer_id>")
@guarded("see")
def transfer(transfer_id: int) -> str:
    """Show a transfer with its cause, all transfers of that cause, and its correction."""
    return _transfer_page(transfer_id, _form())


@blueprint.post("/ledger/transfers/<int:transfer_id>/correct")
@guarded("move_money")
def correct_transfer(transfer_id: int) -> Response | tuple[str, int]:
    """Undo a transfer by its mirror."""
    form = _form()
    explorer_transfers.one(runtime(), access(), transfer_id)
    if form.proof.data and not form.sent():
        return _transfer_page(transfer_id, form), 422
    wish = (runtime(), access(), transfer_id, form.reason.data or "", form.note.data or "")
    if (form.does(lambda: corrections.outlook(*wish), AT) and form.is_confirmed(form.outcome, form.reason.data)
            and form.does(lambda: corrections.correct(*wish), AT)):
        done = form.outcome == "done"
        flash(current().text(CORRECTED if done else WAITS), "in" if done else "wait")
        return see_other(url_for("office.transfer", transfer_id=transfer_id))
    return _transfer_page(transfer_id, form), form.status


def _form() -> CorrectionForm:
    form = CorrectionForm()
    form.reason.choices = [("", current().text(N_("Please choose"))),
                           *office_reasons.choices(current(), corrections.REASONS)]
    return form


def _transfer_page(transfer_id: int, form: CorrectionForm) -> str:
    page = explorer_transfers.one(runtime(), access(), transfer_id)
    why = current().refusal(page.why_not) if page.why_not else ""
    return render_template("admin/transfer.html", page=page, form=form, why=why)


def _period() -> Period:
    asked = request.args
    first, last = (read_day(asked[name]) if asked.get(name, "").strip() else None for name in ("from", "to"))
    if first is not None and last is not None and first > last:
        raise Refusal("invalid", "period_backwards")
    return Period(first, last, asked.get("side", "") if asked.get("side") in ("debit", "credit") else "")

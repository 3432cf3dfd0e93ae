"""The first page of the office: what to do now, and how things stand."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.pictures import bars, columns
from portal.routes.admin.shell import shell
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import dashboard as dashboards
from portal.services import dashboard_summary
from portal.services.dashboard import CallView
from portal.words import calls as call_words
from portal.words.core import current
from portal.words.refusals import N_

COUNTED = N_("Counted again just now.")
LEFT_TO_WORKER = N_("There is a lot to count. It is done in the background and stands here in a few minutes.")
NOT_TODAY = N_("%(name)s is not on today's calls any more.")


@dataclass(frozen=True)
class Told:
    """A call with its reasons in words."""

    call: CallView
    lead: str
    more: str
    advice: str


@blueprint.get("/")
@guarded("see")
def dashboard() -> str:
    """Show whom to call, what waits, and the figures."""
    today = dashboards.today(runtime(), access())
    shell().waiting, shell().approvals = today.waiting, today.approvals
    figures, pictures = today.figures, {}
    if figures and figures.currencies:
        main = figures.currencies[0]
        pictures = {"bars": bars(figures.values["ages"], main), "weeks": columns(figures.values["weeks"], main)}
    return render_template("admin/dashboard.html", today=today, figures=figures, now=runtime().now(),
                           calls=[_told(call) for call in today.calls.people], **pictures)


@blueprint.get("/calls")
@guarded("see")
def calls() -> str:
    """Show everyone worth a call today."""
    found = dashboards.all_calls(runtime(), access())
    return render_template("admin/calls.html", found=found, calls=[_told(call) for call in found.people])


@blueprint.post("/count-again")
@guarded("see")
def count_again() -> Response:
    """Make the figures anew, now."""
    done = dashboard_summary.refresh_now(runtime(), access())
    flash(current().text(COUNTED if done else LEFT_TO_WORKER), "in" if done else "wait")
    return see_other(url_for("office.dashboard"))


@blueprint.post("/calls/<debtor_id>/not-today")
@guarded("work")
def not_today(debtor_id: str) -> Response:
    """Take somebody off today's calls."""
    name = dashboards.not_today(runtime(), access(), debtor_id)
    flash(current().text(NOT_TODAY, name=name))
    return see_other(url_for("office.calls" if request.form.get("all") else "office.dashboard"))


def _told(call: CallView) -> Told:
    (code, values), *others = call.reasons
    words = current()
    return Told(call, call_words.lead(words, code, values, call.currency), call_words.more(words, others),
                call_words.advice(words, code))

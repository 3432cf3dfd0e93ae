"""The page of what runs by itself: whether a worker runs, what waits for it, and what rests after too many tries."""

from __future__ import annotations

from flask import render_template, url_for

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import job_report
from portal.words import job_words
from portal.words.core import current

# Where staff see the things that rest, one by one.
SHOWN = {"emails": ("office.messages", {"state": "failed"}), "questions": ("office.payments", {})}


@blueprint.get("/jobs")
@guarded("set_up")
def jobs() -> str:
    """Show how the jobs fare for this business."""
    report, words = job_report.of_business(runtime(), access()), current()
    named = {one.name: words.text(job_words.job(one.name)) for one in report.jobs}
    resting = [(words.text(job_words.resting(one.kind)), one, _page(one.kind)) for one in report.resting]
    return render_template("admin/jobs.html", report=report, named=named, resting=resting)


def _page(kind: str) -> str:
    if kind not in SHOWN:
        return ""
    endpoint, query = SHOWN[kind]
    return url_for(endpoint, **query)  # type: ignore[arg-type]  # the query's own names

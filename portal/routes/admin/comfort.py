"""The small form at the foot of every page: colors, and keys on or off."""

from __future__ import annotations

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import comfort as comforts
from portal.words.core import current
from portal.words.refusals import N_

KEPT = N_("Kept. Your pages look like this from now on.")


@blueprint.post("/comfort")
@guarded("see")
def comfort() -> Response:
    """Keep how the person at the desk likes their pages, and go on where they were."""
    comforts.choose(runtime(), access(), theme=request.form.get("theme", ""), shortcuts="shortcuts" in request.form)
    flash(current().text(KEPT))
    return see_other(_where_from(request.form.get("back", "")))


def _where_from(path: str) -> str:
    # Only a page of ours: an address of elsewhere would make this a way to send people on. A line break or another
    # sign that cannot be seen would end the header it is written into.
    inside = path.startswith(f"{blueprint.url_prefix}/") and "\\" not in path and not path.startswith("//")
    return path if inside and path.isprintable() else url_for("office.dashboard")

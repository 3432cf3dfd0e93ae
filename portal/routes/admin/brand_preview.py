"""A page and an email in a color that is not kept yet, as debtors would see them."""

from __future__ import annotations

from flask import Response, render_template, request

from portal.routes.admin.desk import access, blueprint, guarded, visit
from portal.routes.shared.frame import host
from portal.routes.shared.runtime import runtime
from portal.services import brand_preview, brands
from portal.words.core import current
from portal.words.refusals import N_

# An email brings its own styles; shown by itself it may run nothing and load nothing.
EMAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
PAIRS = {
    "button": N_("Words on a button"), "link": N_("Links"), "link on wash": N_("Links on the colored top"),
    "text on wash": N_("Text on the colored top"), "edge": N_("Edges"),
    "dark button": N_("Words on a button, in the dark"), "dark link": N_("Links, in the dark"),
    "dark text on wash": N_("Text on the colored top, in the dark"), "dark edge": N_("Edges, in the dark"),
}


@blueprint.app_template_filter("brand_pair")
def brand_pair(code: str) -> str:
    """Name a place where two colors meet."""
    return current().text(PAIRS[code])


@blueprint.get("/set-up/brand/page")
@guarded("set_up")
def brand_page() -> str:
    """Show a page of a made-up debtor."""
    business = visit().business
    assert business is not None
    host(business)
    return render_template("admin/brand_page.html", color=_color())


@blueprint.get("/set-up/brand/email")
@guarded("set_up")
def brand_email() -> Response:
    """Show the reminder of a made-up debtor."""
    response = Response(brand_preview.email(runtime(), access(), _color(), current()), mimetype="text/html")
    response.headers["Content-Security-Policy"] = EMAIL_POLICY
    return response


@blueprint.get("/set-up/brand/color.css")
@guarded("set_up")
def brand_color() -> Response:
    """Serve the one rule of the color."""
    return Response(brands.stylesheet(_color()), mimetype="text/css")


def _color() -> str:
    return request.args.get("color", "")[:7]

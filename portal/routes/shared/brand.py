"""A brand's stylesheet and logo, under names that change with their content."""

from __future__ import annotations

from flask import Blueprint, Response

from portal.routes.shared.runtime import runtime
from portal.services import brands

blueprint = Blueprint("brand", __name__, url_prefix="/brand")

# An SVG is a document and could carry scripts; opened on its own it may run nothing and load nothing.
LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@blueprint.get("/<name>.css")
def css(name: str) -> Response:
    """Serve the one rule of a brand."""
    return Response(brands.brand_css(runtime(), name), mimetype="text/css")


@blueprint.get("/<name>.svg")
def logo(name: str) -> Response:
    """Serve a logo as an image that can do nothing."""
    response = Response(brands.logo(runtime(), name), mimetype="image/svg+xml")
    response.headers["Content-Security-Policy"] = LOGO_POLICY
    return response

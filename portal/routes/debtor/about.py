"""Public pages about a business: terms, privacy, rights, and how to check that it is really them."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import render_template, url_for
from werkzeug.wrappers import Response

from portal.routes.debtor.door import blueprint
from portal.routes.shared.frame import host, public_words, see_other, speak
from portal.routes.shared.guard import current_visit, require_level
from portal.routes.shared.runtime import runtime
from portal.services import brands
from portal.services import terms as terms_service
from portal.services.brands import BusinessView
from portal.words import fee_terms, policy_chapters
from portal.words.advice import places_of
from portal.words.core import current


@blueprint.get("/")
def root() -> str:
    """Say what this place is, without naming any business."""
    return render_template("debtor/root.html")


@blueprint.get("/b/<slug>/terms")
def terms(slug: str) -> str:
    """Show the terms in force in plain words."""
    return _terms_page(slug, None)


@blueprint.get("/b/<slug>/terms/<int:version>")
def older_terms(slug: str, version: int) -> str:
    """Show an older version of the terms, as it was then."""
    return _terms_page(slug, version)


def _terms_page(slug: str, version: int | None) -> str:
    found = terms_service.public(runtime(), slug, version)
    _welcome_anyone(found.business)
    fees = {kind: fee_terms.sentences(current(), found.policy.fee_rule(kind)) for kind in ("consumer", "business")}
    return render_template("debtor/terms.html", terms=found, policy=found.policy, fees=fees,
                           chapters=policy_chapters.public(current(), found.policy, found.business.currency))


@blueprint.get("/b/<slug>/privacy")
def privacy(slug: str) -> str:
    """Show how personal data is used."""
    return _page(slug, "debtor/privacy.html")


@blueprint.get("/b/<slug>/rights")
def rights(slug: str) -> str:
    """Show what a reader may ask for."""
    return _page(slug, "debtor/rights.html")


@blueprint.get("/b/<slug>/advice")
def advice(slug: str) -> str:
    """Show where free and independent advice on debt is found."""
    found = brands.public_view(runtime(), slug)
    _welcome_anyone(found)
    return render_template("debtor/advice.html", places=places_of(found.country))


@blueprint.get("/b/<slug>/is-this-us")
def really_us(slug: str) -> str:
    """Show how to check that a page or an email is really this business's."""
    _welcome_anyone(brands.public_view(runtime(), slug))
    return render_template("debtor/really_us.html", host=urlsplit(runtime().settings.base_url).netloc)


@blueprint.get("/rights")
@require_level(1)
def rights_here() -> Response:
    """Lead to the rights page of the business whose page is open."""
    return see_other(url_for("debtor.rights", slug=current_visit().business.slug))


def _page(slug: str, template: str) -> str:
    _welcome_anyone(brands.public_view(runtime(), slug))
    return render_template(template)


def _welcome_anyone(business: BusinessView) -> None:
    host(business)
    speak(public_words(business))

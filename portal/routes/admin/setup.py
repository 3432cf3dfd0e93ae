"""The set-up: one page for each section, with what it means shown before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField, FileField, IntegerField, StringField, TextAreaField

from portal.domain import brand
from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import OfficeForm, ProvenForm
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import setup as setups
from portal.services.policy_sections import Section, Wrong
from portal.services.setup import SectionPage, Stale
from portal.words import (
    help_terms,
    offer_rules,
    office_fees,
    office_plans,
    office_terms,
    office_thanks,
    policy_chapters,
)
from portal.words.core import current
from portal.words.refusals import N_

KEPT = N_("Kept.")
UNCHANGED = N_("Nothing was different, so nothing was changed.")
FIELD_KINDS: Mapping[str, Any] = {
    "text": StringField, "color": StringField, "whole": StringField, "choice": StringField, "area": TextAreaField,
    "yes": BooleanField, "file": FileField,
}
# Sections that tell, before they are kept, what they would mean.
MEANINGS = {"terms": office_terms.sentences, "thanks": office_thanks.sentences, "fees": office_fees.sentences,
            "offers": offer_rules.for_owner, "help": help_terms.sentences, "plans": office_plans.sentences,
            "presets": policy_chapters.all_said}
OWN_PAGES = {"stripe": "office.setup_stripe", "danger": "office.setup_danger"}


@blueprint.app_template_global("section_href")
def section_href(name: str) -> str:
    """Lead to a section of the set-up."""
    return url_for(OWN_PAGES[name]) if name in OWN_PAGES else url_for("office.setup_section", name=name)


@blueprint.get("/set-up")
@guarded("set_up")
def setup() -> str:
    """Show the sections there are."""
    return render_template("admin/setup.html", sections=setups.allowed(access()))


@blueprint.get("/set-up/<name>")
@guarded("set_up")
def setup_section(name: str) -> str | Response:
    """Show one section."""
    if name in OWN_PAGES:
        return see_other(url_for(OWN_PAGES[name]))
    page = setups.page(runtime(), access(), name)
    form = form_of(page.section)(formdata=None, data=_data(page.section, page.values))
    return _shown(page, form, page.version, page.values)


@blueprint.post("/set-up/<name>/keep")
@guarded("set_up")
def save_section(name: str) -> str | Response | tuple[str, int]:
    """Keep a section, or only look what it would mean."""
    page = setups.page(runtime(), access(), name)
    form = form_of(page.section)()
    typed = {field.name: _typed(form, field.name) for field in page.section.fields if field.kind != "file"}
    was = {field.name: request.form.get(f"was-{field.name}", "") for field in page.section.fields
           if f"was-{field.name}" in request.form}
    version = form.version.data if isinstance(form.version.data, int) else 0
    try:
        if request.form.get("do") == "look":
            policy = setups.would_be(runtime(), access(), name, typed)
            return _shown(page, form, version, was, policy=policy)
        if form.proof.data and not form.sent():
            return _shown(page, form, version, was), 422
        kept = setups.save(runtime(), access(), name, typed, _files(page.section), version=version, was=was)
    except Wrong as wrong:
        for field, refusal in wrong.errors.items():
            form.refuse(refusal, field if field in form else "")
        return _shown(page, form, version, was), 422
    except Stale as stale:
        return _shown(page, form, stale.version, page.values, stale=_changes(page.section, stale)), 409
    flash(current().text(KEPT if kept.changed else UNCHANGED), "in" if kept.changed else "wait")
    return see_other(url_for("office.setup_section", name=name))


def form_of(section: Section) -> type[ProvenForm]:
    """Make the form of a section: its own fields and no others are ever read."""
    fields = {field.name: FIELD_KINDS[field.kind](name=field.name) for field in section.fields}
    return type("SectionForm", (ProvenForm,), {**fields, "version": IntegerField()})


def _data(section: Section, values: Mapping[str, str]) -> dict[str, Any]:
    yes = {field.name for field in section.fields if field.kind == "yes"}
    return {name: bool(value) if name in yes else value for name, value in values.items()}


def _typed(form: OfficeForm, name: str) -> str:
    value = form[name].data
    return ("y" if value else "") if isinstance(value, bool) else str(value or "").replace("\r\n", "\n")


def _files(section: Section) -> dict[str, bytes]:
    return {field.name: request.files[field.name].read() for field in section.fields
            if field.kind == "file" and field.name in request.files and request.files[field.name].filename}


def _changes(section: Section, stale: Stale) -> list[tuple[str, str, str]]:
    labels = {field.name: current().text(field.label) for field in section.fields}
    return [(labels.get(name, name), before, now) for name, before, now in stale.changes]


def _shown(page: SectionPage, form: ProvenForm, version: int, was: Mapping[str, str], *, policy: Any = None,
           stale: list[tuple[str, str, str]] | None = None) -> str:
    words = current()
    mean = MEANINGS.get(page.section.name)
    means = mean(words, policy or page.policy, page.currency) if mean else []
    changes = policy_chapters.changes(words, page.policy, policy, page.currency) if policy is not None else None
    return render_template(
        "admin/setup_section.html", page=page, form=form, version=version, was=was, stale=stale, means=means,
        looked=policy is not None, changes=changes, sections=setups.allowed(access()),
        brand=_brand(form) if page.section.name == "brand" else None)


def _brand(form: OfficeForm) -> dict[str, Any]:
    typed = str(form["brand_color"].data or "")
    color = brand.safe_color(typed)
    pairs = brand.pairs(color)
    by_name = {pair.what: pair for pair in pairs}
    return {
        "color": color, "pairs": pairs, "well": all(pair.reached >= pair.least for pair in pairs),
        "fill": by_name["button"].back, "wash": by_name["link on wash"].back, "line": by_name["edge"].front,
        "dark_fill": by_name["dark button"].back, "dark_wash": by_name["dark text on wash"].back,
        "dark_line": by_name["dark edge"].front, "paper": brand.PAPER, "ink": brand.INK,
        "dark_paper": brand.DARK_PAPER, "dark_ink": brand.DARK_INK, "on_dark_fill": brand.ON_LIGHT,
    }


def refuse_at(form: OfficeForm, refusal: Refusal, fields: Mapping[str, str]) -> None:
    """Show a refusal at the field it speaks of."""
    form.refuse(refusal, fields.get(refusal.code, ""))

"""The brand: one color and a logo, on every page and in every email that debtors see."""

from __future__ import annotations

from collections.abc import Mapping

from portal.domain import drawings
from portal.domain.brand import check_color
from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.models import Business
from portal.services.policy_sections import Edit, Field, Reading, Section
from portal.words.refusals import N_


def _read(business: Business, _policy: Policy) -> dict[str, str]:
    return {"brand_color": business.brand_color, "no_logo": ""}


def _write(typed: Mapping[str, str], files: Mapping[str, bytes], business: Business, _policy: Policy) -> Edit:
    reading = Reading(typed)
    color = reading.take("brand_color", _color)
    logo = business.logo_svg
    if typed.get("no_logo"):
        logo = None
    elif files.get("logo"):
        logo = _logo(reading, files["logo"])
    reading.done()
    return Edit({"brand_color": color, "logo_svg": logo})


def _color(typed: str) -> str:
    check_color(typed)
    return typed.lower()


def _logo(reading: Reading, content: bytes) -> str | None:
    try:
        return drawings.read(content)
    except Refusal as refusal:
        reading.errors["logo"] = refusal
        return None


SECTION = Section(
    "brand", N_("Brand"), N_("One color and a logo. Everything else is derived from them, so that it stays readable."),
    10,
    fields=(
        Field("brand_color", N_("Color"), "color", N_("Written as # and six digits or letters, such as #2f5d3a."), 7),
        Field("logo", N_("Logo"), "file",
              N_("A plain SVG drawing of at most 64 KB. Leave empty to keep the present one.")),
        Field("no_logo", N_("Use no logo; show the first letter instead"), "yes"),
    ),
    read=_read, write=_write,
    help=(N_("Which color is a good one"), N_(
        "The color of your sign or your van. Very pale and very dark ones are shifted until words on them can be read; "
        "the table below says how well. People recognize you by it, so change it seldom.")))

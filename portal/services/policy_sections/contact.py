"""The business as debtors meet it: its names, whom to reach and when, and where transfers go."""

from __future__ import annotations

from collections.abc import Mapping

from portal.domain.errors import Refusal
from portal.domain.imports.cells import read_email
from portal.domain.policy import Policy
from portal.models import Business
from portal.services.business_details import LONGEST_TEXT, MOST_BANK_LINES
from portal.services.policy_sections import Edit, Field, Reading, Section, refuse_clashes, text
from portal.words.refusals import N_

TEXTS = {"contact_hours": "hours", "where_to_check": "check"}


def _read(business: Business, _policy: Policy) -> dict[str, str]:
    values = {name: str(getattr(business, name)) for name in (
        "name", "legal_name", "contact_name", "contact_email", "contact_phone", "postal_address")}
    for column, short in TEXTS.items():
        for language in ("en", "es"):
            values[f"{short}_{language}"] = getattr(business, column).get(language, "")
    values["bank_details"] = "\n".join(f"{label}: {value}" for label, value in business.bank_details)
    return values


def _write(typed: Mapping[str, str], _files: Mapping[str, bytes], _business: Business, policy: Policy) -> Edit:
    reading = Reading(typed)
    values: dict[str, object] = {
        name: reading.take(name, text(longest)) for name, longest in (
            ("name", 120), ("legal_name", 160), ("contact_name", 120), ("contact_phone", 32), ("postal_address", 300))}
    values["contact_email"] = reading.take("contact_email", read_email)
    for column, short in TEXTS.items():
        said = {language: reading.take(f"{short}_{language}", text(LONGEST_TEXT, needed=False))
                for language in ("en", "es")}
        values[column] = {language: words for language, words in said.items() if words}
    values["bank_details"] = reading.take("bank_details", _bank)
    reading.done()
    refuse_clashes(policy, ("bank_details",), has_bank_details=bool(values["bank_details"]))
    return Edit(values)


def _weighty(edit: Edit, business: Business, _policy: Policy) -> tuple[str, ...]:
    """Where transfers go, and where debtors' answers go: whoever changes these can lead money astray."""
    return tuple(name for name in ("bank_details", "contact_email") if getattr(business, name) != edit.business[name])


def _bank(typed: str) -> list[list[str]]:
    lines = []
    for line in typed.splitlines():
        if not line.strip():
            continue
        label, sign, value = line.partition(":")
        if not sign or not label.strip() or not value.strip():
            raise Refusal("invalid", "bank_line_malformed")
        if len(label) > LONGEST_TEXT or len(value) > LONGEST_TEXT:
            raise Refusal("invalid", "detail_too_long", longest=LONGEST_TEXT)
        lines.append([label.strip(), value.strip()])
    if len(lines) > MOST_BANK_LINES:
        raise Refusal("invalid", "bank_lines_many", most_lines=MOST_BANK_LINES)
    return lines


SECTION = Section(
    "contact", N_("Business and contact"), N_("What debtors read about you, and how they reach you."), 20,
    fields=(
        Field("name", N_("Name"), hint=N_("As your customers know it."), longest=120, private=True),
        Field("legal_name", N_("Full legal name"), longest=160, private=True),
        Field("contact_name", N_("Who answers debtors"), longest=120, private=True),
        Field("contact_email", N_("Email debtors write to"), longest=254, private=True),
        Field("contact_phone", N_("Phone debtors call"), longest=32, private=True),
        Field("postal_address", N_("Postal address"), "area", longest=300, private=True),
        Field("hours_en", N_("When people answer, in English"), hint=N_("Such as: Monday to Friday, 8 am to 5 pm")),
        Field("hours_es", N_("When people answer, in Spanish")),
        Field("check_en", N_("Where your real number stands, in English"), hint=N_("Such as: on our van")),
        Field("check_es", N_("Where your real number stands, in Spanish")),
        Field("bank_details", N_("Bank details for transfers"), "area",
              N_("One line each, a label and a value: “Account number: 0044 1187 2093”. At most eight lines."), 2000,
              private=True),
    ),
    read=_read, write=_write, weighty=_weighty,
    help=(N_("Why we ask where your number stands"), N_(
        "Careful people check whether an email is genuine. They are told to call the number they find on your van, "
        "your bill or your sign, never one from the email.")))

"""Editing a debtor: contact, preferences, screening and terms; the second of two editors is told what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, render_template, request, url_for
from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from portal.domain import contact
from portal.domain.errors import Refusal
from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.admin.forms import OfficeForm
from portal.routes.shared.errors import status_of
from portal.routes.shared.frame import see_other
from portal.routes.shared.runtime import runtime
from portal.services import debtor_contact
from portal.services.debtor_contact import Edit, Edited, Known
from portal.words import places
from portal.words.core import current
from portal.words.refusals import N_

LABELS: Mapping[str, str] = {
    "kind": N_("Kind"), "name": N_("Name"), "greeting_name": N_("How letters greet them"), "email": N_("Email"),
    "phone": N_("Phone"), "postal_address": N_("Postal address"), "postal_code": N_("Postal code"),
    "country": N_("Country"), "locale": N_("Language"),
    "timezone": N_("Time zone"), "identity_fact": N_("What opens their page"), "prefers": N_("Prefers"),
    "opted_out": N_("No emails that ask"), "no_letters": N_("No letters"), "no_calls": N_("No calls"),
    "screening_note": N_("Screening note"), "terms_days": N_("Days to pay"),
}
VALUES: Mapping[str, str] = {
    "consumer": N_("Consumer"), "business": N_("Business"), "postal_code": N_("Their postal code"),
    "phone_last4": N_("The last four digits of their phone"), "none": N_("A code by email"),
    "letter": N_("Letter"), "en": N_("English"), "es": N_("Spanish"),
}
SAID_BY: Mapping[str, str] = {
    "phone": N_("On the phone"), "email": N_("By email"), "letter": N_("By letter"), "in_person": N_("In person"),
}


class ContactForm(OfficeForm):
    """Who they are and how to reach them, as domain/contact.py reads each field."""

    version = IntegerField(validators=[InputRequired()])
    kind = StringField()
    name = StringField()
    greeting_name = StringField()
    email = StringField()
    phone = StringField()
    postal_address = TextAreaField()
    postal_code = StringField()
    country = StringField()
    locale = StringField()
    timezone = StringField()
    identity_fact = StringField()


class PreferencesForm(OfficeForm):
    """How they would rather be reached, and who said so."""

    version = IntegerField(validators=[InputRequired()])
    prefers = StringField()
    opted_out = BooleanField()
    no_letters = BooleanField()
    no_calls = BooleanField()
    said_by = StringField(default="phone")
    words = TextAreaField(validators=[Length(max=2_000)])


class TermsForm(OfficeForm):
    """What was found out, and the days to pay."""

    version = IntegerField(validators=[InputRequired()])
    terms_days = StringField(validators=[Length(max=4)])
    screening_note = TextAreaField(validators=[Length(max=4_000)])


@blueprint.get("/debtors/<debtor_id>/contact")
@guarded("work")
def debtor_contact_form(debtor_id: str) -> str:
    """Show the form with what is on file."""
    known = debtor_contact.known(runtime(), access(), debtor_id)
    return _contact_page(known, _filled(ContactForm(), known), ())


@blueprint.post("/debtors/<debtor_id>/contact")
@guarded("work")
def edit_contact(debtor_id: str) -> Any:
    """Save it, or say what stands against it."""
    form = ContactForm()
    sound = form.sent() and _reads(form)
    return _saved(debtor_id, form, contact.CONTACT, sound, lambda edit: debtor_contact.edit_contact(
        runtime(), access(), debtor_id, edit), _contact_page)


@blueprint.get("/debtors/<debtor_id>/preferences")
@guarded("work")
def debtor_preferences(debtor_id: str) -> str:
    """Show the form."""
    known = debtor_contact.known(runtime(), access(), debtor_id)
    form = _filled(PreferencesForm(), known)
    for name in debtor_contact.REFUSALS:
        form[name].data = bool(known.values[name])
    return _preferences_page(known, form, ())


@blueprint.post("/debtors/<debtor_id>/preferences")
@guarded("work")
def edit_preferences(debtor_id: str) -> Any:
    """Save how they want to be reached."""
    form = PreferencesForm()
    return _saved(debtor_id, form, debtor_contact.PREFERENCES, form.sent(), lambda edit: (
        debtor_contact.edit_preferences(runtime(), access(), debtor_id, edit)), _preferences_page)


@blueprint.get("/debtors/<debtor_id>/terms")
@guarded("work")
def debtor_terms(debtor_id: str) -> str:
    """Show the form."""
    known = debtor_contact.known(runtime(), access(), debtor_id)
    return _terms_page(known, _filled(TermsForm(), known), ())


@blueprint.post("/debtors/<debtor_id>/terms")
@guarded("work")
def edit_terms(debtor_id: str) -> Any:
    """Save screening and terms."""
    form = TermsForm()
    return _saved(debtor_id, form, debtor_contact.TERMS, form.sent(), lambda edit: debtor_contact.edit_terms(
        runtime(), access(), debtor_id, edit), _terms_page)


def _saved(debtor_id: str, form: Any, fields: tuple[str, ...], sound: bool, save: Callable[[Edit], Edited],
           page: Callable[[Known, Any, tuple[tuple[str, str, str], ...]], str]) -> Any:
    known = debtor_contact.known(runtime(), access(), debtor_id)
    changes: tuple[tuple[str, str, str], ...] = ()
    status = 422
    if sound:
        try:
            edited = save(_edit(form, fields))
        except Refusal as refusal:
            if refusal.kind in ("not_found", "not_allowed"):
                raise
            status = status_of(refusal)
            changes = _refused(form, refusal)
        else:
            _tell(edited)
            return see_other(url_for("office.debtor", debtor_id=debtor_id))
    return page(known, form, changes), status


def _edit(form: Any, fields: tuple[str, ...]) -> Edit:
    """Take the named fields and what they held when the form was made, and nothing else that was sent."""
    typed = {name: ("y" if form[name].data is True else form[name].data or "") for name in fields}
    seen = {name: request.form.get(f"was_{name}", "").replace("\r\n", "\n") for name in fields}
    return Edit(typed, seen, form.version.data, request.form.get("said_by", ""),
                form.words.data or "" if "words" in form else "")


def _reads(form: ContactForm) -> bool:
    """Read every field by the domain's rules, with the reason beside each that cannot be."""
    values = {}
    for name in contact.CONTACT:
        try:
            values[name] = contact.read(name, form[name].data or "")
        except Refusal as refusal:
            form.refuse(refusal, name)
    if len(values) < len(contact.CONTACT):
        return False
    try:
        contact.check_fact(values)
    except Refusal as refusal:
        form.refuse(refusal, "identity_fact")
        return False
    return True


def _refused(form: Any, refusal: Refusal) -> tuple[tuple[str, str, str], ...]:
    if refusal.code != "changed_meanwhile":
        at = {"address_blocked": "email", "said_by_missing": "said_by", "terms_days_wrong": "terms_days"}
        form.refuse(refusal, str(refusal.params.get("field", at.get(refusal.code, ""))))
        return ()
    # Saved again, the form now names the version it was told of.
    form.version.data = form.version.raw_data = None
    form.version.data = refusal.params["version"]
    changes: Any = refusal.params["changes"]
    return tuple((current().text(LABELS[one.field]), _value(one.before), _value(one.now)) for one in changes)


def _value(value: str) -> str:
    return current().text(VALUES[value]) if value in VALUES else value


def _tell(edited: Edited) -> None:
    said = current()
    if not edited.changed:
        flash(said.text(N_("Nothing was changed.")))
        return
    flash(said.text(N_("Saved.")))
    if edited.links_of_old_address:
        flash(said.plural(
            "The email address is new. %(n)s link sent to the old one still opens their page; end it under Send link.",
            "The email address is new. %(n)s links sent to the old one still open their page; end them under Send "
            "link.", edited.links_of_old_address), "wait")


def _filled(form: Any, known: Known) -> Any:
    form.version.data = known.version
    for name, value in known.values.items():
        if name in form and not isinstance(form[name], BooleanField):
            form[name].data = value
    return form


def _contact_page(known: Known, form: ContactForm, changes: tuple[tuple[str, str, str], ...]) -> str:
    languages = {code: VALUES[code] for code in ("en", "es")}
    spoken = [(code, current().text(text)) for code, text in languages.items()]
    if known.values["locale"] not in languages:
        spoken.append((known.values["locale"], known.values["locale"]))
    return render_template(
        "admin/debtor_contact.html", known=known, form=form, changes=changes, languages=spoken,
        countries=places.countries(current().language), zones=places.timezones(),
        kinds=_named(contact.KINDS), facts=_named(contact.FACTS))


def _preferences_page(known: Known, form: PreferencesForm, changes: tuple[tuple[str, str, str], ...]) -> str:
    ways = (("email", LABELS["email"]), ("phone", LABELS["phone"]), ("letter", VALUES["letter"]))
    return render_template(
        "admin/debtor_preferences.html", known=known, form=form, changes=changes,
        prefers=[(code, current().text(text), "") for code, text in ways],
        said_by=[(code, current().text(text)) for code, text in SAID_BY.items()])


def _terms_page(known: Known, form: TermsForm, changes: tuple[tuple[str, str, str], ...]) -> str:
    return render_template("admin/debtor_terms.html", known=known, form=form, changes=changes)


def _named(codes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(code, current().text(VALUES[code])) for code in codes]

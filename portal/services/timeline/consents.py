"""What a debtor said about emails, letters and calls, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, case

from portal.models import Consent
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import Said, Sayable

TITLES = {
    "email:no": N_("They stopped the emails that ask"), "email:yes": N_("They let emails come again"),
    "letter:no": N_("They want no letters"), "letter:yes": N_("They let letters come again"),
    "phone:no": N_("They want no calls"), "phone:yes": N_("They let us call again"),
}
NUMBERS = {"wrong_number": N_("Nobody calls this number any more"), "new_number": N_("There is a number to call again")}
ICONS = {"email": "mail", "letter": "mail", "phone": "phone"}
HOW = {
    "one_click": N_("By one press in their mail program."), "page": N_("On the page behind the email."),
    "reply": N_("By answering an email."), "complaint": N_("They marked an email as unwanted."),
    "in_person": N_("They said so in person."), "by_phone": N_("They said so on the phone."),
    "by_email": N_("They said so by email."), "by_letter": N_("They said so by letter."),
    "wrong_number": N_("Somebody else answered it."), "new_number": N_("The number on file was corrected."),
}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for every word about a channel."""
    asked = reads("consents:said", at=Consent.at, id=Consent.id, code=Consent.channel,
                  word=case((Consent.given, "yes"), else_="no"), extra=Consent.source)
    return {"changes": [asked.where(Consent.business_id == scope.business_id, Consent.debtor_id == scope.debtor_id)]}


def tell(row: Row) -> Entry:
    """Tell what they said, and where."""
    lines: tuple[Sayable, ...] = (Said(HOW[row.extra]),) if row.extra in HOW else ()
    title = NUMBERS.get(row.extra) or TITLES[f"{row.code}:{row.word}"]
    return Entry(row.at, Said(title), ICONS[row.code], "skip" if row.word == "no" else "",
                 lines)

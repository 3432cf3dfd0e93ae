"""Letters on paper: printed ones when they were, dropped ones with the reason, and those that wait for the printer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select

from portal.models import PaperLetter
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words import happenings
from portal.words.refusals import N_
from portal.words.said import Said

PRINTED = N_("Letter printed: %(what)s")
WAITS = N_("Letter waits for the printer: %(what)s")
DROPPED = N_("Letter not printed: %(what)s")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for letters that were printed, among what was sent, and for all others among what was not."""
    columns: dict[str, Any] = {
        "id": PaperLetter.id, "code": PaperLetter.state, "word": PaperLetter.kind, "extra": PaperLetter.reason,
        "ref": PaperLetter.public_id, "made_at": PaperLetter.created_at}
    mine = (PaperLetter.business_id == scope.business_id, PaperLetter.debtor_id == scope.debtor_id)

    def asked(source: str, at: Any, state: str) -> Select[*tuple[Any, ...]]:
        return reads(source, at=at, **columns).where(*mine, PaperLetter.state == state)

    return {"emails": [asked("letters:printed", PaperLetter.printed_at, "printed")],
            "unsent": [asked("letters:dropped", PaperLetter.dropped_at, "dropped"),
                       asked("letters:waiting", PaperLetter.created_at, "waiting")]}


def tell(row: Row) -> Entry:
    """Tell one letter: which it is, and why it was not printed."""
    what = {"what": happenings.named(happenings.LETTER_KINDS, row.word)}
    if row.code == "printed":
        leads = (Lead("office.letter_pdf", {"letter_id": row.ref}, N_("See the letter")),)
        return Entry(row.at, Said(PRINTED, what), "print", leads=leads)
    if row.code == "waiting":
        return Entry(row.at, Said(WAITS, what), "print", "held")
    return Entry(row.at, Said(DROPPED, what), "skip", "skip",
                 (happenings.named(happenings.LETTER_REASONS, row.extra),))

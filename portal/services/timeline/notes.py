"""Calls and notes of the staff, and the reasons they wrote beside their acts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select

from portal.models import Note, Staff
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words import happenings
from portal.words.refusals import N_
from portal.words.said import On, Said, Sayable

CALL = N_("Call, %(result)s")
NOTE = N_("Note")
REASON = N_("Reason")
PROMISED = N_("Promised for %(day)s; reminders wait until that day is over.")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for calls and notes, and for reasons apart: those join the act they were written with."""
    columns: dict[str, Any] = {
        "at": Note.at, "id": Note.id, "code": Note.kind, "word": Note.result, "extra": Note.promised_on,
        "text": Note.body, "ref": Note.about, "who": Staff.name}
    mine = (Note.business_id == scope.business_id, Note.debtor_id == scope.debtor_id)

    # Hard times are for those who may decide about them.
    unread = () if scope.reads_reasons else (Note.about.not_like("%:hardship"),)

    def asked(source: str) -> Select[*tuple[Any, ...]]:
        return reads(source, **columns).join(Staff, Staff.id == Note.staff_id).where(*mine)

    return {"talk": [asked("notes:said").where(Note.kind != "reason")],
            "changes": [asked("notes:reason").where(Note.kind == "reason", *unread)]}


def tell(row: Row) -> Entry:
    """Tell a call with its result, a note, or a reason, in the words of whoever wrote it."""
    if row.code == "call":
        result = happenings.named(happenings.CALL_RESULTS, row.word)
        lines: tuple[Sayable, ...] = ()
        if row.extra:
            lines = (Said(PROMISED, {"day": On(date.fromisoformat(row.extra))}),)
        return Entry(row.at, Said(CALL, {"result": result}), "phone", lines=lines, quote=row.text, by=row.who)
    if row.code == "note":
        return Entry(row.at, Said(NOTE), "note", quote=row.text, by=row.who)
    code = row.ref.split(":")[2] if row.ref.count(":") >= 2 else ""
    lines = (happenings.named(happenings.REASONS, code),) if code in happenings.REASONS else ()
    return Entry(row.at, Said(REASON), "note", lines=lines, quote=row.text, by=row.who)

"""A business's own words for the steps of its reminders: read, tried on a real debtor, kept, and given back to us."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import step_words as rules
from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.domain.step_words import Doubt, Written
from portal.models import Business, Cadence, CadenceStep, Debtor, LedgerAccount
from portal.models.base import fixed
from portal.runtime import Runtime
from portal.services import askable, audit, letter_print, letters
from portal.services.audit import staff_actor
from portal.services.fact_lookup import lock_business
from portal.words import call_scripts
from portal.words.catalogs import LANGUAGES
from portal.words.core import Words
from portal.words.emails import PLACEHOLDERS, fill_in

# Of the accounts that are open the longest, so many are looked through for debtors to try words on.
LOOKED_AT, OFFERED = 60, 12
LONGEST_NUMBER = 60


@dataclass(frozen=True)
class StepLine:
    """One step as lists name it; `own` are the languages in which the business speaks for itself."""

    public_id: str
    day: int
    tone: str
    channel: str
    own: tuple[str, ...]


@dataclass(frozen=True)
class SeriesWords:
    """A cadence with its steps, by day."""

    name: str
    preset: str
    on: bool
    steps: tuple[StepLine, ...]


@dataclass(frozen=True)
class StepPage:
    """A step with its words by language; `version` is a mark of what they were when the page was made."""

    step: StepLine
    series: str
    preset: str
    written: Written
    version: str
    debtors: tuple[tuple[str, str], ...]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class Look:
    """What one debtor would read; no subject but in an email."""

    name: str
    language: str
    subject: str
    text: str


class Wrong(Exception):
    """Words that cannot be kept; says why by language and field."""

    def __init__(self, errors: Mapping[tuple[str, str], Refusal]) -> None:
        super().__init__(errors)
        self.errors = dict(errors)


def series(rt: Runtime, access: StaffAccess) -> Sequence[SeriesWords]:
    """List the cadences that stand, each with its steps and who speaks in them."""
    access.require("set_up")
    with rt.db.reading() as session:
        rows = session.execute(
            select(Cadence, CadenceStep).join(CadenceStep, CadenceStep.cadence_id == Cadence.id)
            .where(Cadence.business_id == access.business_id, Cadence.ended_at.is_(None),
                   CadenceStep.removed_at.is_(None))
            .order_by(Cadence.rank, Cadence.id, CadenceStep.day)).all()
    found: dict[int, tuple[Cadence, list[StepLine]]] = {}
    for cadence, step in rows:
        found.setdefault(cadence.id, (cadence, []))[1].append(_line(step))
    return [SeriesWords(cadence.name, cadence.preset, cadence.switched_on_at is not None, tuple(steps))
            for cadence, steps in found.values()]


def page(rt: Runtime, access: StaffAccess, step_id: str, languages: Sequence[str]) -> StepPage:
    """Show a step's words in every language; raises Refusal not_found."""
    access.require("set_up")
    with rt.db.reading() as session:
        step, cadence = _found(session, access, step_id)
        written = {language: {field: str((step.own_words.get(language) or {}).get(field, ""))
                              for field in ("subject", "body")} for language in languages}
        return StepPage(_line(step), cadence.name, cadence.preset, written, _mark(step), _debtors(session, access),
                        tuple(rules.doubts(written, step.tone)) if not rules.refusals(written) else ())


def look(rt: Runtime, access: StaffAccess, step_id: str, written: Written, number: str, office: Words) -> Look:
    """Show what a debtor would read with these words, today; nothing is kept. `office` are the words of staff.

    Raises Refusal not_found, unknown_debtor_here, nothing_to_remind, and Wrong for words that cannot be kept.
    """
    access.require("set_up")
    _check(written)
    now = rt.now()
    with rt.db.reading() as session:
        step, _ = _found(session, access, step_id)
        business = session.get_one(Business, access.business_id)
        debtor = session.scalars(select(Debtor).where(
            Debtor.business_id == access.business_id, Debtor.number == number[:LONGEST_NUMBER])).one_or_none()
        if debtor is None:
            raise Refusal("invalid", "unknown_debtor_here")
        owed = askable.askable(session, now, debtor)
        if not owed.invoices:
            raise Refusal("invalid", "nothing_to_remind", name=debtor.name)
        own = rules.tidy(written)
        if step.channel == "call":
            _, filled = letters.filled_in(session, now, business, debtor, owed, tone=step.tone)
            said = call_scripts.script(office, step.tone, own, filled)
            return Look(debtor.name, office.language, "", "\n\n".join(said))
        if step.channel == "letter":
            text, language = letter_print.text_of(session, now, business, debtor, owed, tone=step.tone, own=own)
            return Look(debtor.name, language, "", text)
        rendered = letters.reminder(session, now, business, debtor, owed, tone=step.tone, own=own)
        words, _ = letters.filled_in(session, now, business, debtor, owed, tone=step.tone)
        return Look(debtor.name, words.language, rendered.subject, fill_in(
            rendered.text, dict.fromkeys(PLACEHOLDERS, "…")))


def keep(rt: Runtime, access: StaffAccess, step_id: str, written: Written, *, version: str) -> bool:
    """Keep a business's words for a step, all languages or none; empty ones give the step back to our words.

    Returns whether anything changed. Raises Refusal not_found, step_is_gone, words_moved, and Wrong.
    """
    access.require("set_up")
    _check(written)
    now = rt.now()
    return rt.db.run(lambda session: _keep(session, access, step_id, rules.tidy(written), version, now))


def _keep(session: Session, access: StaffAccess, step_id: str, own: dict[str, dict[str, str]], version: str,
          now: datetime) -> bool:
    lock_business(session, access.business_id)
    step, _ = _found(session, access, step_id)
    session.refresh(step)
    if step.removed_at is not None:
        raise Refusal("conflict", "step_is_gone")
    # Languages that this release does not speak stay as they are.
    kept = {language: texts for language, texts in step.own_words.items() if language not in LANGUAGES} | own
    if kept == step.own_words:
        return False
    if _mark(step) != version:
        raise Refusal("conflict", "words_moved")
    before, step.own_words = step.own_words, kept
    audit.record(session, at=now, actor=staff_actor(access), act="step.words_changed", business_id=access.business_id,
                 target=f"step:{step.public_id}", before=_flat(before), after=_flat(kept))
    return True


def _flat(own: Written) -> dict[str, str]:
    return {f"{field}_{language}": text for language, texts in own.items() for field, text in texts.items()}


def _check(written: Written) -> None:
    errors = rules.refusals(written)
    if errors:
        raise Wrong(errors)


def _found(session: Session, access: StaffAccess, step_id: str) -> tuple[CadenceStep, Cadence]:
    row = session.execute(
        select(CadenceStep, Cadence).join(Cadence, Cadence.id == CadenceStep.cadence_id)
        .where(CadenceStep.business_id == access.business_id, CadenceStep.public_id == step_id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row[0], row[1]


def _line(step: CadenceStep) -> StepLine:
    return StepLine(step.public_id, step.day, step.tone, step.channel, tuple(sorted(step.own_words)))


def _mark(step: CadenceStep) -> str:
    return hashlib.sha256(json.dumps(step.own_words, sort_keys=True).encode()).hexdigest()[:16]


def _debtors(session: Session, access: StaffAccess) -> tuple[tuple[str, str], ...]:
    """Those with the oldest open invoices: (number, name)."""
    oldest = (
        select(LedgerAccount.debtor_id)
        .where(LedgerAccount.business_id == access.business_id, LedgerAccount.kind == fixed(RECEIVABLE),
               LedgerAccount.credits < LedgerAccount.debits)
        .order_by(LedgerAccount.due_on).limit(LOOKED_AT))
    ids = list(dict.fromkeys(session.scalars(oldest)))[:OFFERED]
    names = {id: (number, name) for id, number, name in session.execute(
        select(Debtor.id, Debtor.number, Debtor.name).where(Debtor.id.in_(ids)))}
    return tuple(names[id] for id in ids if id in names)

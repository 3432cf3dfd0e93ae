"""Who opened what: links made and ended, links opened without getting further, and visits to the debtor's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, exists

from portal.models import DebtorSession, Message, PortalLink
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import Said, Sayable

TITLES = {
    "made:account": N_("Link made to their page"), "made:pay_only": N_("Link made for somebody else to pay"),
    "ended": N_("Link ended"), "stuck": N_("Opened a link and came no further"),
    "visit:1": N_("Opened the page"), "visit:2": N_("Entered the emailed code"),
    "visit:pay_only": N_("Somebody opened the link to pay"),
}
WHY_ENDED = {
    "staff": N_("Ended by the staff."), "not_me": N_("The reader said it is not them."),
    "debtor": N_("Ended by the debtor."), "erased": N_("Personal data was erased."),
    "replaced": N_("A fresh one was sent in its place."),
}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for links that no email carried, for links that ended, and for every visit with its length."""
    link: dict[str, Any] = {
        "id": PortalLink.id, "word": PortalLink.purpose, "extra": PortalLink.revoked_reason,
        "ref": PortalLink.public_id, "amount": PortalLink.amount_minor, "currency": PortalLink.currency,
        "until": PortalLink.expires_at}
    mine = (PortalLink.business_id == scope.business_id, PortalLink.debtor_id == scope.debtor_id)
    mailed = exists().where(Message.debtor_id == scope.debtor_id, Message.link_id == PortalLink.id)
    visited = exists().where(DebtorSession.link_id == PortalLink.id)
    made = reads("visits:made", at=PortalLink.created_at, code="made", **link).where(*mine, ~mailed)
    ended = reads("visits:ended", at=PortalLink.revoked_at, code="ended", **link).where(
        *mine, PortalLink.revoked_at.is_not(None))
    stuck = reads("visits:stuck", at=PortalLink.first_opened_at, code="stuck", **link).where(
        *mine, PortalLink.first_opened_at.is_not(None), ~visited)
    visits = (
        reads("visits:visit", at=DebtorSession.created_at, id=DebtorSession.id, code="visit",
              word=PortalLink.purpose, extra=DebtorSession.level, ref=PortalLink.public_id,
              until=DebtorSession.seen_at)
        .join(PortalLink, PortalLink.id == DebtorSession.link_id)
        .where(DebtorSession.business_id == scope.business_id, PortalLink.debtor_id == scope.debtor_id))
    return {"visits": [made, ended, stuck, visits]}


def tell(row: Row) -> Entry:
    """Tell what was made, opened or ended."""
    if row.code == "visit":
        key = "visit:pay_only" if row.word == "pay_only" else f"visit:{row.extra}"
        return Entry(row.at, Said(TITLES[key]), "seen", lines=_length(row))
    if row.code == "made":
        lines: tuple[Sayable, ...] = (Said(N_("It works until %(day)s."), {"day": row.until}),)
        return Entry(row.at, Said(TITLES[f"made:{row.word}"]), "link", lines=lines, amount=row.sum)
    if row.code == "ended":
        return Entry(row.at, Said(TITLES["ended"]), "link", "skip",
                     (Said(WHY_ENDED[row.extra]),) if row.extra in WHY_ENDED else ())
    return Entry(row.at, Said(TITLES["stuck"]), "seen", "skip")


def _length(row: Row) -> tuple[Sayable, ...]:
    minutes = round((row.until - row.at).total_seconds() / 60) if row.until else 0
    return (Said(N_("There for about %(minutes)s min."), {"minutes": minutes}),) if minutes else ()

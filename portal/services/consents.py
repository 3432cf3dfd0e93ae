"""What debtors said about each way to reach them: rows that are only added, of which the newest counts.

The word about emails also stands on the debtor, where every query finds it; here is who said it, where and when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import Consent, Debtor
from portal.services.reachable import Reachable

EMAIL, LETTER, PHONE = "email", "letter", "phone"
CHANNELS = (EMAIL, LETTER, PHONE)
NONE: frozenset[str] = frozenset()
WRONG_NUMBER = "wrong_number"


def say(session: Session, now: datetime, debtor: Debtor, channel: str, *, given: bool, source: str) -> bool:
    """Keep what a debtor said about one channel; the same word again changes nothing. Returns whether it was news.

    `source` is where they said it: one_click, page, reply, complaint, how staff heard it, or that the number was wrong
    and is right now. The caller holds the debtor's lock.
    """
    if given != (channel in refused_by(session, debtor)):
        return False
    session.add(Consent(business_id=debtor.business_id, debtor_id=debtor.id, channel=channel, given=given,
                        source=source, at=now))
    if channel == EMAIL:
        debtor.opted_out_at = None if given else now
    session.flush()
    return True


def wrong_number(session: Session, now: datetime, debtor: Debtor) -> None:
    """Whoever answered the phone is somebody else: nobody calls there again until the number is another one."""
    say(session, now, debtor, PHONE, given=False, source=WRONG_NUMBER)


def new_number(session: Session, now: datetime, debtor: Debtor) -> None:
    """The number on file was corrected; whoever refused calls themselves still wants none."""
    newest = session.scalar(select(Consent.source).where(
        Consent.debtor_id == debtor.id, Consent.channel == PHONE).order_by(Consent.id.desc()).limit(1))
    if newest == WRONG_NUMBER:
        say(session, now, debtor, PHONE, given=True, source="new_number")


def refused_by(session: Session, debtor: Debtor) -> frozenset[str]:
    """Tell which channels one debtor wants nothing by."""
    found = refused(session, (debtor.id,)).get(debtor.id, NONE) - {EMAIL}
    return found | {EMAIL} if debtor.opted_out_at is not None else found


def refused(session: Session, debtor_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Tell for many debtors at once which channels their newest word refuses; who refused nothing is left out."""
    ids = list(debtor_ids)
    newest = (
        select(func.max(Consent.id)).where(Consent.debtor_id.in_(ids)).group_by(Consent.debtor_id, Consent.channel))
    found: dict[int, set[str]] = defaultdict(set)
    if ids:
        for debtor_id, channel in session.execute(
                select(Consent.debtor_id, Consent.channel).where(Consent.id.in_(newest), Consent.given.is_(False))):
            found[debtor_id].add(channel)
    return {debtor_id: frozenset(channels) for debtor_id, channels in found.items()}


def may_call(debtor: Reachable, refused: frozenset[str]) -> bool:
    """Say whether a debtor may be called: there is a number, they allow it, and no reader said it is not them."""
    return bool(debtor.phone) and _is_reachable(debtor) and PHONE not in refused


def may_write(debtor: Reachable, refused: frozenset[str]) -> bool:
    """Say whether a letter may go to a debtor, as far as they and their readers have a say in it."""
    return _is_reachable(debtor) and LETTER not in refused


def _is_reachable(debtor: Reachable) -> bool:
    # Whose email reached a stranger may have a stranger's number and street, too, until one of the staff has looked.
    return debtor.erased_at is None and debtor.email_state != "wrong_person"

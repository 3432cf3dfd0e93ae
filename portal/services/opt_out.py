"""Stopping the emails that ask or remind, from every email and in one press; what is essential still comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from portal import words
from portal.domain.errors import Refusal
from portal.models import Business, Debtor, lock_debtor
from portal.runtime import Runtime
from portal.services import brands, consents
from portal.services.audit import Actor, record
from portal.services.brands import BusinessView
from portal.services.tokens import Ended, NotGenuine, link_tokens

# An email may be found much later; its way to stop must still work then.
WORKS_FOR = timedelta(days=730)


@dataclass(frozen=True)
class StopPage:
    """Whose emails these are and whether they are stopped; nothing else."""

    business: BusinessView
    words: words.Words
    stopped: bool


def token(settings: Settings, debtor_public_id: str, now: datetime) -> str:
    """Sign the token that stops one debtor's emails."""
    return link_tokens(settings).make("stop", debtor_public_id, now + WORKS_FOR)


def url_of(settings: Settings, debtor: Debtor, now: datetime) -> str:
    """Write the address that an email's "stop" and its List-Unsubscribe header carry."""
    return f"{settings.base_url}/stop/{token(settings, debtor.public_id, now)}"


def page(rt: Runtime, text: str) -> StopPage:
    """Give the page of a stop link; raises Refusal not_found. Writes nothing."""
    with rt.db.reading() as session:
        debtor, business = _named(session, rt, text)
        return StopPage(brands.view(business), words.for_reader(debtor, business), debtor.opted_out_at is not None)


def stop(rt: Runtime, text: str, *, one_click: bool = False) -> None:
    """Stop collecting and courtesy emails to a debtor; a second press changes nothing.

    `one_click` says that a mail program pressed, and not the page.
    """
    _set(rt, text, stopped=True, source="one_click" if one_click else "page")


def resume(rt: Runtime, text: str) -> None:
    """Let them come again, because the debtor asked."""
    _set(rt, text, stopped=False, source="page")


def _set(rt: Runtime, text: str, *, stopped: bool, source: str) -> None:
    now = rt.now()

    def work(session: Session) -> None:
        found, business = _named(session, rt, text)
        debtor = lock_debtor(session, business.id, found.id)
        if debtor is None:
            raise Refusal("not_found", "unknown_page")
        if not consents.say(session, now, debtor, consents.EMAIL, given=not stopped, source=source):
            return
        record(session, at=now, actor=Actor("debtor"), act="email.stopped" if stopped else "email.resumed",
               business_id=business.id, debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", via=source)

    rt.db.run(work)


def _named(session: Session, rt: Runtime, text: str) -> tuple[Debtor, Business]:
    try:
        token = link_tokens(rt.settings).read("stop", text, rt.now())
    except (NotGenuine, Ended) as error:
        raise Refusal("not_found", "unknown_page") from error
    row = session.execute(
        select(Debtor, Business).join(Business, Business.id == Debtor.business_id)
        .where(Debtor.public_id == token.id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row[0], row[1]

"""Choosing a password by a link: forgotten ones, and the first one of an owner. Thirty minutes, and once.

The link says which password it replaces, by a fingerprint of the stored hash; with a new one it is worth nothing.
Emails carry a placeholder for it, so that no stored email opens anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config import Settings
from portal.domain.errors import Refusal
from portal.models import Business, Invitation, Membership, Message, Staff
from portal.runtime import Runtime
from portal.services import staff_attempts, staff_mail, staff_passwords, staff_sessions
from portal.services.audit import Actor, record
from portal.services.staff_account import own_names
from portal.services.staff_mail import StaffReader
from portal.services.tokens import Ended, NotGenuine, link_tokens
from portal.words import staff_emails

WORKS_FOR = timedelta(minutes=30)
# Whoever presses twice gets one email.
EMAIL_GAP = timedelta(minutes=2)
KIND = "choose_password"


@dataclass(frozen=True)
class Chooser:
    """Who may choose a password by a link."""

    staff_id: int
    email: str


def ask(rt: Runtime, email: str, network: str) -> None:
    """Email a link to choose a new password, if anybody has this address; nothing tells whether.

    Raises Refusal too_many/sign_in_wait.
    """
    # Counted apart: whoever asks for links in another's name keeps nobody from signing in.
    staff_attempts.take(rt, "password", email, network, "password-link")
    now = rt.now()

    def work(session: Session) -> None:
        found = session.execute(_person_and_business(email)).first()
        if found is None:
            return
        staff, business = found
        if _newest(session, business.id, staff, now) is None:
            _queue(session, now, staff, business)
            record(session, at=now, actor=Actor("staff", staff.public_id), act="staff.password_link_sent",
                   business_id=business.id, target=f"staff:{staff.public_id}")

    rt.db.run(work)


def send(session: Session, now: datetime, staff: Staff, business: Business) -> None:
    """Email a person the link to choose their password; joins its caller's transaction."""
    _queue(session, now, staff, business)


def address(settings: Settings, staff: Staff, now: datetime) -> str:
    """Write the whole address of the link, for the command line."""
    mark = staff_passwords.print_of(staff)
    return f"{settings.base_url}/office/{_path(settings, staff.public_id, now + WORKS_FOR, mark)}"


def look(rt: Runtime, text: str) -> Chooser:
    """Tell whose password a link chooses; raises Refusal gone/password_link_ended. Writes nothing."""
    with rt.db.reading() as session:
        staff = _named(session, rt, text)
        return Chooser(staff.id, staff.email)


def choose(rt: Runtime, text: str, password: str) -> None:
    """Take a new password by a link; all sessions of its person end. The second factor is still needed to sign in.

    Raises Refusal: gone/password_link_ended, invalid/password_….
    """
    chooser = look(rt, text)
    staff_passwords.refuse_weak(password, *own_names(rt, chooser.staff_id))
    fresh, now = staff_passwords.hashed(password), rt.now()

    def work(session: Session) -> None:
        session.scalars(select(Staff).where(Staff.id == chooser.staff_id).with_for_update()).one()
        staff = _named(session, rt, text)
        staff.password_hash = fresh
        staff_sessions.end_of(session, now, staff.id)
        record(session, at=now, actor=Actor("staff", staff.public_id), act="staff.password_chosen",
               business_id=_business_of(session, staff.id), target=f"staff:{staff.public_id}")

    rt.db.run(work)


def door(rt: Runtime, session: Session, message: Message) -> str:
    """Make the link of a stored email to one of the staff at the moment it is sent; empty for emails without one."""
    kind, _, rest = message.key.partition(":")
    if kind == KIND:
        public_id, end, mark = rest.split(":")
        return _path(rt.settings, public_id, datetime.fromtimestamp(int(end), UTC), mark)
    if kind == "invitation":
        invitation = session.scalars(select(Invitation).where(Invitation.public_id == rest.split(":")[0])).one()
        token = link_tokens(rt.settings).make("invitation", invitation.public_id, invitation.expires_at)
        return f"invitation/{token}"
    return ""


def _path(settings: Settings, public_id: str, ends_at: datetime, mark: str) -> str:
    return f"choose-password/{link_tokens(settings).make('choose-password', public_id, ends_at, mark)}"


def _queue(session: Session, now: datetime, staff: Staff, business: Business) -> None:
    ends_at = now + WORKS_FOR
    staff_mail.queue(
        session, now, business, StaffReader(staff.email, staff.locale), KIND,
        f"{KIND}:{staff.public_id}:{int(ends_at.timestamp())}:{staff_passwords.print_of(staff)}",
        lambda words, sender: staff_emails.choose_password(words, sender, staff.name, ends_at))


def _newest(session: Session, business_id: int, staff: Staff, now: datetime) -> int | None:
    return session.scalar(
        select(Message.id).where(
            Message.business_id == business_id, Message.key.startswith(f"{KIND}:{staff.public_id}:", autoescape=True),
            Message.created_at > now - EMAIL_GAP)
        .limit(1))


def _person_and_business(email: str) -> Select[Staff, Business]:
    return (
        select(Staff, Business)
        .join(Membership, Membership.staff_id == Staff.id).join(Business, Business.id == Membership.business_id)
        .where(Staff.email == email.strip().lower(), Staff.disabled_at.is_(None), Membership.ended_at.is_(None))
        .order_by(Membership.business_id).limit(1))


def _business_of(session: Session, staff_id: int) -> int | None:
    return session.scalar(
        select(Membership.business_id).where(Membership.staff_id == staff_id, Membership.ended_at.is_(None))
        .order_by(Membership.business_id).limit(1))


def _named(session: Session, rt: Runtime, text: str) -> Staff:
    try:
        token = link_tokens(rt.settings).read("choose-password", text, rt.now())
    except (NotGenuine, Ended) as error:
        raise Refusal("gone", "password_link_ended") from error
    staff = session.scalars(
        select(Staff).where(Staff.public_id == token.id).execution_options(populate_existing=True)).one_or_none()
    if staff is None or staff.disabled_at is not None or token.word != staff_passwords.print_of(staff):
        raise Refusal("gone", "password_link_ended")
    return staff

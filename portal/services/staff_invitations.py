"""Invitations: an owner asks somebody by email to work for a business, for seven days and once.

Who has an account accepts it after signing in; who has none chooses a name and a password by the link, and a second
factor right after. The account's address is the invited one and never what somebody typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import ROLES, StaffAccess
from portal.models import Business, Invitation, Membership, Staff, StaffSession
from portal.runtime import Runtime
from portal.services import staff_mail, staff_passwords, staff_sessions
from portal.services.audit import Actor, record, staff_actor
from portal.services.staff_account import checked_name
from portal.services.staff_mail import StaffReader
from portal.services.staff_sessions import StaffVisit
from portal.services.staff_sign_in import Browser
from portal.services.staff_team import lock
from portal.services.tokens import Ended, NotGenuine, link_tokens
from portal.words import staff_emails

WORKS_FOR = timedelta(days=7)


@dataclass(frozen=True)
class InvitationView:
    """An invitation as owners and the invited see it; `known` says whether its address has an account."""

    public_id: str
    email: str
    role: str
    business_name: str
    expires_at: datetime
    ended: bool
    known: bool = False


def open_ones(rt: Runtime, access: StaffAccess) -> tuple[InvitationView, ...]:
    """List the invitations of a business that nobody has accepted yet."""
    access.require("staff")
    with rt.db.reading() as session:
        rows = session.execute(
            _open().where(Invitation.business_id == access.business_id).order_by(Invitation.email))
        return tuple(_view(rt.now(), *row) for row in rows)


def invite(rt: Runtime, access: StaffAccess, email: str, role: str) -> None:
    """Invite somebody by email; asked again for the same address, the invitation is renewed and sent once more.

    Raises Refusal: prove_first, role_unknown, staff_email_malformed, works_here_already.
    """
    now, address = rt.now(), checked_email(email)
    access.require("staff")
    access.require_proof(now)
    if role not in ROLES:
        raise Refusal("invalid", "role_unknown")

    def work(session: Session) -> None:
        business = lock(session, access.business_id)
        if session.scalar(_working(access.business_id).where(Staff.email == address)) is not None:
            raise Refusal("conflict", "works_here_already")
        invitation = session.scalars(
            _still_open().where(Invitation.business_id == access.business_id, Invitation.email == address)
        ).one_or_none() or Invitation(business_id=access.business_id, email=address, created_at=now)
        invitation.role, invitation.invited_by, invitation.expires_at = role, access.staff_id, now + WORKS_FOR
        session.add(invitation)
        session.flush()
        _send(session, now, business, invitation, session.get_one(Staff, access.staff_id))
        _note(session, now, access, invitation, "staff.invited", role=role)

    rt.db.run(work)


def withdraw(rt: Runtime, access: StaffAccess, public_id: str) -> None:
    """Take an invitation back; its link opens nothing any more. Raises Refusal not_found/unknown_page."""
    now = rt.now()
    access.require("staff")

    def work(session: Session) -> None:
        lock(session, access.business_id)
        invitation = session.scalars(_still_open().where(
            Invitation.business_id == access.business_id, Invitation.public_id == public_id)).one_or_none()
        if invitation is None:
            raise Refusal("not_found", "unknown_page")
        invitation.revoked_at = now
        _note(session, now, access, invitation, "staff.invitation_withdrawn", role=invitation.role)

    rt.db.run(work)


def look(rt: Runtime, text: str) -> InvitationView:
    """Show the invitation of a link; raises Refusal gone/invitation_ended. Writes nothing."""
    with rt.db.reading() as session:
        return _view(rt.now(), *_of_link(session, rt, text))


def for_person(rt: Runtime, visit: StaffVisit) -> tuple[InvitationView, ...]:
    """List the open invitations to the address of whoever is signed in."""
    now = rt.now()
    with rt.db.reading() as session:
        rows = session.execute(_open().where(Invitation.email == visit.staff.email, Invitation.expires_at > now)
                               .order_by(Invitation.id))
        return tuple(_view(now, *row) for row in rows)


def join(rt: Runtime, text: str, *, name: str, password: str, browser: Browser, replaces: int | None = None) -> str:
    """Make an account from an invitation; gives the key of a session that opens the set-up of the second factor.

    Raises Refusal: gone/invitation_ended, conflict/account_exists, invalid: name_missing, password_….
    """
    now, checked = rt.now(), checked_name(name)
    with rt.db.reading() as session:
        invitation, business, known = _of_link(session, rt, text)
    if known is not None:
        raise Refusal("conflict", "account_exists")
    staff_passwords.refuse_weak(password, invitation.email, checked, business.name)
    fresh = staff_passwords.hashed(password)

    def work(session: Session) -> str:
        lock(session, business.id)
        found, _, _ = _of_link(session, rt, text)
        staff = Staff(email=found.email, name=checked, password_hash=fresh, locale=business.locale.split("_")[0],
                      created_at=now)
        session.add(staff)
        session.flush()
        _accept(session, now, found, staff, "staff.joined")
        if replaces is not None:
            staff_sessions.end(session, now, replaces)
        return staff_sessions.start(session, now, staff, device=browser.device, business_id=None)

    try:
        return rt.db.run(work)
    except IntegrityError as error:
        # Two invitations to one new person, answered at the same moment: the second finds the account there.
        raise Refusal("conflict", "account_exists") from error


def accept(rt: Runtime, visit: StaffVisit, public_id: str) -> None:
    """Take an invitation as the person who is signed in, and go on working for that business.

    Raises Refusal: not_found/unknown_page, gone/invitation_ended.
    """
    now = rt.now()

    def work(session: Session) -> None:
        row = session.execute(_open().where(
            Invitation.public_id == public_id, Invitation.email == visit.staff.email)).one_or_none()
        if row is None:
            raise Refusal("not_found", "unknown_page")
        lock(session, row[0].business_id)
        session.refresh(row[0])
        if not _stands(row[0], now):
            raise Refusal("gone", "invitation_ended")
        _accept(session, now, row[0], session.get_one(Staff, visit.staff.id), "staff.invitation_accepted")
        session.get_one(StaffSession, visit.session_id).business_id = row[0].business_id

    rt.db.run(work)


def checked_email(email: str) -> str:
    """Give an address in small letters; raises Refusal invalid/staff_email_malformed."""
    # Only an address that staff type needs what reads addresses so closely; it is slow to load.
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Refusal("invalid", "staff_email_malformed") from error


def _accept(session: Session, now: datetime, invitation: Invitation, staff: Staff, act: str) -> None:
    invitation.accepted_at = now
    membership = session.get(Membership, (invitation.business_id, staff.id))
    if membership is None:
        session.add(Membership(business_id=invitation.business_id, staff_id=staff.id, role=invitation.role,
                               created_at=now))
    else:
        membership.role, membership.created_at, membership.ended_at = invitation.role, now, None
    record(session, at=now, actor=Actor("staff", staff.public_id), act=act, business_id=invitation.business_id,
           target=f"invitation:{invitation.public_id}", role=invitation.role)


def _of_link(session: Session, rt: Runtime, text: str) -> tuple[Invitation, Business, int | None]:
    try:
        token = link_tokens(rt.settings).read("invitation", text, rt.now())
    except (NotGenuine, Ended) as error:
        raise Refusal("gone", "invitation_ended") from error
    row = session.execute(
        _open().where(Invitation.public_id == token.id).execution_options(populate_existing=True)).one_or_none()
    if row is None or not _stands(row[0], rt.now()):
        raise Refusal("gone", "invitation_ended")
    return row[0], row[1], row[2]


def _stands(invitation: Invitation, now: datetime) -> bool:
    return invitation.accepted_at is None and invitation.revoked_at is None and now < invitation.expires_at


def _view(now: datetime, invitation: Invitation, business: Business, known: int | None) -> InvitationView:
    return InvitationView(invitation.public_id, invitation.email, invitation.role, business.name,
                          invitation.expires_at, not _stands(invitation, now), known is not None)


def _send(session: Session, now: datetime, business: Business, invitation: Invitation, inviter: Staff) -> None:
    staff_mail.queue(
        session, now, business, StaffReader(invitation.email, business.locale), "invitation",
        f"invitation:{invitation.public_id}:{int(invitation.expires_at.timestamp())}",
        lambda words, sender: staff_emails.invitation(
            words, sender, inviter.name, invitation.role, invitation.expires_at))


def _still_open() -> Select[Invitation]:
    return select(Invitation).where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))


def _open() -> Select[Invitation, Business, int | None]:
    return (
        select(Invitation, Business, Staff.id).join(Business, Business.id == Invitation.business_id)
        .outerjoin(Staff, Staff.email == Invitation.email)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)))


def _working(business_id: int) -> Select[int]:
    return select(Staff.id).join(Membership, Membership.staff_id == Staff.id).where(
        Membership.business_id == business_id, Membership.ended_at.is_(None))


def _note(session: Session, now: datetime, access: StaffAccess, invitation: Invitation, act: str, *,
          role: str) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
           target=f"invitation:{invitation.public_id}", role=role)

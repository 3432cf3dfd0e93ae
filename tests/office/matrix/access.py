"""Who may open the pages of the door, the own account and the people of a business."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.models import Invitation, StaffSession
from portal.services import staff_links
from portal.services.tokens import link_tokens
from tests.cast import make_settings
from tests.office.matrix import OfficePart, OfficeRow, Values, said
from tests.office.people import PASSWORD, make_staff

CHOSEN = "seven grey herons wait"


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """Two open invitations, a link to choose a password, a colleague's session, and a person without a password."""
    now = datetime.now(UTC)
    business, owner = office.part.business, office.staff["owner"]
    invited = [Invitation(
        business_id=business.id, email=f"{name}-{business.slug}@invited.example", role="agent", invited_by=owner.id,
        created_at=now, expires_at=now + timedelta(days=7)) for name in ("wren", "otis")]
    # The session of somebody who plays no other part, so that it is nobody's own on this stage.
    colleague = make_staff(session, business, "agent")
    seat = StaffSession(key_hash=f"{business.slug:x>64}"[:64], staff_id=colleague.id, business_id=business.id,
                        created_at=now, seen_at=now, second_factor_at=now)
    session.add_all([*invited, seat])
    session.flush()
    settings = make_settings()
    link = staff_links.address(settings, colleague, now).rsplit("/", 1)[1]
    token = link_tokens(settings).make("invitation", invited[0].public_id, invited[0].expires_at)
    return {"access.invitation": invited[0], "access.withdrawn": invited[1], "access.token": token,
            "access.link": link, "access.session": seat, "access.colleague": colleague}


def _thing(name: str) -> Any:
    return lambda office: office.things[name].public_id


PREPARE = prepare
TOKEN: Values = {"token": lambda office: office.things["access.token"]}
# Who stands half way in, or has left, reads their own address and nobody else's.
OWN: Values = {"whose": lambda office: " ".join(office.staff[one].email for one in ("manager", "dismissed"))}
LINK: Values = {"token": lambda office: office.things["access.link"]}
WHOM: Values = {"staff_id": _thing("access.colleague")}
NEW: Values = {"new": said(CHOSEN), "again": said(CHOSEN)}
BUSINESS: Values = {name: said(text) for name, text in {
    "name": "Mine", "slug": "mine", "currency": "USD", "country": "US", "timezone": "UTC", "locale": "en",
    "contact_email": "m@mine.example", "contact_phone": "+15035550111", "postal_address": "1 Mine Road"}.items()}

ROWS = {
    # The door: the same for everybody, and nothing of any business on it.
    ("office.sign_in", "GET"): OfficeRow(""),
    ("office.give_password", "POST"): OfficeRow(
        "", form={"email": said("nobody@office.example"), "password": said("x")}, audits=0),
    ("office.sign_in_code", "GET"): OfficeRow("", form=OWN),
    ("office.give_code", "POST"): OfficeRow("", form={**OWN, "code": said("000000")}, audits=0),
    ("office.sign_in_recovery", "GET"): OfficeRow("", form=OWN),
    ("office.give_recovery_code", "POST"): OfficeRow(
        "", form={**OWN, "code": said("aaaa-bbbb-cccc-dddd")}, audits=0),
    ("office.sign_out", "POST"): OfficeRow(""),
    ("office.forgotten", "GET"): OfficeRow(""),
    ("office.send_password_link", "POST"): OfficeRow("", form={"email": said("nobody@office.example")}, audits=0),
    ("office.forgotten_sent", "GET"): OfficeRow(""),
    ("office.choose_password", "GET"): OfficeRow("", target=LINK),
    ("office.keep_password", "POST"): OfficeRow("", target=LINK, form=NEW),
    ("office.invitation", "GET"): OfficeRow("", target=TOKEN),
    ("office.join", "POST"): OfficeRow("", target=TOKEN, form={**NEW, "name": said("Wren")}),
    ("office.second_factor", "GET"): OfficeRow(""),
    ("office.keep_second_factor", "POST"): OfficeRow(
        "", form={**OWN, "sealed": said("made up"), "code": said("000000")}, audits=0),
    # One's own account: whatever is named in the address is another's, and is not there.
    ("office.account", "GET"): OfficeRow("", form=OWN),
    ("office.change_details", "POST"): OfficeRow(
        "", form={**OWN, "name": said("Somebody"), "locale": said("en")}),
    ("office.change_password", "POST"): OfficeRow("", form={**NEW, **OWN, "old": said(PASSWORD)}),
    ("office.end_session", "POST"): OfficeRow("", target={"session_id": _thing("access.session")}, audits=0),
    ("office.end_other_sessions", "POST"): OfficeRow(""),
    ("office.new_recovery_codes", "POST"): OfficeRow("", form=OWN, proof=True),
    ("office.businesses", "GET"): OfficeRow(""),
    ("office.work_for", "POST"): OfficeRow("", target={"business_id": lambda office: office.part.business.public_id}),
    ("office.accept_invitation", "POST"): OfficeRow(
        "", target={"invitation_id": _thing("access.invitation")}, audits=0),
    ("office.first_run", "GET"): OfficeRow(""),
    ("office.first_business", "POST"): OfficeRow("", form=BUSINESS, audits=0),
    # The people of a business.
    ("office.staff", "GET"): OfficeRow("staff", others=()),
    ("office.staff_member", "GET"): OfficeRow("staff", target=WHOM),
    ("office.invite", "POST"): OfficeRow(
        "staff", "303 /office/staff", form={"email": said("paula@invited.example"), "role": said("viewer")}, others=(),
        proof=True),
    ("office.withdraw_invitation", "POST"): OfficeRow(
        "staff", "303 /office/staff", target={"invitation_id": _thing("access.withdrawn")}),
    ("office.change_role", "POST"): OfficeRow(
        "staff", "303 /office/staff", target=WHOM, form={"role": said("viewer")}, proof=True),
    ("office.end_membership", "POST"): OfficeRow("staff", "303 /office/staff", target=WHOM, proof=True),
    ("office.reset_second_factor", "POST"): OfficeRow("staff", "303 /office/staff", target=WHOM, proof=True),
}

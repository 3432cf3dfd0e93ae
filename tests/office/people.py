"""Staff for tests: people with a role, signed in without going through the pages of the door."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pyotp
from flask import Flask
from flask import session as of_forms
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Business, Membership, Staff, StaffSession
from portal.routes.admin import desk
from portal.routes.shared.cookies import name_of
from portal.runtime import Runtime
from portal.services import staff_codes, staff_passwords, staff_sessions
from tests.cast import NOON, make_settings

PASSWORD = "three small anchors rust"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NAMES = ("Ines Marlow", "Otis Brandt", "Wren Castillo", "Paula Yates", "Emil Novak", "Jude Harlan")
_numbers = itertools.count(1)


@cache
def password_hash() -> str:
    """The hash of PASSWORD; made once, because making it is slow on purpose."""
    return staff_passwords.hashed(PASSWORD)


@cache
def sealed() -> str:
    """SECRET as it is stored."""
    return staff_codes.seal(make_settings(), SECRET)


def make_staff(session: Session, business: Business | None, role: str = "owner", *, ended: bool = False,
               second_factor: bool = True, **changes: Any) -> Staff:
    """A person who works for a business in a role, with PASSWORD and an authenticator app that holds SECRET."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "email": f"{role}{number}@office.example", "name": NAMES[number % len(NAMES)],
        "password_hash": password_hash(), "totp_secret": sealed() if second_factor else "", "created_at": NOON,
    }
    staff = Staff(**{**values, **changes})
    session.add(staff)
    session.flush()
    if business is not None:
        join(session, staff, business, role, ended=ended)
    return staff


def join(session: Session, staff: Staff, business: Business, role: str, *, ended: bool = False) -> None:
    """Let a person work for one more business."""
    session.add(Membership(business_id=business.id, staff_id=staff.id, role=role, created_at=NOON,
                           ended_at=NOON if ended else None))
    session.flush()


def code_at(moment: datetime, *, later: int = 0) -> str:
    """The six digits an authenticator app shows at a moment, or so many steps later."""
    return str(pyotp.TOTP(SECRET).at(moment + timedelta(seconds=30 * later)))


def cookie_of(app: Flask, staff: Staff, business: Business | None = None, *, proven: bool = False,
              second_factor: bool = True) -> tuple[str, str]:
    """Begin a session as the door would; gives the name and the value of its cookie.

    For a browser: `context.add_cookies([{"name": name, "value": value, "url": base_url}])`.
    """
    rt: Runtime = app.extensions["portal"]
    now = rt.now()
    with rt.db.transaction() as session:
        business_id = business.id if business else session.scalar(
            select(Membership.business_id).where(Membership.staff_id == staff.id, Membership.ended_at.is_(None))
            .order_by(Membership.business_id).limit(1))
        key = staff_sessions.start(session, now, session.get_one(Staff, staff.id), device="Test on Linux",
                                   business_id=business_id, second_factor=second_factor)
        if proven:
            row = session.scalars(
                select(StaffSession).where(StaffSession.key_hash == staff_sessions.hashed(key))).one()
            row.stepped_up_at = now
    with app.test_request_context(base_url=rt.settings.base_url):
        return name_of(desk.COOKIE), staff_sessions.cookie(rt, key)


def sign_in(client: FlaskClient, staff: Staff, business: Business | None = None, *, proven: bool = False,
            second_factor: bool = True) -> FlaskClient:
    """Give a test client the session of one of the staff; `proven` as if a code had just been entered again."""
    app = client.application
    name, value = cookie_of(app, staff, business, proven=proven, second_factor=second_factor)
    host = app.extensions["portal"].settings.base_url.split("//")[1].split(":")[0]
    client.set_cookie(name, value, domain=host)
    return client


def form_token(client: FlaskClient) -> str:
    """Give what every form of this client must send as csrf_token, for tests that post without a page before."""
    base = client.application.extensions["portal"].settings.base_url
    with client.application.test_request_context(base_url=base):
        proof, secret = generate_csrf(), of_forms["csrf_token"]
    with client.session_transaction(base_url=base) as kept:
        kept["csrf_token"] = secret
    return str(proof)

"""The demo's office: who works for its businesses. One password and one authenticator key open all of them."""

from __future__ import annotations

import os

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Business, Membership, Staff
from portal.runtime import Runtime
from portal.services import staff_codes, staff_passwords

# Name, address, language, and the role in each business by its short name. Priya sees the switcher.
PEOPLE = (
    ("Priya Marsh", "priya@office.example", "en", {"marsh": "owner", "alder": "manager"}),
    ("Tom Ferris", "tom@office.example", "en", {"alder": "owner"}),
    ("Wanda Kell", "wanda@office.example", "en", {"marsh": "manager"}),
    ("Luis Ortega", "luis@office.example", "es", {"marsh": "agent", "alder": "agent"}),
    ("Beth Auden", "beth@office.example", "en", {"marsh": "viewer"}),
)


def write(rt: Runtime) -> None:
    """Write the demo's staff; a known password and key are for a demo alone, and any other portal refuses them."""
    if rt.settings.environment != "demo":
        raise SystemExit("staff with a known password are made in the demo only")
    password = staff_passwords.hashed(os.environ["DEMO_PASSWORD"])
    sealed = staff_codes.seal(rt.settings, os.environ["DEMO_TOTP_SECRET"])
    with rt.db.transaction() as session:
        for name, email, locale, roles in PEOPLE:
            staff = Staff(name=name, email=email, locale=locale, password_hash=password, totp_secret=sealed,
                          created_at=rt.now())
            session.add(staff)
            session.flush()
            for slug, role in roles.items():
                session.add(Membership(business_id=_business(session, slug), staff_id=staff.id, role=role,
                                       created_at=rt.now()))


def _business(session: Session, slug: str) -> int:
    return session.scalars(select(Business.id).where(Business.slug == slug)).one()

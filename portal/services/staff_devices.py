"""Browsers a person has signed in with before: for them the door stays open while strangers use up all tries.

A signed cookie names the person, and by a fingerprint the password it was made under: a new password ends it. It opens
nothing by itself; it only lets a password be compared, under a limit of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from portal.models import Staff
from portal.runtime import Runtime
from portal.services.staff_passwords import print_of
from portal.services.tokens import Ended, NotGenuine, cookie_tokens

LASTS = timedelta(days=365)


def cookie(rt: Runtime, public_id: str) -> str:
    """Write what a browser keeps after a person has come in by both steps."""
    with rt.db.reading() as session:
        staff = session.scalars(select(Staff).where(Staff.public_id == public_id)).one()
    return cookie_tokens(rt.settings).make("known-device", public_id, rt.now() + LASTS, print_of(staff))


def knows(rt: Runtime, email: str, kept: Mapping[str, str]) -> bool:
    """Say whether a browser keeps such a cookie of the very person with this address; `kept` is by public id."""
    if not kept:
        return False
    with rt.db.reading() as session:
        staff = session.scalars(select(Staff).where(Staff.email == email.strip().lower())).one_or_none()
    if staff is None:
        return False
    try:
        token = cookie_tokens(rt.settings).read("known-device", kept.get(staff.public_id, ""), rt.now())
    except (NotGenuine, Ended):
        return False
    return token.id == staff.public_id and hmac.compare_digest(token.word, print_of(staff))

"""The office's door for tests: a portal with one business and its owner, and browsers that come in by the pages."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import func, select

from portal.db import Database
from portal.models import AuditEvent, Business, Message, SignInAttempt, Staff, StaffSession
from portal.services import delivery
from sandbox.mailbox import Mailbox
from tests.access.visitor import Browser, House, open_house
from tests.cast import Clock, make_business
from tests.office.people import PASSWORD, code_at, make_staff, sign_in

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Door:
    """A portal, its first business, and the owner of it."""

    house: House
    business: Business
    owner: Staff

    @property
    def db(self) -> Database:
        return self.house.db

    @property
    def clock(self) -> Clock:
        return self.house.clock

    def browser(self, **environ: Any) -> Browser:
        return self.house.browser(**{"HTTP_USER_AGENT": FIREFOX, **environ})

    def inside(self, staff: Staff, *, proven: bool = False) -> Browser:
        """A browser of somebody who is signed in already."""
        browser = self.browser()
        sign_in(browser.client, staff, proven=proven)
        return browser

    def hire(self, role: str, **changes: Any) -> Staff:
        with self.db.transaction() as session:
            return make_staff(session, self.business, role, **changes)

    def password(self, browser: Browser, email: str, password: str = PASSWORD) -> int:
        """Type email and password; gives the status of the answer."""
        browser.get("/office/sign-in")
        return browser.send("/office/sign-in", email=email, password=password, follow=False).status_code

    def code(self, browser: Browser, code: str) -> int:
        """Type a code; gives the status of the answer."""
        browser.get("/office/sign-in/code")
        return browser.send("/office/sign-in/code", code=code, follow=False).status_code

    def enter(self, browser: Browser, staff: Staff) -> None:
        """Come in by both steps, half a minute after whatever was before."""
        self.clock.pass_time(seconds=31)
        assert self.password(browser, staff.email) == 303
        assert self.code(browser, code_at(self.clock())) == 303

    def count(self, table: type, *where: Any) -> int:
        with self.db.reading() as session:
            return session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    def sessions(self, staff: Staff) -> int:
        return self.count(StaffSession, StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None))

    def failed(self) -> int:
        return self.count(SignInAttempt, SignInAttempt.passed.is_(False))

    def audits(self) -> list[AuditEvent]:
        with self.db.reading() as session:
            return list(session.scalars(select(AuditEvent).order_by(AuditEvent.id)))

    def acts(self) -> list[str]:
        return [event.act for event in self.audits()]

    def row(self, staff: Staff) -> Staff:
        with self.db.reading() as session:
            return session.get_one(Staff, staff.id)

    def emails(self) -> list[Message]:
        with self.db.reading() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))

    def link_of_newest_email(self, mailbox: Mailbox) -> str:
        """Let the emails leave by SMTP, and give the link of the last one."""
        delivery.deliver_due(self.house.rt)
        links = [link for link in mailbox.messages()[-1]["links"] if "/office/" in link]
        return str(links[0])


def open_door(db: Database, folder: Path, **changes: Any) -> Door:
    """Start a portal with one business and its owner."""
    house = open_house(db, folder, Clock(), **changes)
    with db.transaction() as session:
        business = make_business(session)
        owner = make_staff(session, business, "owner")
    return Door(house, business, owner)


def codes_on(page: str) -> list[str]:
    """The recovery codes a page shows."""
    return re.findall(r"<code>([a-z2-9]{4}(?:-[a-z2-9]{4}){3})</code>", page)


def hashes_of(work: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Do something and watch which password hashes it costs; gives its answer and them."""
    seen: list[str] = []

    def watch(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_name in ("verify_secret", "hash_secret"):
            seen.append(frame.f_code.co_name)

    sys.setprofile(watch)
    try:
        return work(), seen
    finally:
        sys.setprofile(None)

"""What the frame around every page of the office shows: who works for whom, the menu, colors and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, g, request, url_for
from flask.sansio.blueprints import BlueprintSetupState

from portal.routes.admin.desk import blueprint, greet, visit, visit_or_none
from portal.routes.admin.nav import NAVIGATION, Entry, Group
from portal.routes.shared import errors
from portal.routes.shared.runtime import runtime
from portal.services import dashboard
from portal.services.brands import BusinessView
from portal.services.queues.frame import Count
from portal.services.staff_sessions import StaffView, StaffVisit
from portal.words.core import current
from portal.words.refusals import N_

ROLE_WORDS = {"owner": N_("owner"), "manager": N_("manager"), "agent": N_("agent"), "viewer": N_("viewer")}
THEMES = (("system", N_("Colors as on this device")), ("light", N_("Light")), ("dark", N_("Dark")))


@dataclass(frozen=True)
class MenuEntry:
    """A line of the menu as it is drawn."""

    label: str
    href: str
    here: bool
    key: str
    count: int = 0
    urgent: int = 0


@dataclass(frozen=True)
class MenuGroup:
    """Lines of the menu under one title."""

    code: str
    title: str
    entries: tuple[MenuEntry, ...]


class Shell:
    """The frame of one request; made once, and only for pages that ask for it."""

    def __init__(self, found: StaffVisit) -> None:
        self._visit = found
        self._waiting: Sequence[Count] | None = None
        self._approvals: int | None = None

    @property
    def staff(self) -> StaffView:
        """Who sits there."""
        return self._visit.staff

    @property
    def business(self) -> BusinessView | None:
        """Whom they work for."""
        return self._visit.business

    @property
    def role(self) -> str:
        """Their role, in a word."""
        access = self._visit.access
        return current().text(ROLE_WORDS[access.role]) if access else ""

    @property
    def theme(self) -> str:
        """The colors they chose; "" for those of their device."""
        return "" if self.staff.theme == "system" else self.staff.theme

    @property
    def shortcuts(self) -> bool:
        """Whether keys are on."""
        return self.staff.shortcuts

    @property
    def paused_at(self) -> datetime | None:
        """Since when all reminders are paused; None while they leave."""
        return self._visit.paused_at

    @property
    def safe_mode_at(self) -> datetime | None:
        """Since when nothing leaves to any debtor; None while things leave."""
        return self._visit.safe_mode_at

    @property
    def zone(self) -> str:
        """The business's zone by the name people use."""
        return current().zone_name(runtime().now())

    def now(self) -> datetime:
        """What time it is."""
        return runtime().now()

    def may(self, permission: str) -> bool:
        """Say whether this role may do something; pages leave out what it may not."""
        access = self._visit.access
        return access is not None and access.may(permission)

    @property
    def waiting(self) -> Sequence[Count]:
        """What waits in each queue; asked once for a page, and set by a page that has asked already."""
        if self._waiting is None:
            access = self._visit.access
            self._waiting = dashboard.waiting(runtime(), access) if access else ()
        return self._waiting

    @waiting.setter
    def waiting(self, counted: Sequence[Count]) -> None:
        self._waiting = counted

    @property
    def approvals(self) -> int:
        """How much waits for this person as the second one; asked and set as `waiting` is."""
        if self._approvals is None:
            access = self._visit.access
            self._approvals = dashboard.approvals_waiting(runtime(), access) if access else 0
        return self._approvals

    @approvals.setter
    def approvals(self, counted: int) -> None:
        self._approvals = counted

    def has(self, endpoint: str) -> bool:
        """Say whether a page exists, so that no frame leads nowhere."""
        return endpoint in current_app.view_functions

    def themes(self) -> list[tuple[str, str]]:
        """The colors there are, each in words."""
        return [(value, current().text(text)) for value, text in THEMES]

    def groups(self) -> list[MenuGroup]:
        """The menu of this role."""
        drawn = (self._group(group) for group in NAVIGATION)
        return [group for group in drawn if group.entries]

    def keys(self) -> list[tuple[str, str]]:
        """Where G and a letter lead."""
        return [(entry.key, entry.label) for group in self.groups() for entry in group.entries if entry.key]

    def _group(self, group: Group) -> MenuGroup:
        title = current().text(group.title) if group.title else ""
        entries = tuple(
            self._entry(entry) for entry in group.entries if self.may(entry.permission) and self.has(entry.endpoint))
        return MenuGroup(group.code, title, entries)

    def _entry(self, entry: Entry) -> MenuEntry:
        here = _is_part_of(entry)
        label, href = current().text(entry.label), url_for(entry.endpoint)
        if not entry.counted:
            return MenuEntry(label, href, here, entry.key)
        if entry.counted == "approvals":
            return MenuEntry(label, href, here, entry.key, self.approvals)
        waiting = sum(count.count for count in self.waiting)
        urgent = sum(1 for count in self.waiting if count.due_today)
        return MenuEntry(label, href, here, entry.key, waiting, urgent)


def _is_part_of(entry: Entry) -> bool:
    """Say whether the page at hand belongs to an entry: it, what it lists, and the forms of what it lists."""
    pages = (entry.endpoint, *entry.also)
    at = request.endpoint or ""
    return at in pages or any(at.startswith(f"{page}_") for page in entry.also)


@blueprint.app_template_global("office")
def shell() -> Shell:
    """Give the frame of this request; only for pages of people who are signed in."""
    if "office_shell" not in g:
        g.office_shell = Shell(visit())
    made: Shell = g.office_shell
    return made


@blueprint.record_once
def _dress_errors(state: BlueprintSetupState) -> None:
    errors.dress(state.app, str(blueprint.url_prefix), _error_page)  # type: ignore[arg-type]


def _error_page() -> str:
    """Answer inside the office for who is signed in, and at its door for everyone else."""
    found = visit_or_none()
    if found is None or found.access is None:
        return "errors/office_door.html"
    greet(found)
    return "errors/office.html"

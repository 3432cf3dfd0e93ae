"""What the rules of reminders ask about a debtor and their business, be it of a stored row or of a few facts of it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Reachable(Protocol):
    """How a debtor can be reached, and what stands against it."""

    @property
    def email(self) -> str | None: ...
    @property
    def email_state(self) -> str: ...
    @property
    def opted_out_at(self) -> datetime | None: ...
    @property
    def erased_at(self) -> datetime | None: ...
    @property
    def timezone(self) -> str | None: ...
    @property
    def country(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def postal_address(self) -> str: ...


class Sending(Protocol):
    """Whether a business sends reminders at present, and where it is."""

    @property
    def timezone(self) -> str: ...
    @property
    def paused_at(self) -> datetime | None: ...

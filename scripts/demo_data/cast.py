"""The shapes of the demo's data: businesses, people, invoices. Sums are minor units, days count from today."""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.services.businesses import NewBusiness


@dataclass(frozen=True)
class Line:
    """One line of an invoice; `tax` is hundredths of a percent on top of the sum."""

    text: str
    minor: int
    tax: int = 0

    @property
    def tax_minor(self) -> int:
        return (self.minor * self.tax + 5_000) // 10_000


@dataclass(frozen=True)
class Bill:
    """An invoice that is due in so many days (negative: has been due for that long)."""

    number: str
    title: str
    due: int
    lines: tuple[Line, ...]
    terms: int = 30
    currency: str = "USD"
    # Hundredths of a percent off when paid within so many days from today.
    discount: int = 0
    discount_days: int = 0
    # A paper that belongs to the invoice, by its title.
    paper: str = ""

    @property
    def total(self) -> int:
        return sum(line.minor + line.tax_minor for line in self.lines)


@dataclass(frozen=True)
class Person:
    """A debtor. Without an email address nothing can be sent; `fact` is what opens the page."""

    number: str
    name: str
    email: str | None
    postal_code: str
    bills: tuple[Bill, ...]
    greeting: str = ""
    kind: str = "consumer"
    phone: str = ""
    country: str = "US"
    locale: str = "en"
    timezone: str = "America/Los_Angeles"
    fact: str = "postal_code"


@dataclass(frozen=True)
class House:
    """A business with its people; those of `imported` come in by a file, as from accounting software."""

    business: NewBusiness
    logo: str
    contact_hours: dict[str, str]
    where_to_check: dict[str, str]
    bank_details: list[list[str]]
    stripe_account: str | None
    people: tuple[Person, ...]
    imported: str = ""
    minimum_part: dict[str, int] = field(default_factory=dict)


def bill(number: str, title: str, due: int, minor: int, **more: object) -> Bill:
    """An invoice of one line."""
    return Bill(number, title, due, (Line(title, minor),), **more)  # type: ignore[arg-type]

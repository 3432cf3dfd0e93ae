"""What the pages of all lists share: reading the address, and the addresses of chips, heads of columns and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for

from portal.domain.listing import BULK_MOST, LOOKED_AT
from portal.routes.admin.desk import access, blueprint, visit
from portal.routes.shared.runtime import runtime
from portal.services.lists import asking, bulk, shown
from portal.services.lists.asking import Asked
from portal.services.lists.frame import Column, Context, Counted, Filter, ListOf, Shown
from portal.words import office_books
from portal.words.core import current
from portal.words.refusals import N_

ACTS = {"link": N_("Send link"), "hold": N_("Hold"), "assign": N_("Assign"),
        "offer": N_("Make a discount")}
ANY = N_("Any")
# What a file may do when a browser shows it all the same.
NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
EVERYTHING = N_("All")


@dataclass(frozen=True)
class ListPage:
    """One list as its template draws it."""

    wanted: ListOf
    context: Context
    asked: Asked
    shown: Shown | None

    @property
    def endpoint(self) -> str:
        """The page of this list."""
        return f"office.{self.wanted.name}"

    def href(self, **changes: str) -> str:
        """The address of this list with these filters, changed."""
        return _address(self.endpoint, **asking.address(self.wanted, self.asked.ask, **changes))

    def export_href(self) -> str:
        """Where exactly these rows are taken out."""
        return _address("office.export", list_name=self.wanted.name, **asking.address(self.wanted, self.asked.ask))

    def hidden(self) -> list[tuple[str, str]]:
        """The filters in use, to travel along with what was picked."""
        return list(asking.address(self.wanted, self.asked.ask).items())

    def options(self, one: Filter) -> list[tuple[str, str]]:
        """What a filter offers, in words; the first takes it away."""
        say = current().text
        offered = [(value, text if one.own_words or one.name == "who" else say(text))
                   for value, text in one.options(self.context)]
        return [(asking.ALL if one.default else "", say(EVERYTHING if one.default else ANY)), *offered]

    def value(self, one: Filter) -> str:
        """What a filter is set to, or what was typed when that is wrong."""
        if one.name in self.asked.errors:
            return self.asked.typed.get(one.name, "")
        return self.asked.ask.value(one.name) or (asking.ALL if one.default else "")

    def chips(self) -> list[tuple[str, str]]:
        """The filters in use, each with the address without it."""
        found = [(f"“{self.asked.ask.q}”", self.href(q=""))] if self.asked.ask.q else []
        for one in self.wanted.filters:
            if value := self.asked.ask.value(one.name):
                found.append((self._chip(one, value), self.href(**{one.name: ""})))
        return found

    def _chip(self, one: Filter, value: str) -> str:
        if one.kind == "day":
            label = current().text(one.label)
            return f"{label} {value}"
        text = dict(self.options(one)).get(value, value)
        return text if one.name == "state" else f"{current().text(one.label)}: {text}"

    def views(self) -> list[tuple[str, str, bool]]:
        """Orders that no head of a column offers."""
        return [(current().text(order.label), self.href(sort=f"{'-' if order.descending else ''}{order.name}"),
                 order == self.asked.ask.order) for order in self.wanted.orders if order.label]

    def sort_href(self, column: Column) -> str:
        """The address sorted by a column; the other way round when it is already."""
        order = self.wanted.order(column.order)
        assert order is not None
        ask = self.asked.ask
        descending = not ask.descending if ask.order == order else order.descending
        return self.href(sort=f"{'-' if descending else ''}{order.name}")

    def sorted_by(self, column: Column) -> str:
        """Which way a column is sorted: ascending, descending, or "" when another is."""
        ask = self.asked.ask
        if column.order != ask.order.name:
            return ""
        return "descending" if ask.descending else "ascending"

    def columns(self) -> list[Column]:
        """The columns of the page."""
        return [column for column in self.wanted.columns if column.cell is not None]

    def counted(self) -> Counted:
        """What matches."""
        return self.shown.counted if self.shown else Counted(0, {})

    def can_take_all(self) -> bool:
        """Whether one act may take all that match."""
        counted = self.counted()
        return not counted.more and 0 < counted.number <= BULK_MOST and not (self.shown and self.shown.more_found)

    def acts(self) -> list[tuple[str, str]]:
        """What may be done with the picked rows."""
        return [(name, current().text(ACTS[name])) for name in self.wanted.bulk
                if access().may("work") and access().may(bulk.NEEDS.get(name, "work"))]

    def foot_sums(self) -> list[tuple[str, int]]:
        """What the rows of this page come to, by currency; the business's main one first."""
        if self.wanted.foot_sum is None or self.shown is None:
            return []
        sums: dict[str, int] = {}
        for row in self.shown.rows:
            currency, minor = self.wanted.foot_sum(row)
            sums[currency] = sums.get(currency, 0) + minor
        return by_currency(sums, self.context.currency)

    def foot_place(self) -> int:
        """How many columns stand before the one that is added up."""
        return [column.name for column in self.columns()].index(self.wanted.foot_under)

    def head_sums(self) -> list[tuple[str, int]]:
        """What all that match comes to."""
        return by_currency(self.counted().sums, self.context.currency) if self.wanted.sum_of else []

    def refusals(self) -> list[tuple[str, str]]:
        """What is wrong with the address, by field."""
        return [(name, current().refusal(refusal)) for name, refusal in self.asked.errors.items()]

    def error(self, name: str) -> str:
        """What is wrong with one field."""
        refusal = self.asked.errors.get(name)
        return current().refusal(refusal) if refusal else ""


def _address(endpoint: str, **values: Any) -> str:
    return url_for(endpoint, **values)


def by_currency(sums: Mapping[str, int], main: str) -> list[tuple[str, int]]:
    """Order sums by their currency, the main one first; zeros are left out."""
    return sorted(((currency, minor) for currency, minor in sums.items() if minor),
                  key=lambda pair: (pair[0] != main, pair[0]))


@blueprint.app_template_global("entry_words")
def entry_words(kind: str) -> str:
    """Name a kind of transfer for staff."""
    return office_books.entry(current(), kind)


def look(wanted: ListOf, raw: Mapping[str, str] | None = None) -> ListPage:
    """Answer the address at hand, or these parameters."""
    business = visit().business
    assert business is not None
    context, asked, found = shown.read(
        runtime(), access(), business.currency, current(), wanted,
        request.args.to_dict() if raw is None else raw)
    return ListPage(wanted, context, asked, found)


def page(wanted: ListOf) -> Any:
    """Draw a list; an address with something wrong in it is answered with what is wrong, and no rows."""
    view = look(wanted)
    return render_template("admin/list.html", view=view, looked_at=LOOKED_AT), 200 if view.shown else 422

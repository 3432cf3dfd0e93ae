"""What a debtor chose for a plan, as it travels in forms and addresses; sums as they were typed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from werkzeug.datastructures import MultiDict

from portal.domain.currencies import is_supported
from portal.domain.errors import Refusal
from portal.domain.money import parse_amount, to_decimal
from portal.domain.plan_terms import Wish
from portal.domain.schedules import FREQUENCIES, MOST_PARTS, Part
from portal.routes.debtor.choices import MOST_INVOICES
from portal.routes.debtor.days import read_day
from portal.services.plan_proposals import Asked
from portal.words import Words

# So many rows are offered for days of one's own, and so many more once they are filled.
ROWS, MORE_ROWS = 4, 2
OWN = "own"
Items = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Typed:
    """The fields of the form as they were typed, for the page that is shown again."""

    every: str = "monthly"
    first: str = ""
    by: str = "n"
    n: str = "4"
    each: str = ""
    down: str = ""
    autopay: str = "no"
    rows: tuple[tuple[str, str], ...] = ()
    invoices: tuple[str, ...] = ()
    currency: str = ""


def typed(values: MultiDict[str, str], plain: Typed) -> Typed:
    """Take the fields as they came; what did not come is as in `plain`."""
    if "every" not in values:
        return plain
    told = values.get("rows", "")
    count = min(int(told), MOST_PARTS) if told.isascii() and told.isdigit() and len(told) <= 4 else ROWS
    rows = [(values.get(f"day_{place}", ""), values.get(f"sum_{place}", "")) for place in range(1, count + 1)]
    return replace(
        plain, every=values["every"], first=values.get("first", ""), by=values.get("by", "n"), n=values.get("n", ""),
        each=values.get("each", ""), down=values.get("down", ""), autopay=values.get("autopay", "no"),
        rows=tuple(rows), invoices=_invoices(values.getlist("invoice")),
        currency=values.get("currency", plain.currency))


def filled(wish: Wish, currency: str, words: Words) -> Typed:
    """Give the form filled in with a choice of equal payments."""
    return typed(MultiDict(as_items(wish, currency, (), words)), Typed(currency=currency))


def shown_rows(form: Typed) -> tuple[tuple[str, str], ...]:
    """Give the rows for days of one's own, with empty ones after those that are filled."""
    filled = [row for row in form.rows if row[0].strip() or row[1].strip()]
    empty = max(ROWS - len(filled), MORE_ROWS)
    return (*filled, *([("", "")] * empty))[:MOST_PARTS]


def asked(form: Typed, words: Words, *, said: str = "", person: bool = False) -> Asked:
    """Read a choice; raises Refusal with the sentence for whoever filled it in."""
    if not is_supported(form.currency):
        raise Refusal("not_found", "unknown_page")
    return Asked(form.currency, _wish(form, words), form.invoices, said, person)


def as_items(wish: Wish, currency: str, invoices: tuple[str, ...], words: Words) -> Items:
    """Give a choice as the hidden fields that carry it on."""
    items = [("currency", currency), *(("invoice", one) for one in invoices),
             ("autopay", "yes" if wish.autopay else "no")]
    if wish.frequency is None:
        items += [("every", OWN), ("rows", str(len(wish.parts)))]
        for place, part in enumerate(wish.parts, 1):
            items += [(f"day_{place}", part.due_on.isoformat()),
                      (f"sum_{place}", written(part.amount_minor, currency, words))]
        return tuple(items)
    items += [("every", wish.frequency), ("first", wish.first_on.isoformat() if wish.first_on else "")]
    if wish.size_minor is not None:
        items += [("by", "sum"), ("each", written(wish.size_minor, currency, words))]
    else:
        items += [("by", "n"), ("n", str(wish.count))]
    if wish.down_minor:
        items.append(("down", written(wish.down_minor, currency, words)))
    return tuple(items)


def written(minor: int, currency: str, words: Words) -> str:
    """Write a sum as its field reads it."""
    return str(to_decimal(minor, currency)).replace(".", words.decimal_mark)


def _wish(form: Typed, words: Words) -> Wish:
    by_itself = form.autopay == "yes"
    if form.every == OWN:
        return Wish(parts=_own_parts(form, words), autopay=by_itself)
    frequency = next((one for one in FREQUENCIES if one == form.every), None)
    if frequency is None:
        raise Refusal("invalid", "frequency_missing")
    first: date = _first(form.first)
    down = _sum(form.down, form, words) if form.down.strip() else 0
    if form.by == "sum":
        if not form.each.strip():
            raise Refusal("invalid", "size_missing")
        return Wish(frequency, first, None, _sum(form.each, form, words), down, autopay=by_itself)
    return Wish(frequency, first, _count(form.n), None, down, autopay=by_itself)


def unread(form: Typed, words: Words) -> str:
    """Name the field whose sum cannot be read; of days and sums of one's own, none."""
    if form.every == OWN:
        return ""
    for field, text in (("down", form.down), ("each", form.each if form.by == "sum" else "")):
        try:
            if text.strip():
                _sum(text, form, words)
        except Refusal:
            return field
    return ""


def _sum(text: str, form: Typed, words: Words) -> int:
    minor = parse_amount(text, form.currency, words.decimal_mark)
    if minor <= 0:
        raise Refusal("invalid", "amount_negative")
    return minor


def _first(text: str) -> date:
    if not text.strip():
        raise Refusal("invalid", "first_day_missing")
    return read_day(text)


def _count(text: str) -> int:
    plain = text.strip()
    if not plain.isascii() or not plain.isdigit():
        raise Refusal("invalid", "count_missing")
    if len(plain) > 4:
        raise Refusal("invalid", "too_many_parts", count=MOST_PARTS)
    return int(plain)


def _own_parts(form: Typed, words: Words) -> tuple[Part, ...]:
    parts = []
    for day, amount in form.rows:
        if not day.strip() and not amount.strip():
            continue
        if not day.strip() or not amount.strip():
            raise Refusal("invalid", "part_incomplete")
        parts.append(Part(read_day(day), _sum(amount, form, words)))
    return tuple(parts)


def _invoices(public_ids: list[str]) -> tuple[str, ...]:
    if len(public_ids) > MOST_INVOICES or any(not 0 < len(one) <= 32 for one in public_ids):
        raise Refusal("not_found", "unknown_invoice")
    return tuple(dict.fromkeys(public_ids))

"""Columns whose header leaves open what they hold: their cells say it.

"Paid" may hold dates, amounts or yes and no; "Type" may tell of customers or papers, "State" of a debt or a region.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from portal.domain.imports.cells import is_document, is_kind, is_status, is_yes_no
from portal.domain.imports.dates import looks_like_date
from portal.domain.imports.headers import SYNONYMS, normalise
from portal.domain.imports.results import ImportOptions
from portal.domain.imports.table import Table

_SAMPLE = 200
Mapping = dict[str, int]


def understood(table: Table, mapping: Mapping, options: ImportOptions) -> Mapping:
    """Give the mapping with every doubtful column as its cells show it; what a person stated stays."""
    for settle in (_paid, _name, _type, _state):
        mapping = settle(table, mapping, options)
    return mapping


def _paid(table: Table, mapping: Mapping, options: ImportOptions) -> Mapping:
    position = mapping.get("paid")
    if position is None:
        return mapping
    # Also where a person said "paid": last week the column may have been empty.
    cells = _sample(table, position)
    if all(is_yes_no(cell) for cell in cells):
        return mapping
    dated = sum(looks_like_date(cell) for cell in cells)
    meaning = "settled_on" if 2 * dated > len(cells) else "paid_amount"
    rest = _without(mapping, "paid")
    return rest if meaning in rest else rest | {meaning: position}


def _name(table: Table, mapping: Mapping, options: ImportOptions) -> Mapping:
    """Where the customer is known by name alone, the name serves as number and as name."""
    position = mapping.get("customer_number")
    if position is None or "customer_name" in mapping or "customer_name" in options.mapping:
        return mapping
    names = {normalise(word) for word in SYNONYMS["customer_name"]}
    return mapping | {"customer_name": position} if normalise(table.headers[position]) in names else mapping


def _type(table: Table, mapping: Mapping, options: ImportOptions) -> Mapping:
    """A column that is only called "Type" counts where a cell speaks of customers, or all of documents."""
    position = mapping.get("kind")
    if position is None or "kind" in options.mapping or normalise(table.headers[position]) not in ("type", "tipo"):
        return mapping
    if _any(table, position, is_kind):
        return mapping
    rest = _without(mapping, "kind")
    cells = _sample(table, position)
    if "document" in mapping or "document" in options.mapping or not cells or not all(map(is_document, cells)):
        return rest
    return rest | {"document": position}


def _state(table: Table, mapping: Mapping, options: ImportOptions) -> Mapping:
    position = mapping.get("status")
    if position is None or "status" in options.mapping or normalise(table.headers[position]) not in ("state", "estado"):
        return mapping
    if not _sample(table, position) or _any(table, position, is_status):
        return mapping
    rest = _without(mapping, "status")
    return rest if "region" in rest or "region" in options.mapping else rest | {"region": position}


def _any(table: Table, position: int, speaks: Callable[[str], bool]) -> bool:
    return any(map(speaks, {cells[position] for _, cells in table.rows if position < len(cells)}))


def _sample(table: Table, position: int) -> list[str]:
    cells = (cells[position] for _, cells in table.rows if position < len(cells))
    return list(islice((cell for cell in cells if cell.strip()), _SAMPLE))


def _without(mapping: Mapping, field: str) -> Mapping:
    return {name: column for name, column in mapping.items() if name != field}

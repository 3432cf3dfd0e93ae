"""What an import did, or would do, as pages and commands tell it; kept with its run while a person looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from typing import Any

from portal.domain.imports import Note, ParsedFile, RowError
from portal.services.import_matching import Finding, Matching
from portal.services.import_staging import LONGEST_TITLE, is_held, kind

DAY = "day:"
# So many corrected invoices are told by name; the rest is counted.
MOST_NAMED = 200


@dataclass(frozen=True)
class Changed:
    """An invoice whose total is another in the file, minor units: "A5: 100.00 before, 90.00 now"."""

    number: str
    debtor: str
    currency: str
    before: int
    now: int


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do. With errors nothing was written; `booked` says whether anything was."""

    rows: int
    new: int
    changed: int
    unchanged: int
    # What the last file of this kind had and this one has not; of these, how many are open in the books.
    gone: int
    gone_open: int
    # Known invoices that the file says were paid elsewhere since: in full, and in part.
    settled_since: int
    part_paid_since: int
    credits: int
    other_dates: int
    settled: int
    partly_paid: int
    holds: int
    no_longer_disputed: int
    new_debtors: int
    booked: bool
    errors: tuple[RowError, ...]
    notes: tuple[Note, ...]
    unmapped: tuple[str, ...]
    mapping: Mapping[str, str]
    currency: str
    # What the new invoices come to, minor units by currency.
    sums: Mapping[str, int] = field(default_factory=dict)
    # Of the new debtors: how many become consumers, and for how many of these the file said nothing.
    new_consumers: int = 0
    kinds_assumed: int = 0
    # Whether there is anything to take in, and how much of it waits for somebody's word.
    tells_something: bool = False
    findings: int = 0
    # How the file was read: utf-8, xlsx …, and the ready-made mapping it was recognized by.
    form: str = ""
    preset: str = ""
    remembered: bool = False
    source: str = ""
    changes: tuple[Changed, ...] = ()

    @property
    def new_businesses(self) -> int:
        """How many of the new debtors become businesses."""
        return self.new_debtors - self.new_consumers

    def as_data(self) -> dict[str, Any]:
        """Give it as plain values, without the errors, which can be many and lie in a file of their own."""
        return {**asdict(self), "errors": [], "notes": [[note.code, plain(note.params)] for note in self.notes]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any], errors: tuple[RowError, ...] = ()) -> ImportReport:
        """Read it back."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        values["notes"] = tuple(Note(code, lively(params)) for code, params in data["notes"])
        values["changes"] = tuple(Changed(**one) for one in data.get("changes", ()))
        return cls(**{**values, "errors": errors, "unmapped": tuple(data["unmapped"])})


def report(parsed: ParsedFile, found: Matching, *, booked: bool, preset: str = "",
           remembered: bool = False) -> ImportReport:
    """Count what a file does to the books."""
    errors = sorted([*parsed.errors, *(_of_its_file(parsed, error) for error in found.errors)],
                    key=lambda error: error.row)
    cut = sum(len(row.line_description or "") > LONGEST_TITLE for row in found.new)
    notes = [*parsed.notes, *found.notes, *([Note("descriptions_cut", {"rows": cut})] if cut else [])]
    return ImportReport(
        rows=parsed.rows, new=len(found.new), changed=len(found.changed), unchanged=found.unchanged,
        gone=len(found.gone), gone_open=_count(found, "gone"), settled_since=found.settled_since,
        part_paid_since=_count(found, "paid") - found.settled_since, credits=_count(found, "credit"),
        other_dates=_count(found, "due"), settled=sum(row.paid_minor == row.amount for row in found.new),
        partly_paid=sum(0 < row.paid_minor < row.amount for row in found.new),
        holds=sum(map(is_held, found.new)) + _count(found, "disputed"), no_longer_disputed=_count(found, "undisputed"),
        new_debtors=len(found.new_customers), booked=booked, errors=tuple(errors), notes=tuple(notes),
        unmapped=tuple(parsed.unmapped), mapping=dict(parsed.mapping), currency=parsed.currency, sums=_sums(found),
        new_consumers=sum(kind(customer) == "consumer" for customer in found.new_customers),
        kinds_assumed=sum(customer.kind is None for customer in found.new_customers),
        tells_something=found.tells_something, findings=len(found.findings) + sum(map(is_held, found.new)),
        form=parsed.encoding, preset=preset, remembered=remembered, source=parsed.source,
        changes=tuple(Changed(one.row.invoice_number, one.row.customer_name or one.row.customer_number,
                              one.row.currency, one.before, one.row.amount) for one in found.changed[:MOST_NAMED]))


def plain(params: Mapping[str, object]) -> dict[str, Any]:
    """Write the values of an error or a note so that JSON keeps them."""
    return {name: f"{DAY}{value.isoformat()}" if isinstance(value, date) else value for name, value in params.items()}


def lively(params: Mapping[str, Any]) -> dict[str, object]:
    """Read such values back."""
    return {name: date.fromisoformat(value[len(DAY):]) if isinstance(value, str) and value.startswith(DAY) else value
            for name, value in params.items()}


def _of_its_file(parsed: ParsedFile, error: RowError) -> RowError:
    return replace(error, column=parsed.files[error.row - 1]) if parsed.files else error


def _count(found: Matching, kind_of: str) -> int:
    return sum(_is(finding, kind_of) for finding in found.findings)


def _is(finding: Finding, kind_of: str) -> bool:
    return finding.kind == kind_of


def _sums(found: Matching) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in found.new:
        sums[row.currency] = sums.get(row.currency, 0) + row.amount
    return sums

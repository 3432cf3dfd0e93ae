"""Rules of the office's lists: where a page begins, what a filter may be, what a file must not contain. Pure.

A page begins after a row, never after a count of rows: what is added meanwhile moves nothing.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, NoReturn

from portal.domain.errors import Refusal
from portal.domain.money import MAX_MINOR

PAGE = 50
# Rows one page may look at while it searches for those that match; beyond it the page says how far it has looked.
LOOKED_AT = 4_000
# Counted exactly up to here; "more than" beyond.
COUNTED = 1_000
# At most so many at once: a mistake stays small, and a page shows each of them before anything is done.
BULK_MOST = 200
EXPORT_MOST = 50_000
LONGEST_SEARCH = 120
LONGEST_CURSOR = 700
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)
# A spreadsheet takes what begins with one of these for a formula, or for the end of a cell.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")

Kind = Literal["day", "moment", "sum", "rank", "text"]
Key = date | datetime | int | str


@dataclass(frozen=True)
class Edge:
    """The row a page begins beside: under which order, what it is sorted by, and its public id."""

    order: str
    key: Key
    public_id: str


def write_edge(edge: Edge) -> str:
    """Write an edge for an address."""
    key = edge.key.isoformat() if isinstance(edge.key, date) else edge.key
    packed = json.dumps([edge.order, key, edge.public_id], ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_edge(text: str, order: str, kind: Kind) -> Edge:
    """Read an edge out of an address; raises Refusal invalid/list_edge for anything that we did not write ourselves."""
    try:
        if len(text) > LONGEST_CURSOR:
            _not_ours()
        named, key, public_id = json.loads(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        edge = Edge(str(named), _key(key, kind), public_id)
        ours = edge.order == order and isinstance(public_id, str) and write_edge(edge) == text
    # The first and the last year leave the calendar by a timezone, and half a character cannot be written again.
    except (ValueError, TypeError, OverflowError, NotBase64, RecursionError) as error:
        raise Refusal("invalid", "list_edge") from error
    if not ours:
        _not_ours()
    return edge


def _not_ours() -> NoReturn:
    raise Refusal("invalid", "list_edge")


def _key(key: object, kind: Kind) -> Key:
    if kind in ("sum", "rank"):
        if type(key) is not int or abs(key) > MAX_MINOR * 1_000:
            raise ValueError("no sum")
        return key
    if not isinstance(key, str) or "\x00" in key:
        raise ValueError("no text")
    if kind == "day":
        return date.fromisoformat(key)
    if kind == "moment":
        moment = datetime.fromisoformat(key)
        return moment.astimezone(UTC)
    return key


def read_day(text: str) -> date:
    """Read a day of an address, such as 2026-11-23; raises Refusal invalid/list_day."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Refusal("invalid", "list_day") from error
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Refusal("invalid", "list_day")
    return day


def read_search(text: str) -> str:
    """Read what is searched for; raises Refusal invalid/list_search_long, list_search_signs."""
    found = " ".join(text.split())
    if len(found) > LONGEST_SEARCH:
        raise Refusal("invalid", "list_search_long", longest=LONGEST_SEARCH)
    if any(ord(char) < 32 or 0xD800 <= ord(char) <= 0xDFFF for char in found):
        raise Refusal("invalid", "list_search_signs")
    return found


def neutralized(text: str) -> str:
    """Write a text so that no spreadsheet runs it: "=1+1" becomes "'=1+1"; harmless texts stay as they are."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text

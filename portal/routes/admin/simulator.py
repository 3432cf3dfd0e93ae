"""The simulator: the next 30 days of all debtors, day by day, and of one debtor with the exact texts."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request

from portal.routes.admin.desk import access, blueprint, guarded
from portal.routes.shared.runtime import runtime
from portal.services import simulator as service
from portal.services.simulator import PAGE, Chosen, DayCount
from portal.words.core import current

WHAT = ("taken", "held")
LONGEST_ID = 32
MOST_LINES = 50_000
LEFT, BOTTOM, HIGH, COLUMN, WIDE = 44, 190, 168, 19, 14


@blueprint.get("/simulator")
@guarded("see")
def simulator() -> str:
    """Show the next 30 days of all; `cadence` is a draft, `day` and `what` choose lines, `skip` leaves some out."""
    chosen = Chosen(_day(), _what(), _number("skip", MOST_LINES))
    draft = request.args.get("cadence", "")[:LONGEST_ID]
    found = service.forecast(runtime(), access(), chosen, cadence_id=draft)
    return render_template("admin/simulator.html", found=found, chosen=chosen, draft=draft, page=PAGE,
                           picture=_picture(found.days), office_words=current())


@blueprint.get("/debtors/<debtor_id>/simulator")
@guarded("see")
def debtor_simulator(debtor_id: str) -> str:
    """Show the next 30 days of one debtor; `show` is the line whose text is open."""
    draft = request.args.get("cadence", "")[:LONGEST_ID]
    page = service.person(runtime(), access(), debtor_id, current(), cadence_id=draft, show=_number("show", 999))
    return render_template("admin/debtor_simulator.html", page=page)


def _day() -> date | None:
    text = request.args.get("day", "")
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-10") else None
    except ValueError:
        return None


def _what() -> str:
    asked = request.args.get("what", "")
    return asked if asked in WHAT else ""


def _number(name: str, most: int) -> int:
    text = request.args.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else 0


def _picture(days: list[DayCount]) -> dict[str, Any]:
    """Draw a column for each day: (x, y, height), three lines with their numbers, and the largest day."""
    most = max([day.leaving for day in days] or [0])
    top = max(4, -(-most // 4) * 4)
    columns = [(LEFT + COLUMN * n, round(BOTTOM - HIGH * day.leaving / top, 1), round(HIGH * day.leaving / top, 1), day)
               for n, day in enumerate(days)]
    lines = [(round(BOTTOM - HIGH * part / 2, 1), top * part // 2) for part in (0, 1, 2)]
    return {"columns": columns, "lines": lines, "wide": WIDE, "most": most}

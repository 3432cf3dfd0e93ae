"""What is remembered between pages is remembered by all that was read of it: a change is on the very next page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from portal.db import Database
from portal.domain.policy import Policy
from portal.models import Business, PolicyVersion
from portal.services import cadences, next_steps
from portal.services.audit import COMMAND_LINE
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.cast import NOON, make_runtime, someone_owes


def test_a_change_of_the_business_is_on_the_next_page(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = inside(house, owed.link)
    before = browser.get("/balance").text
    assert "Priya Marsh" in before and "8 am to 5 pm" in before and "on our van" in before
    with house.db.transaction() as session:
        business = session.get_one(Business, owed.business.id)
        business.name, business.contact_name, business.brand_color = "Marsh & Sons", "Tom Marsh", "#123456"
        business.contact_hours = {"en": "Only on <b>Sundays</b>"}
        business.where_to_check = {"en": "on our boat"}
    after = browser.get("/balance").text
    assert "Marsh &amp; Sons" in after and "Tom Marsh" in after and "Only on &lt;b&gt;Sundays&lt;/b&gt;" in after
    assert "on our boat" in after and "Priya Marsh" not in after and "on our van" not in after
    styles = [[line for line in page.splitlines() if "/brand/" in line and ".css" in line] for page in (before, after)]
    assert styles[0] != styles[1]


def test_new_rules_hold_for_the_very_next_look_at_what_comes(db: Database, tmp_path: Path) -> None:
    rt, owed = make_runtime(db, tmp_path), someone_owes(db, 100_00)
    cadences.track_new(rt)
    cadences.switch_on(rt, owed.business.slug, "standard", actor=COMMAND_LINE)

    def first_hour() -> int:
        with db.rows() as rows:
            told = next_steps.for_reader(rows, owed.access, NOON, "")
        coming = next(event for event in told.events if event.at > NOON + timedelta(days=1))
        return coming.at.astimezone(ZoneInfo(owed.business.timezone)).hour

    assert first_hour() == Policy().quiet_until_hour
    for version, hour in enumerate((11, 9, 11), start=2):
        with db.transaction() as session:
            session.add(PolicyVersion(business_id=owed.business.id, version=version, created_at=NOON,
                                      rules=Policy(quiet_until_hour=hour).as_rules()))
        assert first_hour() == hour

"""Who may change the set-up; accounts and danger are the owner's alone. Nothing here names things of others."""

from __future__ import annotations

from tests.office.matrix import OfficeRow, said

BRAND = {"name": said("brand")}
COLOR = {"brand_color": said("#8a2f2f"), "version": said("1")}
TYPED = {"name": lambda office: office.part.business.name}
ROWS = {
    ("office.setup", "GET"): OfficeRow("set_up", others=("200",)),
    ("office.setup_section", "GET"): OfficeRow("set_up", target=BRAND, others=("200",)),
    ("office.save_section", "POST"): OfficeRow(
        "set_up", own="303 /office/set-up/", target=BRAND, form=COLOR, others=()),
    ("office.brand_page", "GET"): OfficeRow("set_up", others=("200",)),
    ("office.brand_email", "GET"): OfficeRow("set_up", others=("200",)),
    ("office.brand_color", "GET"): OfficeRow("set_up", others=("200",)),
    ("office.setup_stripe", "GET"): OfficeRow("stripe", others=("200",)),
    ("office.set_stripe", "POST"): OfficeRow(
        "stripe", own="303 /office/set-up/stripe", proof=True, others=(),
        form={"stripe_account": said(""), "version": said("1")}),
    ("office.setup_danger", "GET"): OfficeRow("danger", others=("200",)),
    ("office.pause_reminders", "POST"): OfficeRow(
        "danger", own="303 /office/set-up/danger", proof=True, form=TYPED, others=("422",)),
    ("office.resume_reminders", "POST"): OfficeRow("danger", own="409", audits=0, others=("409",)),
    ("office.end_all_links", "POST"): OfficeRow(
        "danger", own="303 /office/set-up/danger", proof=True, form=TYPED, others=("422",)),
}

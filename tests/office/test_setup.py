"""The set-up: kept whole or not at all, versioned, noted with before and after, and the second editor is told."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.db import Database
from portal.domain.policy import Policy
from portal.models import AuditEvent, Business, DebtorSession, Message, PolicyVersion, PortalLink
from portal.services import policies, reminders, sessions
from sandbox.stripe.server import StripeStandIn
from tests.cast import NOON
from tests.office.books import Desk, Seat, open_desk


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def business(desk: Desk) -> Business:
    with desk.rt.db.reading() as session:
        return session.get_one(Business, desk.owed.business.id)


def form(page: str) -> dict[str, str]:
    """What a browser would send of the section's form as it stands."""
    from lxml import html
    root = next(one for one in html.fromstring(page).forms if "/set-up/" in (one.action or ""))
    return {name: value for name, value in root.form_values() if name != "csrf_token"}


def keep(seat: Seat, section: str, /, **typed: Any) -> Any:
    values = form(seat.get(f"/office/set-up/{section}").text) | typed
    return seat.post(f"/office/set-up/{section}/keep", **{
        name: value for name, value in values.items() if value is not None})


def test_terms_make_a_new_version_and_one_audit_event_with_before_and_after(desk: Desk) -> None:
    seat = desk.as_("manager")
    looked = keep(seat, "terms", link_days="21", minimum_part="25.00", do="look")
    assert looked.status_code == 200 and "A link in an email works for 21 days." in looked.text
    assert "from $25.00 on" in looked.text and "Not kept yet" in looked.text and desk.acts() == []
    assert keep(seat, "terms", link_days="21", minimum_part="25.00", second_approver_above="500").status_code == 303
    with desk.rt.db.reading() as session:
        policy = policies.in_force(session, desk.owed.business.id)
        versions = session.scalars(select(PolicyVersion.version).order_by(PolicyVersion.version)).all()
    assert (policy.link_days, policy.minimum_part, policy.second_person_above("USD")) == (21, {"USD": 25_00}, 500_00)
    assert list(versions) == [1, 2] and desk.acts() == ["setup.changed"]
    event = desk.last_act()
    assert event.details["before"]["link_days"] == 30 and event.details["after"]["link_days"] == 21
    assert keep(seat, "terms").status_code == 303 and len(desk.acts()) == 1, "nothing was different"


@pytest.mark.parametrize(("typed", "rules"), [
    ({"pay_only_link_days": "40"}, ("Days a link to pay only works", "Days a link in an email works")),
    ({"quiet_from_hour": "10", "quiet_until_hour": "8"}, ("No reminders from this hour", "Until this hour")),
    ({"quiet_from_hour": "8", "quiet_until_hour": "8"}, ("No reminders from this hour", "Until this hour")),
])
def test_rules_that_contradict_each_other_are_refused_naming_both(
        desk: Desk, typed: dict[str, str], rules: tuple[str, str]) -> None:
    answer = keep(desk.as_("owner"), "terms", **typed)
    assert answer.status_code == 422 and "contradict each other" in answer.text
    said = re.findall(r"[^<>]*contradict each other[^<>]*", answer.text)[0]
    assert all(rule in said for rule in rules)
    assert desk.acts() == []


def test_transfers_without_bank_details_are_a_contradiction_from_both_sides(desk: Desk) -> None:
    seat = desk.as_("owner", proven=True)
    assert "contradict each other" in keep(seat, "contact", bank_details="").text
    assert keep(seat, "terms", bank_transfer=None).status_code == 303
    assert keep(seat, "contact", bank_details="").status_code == 303
    assert "contradict each other" in keep(seat, "terms", bank_transfer="y").text
    with desk.rt.db.transaction() as session:
        session.execute(update(Business).values(bank_details=[]))
        session.add(PolicyVersion(business_id=desk.owed.business.id, version=9, rules=Policy().as_rules(),
                                  created_at=NOON))
    assert keep(seat, "help", claim_wait_days="12").status_code == 303, "another page has nothing to do with it"
    odd = keep(seat, "plans", first_within_days="60", longest_days="50").text
    assert re.search(r'id="first_within_days-error"', odd)


@pytest.mark.parametrize(("name", "typed"), [
    ("terms", {"link_days": "0"}), ("terms", {"link_days": "many"}), ("terms", {"minimum_part": "0.10"}),
    ("terms", {"minimum_part": "9" * 16}), ("fees", {"consumer_percent": "99"}), ("terms", {"quiet_from_hour": "24"}),
    ("contact", {"name": ""}), ("contact", {"contact_email": "no address"}), ("contact", {"bank_details": "no colon"}),
    ("contact", {"bank_details": "a: b\n" * 9}), ("brand", {"brand_color": "red"}),
    ("brand", {"brand_color": "url(x)"}), ("contact", {"postal_address": "x" * 301}),
])
def test_bad_input_keeps_what_was_typed_and_changes_nothing(desk: Desk, name: str, typed: dict[str, str]) -> None:
    before = business(desk).version
    answer = keep(desk.as_("manager"), name, **typed)
    assert answer.status_code == 422 and "field-error" in answer.text
    assert business(desk).version == before and desk.acts() == []


def test_the_second_of_two_editors_is_told_what_changed_and_overrules_nothing(desk: Desk) -> None:
    first, second = desk.as_("owner"), desk.as_("manager")
    mine, theirs = (form(seat.get("/office/set-up/terms").text) for seat in (first, second))
    days = {"link_days": "10", "pay_only_link_days": "10"}
    assert first.post("/office/set-up/terms/keep", **mine | days).status_code == 303
    late = second.post("/office/set-up/terms/keep", **theirs | {"answer_business_days": "5"})
    assert late.status_code == 409 and "was 30, is now 10" in late.text and 'value="5"' in late.text
    with desk.rt.db.reading() as session:
        assert policies.in_force(session, desk.owed.business.id).answer_business_days == 2
    again = form(late.text)
    assert second.post("/office/set-up/terms/keep", **again | days).status_code == 303
    other = form(second.get("/office/set-up/contact").text)
    assert keep(first, "brand", brand_color="#8a2f2f").status_code == 303
    elsewhere = second.post("/office/set-up/contact/keep", **other | {"name": "Marsh & Sons"})
    assert elsewhere.status_code == 303, "what changed was another section"


def test_personal_fields_are_in_the_audit_by_name_only(desk: Desk) -> None:
    assert keep(desk.as_("owner", proven=True), "contact", contact_name="Otis Unmistakable",
                bank_details="IBAN: 99 8877").status_code == 303
    event = desk.last_act()
    assert event.details["fields"] == ["bank_details", "contact_name"]
    assert "Unmistakable" not in str(event.details) and "8877" not in str(event.details)


def test_a_field_nobody_offered_is_not_read(desk: Desk) -> None:
    answer = keep(desk.as_("manager"), "contact", name="Marsh & Sons", slug="stolen", currency="EUR", paused_at="now",
                  stripe_account="acct_evil", business_id="99")
    assert answer.status_code == 303
    row = business(desk)
    assert (row.name, row.currency, row.paused_at, row.stripe_account) == ("Marsh & Sons", "USD", None, None)


def test_the_brand_is_looked_at_in_its_color_before_it_is_kept(desk: Desk) -> None:
    seat = desk.as_("manager")
    looked = keep(seat, "brand", brand_color="#8a2f2f", do="look")
    assert looked.status_code == 200 and "<svg" in looked.text and "Not kept yet" in looked.text
    assert business(desk).brand_color == "#2f5d3a"
    page, email = (seat.get(f"/office/set-up/brand/{what}?color=%238a2f2f") for what in ("page", "email"))
    assert page.status_code == 200 and "color.css" in page.text and "frame-ancestors 'none'" in page.headers[
        "Content-Security-Policy"]
    assert "#8a2f2f" in email.text.lower() or "#8" in email.text
    assert "sandbox" in email.headers["Content-Security-Policy"] and "{{" not in email.text
    assert seat.get("/office/set-up/brand/color.css?color=red}*{").text == ":root { --brand: #2b2a27; }\n"
    logo = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    bad = seat.post("/office/set-up/brand/keep", **form(looked.text) | {"logo": (io.BytesIO(logo), "l.svg"), "do": ""})
    assert bad.status_code == 422 and "plain SVG drawing" in bad.text
    fine = b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'
    assert keep(seat, "brand", brand_color="#8a2f2f", logo=(io.BytesIO(fine), "l.svg")).status_code == 303
    assert business(desk).logo_svg == fine.decode() and "<rect" not in str(desk.last_act().details)
    assert keep(seat, "brand", no_logo="y").status_code == 303 and business(desk).logo_svg is None


def test_paused_reminders_do_not_leave_and_the_reason_is_kept(desk: Desk) -> None:
    owner, name = desk.as_("owner", proven=True), desk.owed.business.name
    assert desk.as_("owner").post("/office/set-up/danger/pause", name=name).status_code == 422, "a proof is asked first"
    assert "not the name of the business" in owner.post("/office/set-up/danger/pause", name="Something else").text
    assert owner.post("/office/set-up/danger/pause", name=name.upper()).status_code == 303
    asked = reminders.send_reminder(desk.rt, desk.owed.business.slug, desk.owed.debtor.number)
    assert (asked.state, asked.reason) == ("skipped", "paused")
    assert owner.post("/office/set-up/danger/pause", name=name).status_code == 409
    assert owner.post("/office/set-up/danger/resume").status_code == 303
    assert reminders.send_reminder(desk.rt, desk.owed.business.slug, desk.owed.debtor.number).state == "queued"
    assert [act for act in desk.acts() if act.startswith("reminders.")] == ["reminders.paused", "reminders.resumed"]
    assert desk.as_("manager", proven=True).post("/office/set-up/danger/pause", name=name).status_code == 403


def test_a_reminder_that_waits_when_reminders_are_paused_is_not_sent(desk: Desk) -> None:
    from portal.services import delivery

    asked = reminders.send_reminder(desk.rt, desk.owed.business.slug, desk.owed.debtor.number)
    assert asked.state == "queued"
    desk.as_("owner", proven=True).post("/office/set-up/danger/pause", name=desk.owed.business.name)
    desk.rt.clock.pass_time(hours=14)  # type: ignore[attr-defined]
    delivery.deliver_due(desk.rt)
    with desk.rt.db.reading() as session:
        message = session.scalars(select(Message)).one()
    assert (message.state, message.reason) == ("skipped", "paused")


def test_all_links_end_at_once_and_so_do_the_pages_opened_with_them(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        key = sessions.start(session, NOON, desk.owed.link, 1, replaces=None)
    assert key
    owner = desk.as_("owner", proven=True)
    answer = owner.post("/office/set-up/danger/end-links", name=desk.owed.business.name, follow=True)
    assert "Ended: 1 link." in answer.text
    with desk.rt.db.reading() as session:
        assert session.scalars(select(PortalLink.revoked_reason)).all() == ["all_ended"]
        assert all(row.ended_at for row in session.scalars(select(DebtorSession)))
    assert desk.last_act().act == "links.all_ended" and desk.last_act().details == {"count": 1}


@pytest.fixture
def at_stripe(db: Database, tmp_path: Path) -> Iterator[tuple[Desk, StripeStandIn]]:
    with StripeStandIn() as stand_in:
        yield open_desk(db, tmp_path, stripe_api_base=stand_in.url, stripe_timeout_seconds=3), stand_in


def test_stripe_is_asked_before_its_account_is_kept(at_stripe: tuple[Desk, StripeStandIn]) -> None:
    desk, stand_in = at_stripe
    owner = desk.as_("owner", proven=True)
    page = owner.get("/office/set-up/stripe")
    assert "test: no real money" in page.text and "can be taken" in page.text
    version = str(business(desk).version)
    for typed, said in (("cus_123", "looks like acct_"), ("acct_nobodys", "does not know this account")):
        answer = owner.post("/office/set-up/stripe", stripe_account=typed, version=version)
        assert answer.status_code == 422 and said in answer.text and f'value="{typed}"' in answer.text
    account = desk.rt.stripe._client.v1.accounts.create(params={"type": "standard", "country": "US"}).id
    assert desk.as_("owner").post("/office/set-up/stripe", stripe_account=account, version=version).status_code == 422
    assert owner.post("/office/set-up/stripe", stripe_account=account, version="99").status_code == 409
    kept = owner.post("/office/set-up/stripe", stripe_account=account, version=version, follow=True)
    assert account in kept.text and business(desk).stripe_account == account
    assert desk.acts() == ["setup.stripe_changed"] and desk.last_act().details["after"] == account
    assert any(request.path == f"/v1/accounts/{account}" for request in stand_in.requests)
    assert desk.as_("manager").get("/office/set-up/stripe").status_code == 403


def test_when_stripe_is_silent_the_page_says_so(desk: Desk) -> None:
    page = desk.as_("owner").get("/office/set-up/stripe")
    assert page.status_code == 200 and "Stripe does not answer" in page.text


def test_the_menu_holds_what_a_role_may_open(desk: Desk) -> None:
    assert "Danger zone" in desk.as_("owner").get("/office/set-up").text
    assert "Danger zone" not in desk.as_("manager").get("/office/set-up").text
    assert desk.as_("agent").get("/office/set-up").status_code == 403
    assert desk.as_("owner").get("/office/set-up/nothing").status_code == 404
    with desk.rt.db.reading() as session:
        assert session.scalars(select(AuditEvent)).all() == []

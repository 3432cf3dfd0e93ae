"""Lists as staff use them: found, narrowed, sorted, paged, and told plainly when an address asks for nonsense."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from portal.db import Database
from portal.models import Debtor, DebtorStanding, Message, SearchWord
from portal.services import messages, reminders, search
from tests.cast import NOON, make_debtor, make_invoice
from tests.office.lists_desk import TODAY, Desk, link, open_desk, rows, said


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def test_open_invoices_stand_oldest_first_with_what_they_come_to(desk: Desk) -> None:
    page = desk.page("/office/invoices")
    assert rows(page) == ["INV-4", "INV-3", "INV-1", "INV-5", "INV-2"]
    text = said(page)
    assert "5 invoices match: $5,290.00 · €1,180.00 left." in text
    assert "Due Aug 18 to Nov 20" in text
    assert "Dispute, until Nov 19 included" in text
    assert "No email address: call, or write a letter" in text


FOUND = [
    ("age=late30", ["INV-4", "INV-3", "INV-1"]), ("age=not_due", ["INV-2"]), ("age=1-30", ["INV-5"]),
    ("age=31-60", ["INV-1"]), ("age=61-90", ["INV-4", "INV-3"]), ("age=91", []), ("age=week", []),
    ("currency=EUR", ["INV-4"]), ("hold=on", ["INV-3"]), ("hold=off&currency=USD", ["INV-1", "INV-5", "INV-2"]),
    ("kind=business", ["INV-3"]), ("state=settled", ["INV-6"]), ("state=all&sort=-due", [
        "INV-2", "INV-5", "INV-6", "INV-1", "INV-3", "INV-4"]),
    ("sort=-left", ["INV-3", "INV-1", "INV-5", "INV-2"]), ("sort=left", ["INV-2", "INV-5", "INV-1", "INV-3"]),
    ("sort=-amount&state=all", ["INV-3", "INV-1", "INV-5", "INV-6", "INV-2"]),
    ("sort=-number&state=all", ["INV-6", "INV-5", "INV-4", "INV-3", "INV-2", "INV-1"]),
    ("who=nobody", ["INV-4", "INV-3", "INV-5"]),
    # Every sum that is typed as people write it, of the whole invoice or of what is left.
    ("q=%241%2C234.50", ["INV-1"]), ("q=1234.5", ["INV-1"]), ("q=700", ["INV-5"]), ("q=730", ["INV-5"]),
    ("q=%E2%82%AC1%2C180", ["INV-4"]), ("q=95&state=all", ["INV-6"]), ("q=95", []),
    # Beginnings of words, without accents, of debtors and of invoices.
    ("q=angst", ["INV-1", "INV-2"]), ("q=ZO%C3%8B+inv-2", ["INV-2"]), ("q=zoe%40late.example", ["INV-1", "INV-2"]),
    ("q=harbor+yacht", ["INV-3"]), ("q=c-300", ["INV-4"]), ("q=inv-5", ["INV-5"]), ("q=harbor+zoe", []),
    ("q=%25", []), ("q=_", []), ("q=angst&age=not_due", ["INV-2"]),
]


def test_filters_and_searches_find_exactly_what_they_say(desk: Desk) -> None:
    wrong = [(asked, got) for asked, found in FOUND if (got := rows(desk.page(f"/office/invoices?{asked}"))) != found]
    assert wrong == []


def test_a_filter_is_an_address_and_a_chip_takes_it_away(desk: Desk) -> None:
    agent = desk.staff["agent"].public_id
    page = desk.page(f"/office/invoices?who={agent}&age=late&nonsense=1")
    assert rows(page) == ["INV-1"]
    assert f'href="/office/invoices?who={agent}"' in page
    assert 'href="/office/invoices?age=late"' in page
    # "Open" is a filter too, and goes away by asking for all.
    assert f"/office/invoices?state=all&amp;age=late&amp;who={agent}" in page


def test_debtors_are_told_with_what_they_owe_now(desk: Desk) -> None:
    page = desk.page("/office/debtors")
    assert rows(page) == ["=HYPERLINK(0) consumer", "Harbor Light Yacht Club business", "Iñigo Etxeberria consumer",
                          "Silent Partner consumer", "Zoë Ångström consumer"]
    text = said(page)
    assert "Zoë Ångström consumer C-100 $1,314.50 $1,234.50 2 Oct 1 40 days late" in text
    assert "Owes nothing" in text and "€1,180.00" in text
    assert rows(desk.page("/office/debtors?state=settled")) == ["=HYPERLINK(0) consumer"]
    assert rows(desk.page("/office/debtors?email=none")) == ["Silent Partner consumer"]
    assert rows(desk.page("/office/debtors?q=1,234.50")) == ["Zoë Ångström consumer"]
    assert rows(desk.page("/office/debtors?q=inv-4")) == ["Iñigo Etxeberria consumer"]
    assert rows(desk.page("/office/debtors?currency=EUR")) == ["Iñigo Etxeberria consumer"]


def test_debtors_are_sorted_by_the_kept_sums(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        for name, balance, overdue, score in (("late", 1_314_50, 1_234_50, 10), ("held", 3_275_50, 3_275_50, 0),
                                              ("silent", 700_00, 700_00, 90)):
            session.merge(DebtorStanding(
                debtor_id=desk.debtors[name].id, currency="USD", business_id=desk.business.id, balance_minor=balance,
                overdue_minor=overdue, open_invoices=1, paid_late=0, paid_invoices=0, call_score=score,
                call_reasons=[], made_at=NOON))
    names = [name.split()[0] for name in rows(desk.page("/office/debtors?sort=-balance"))]
    assert names == ["Harbor", "Zoë", "Silent"]
    assert [name.split()[0] for name in rows(desk.page("/office/debtors?sort=overdue"))] == ["Silent", "Zoë", "Harbor"]
    assert [name.split()[0] for name in rows(desk.page("/office/debtors?sort=-call"))] == ["Silent", "Zoë"]
    # A filter that does not go with an order counts more than the order.
    assert rows(desk.page("/office/debtors?sort=-balance&state=settled")) == ["=HYPERLINK(0) consumer"]


def test_payments_are_found_by_number_name_invoice_and_amount(desk: Desk) -> None:
    assert rows(desk.page("/office/payments")) == ["P-BBBB-2222", "P-AAAA-1111"]
    for asked in ("q=p-aaaa-1111", "q=hyperlink", "q=inv-6", "q=$95.00", "q=95", "sort=-amount&q=95"):
        assert rows(desk.page(f"/office/payments?{asked}")) == ["P-AAAA-1111"], asked
    assert rows(desk.page("/office/payments?sort=amount")) == ["P-BBBB-2222", "P-AAAA-1111"]
    assert rows(desk.page("/office/payments?state=waiting")) == []
    assert rows(desk.page("/office/payments?from=2026-11-10&to=2026-11-10&way=outside")) == [
        "P-BBBB-2222", "P-AAAA-1111"]
    assert rows(desk.page("/office/payments?from=2026-11-11")) == []


def test_one_search_looks_everywhere(desk: Desk) -> None:
    text = said(desk.page("/office/search?q=730"))
    assert "INV-5" in text and "Silent Partner" in text
    assert "P-BBBB-2222" in said(desk.page("/office/search?q=silent"))
    assert desk.get("/office/search").headers["Location"].endswith("/office/debtors")


def test_pages_hold_each_row_once_whatever_is_added_between(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        for number in range(120):
            # Many share their day: the page must not end in the middle of them.
            make_invoice(session, desk.debtors["late"], 10_00 + number % 3, number=f"N-{number:03d}",
                         due_on=TODAY - timedelta(days=number // 50))
    seen, path, back = [], "/office/invoices?sort=due", ""
    while path:
        page = desk.page(path)
        seen += rows(page)
        path, back = link(page, "next"), link(page, "prev")
        with desk.rt.db.transaction() as session:
            # Before where we are: it must not push anything onto the next page again.
            make_invoice(session, desk.debtors["late"], 5_00, due_on=TODAY - timedelta(days=300))
    wanted = {f"N-{number:03d}" for number in range(120)} | {f"INV-{n}" for n in range(1, 6)}
    assert len(seen) == len(set(seen)) and set(seen) == wanted
    returned: list[str] = []
    while back:
        page = desk.page(back)
        returned = [*rows(page), *returned]
        back = link(page, "prev")
    assert [one for one in returned if one in wanted] == seen[:len([one for one in returned if one in wanted])]
    assert len(returned) == len(set(returned))


NONSENSE = [
    "invoices?age=yesterday", "invoices?state=x", "invoices?currency=XXX", "invoices?who=somebody",
    "invoices?sort=debtor", "invoices?sort=--due", "invoices?kind=1", "invoices?q=" + "x" * 121, "invoices?q=%07",
    "invoices?after=AAA", "invoices?after=" + "A" * 9_000, "invoices?before=W10", "invoices?after=W10&before=W10",
    "invoices?after=WyJkdWUiLCIyMDI2LTExLTEwIiwieCJd", "invoices?after=%F0%9F%92%A9",
    "invoices?after=WyJkdWUiLCI5OTk5OS0wMS0wMSIsIngiXQ", "payments?from=2026-13-01", "payments?from=0001-01-01",
    "payments?to=99999-01-01", "payments?from=yesterday", "messages?class=urgent", "debtors?email=maybe",
    "payments?after=WyItbmV3ZXN0IiwiMjAyNi0xMS0xMCIsIngiXQ", "exports/invoices?age=yesterday",
]


def test_an_address_that_asks_for_nonsense_is_told_so(desk: Desk) -> None:
    client = desk.client()
    base = desk.rt.settings.base_url
    wrong = [(asked, got) for asked in NONSENSE
             if (got := client.get(f"/office/{asked}", base_url=base).status_code) != 422]
    assert wrong == []
    assert "Show the whole list" in desk.get("/office/invoices?age=yesterday").get_data(as_text=True)


STRANGE = ["q=1e400", "q=99999999999999999999999", "q=-5", "q=1,2,3", "q='%20OR%201=1--", "q=%F4%8F%BF%BF",
           "q=%D9%A1%D9%A2", "from=&to="]


def test_strange_searches_just_find_nothing(desk: Desk) -> None:
    client = desk.client()
    asked = [f"/office/{name}?{one}" for one in STRANGE for name in ("invoices", "payments", "debtors", "messages")]
    wrong = [path for path in asked if client.get(path, base_url=desk.rt.settings.base_url).status_code != 200]
    assert wrong == []


def test_an_edge_of_another_business_is_no_edge_of_ours(desk: Desk, tmp_path: Path) -> None:
    other = open_desk(desk.rt.db, tmp_path)
    with desk.rt.db.transaction() as session:
        for _ in range(60):
            make_invoice(session, other.debtors["late"], 9_00)
    theirs = link(other.page("/office/invoices"), "next")
    assert theirs and desk.get(theirs).status_code == 422


def test_a_renamed_debtor_is_found_by_the_new_name_alone(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        debtor = session.get_one(Debtor, desk.debtors["late"].id)
        debtor.name = "Mira Castellanos"
        search.index_debtor(session, debtor)
    assert rows(desk.page("/office/debtors?q=castel")) == ["Mira Castellanos consumer"]
    assert rows(desk.page("/office/debtors?q=angst")) == []


def test_words_can_be_made_anew_from_the_books(desk: Desk) -> None:
    before = {path: rows(desk.page(path)) for path in ("/office/debtors?q=zoe", "/office/invoices?q=inv")}
    with desk.rt.db.transaction() as session:
        session.execute(delete(SearchWord))
    assert rows(desk.page("/office/debtors?q=zoe")) == []
    assert search.rebuild(desk.rt) == 11
    assert {path: rows(desk.page(path)) for path in before} == before


def test_an_invoice_tells_its_money_and_what_rests_on_it(desk: Desk) -> None:
    text = said(desk.page(f"/office/invoices/{desk.invoices['INV-5'].public_id}"))
    assert "$700.00" in text and "of $730.00" in text and "P-BBBB-2222" in text and "−$30.00" in text
    held = said(desk.page(f"/office/invoices/{desk.invoices['INV-3'].public_id}"))
    assert "Dispute, until Nov 19 included" in held


def test_a_payment_tells_what_it_was_for(desk: Desk) -> None:
    text = said(desk.page(f"/office/payments/{desk.payments['part'].public_id}"))
    assert "INV-5" in text and "Received" in text and "check 7" in text and "$30.00" in text
    assert "Refund" not in text.partition("Refunds and chargebacks")[0]


def test_a_message_is_shown_without_what_opens_a_page(desk: Desk) -> None:
    reminders.send_reminder(desk.rt, desk.business.slug, "C-100")
    with desk.rt.db.transaction() as session:
        debtor = session.get_one(Debtor, desk.debtors["late"].id)
        messages.queue_code(session, NOON, debtor, desk.business, "314159", NOON + timedelta(minutes=10), "open")
    with desk.rt.db.reading() as session:
        found = {one.kind: one.public_id for one in session.scalars(select(Message))}
    shown = desk.page(f"/office/messages/{found['reminder']}")
    assert "[the private link to their page]" in said(shown) and "{{" not in shown and "/l/" not in shown
    assert "314159" not in desk.page(f"/office/messages/{found['code']}")
    assert len(rows(desk.page("/office/messages?state=queued"))) == 2
    assert len(rows(desk.page("/office/messages?about=code"))) == 1


def test_hostile_names_stay_text(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        debtor = make_debtor(session, desk.business, name="<script>alert(1)</script>")
        make_invoice(session, debtor, 5_00, number="<img src=x>", title="{{ 7*7 }}")
    for path in ("/office/invoices", "/office/debtors", "/office/search?q=script", "/office/invoices?q=<script>"):
        page = desk.page(path)
        assert "<script>alert" not in page and "<img src=x>" not in page

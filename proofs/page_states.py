"""Every page a debtor can meet and the states it can be in: how to get there, and the status it answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page

from portal.models import HandOver, HandOverInvoice, Payment, PaymentInvoice, PortalLink
from portal.services import feedback_links, links, not_me, opt_out
from portal.services.payments import new_number
from tests.borders import Theatre
from tests.cast import make_debtor, make_invoice, make_link
from tests.stage import OWN

Act = Callable[[Page], None]
PAYMENTS = ("received", "refunded", "contested", "paid_twice", "declined", "processing", "open", "announced")

PUBLIC = ("terms", "privacy", "rights", "is-this-us", "advice")


@dataclass(frozen=True)
class State:
    """One page in one state; `who` is whose cookies are held."""

    name: str
    who: str
    path: str
    status: int = 200
    act: Act | None = None


def press(action: str) -> Act:
    """Send the form that leads somewhere, as it stands."""
    return lambda page: page.locator(f"form[action*='{action}'] button[type=submit]").first.click()


def typing(field: str, text: str, action: str) -> Act:
    """Type into a field and send its form, also where the browser itself would hold it back."""
    def act(page: Page) -> None:
        page.fill(f"[name={field}]", text)
        page.eval_on_selector_all("form", "forms => forms.forEach(form => form.noValidate = true)")
        press(action)(page)
    return act


def _too_small(page: Page) -> None:
    page.check("[name=what][value='part:USD']", force=True)
    page.fill("[name=amount_USD]", "0.01")
    press("/pay")(page)


def _press_nothing(page: Page) -> None:
    """Send the question with an answer nobody was offered."""
    page.eval_on_selector("[name=score]", "button => button.value = '9'")
    page.locator("[name=score]").first.click()


def _forget_forms(page: Page) -> None:
    page.eval_on_selector_all("[name=csrf_token]", "fields => fields.forEach(field => field.value = 'old')")
    press("/continue")(page)


def states(theatre: Theatre) -> list[State]:
    """List them all, for a debtor who has everything, one who owes nothing, and whoever is still at the door."""
    # What changes the stage comes last.
    return _door(theatre) + _inside(theatre) + _after(theatre)


def _address(theatre: Theatre, signed: str) -> str:
    return signed.removeprefix(theatre.rt.settings.base_url)


def _stop(theatre: Theatre) -> str:
    return _address(theatre, opt_out.url_of(theatre.rt.settings, theatre.stage.own.debtor, theatre.rt.now()))


def _feedback(theatre: Theatre) -> str:
    paid = theatre.stage.own.payments["received"].public_id
    return _address(theatre, feedback_links.url_of(theatre.rt.settings, paid, theatre.rt.now()))


def _door(theatre: Theatre) -> list[State]:
    own, stop, how = theatre.stage.own, _stop(theatre), _feedback(theatre)
    slug = own.business.slug
    wrong = _address(theatre, not_me.url_of(theatre.rt.settings, own.debtor, theatre.rt.now()))
    return [
        State("root", "nobody", "/"), State("welcome", "door", "/welcome"), State("check", "door", "/check"),
        State("check-wrong", "door", "/check", 422, typing("fact", "99999", "/check")),
        State("code-offer", "door", "/code"), State("ended", "nobody", "/link-ended", 410),
        State("ended-known", "expired", "/link-ended", 410), State("ended-sent", "expired", "/link-ended/sent"),
        State("left", "nobody", "/left"), State("returned", "nobody", _payment(theatre, "received")),
        State("not-found", "nobody", "/nothing-here", 404),
        State("form-ended", "door", "/welcome", 400, _forget_forms),
        State("stop", "nobody", stop), State("not-me", "nobody", wrong),
        State("not-me-said", "nobody", f"{wrong}/thanks"),
        State("feedback", "nobody", how), State("feedback-none", "nobody", how, 422, _press_nothing),
        *(State(f"public-{name}", "nobody", f"/b/{slug}/{name}") for name in PUBLIC),
        State("terms-by-number", "nobody", f"/b/{slug}/terms/1"), State("verify", "nobody", "/verify"),
        State("verified", "nobody", f"/verify/{own.agreements[0].fingerprint}"),
        State("verify-unknown", "nobody", f"/verify/{'0' * 64}", 404),
    ]


def _inside(theatre: Theatre) -> list[State]:
    own = theatre.stage.own
    soon = (theatre.rt.now() + timedelta(days=9)).date().isoformat()
    choice = f"currency=USD&invoice={own.owed.invoices[0].public_id}"
    return [
        State("balance", "own", "/balance"), State("pay", "own", "/pay"),
        State("pay-too-small", "own", "/pay", 422, _too_small),
        State("review", "own", f"/pay/review?{choice}"),
        State("review-part", "own", "/pay/review?currency=USD&part=50000"),
        State("transfer", "own", f"/pay/transfer?{choice}"), State("history", "own", "/history"),
        State("help", "own", "/help"), State("ways", "own", "/ways"), State("agreements", "own", "/agreements"),
        State("agreement", "own", f"/agreements/{own.agreements[0].public_id}"),
        State("more-time", "own", "/more-time"),
        State("more-time-wrong", "own", "/more-time", 422, typing("until", "2020-01-01", "/more-time")),
        State("time-asked", "own", f"/more-time/{own.times[0].public_id}"), State("promise", "own", "/promise"),
        State("already-paid", "own", "/already-paid"),
        State("already-paid-wrong", "own", "/already-paid", 422, typing("amount", "1,2,3", "/already-paid")),
        State("claimed", "own", f"/already-paid/{own.claims[0].public_id}"),
        State("plan", "own", "/plan"), State("plan-wrong", "own", "/plan?currency=USD&every=monthly&n=0&first=x"),
        State("plan-stopped", "own", f"/plan?currency=USD&every=weekly&n=9&first={soon}"),
        State("plan-own-days", "own", "/plan?currency=USD&every=own&rows=4"),
        State("plan-proposed", "own", f"/plan/{own.plans[0].public_id}"), State("pay-link", "own", "/pay-link"),
        State("pay-link-made", "own", "/pay-link", 200, press("/pay-link")),
        State("code-for-signing", "own", "/code?for=sign"),
        *(State(f"payment-{name}", "own", _payment(theatre, name)) for name in PAYMENTS),
        State("own-not-found", "own", "/payments/nobody", 404),
        State("pay-only", "pay_only", "/pay-only"),
        State("balance-away", "away", "/balance"), State("pay-away", "away", "/pay"),
        State("balance-nothing", "nothing", "/balance"), State("pay-nothing", "nothing", "/pay"),
        State("history-nothing", "nothing", "/history"), State("pay-link-nothing", "nothing", "/pay-link"),
    ]


def _after(theatre: Theatre) -> list[State]:
    stop, how = _stop(theatre), _feedback(theatre)
    return [
        State("code-sent", "own", "/code?for=sign", 200, press("/code/send")),
        State("code-wrong", "own", "/code?for=sign", 422, typing("code", "000000", "/code")),
        State("stopped", "nobody", stop, 200, press("/stop/")),
        State("feedback-given", "nobody", how, 200, press("/feedback/")),
        State("payment-feedback-given", "own", _payment(theatre, "received")),
    ]


def _payment(theatre: Theatre, name: str) -> str:
    return f"/payments/{theatre.stage.own.payments[name].public_id}"


def who_owes_nothing(theatre: Theatre) -> PortalLink:
    """Put a debtor on the stage who owes nothing."""
    now = datetime.now(UTC)
    with theatre.db.transaction() as session:
        debtor = make_debtor(session, theatre.stage.own.business, name=f"{OWN.word} Rest", created_at=now)
        return make_link(session, debtor, created_at=now, expires_at=now + timedelta(days=30))


def whose_invoice_is_away(theatre: Theatre) -> PortalLink:
    """Put a debtor on the stage whose only invoice a lawyer has now."""
    now = datetime.now(UTC)
    with theatre.db.transaction() as session:
        debtor = make_debtor(session, theatre.stage.own.business, name=f"{OWN.word} Away", created_at=now)
        invoice = make_invoice(session, debtor, 90_00, now=now)
        case = HandOver(business_id=debtor.business_id, debtor_id=debtor.id, to_kind="lawyer", to_name="Reed & Sons",
                        to_contact="+1 503 555 0100\noffice@reed.example", reference="R-118", status="handed_over",
                        started_at=now)
        session.add(case)
        session.flush()
        session.add(HandOverInvoice(hand_over_id=case.id, invoice_id=invoice.id, business_id=debtor.business_id,
                                    open=True, left_minor=90_00))
        return make_link(session, debtor, created_at=now, expires_at=now + timedelta(days=30))


def whose_transfers_ended(theatre: Theatre) -> tuple[PortalLink, list[State]]:
    """Put a debtor on the stage who told of two transfers: the money of one is here, the other never came."""
    now = datetime.now(UTC)
    with theatre.db.transaction() as session:
        debtor = make_debtor(session, theatre.stage.own.business, name=f"{OWN.word} Transfers", created_at=now)
        made = {name: Payment(
            business_id=debtor.business_id, debtor_id=debtor.id, number=new_number(), channel="transfer", state=state,
            currency="USD", amount_minor=40_00, reference=f"{OWN.word} {name}", created_at=now - timedelta(days=12))
            for name, state in (("come", "canceled"), ("missed", "expired"))}
        session.add_all(made.values())
        for payment in made.values():
            invoice = make_invoice(session, debtor, 40_00, now=now)
            session.flush()
            session.add(PaymentInvoice(payment_id=payment.id, invoice_id=invoice.id, business_id=debtor.business_id,
                                       debtor_id=debtor.id, position=0, amount_minor=40_00, open=False))
        link = make_link(session, debtor, created_at=now, expires_at=now + timedelta(days=30))
        return link, [State(f"payment-{name}", "transfers", f"/payments/{payment.public_id}")
                      for name, payment in made.items()]


def first_visit(theatre: Theatre) -> str:
    """The address a debtor's first email carries."""
    return links.url_of(theatre.rt.settings, theatre.stage.own.owed.link)

"""Saving a payment method on a page of Stripe's, without paying: our row first, then Stripe with that row's id as key.

Paying the first installment with it at once is installment_checkout.py; what is saved then is told by facts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal import logs
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.gateways.stripe import CheckoutPage, StripeRefused, StripeUnknown
from portal.models import Arrangement, AutopayMandate, Business, MethodSetup, Plan, SavedMethod, StripeCustomer
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import arrangements, attempts, audit, facts, mandates, more_time, saved_methods

PAGE_LIFE = timedelta(minutes=60)
REUSE_MARGIN = timedelta(minutes=10)
OPEN = ("created", "unknown", "open")
# A page that was not used has closed after an hour; some days later nobody need be asked about it any more.
ASKS = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=12))


@dataclass(frozen=True)
class SetupView:
    """What became of saving a method: done, waiting (Stripe has not told yet), open (its page is), or over."""

    public_id: str
    story: str
    url: str
    arrangement: str
    method: saved_methods.MethodView | None = None


def begin(rt: Runtime, access: Access, arrangement_id: str = "") -> str:
    """Start saving a method for a plan (or, without one, in place of the method before) and give Stripe's address.

    Pressed twice it is one page. Raises Refusal: unknown_page, link_ended, autopay_not_allowed (no permission stands
    for that plan), stripe_unreachable, stripe_refused.
    """
    _require_whole_page(access)
    with rt.db.reading() as session:
        _for_what(session, access, arrangement_id)
    try:
        customer = saved_methods.ensure_customer(rt, access.business_id, access.debtor_id)
        now = rt.now()
        setup_id = rt.db.run(lambda session: _prepare(rt, session, access, arrangement_id, customer, now))
        page = open_page(rt, setup_id)
    except StripeRefused as refusal:
        raise Refusal("conflict", "stripe_refused") from refusal
    except StripeUnknown as silence:
        raise Refusal("conflict", "stripe_unreachable") from silence
    if page is None or not page.url:
        raise Refusal("conflict", "stripe_unreachable")
    return page.url


def _prepare(rt: Runtime, session: Session, access: Access, arrangement_id: str, customer: StripeCustomer,
             now: datetime) -> int:
    debtor = more_time.locked(session, access, now)
    arrangement, currency = _for_what(session, access, arrangement_id)
    plan_id = arrangement.id if arrangement is not None else None
    for known in session.scalars(select(MethodSetup).where(
            MethodSetup.debtor_id == debtor.id, MethodSetup.state.in_(OPEN), MethodSetup.payment_id.is_(None),
            MethodSetup.customer_id == customer.id, MethodSetup.link_id == access.link_id)):
        if (known.arrangement_id, known.currency) == (plan_id, currency) and known.expires_at - now > REUSE_MARGIN:
            return known.id
    setup = MethodSetup(
        public_id=new_public_id(), business_id=debtor.business_id, debtor_id=debtor.id, customer_id=customer.id,
        link_id=access.link_id, arrangement_id=plan_id, currency=currency, state="created", created_at=now,
        expires_at=now + PAGE_LIFE, ask_at=now + attempts.UNKNOWN_ASK)
    setup.request = _request(rt, setup, customer, debtor.locale)
    session.add(setup)
    session.flush()
    audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act="method.asked",
                 business_id=debtor.business_id, debtor_id=debtor.id, target=f"setup:{setup.public_id}")
    return setup.id


def _for_what(session: Session, access: Access, arrangement_id: str) -> tuple[Arrangement | None, str]:
    """Find the plan a method is to pay and its currency; without a plan, the business's own currency."""
    if not arrangement_id:
        return None, session.get_one(Business, access.business_id).currency
    arrangement = arrangements.own(session, access, arrangement_id)
    plan = session.get(Plan, arrangement.id)
    if plan is None or arrangement.state != "active":
        raise Refusal("not_found", "unknown_page")
    if mandates.of_plan(session, access.business_id, arrangement.id) is None:
        raise Refusal("conflict", "autopay_not_allowed")
    return arrangement, plan.currency


def _request(rt: Runtime, setup: MethodSetup, customer: StripeCustomer, locale: str) -> dict[str, Any]:
    """The exact words to Stripe; metadata holds ids only."""
    back = f"{rt.settings.base_url}/autopay/saved/{setup.public_id}"
    metadata = {"setup": setup.public_id}
    return {
        "mode": "setup", "currency": setup.currency.lower(), "customer": customer.customer,
        "client_reference_id": setup.public_id, "metadata": metadata, "setup_intent_data": {"metadata": metadata},
        "locale": "es" if locale.startswith("es") else "en", "expires_at": int(setup.expires_at.timestamp()),
        "success_url": f"{back}?returned=saved", "cancel_url": back,
    }


def open_page(rt: Runtime, setup_id: int) -> CheckoutPage | None:
    """Make sure a request has its page at Stripe; None when it has none and never will.

    Raises StripeRefused when Stripe said no (the request is then over), StripeUnknown when no answer came.
    """
    with rt.db.reading() as session:
        setup = session.get_one(MethodSetup, setup_id)
        account = session.get_one(StripeCustomer, setup.customer_id).account or None
    if setup.state not in ("created", "unknown"):
        return CheckoutPage(setup.checkout_session or "", setup.checkout_url or "", setup.state)
    try:
        page = _page(rt, setup, account)
    except StripeUnknown:
        _keep(rt, setup, state="unknown", ask_at=rt.now() + attempts.UNKNOWN_ASK)
        raise
    except StripeRefused:
        _keep(rt, setup, state="failed", ask_at=None)
        raise
    if page is None:
        _keep(rt, setup, state="expired", ask_at=None)
        return None
    _keep(rt, setup, state="open", checkout_session=page.session, checkout_url=page.url,
          ask_at=rt.now() + attempts.FIRST_ASK)
    return page


def _page(rt: Runtime, setup: MethodSetup, account: str | None) -> CheckoutPage | None:
    assert setup.request is not None
    if setup.expires_at - rt.now() >= attempts.SHORTEST_PAGE:
        try:
            return rt.stripe.create_checkout(
                setup.request, key=f"setup:{setup.id}:{setup.public_id}", account=account)
        except StripeUnknown as unknown:
            if not unknown.answered:
                raise
    return rt.stripe.find_checkout(setup.public_id, created_at=setup.created_at, account=account)


def _keep(rt: Runtime, setup: MethodSetup, **values: Any) -> None:
    """Write Stripe's answer, unless an event was faster and the method is saved already."""
    rt.db.run(lambda session: session.execute(
        update(MethodSetup).where(MethodSetup.id == setup.id, MethodSetup.state.in_(("created", "unknown")))
        .values(**values)))


def ask_due(rt: Runtime, limit: int = 50) -> int:
    """Ask Stripe about every request to save a method of which no event told us; returns how many were asked about."""
    with rt.db.reading() as session:
        due = session.scalars(select(MethodSetup.id).where(MethodSetup.ask_at <= rt.now())
                              .order_by(MethodSetup.ask_at).limit(limit)).all()
    asked = 0
    for setup_id in due:
        if _claim(rt, setup_id):
            asked += 1
            _ask_alone(rt, setup_id)
    return asked


def _claim(rt: Runtime, setup_id: int) -> bool:
    """Move the next asking into the future; of two workers only one finds the old time still standing."""
    now = rt.now()

    def work(session: Session) -> bool:
        setup = session.get_one(MethodSetup, setup_id)
        if setup.ask_at is None or setup.ask_at > now:
            return False
        later = now + ASKS[setup.ask_count] if setup.ask_count < len(ASKS) else None
        claimed = session.execute(
            update(MethodSetup).where(MethodSetup.id == setup_id, MethodSetup.ask_at == setup.ask_at)
            .values(ask_at=later, ask_count=MethodSetup.ask_count + 1).execution_options(synchronize_session=False))
        return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]

    return rt.db.run(work)


def _ask_alone(rt: Runtime, setup_id: int) -> None:
    try:
        ask(rt, setup_id)
    except (StripeUnknown, StripeRefused):
        return
    except Exception as error:
        logs.failed(error, setup=str(setup_id))


def ask(rt: Runtime, setup_id: int) -> None:
    """Ask Stripe what became of a request to save a method, and book the answer by the way events take.

    Raises StripeUnknown, StripeRefused.
    """
    page = open_page(rt, setup_id)
    if page is None or not page.session:
        return
    with rt.db.reading() as session:
        setup = session.get_one(MethodSetup, setup_id)
        account = session.get_one(StripeCustomer, setup.customer_id).account or None
    if setup.state == "done":
        return
    state, intent = rt.stripe.look_up_setup_page(page.session, account=account)
    now = rt.now()
    if intent and state == "complete":
        found = rt.stripe.look_up_setup(intent, account=account)
        rt.db.run(lambda session: [facts.apply(session, fact, now=now) for fact in found])
    elif state == "expired":
        rt.db.run(lambda session: session.execute(
            update(MethodSetup).where(MethodSetup.id == setup_id, MethodSetup.state.in_(OPEN))
            .values(state="expired", ask_at=None)))


def ask_own(rt: Runtime, access: Access, setup_id: str) -> None:
    """Ask Stripe about one of the reader's own requests. Raises Refusal: unknown_page, stripe_unreachable."""
    with rt.db.reading() as session:
        found = _own(session, access, setup_id).id
    try:
        ask(rt, found)
    except StripeUnknown as silence:
        raise Refusal("conflict", "stripe_unreachable") from silence
    except StripeRefused:
        return


def one(rt: Runtime, access: Access, setup_id: str) -> SetupView:
    """Tell what became of one of the reader's own requests, from our own records. Raises Refusal unknown_page."""
    now = rt.now()
    with rt.db.reading() as session:
        setup = _own(session, access, setup_id)
        arrangement = session.get(Arrangement, setup.arrangement_id) if setup.arrangement_id else None
        method = session.get(SavedMethod, setup.saved_method_id) if setup.saved_method_id else None
    still_open = setup.state in OPEN and setup.expires_at > now
    story = setup.state if setup.state not in OPEN else "open" if still_open else "expired"
    return SetupView(setup.public_id, story, (setup.checkout_url or "") if still_open else "",
                     arrangement.public_id if arrangement else "",
                     saved_methods.view(method, now) if method else None)


def choose(rt: Runtime, access: Access, arrangement_id: str, method_id: str) -> None:
    """Have a plan paid by a method that is saved already; twice it is once.

    Raises Refusal: unknown_page (also for somebody else's method), autopay_not_allowed, method_unusable, link_ended.
    """
    _require_whole_page(access)
    now = rt.now()

    def work(session: Session) -> None:
        more_time.locked(session, access, now)
        arrangement, _ = _for_what(session, access, arrangement_id)
        method = session.scalars(select(SavedMethod).where(
            SavedMethod.public_id == method_id, SavedMethod.business_id == access.business_id,
            SavedMethod.debtor_id == access.debtor_id)).one_or_none()
        if method is None or arrangement is None:
            raise Refusal("not_found", "unknown_page")
        if method.state != "active" or saved_methods.has_expired(method, now):
            raise Refusal("conflict", "method_unusable")
        mandate: AutopayMandate | None = mandates.of_plan(session, access.business_id, arrangement.id)
        assert mandate is not None
        if (mandate.state, mandate.saved_method_id) == ("active", method.id):
            return
        mandates.use(session, mandate, method, now)
        audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act="autopay.method_chosen",
                     business_id=method.business_id, debtor_id=method.debtor_id,
                     target=f"mandate:{mandate.public_id}", method=method.public_id)

    rt.db.run(work)


def _own(session: Session, access: Access, setup_id: str) -> MethodSetup:
    _require_whole_page(access)
    setup = session.scalars(select(MethodSetup).where(
        MethodSetup.public_id == setup_id, MethodSetup.business_id == access.business_id,
        MethodSetup.debtor_id == access.debtor_id)).one_or_none()
    if setup is None:
        raise Refusal("not_found", "unknown_page")
    return setup


def _require_whole_page(access: Access) -> None:
    # Whoever sees only a part may pay it, and never decides about somebody's card.
    if access.pay_only or access.invoice_ids is not None:
        raise Refusal("not_found", "unknown_page")

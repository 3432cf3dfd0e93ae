"""What cannot be done rests after as many tries as it has, where it is seen, and keeps nothing else waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.gateways.stripe import StripeGateway
from portal.models import Message, StripeFetch
from portal.services import delivery, fetching, job_report
from portal.services.delivery import MOST_ATTEMPTS
from sandbox.stripe.server import StripeStandIn
from tests.cast import make_settings
from tests.messages.conftest import Post


def queue(post: Post, key: str, *, minutes: int) -> int:
    """An email about a payment; one that names no payment breaks whoever wants to write it."""
    at = post.clock() - timedelta(minutes=minutes)
    with post.rt.db.transaction() as session:
        message = Message(
            business_id=post.business.id, debtor_id=post.debtor.id, kind="receipt", message_class="essential", key=key,
            to_address="", language="en", subject="", body_text="", body_html="", message_id=key.replace(":", "."),
            state="queued", reason="essential", created_at=at, due_at=at, attempts=0)
        session.add(message)
        session.flush()
        return message.id


def found(post: Post, message_id: int) -> Message:
    with post.rt.db.reading() as session:
        return session.get_one(Message, message_id)


def test_an_email_that_cannot_be_written_keeps_no_other_waiting(post: Post) -> None:
    broken = queue(post, "receipt:of-nothing", minutes=9)
    reminder = post.remind()
    assert delivery.deliver_due(post.rt) == 1
    assert found(post, reminder.id).state == "sent"
    row = found(post, broken)
    assert (row.state, row.reason, row.attempts, row.claim_token) == ("queued", "not_ready", 1, None)
    assert row.due_at == post.clock() + timedelta(seconds=15)


def test_it_rests_after_as_many_tries_as_any_other_and_is_seen(post: Post) -> None:
    broken = queue(post, "receipt:of-nothing", minutes=9)
    for _ in range(MOST_ATTEMPTS):
        delivery.deliver_due(post.rt)
        post.clock.pass_time(minutes=31)
    row = found(post, broken)
    assert (row.state, row.reason, row.attempts) == ("failed", "never_ready", MOST_ATTEMPTS)
    assert [(one.kind, one.count) for one in job_report.look(post.rt, post.business.id).resting] == [("emails", 1)]


@pytest.mark.parametrize("answer", ["unknown", "refused"])
def test_a_question_to_stripe_rests_and_is_seen(post: Post, answer: str) -> None:
    now = post.clock()
    with post.rt.db.transaction() as session:
        session.add(StripeFetch(kind="balance_line", object_id="ch_nobody_knows", created_at=now, due_at=now))
    if answer == "refused":
        with StripeStandIn() as stand_in:
            settings = make_settings(stripe_api_base=stand_in.url)
            rt = replace(post.rt, settings=settings, stripe=StripeGateway(settings, post.clock))
            assert fetching.fetch_due(rt) == 0
    else:
        for _ in range(fetching.MOST_ATTEMPTS):
            assert fetching.fetch_due(post.rt) == 0
            post.clock.pass_time(hours=2)
    with post.rt.db.reading() as session:
        row = session.scalars(select(StripeFetch)).one()
    assert row.dead_at is not None and row.last_error
    assert [one.kind for one in job_report.look(post.rt, post.business.id).resting] == ["fetches"]

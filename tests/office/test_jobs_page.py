"""How what runs by itself fares: on its page, by the command and in the metrics; who may see which of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from portal.db import Database
from portal.jobs.registry import JOBS, Job
from portal.jobs.running import Runner
from portal.models import FeeTrack, Message, Refund, StripeFetch
from portal.services import job_report, job_states, resting_work
from portal.words.job_words import JOBS as WORDS
from tests.cast import someone_owes
from tests.office.books import Desk, open_desk
from tests.office.lines import failed

TOKEN = "a-token-of-at-least-thirty-two-letters"


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def page(desk: Desk, who: str = "owner") -> str:
    answer = desk.as_(who).get("/office/jobs")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def queue(desk: Desk, *, business_id: int, debtor_id: int, number: int, state: str = "queued", reason: str = "clear",
          minutes: int = 0) -> None:
    at = desk.rt.now() - timedelta(minutes=minutes)
    with desk.rt.db.transaction() as session:
        session.add(Message(
            business_id=business_id, debtor_id=debtor_id, kind="receipt", message_class="essential",
            key=f"receipt:{number}", to_address="a@debtor.example", language="en", subject="", body_text="",
            body_html="", message_id=f"m-{number}", state=state, reason=reason, created_at=at, due_at=at, attempts=0))


def test_without_any_worker_the_page_says_that_nothing_leaves(desk: Desk) -> None:
    assert "No worker has run yet." in page(desk)


def test_a_run_is_noted_and_the_page_says_that_all_is_well(desk: Desk) -> None:
    Runner(desk.rt).run(Job("forget_payloads", lambda rt: 3, 60))
    with desk.rt.db.reading() as session:
        row = job_states.by_name(session)["forget_payloads"]
    now = desk.rt.now()
    assert (row.started_at, row.finished_at, row.handled, row.failures, row.error) == (now, now, 3, 0, "")
    shown = page(desk, "manager")
    assert "All is well." in shown and "Forget the contents of old events" in shown


def test_a_job_that_breaks_off_is_counted_until_it_works_again(desk: Desk) -> None:
    fails = [True, True, False]

    def work(_rt: object) -> int:
        if fails.pop(0):
            raise RuntimeError("Helen Okafor, helen@debtor.example")
        return 1

    runner, job = Runner(desk.rt), Job("ask_stripe", work, 60)
    assert runner.run(job).failed and runner.run(job).failed
    shown = page(desk)
    assert "2 times in a row" in shown and "RuntimeError" in shown and "helen@" not in shown
    assert not runner.run(job).failed
    with desk.rt.db.reading() as session:
        row = job_states.by_name(session)["ask_stripe"]
    assert (row.failures, row.error, row.handled) == (0, "", 1)


def test_a_worker_that_died_with_a_job_in_hand_leaves_it_standing_as_begun(desk: Desk) -> None:
    job_states.ended(desk.rt, "remind", 5)
    desk.rt.clock.pass_time(minutes=1)  # type: ignore[attr-defined]
    job_states.begun(desk.rt, "remind")
    began = desk.rt.now()
    desk.rt.clock.pass_time(minutes=6)  # type: ignore[attr-defined]
    report = job_report.look(desk.rt)
    assert report.gone and [one.running_since for one in report.jobs if one.name == "remind"] == [began]
    assert "No worker has been seen since" in page(desk)


def test_what_waits_and_rests_is_told_with_its_age_and_is_ones_own_alone(desk: Desk) -> None:
    job_states.ended(desk.rt, "deliver_messages", 1)
    other = someone_owes(desk.rt.db, 50_00)
    mine = desk.owed
    for number in range(2):
        queue(desk, business_id=mine.business.id, debtor_id=mine.debtor.id, number=number, minutes=20 + number)
    for number in range(10, 17):
        queue(desk, business_id=other.business.id, debtor_id=other.debtor.id, number=number, minutes=90,
              state="queued" if number < 13 else "failed", reason="given_up")
    report = job_report.of_business(desk.rt, desk.access("owner"))
    (line,) = [one for one in report.jobs if one.name == "deliver_messages"]
    assert (line.lag.waiting, line.lag.seconds(desk.rt.now()), line.late) == (2, 21 * 60, True)
    assert report.resting == [] and not report.well
    whole = job_report.look(desk.rt)
    (line,) = [one for one in whole.jobs if one.name == "deliver_messages"]
    assert (line.lag.waiting, line.lag.seconds(desk.rt.now())) == (5, 90 * 60)
    assert [(one.kind, one.count) for one in whole.resting] == [("emails", 4)]
    shown = page(desk)
    assert "Nothing rests." in shown and ">late<" in shown.replace("</svg>", ">")


def test_what_rests_is_named_and_questions_to_stripe_can_be_woken(desk: Desk) -> None:
    now = desk.rt.now()
    with desk.rt.db.transaction() as session:
        session.add(StripeFetch(kind="balance", object_id="txn_1", created_at=now, due_at=now, attempts=12,
                                dead_at=now, last_error="unknown"))
    queue(desk, business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, number=1, state="failed",
          reason="given_up")
    shown = page(desk)
    assert "Questions to Stripe that were never answered" in shown
    assert 'href="/office/messages?state=failed"' in shown
    assert resting_work.wake(desk.rt) == 1
    assert [one.kind for one in job_report.look(desk.rt).resting] == ["emails"]
    assert [one for one in desk.acts() if one == "jobs.woken"] == ["jobs.woken"]
    assert resting_work.wake(desk.rt) == 0 and desk.acts().count("jobs.woken") == 1


def test_fees_are_kept_by_days_and_wait_from_the_end_of_theirs(desk: Desk) -> None:
    invoice, today = desk.owed.invoices[0], desk.rt.now().date()
    with desk.rt.db.transaction() as session:
        session.add(FeeTrack(invoice_id=invoice.id, business_id=invoice.business_id, look_on=today))

    def lag() -> float:
        report = job_report.of_business(desk.rt, desk.access("owner"))
        return next(one.lag.seconds(desk.rt.now()) for one in report.jobs if one.name == "charge_late_fees")

    assert lag() == 0
    desk.rt.clock.pass_time(hours=5)  # type: ignore[attr-defined]
    # The day was over at midnight; now it is one o'clock.
    assert lag() == 60 * 60


def test_a_refund_without_an_answer_is_seen_after_a_day(desk: Desk) -> None:
    payment = failed(desk)
    with desk.rt.db.transaction() as session:
        session.add(Refund(business_id=desk.owed.business.id, payment_id=payment.id, amount_minor=5_00,
                           currency="USD", mode="reopen", state="unknown",
                           created_at=desk.rt.now() - timedelta(hours=25)))
    assert [one.kind for one in job_report.look(desk.rt).resting] == ["refunds"]


def read(desk: Desk, address: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    answer = desk.app.test_client().get(
        "/metrics", base_url=desk.rt.settings.base_url, environ_overrides={"REMOTE_ADDR": address},
        headers={name.replace("_", "-"): value for name, value in headers.items()})
    return answer.status_code, answer.get_data(as_text=True)


def test_metrics_tell_this_machine_how_far_each_job_is_behind(desk: Desk) -> None:
    job_states.ended(desk.rt, "remind", 1)
    job_states.failed(desk.rt, "ask_stripe", ValueError("x"))
    queue(desk, business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, number=1, minutes=2)
    status, text = read(desk)
    assert status == 200
    told: dict[tuple[str, Mapping[str, str]], float] = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples}
    assert told["portal_ready",] == 1 and told["portal_worker_seen_seconds",] == 0
    assert told["portal_job_lag_seconds", "deliver_messages"] == 120
    assert told["portal_job_waiting", "deliver_messages"] == 1
    assert told["portal_job_failures", "ask_stripe"] == 1 and told["portal_job_failures", "remind"] == 0
    assert told["portal_job_ended_timestamp_seconds", "remind"] == desk.rt.now().timestamp()
    for secret in (desk.owed.business.name, desk.owed.business.slug, desk.owed.debtor.name, "@"):
        assert secret not in text


def test_metrics_are_nothing_to_anybody_else(desk: Desk) -> None:
    assert read(desk, "203.0.113.9")[0] == 404
    # A proxy on this machine is on this machine; who comes through it is not.
    assert read(desk, "127.0.0.1", X_Forwarded_For="203.0.113.9")[0] == 404
    assert read(desk, "::1")[0] == 200


def test_with_a_token_metrics_are_for_whoever_brings_it(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, metrics_token=TOKEN)
    assert read(desk, "203.0.113.9", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert read(desk, "127.0.0.1")[0] == 404
    for wrong in ("", TOKEN, f"Bearer {TOKEN}x", "Bearer ", "Bearer caf\u00e9"):
        assert read(desk, "127.0.0.1", Authorization=wrong)[0] == 404


def test_the_command_prints_each_job_and_ends_with_one_when_something_is_wrong(desk: Desk) -> None:
    run = desk.app.test_cli_runner()
    assert run.invoke(args=["jobs", "--check"]).exit_code == 1
    job_states.ended(desk.rt, "remind", 1)
    fine = run.invoke(args=["jobs", "--check"])
    assert fine.exit_code == 0 and "worker seen 2026-11-10T20:00:00Z" in fine.output
    assert "remind" in fine.output and "lag 0 s" in fine.output
    job_states.failed(desk.rt, "remind", ValueError("x"))
    failing = run.invoke(args=["jobs", "--check", "--wake"])
    assert failing.exit_code == 1 and "failures 1  ValueError" in failing.output and "0 woken" in failing.output


def test_every_job_has_words() -> None:
    assert {job.name for job in JOBS} - set(WORDS) == set(), "say in portal/words/job_words.py what it does"

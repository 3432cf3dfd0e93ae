"""What runs by itself: the loop of one machine as a real process, failing jobs, and the same jobs under Celery."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portal.db import Database
from portal.jobs.celery_app import create_celery
from portal.jobs.loop import Loop
from portal.jobs.registry import JOBS, Job
from portal.jobs.running import Runner
from portal.runtime import Runtime
from portal.services import job_states, messages
from proofs import crew
from sandbox.mailbox import Mailbox
from tests.cast import KEY, make_debtor, make_invoice, make_settings
from tests.messages.conftest import Post, make_post

ROOT = Path(__file__).resolve().parent.parent.parent


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Counting:
    """A job that does what it is told, then nothing."""

    answers: list[int] = field(default_factory=list)
    calls: int = 0
    fails: int = 0

    def __call__(self, rt: Runtime) -> int:
        self.calls += 1
        if self.fails:
            self.fails -= 1
            raise RuntimeError("made to fail")
        return self.answers.pop(0) if self.answers else 0


def test_every_job_is_there_once_and_has_a_name_of_its_own() -> None:
    names = [job.name for job in JOBS]
    assert len(set(names)) == len(names)
    assert {"deliver_messages", "ask_stripe", "fetch_from_stripe", "forget_payloads"} <= set(names)


def test_once_does_all_that_is_due_and_ends(post: Post) -> None:
    busy, sweep = Counting([10, 10, 4]), Counting([7, 7])
    loop = Loop(post.rt, (Job("busy", busy, 1), Job("sweep", sweep, 1, sweep=True)))
    assert loop.run_once() == 31
    assert (busy.calls, sweep.calls) == (4, 1)


def test_a_failing_job_waits_and_stops_nobody(post: Post) -> None:
    failing, working = Counting(fails=1_000), Counting()
    loop = Loop(post.rt, (Job("failing", failing, 0.02), Job("working", working, 0.02)))
    worker = threading.Thread(target=loop.run)
    worker.start()
    wait_until(lambda: working.calls >= 12)
    loop.stop()
    worker.join(10)
    assert not worker.is_alive()
    assert 2 <= failing.calls < working.calls / 2


def test_a_job_that_recovers_comes_back_to_its_pace(post: Post) -> None:
    job = Counting([1, 1], fails=2)
    loop = Loop(post.rt, (Job("job", job, 0.01),))
    worker = threading.Thread(target=loop.run)
    worker.start()
    wait_until(lambda: job.calls >= 8)
    loop.stop()
    worker.join(10)
    assert not worker.is_alive()


def environment(database_url: str, mailbox: Mailbox, folder: Path) -> dict[str, str]:
    settings = make_settings()
    return {
        **os.environ, "PORTAL_ENVIRONMENT": "test", "PORTAL_BASE_URL": settings.base_url,
        "PORTAL_DATABASE_URL": database_url, "PORTAL_FILES_DIR": str(folder), "PORTAL_SESSION_KEY": KEY,
        "PORTAL_LINK_KEYS": KEY, "PORTAL_CODE_KEY": KEY, "PORTAL_AGREEMENT_KEYS": KEY,
        "PORTAL_ENCRYPTION_KEYS": settings.encryption_keys[0].get_secret_value(),
        "PORTAL_STRIPE_SECRET_KEY": settings.stripe_secret_key.get_secret_value(),
        "PORTAL_STRIPE_API_BASE": "http://127.0.0.1:1", "PORTAL_SMTP_HOST": "127.0.0.1",
        "PORTAL_SMTP_PORT": str(mailbox.smtp_port), "PORTAL_SMTP_STARTTLS": "false",
        "PORTAL_MAIL_FROM": settings.mail_from,
    }


def flask(*words: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", *words]


@pytest.fixture
def awake(db: Database, mailbox: Mailbox, tmp_path: Path) -> Post:
    """A business without quiet hours, because these tests run by the machine's own clock."""
    from portal.domain.policy import Policy

    return make_post(db, mailbox, tmp_path, policy=Policy(quiet_from_hour=0, quiet_until_hour=0))


def test_the_commands_remind_and_send(awake: Post, database_url: str, tmp_path: Path) -> None:
    env = environment(database_url, awake.mailbox, tmp_path)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(flask(*words), cwd=ROOT, env=env, capture_output=True, text=True, timeout=90, check=False)

    asked = run("send-reminder", awake.business.slug, "--all-due")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith(f"{awake.debtor.number} queued (clear)")
    worked = run("work", "--once")
    assert worked.returncode == 0, worked.stderr
    assert [mail["to"] for mail in awake.inbox()] == ["daniel@mail.example"]
    assert "daniel@mail.example" not in worked.stderr + worked.stdout and "/l/" not in worked.stderr + worked.stdout
    unknown = run("send-reminder", "nobody", "--all-due")
    assert unknown.returncode == 1 and "no business" in unknown.stderr and "Traceback" not in unknown.stderr
    assert run("send-reminder", awake.business.slug).returncode == 2


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_sends_until_it_is_told_to_stop(
        awake: Post, database_url: str, tmp_path: Path, kind: signal.Signals) -> None:
    env = environment(database_url, awake.mailbox, tmp_path)
    with subprocess.Popen(flask("work"), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as worker:
        try:
            awake.remind()
            awake.mailbox.wait_for(1, timeout=60)
            worker.send_signal(kind)
            assert worker.wait(30) == 0, worker.stdout.read() if worker.stdout else b""
        finally:
            worker.kill()
    wait_until(lambda: awake.all()[0].state == "sent")


def test_the_same_jobs_run_as_celery_tasks(post: Post) -> None:
    settings = make_settings(celery_broker_url="memory://")
    celery = create_celery(settings, post.rt)
    assert {f"portal.{job.name}" for job in JOBS} <= set(celery.tasks)
    assert {entry["task"] for entry in celery.conf.beat_schedule.values()} == {f"portal.{job.name}" for job in JOBS}
    from celery.contrib.testing.worker import start_worker

    post.remind()
    with start_worker(celery, perform_ping_check=False, pool="solo", shutdown_timeout=30):
        celery.send_task("portal.deliver_messages")
        post.mailbox.wait_for(1, timeout=30)
    wait_until(lambda: post.all()[0].state == "sent")


def test_without_a_broker_celery_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match="PORTAL_CELERY_BROKER_URL"):
        create_celery(make_settings())
    seen = subprocess.run(
        [sys.executable, "-c",
         "import sys, portal.jobs.loop, portal.cli.work, portal.cli.jobs; print('celery' in sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert seen.stdout.strip() == "False"


def test_a_sweep_is_handed_out_in_shares_under_celery(post: Post) -> None:
    from celery.contrib.testing.worker import start_worker

    from tests.messages.test_cadence import begin

    celery = create_celery(make_settings(celery_broker_url="memory://"), post.rt)
    assert begin(post) == 1
    with start_worker(celery, perform_ping_check=False, pool="solo", shutdown_timeout=30):
        celery.send_task("portal.remind")
        wait_until(lambda: len(post.all()) == 1)
    # A share that comes twice, or too late, changes nothing.
    assert celery.tasks["portal.remind.share"](0, 1 << 40) == 0 and len(post.all()) == 1


def test_a_job_that_breaks_off_under_celery_is_noted_and_its_words_are_not(
        post: Post, capfd: pytest.CaptureFixture[str]) -> None:

    def breaks(_rt: Runtime) -> int:
        raise RuntimeError("daniel@mail.example owes 453.00")

    assert Runner(post.rt).run(Job("remind", breaks, 30)).failed
    with post.rt.db.reading() as session:
        assert job_states.by_name(session)["remind"].error == "RuntimeError"
    said = "".join(capfd.readouterr())
    assert "RuntimeError" in said and "daniel@" not in said and "453.00" not in said


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_celery_worker_that_is_told_to_stop_ends_what_it_holds(
        awake: Post, database_url: str, tmp_path: Path) -> None:
    if shutil.which("redis-server") is None:
        (pytest.fail if os.environ.get("REQUIRE_REDIS") else pytest.skip)("redis-server was not found")
    with awake.rt.db.transaction() as session:
        for _ in range(30):
            debtor = make_debtor(session, awake.business)
            make_invoice(session, debtor, 90_00, now=awake.clock())
            messages.queue_reminder(session, awake.clock(), debtor, cause="step-1")
    with crew.redis() as broker:
        env = {**environment(database_url, awake.mailbox, tmp_path), "PORTAL_CELERY_BROKER_URL": broker}
        celery = create_celery(make_settings(celery_broker_url=broker), awake.rt)
        with subprocess.Popen(crew.worker("w"), cwd=ROOT, env=env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True) as worker:
            try:
                celery.send_task("portal.deliver_messages")
                awake.mailbox.wait_for(1, timeout=60)
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(60) == 0
            finally:
                worker.kill()
        celery.close()
    assert [message.leased_until for message in awake.all()] == [None] * len(awake.all())

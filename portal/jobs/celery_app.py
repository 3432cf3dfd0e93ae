"""The same jobs as Celery tasks, for more than one machine: `celery -A portal.jobs.celery_app worker` and `… beat`.

A task only says "look now"; the rows are the work, so a lost or doubled task changes nothing. Celery is imported
here alone, and only where a broker is configured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from celery import Celery

from config import Settings, load_settings
from portal import logs
from portal.assembly import assemble
from portal.jobs.registry import JOBS, Job, Shares
from portal.jobs.running import Runner
from portal.runtime import Runtime

QUEUE = "portal"
# A task that found work looks again for so long; then it leaves the rest to the next tick, so that a worker that is
# told to stop need not be waited for.
LONGEST_SECONDS = 20.0
# A message in the queue that waited longer than its job's pace is stale: the next tick does its work.
SHORTEST_LIFE_SECONDS = 5.0

Hand = tuple[Runtime, Runner]


def create_celery(settings: Settings, rt: Runtime | None = None) -> Celery:
    """Make the Celery app with a task and a timer for each job. Raises ValueError without a broker."""
    if not settings.celery_broker_url:
        raise ValueError("PORTAL_CELERY_BROKER_URL is not set; on one machine use: flask --app wsgi work")
    logs.configure(settings.log_level)
    celery = Celery("portal", broker=settings.celery_broker_url)
    celery.conf.update(
        task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=1, task_serializer="json",
        accept_content=["json"], timezone="UTC", broker_connection_retry_on_startup=True, task_default_queue=QUEUE,
        # Our own log lines know no tokens and no people; Celery's way of printing errors would.
        worker_hijack_root_logger=False, worker_redirect_stdouts=False)

    @cache
    def hand() -> Hand:
        # Made in the process that works, not in the one that forks it: database connections do not survive a fork.
        running = rt or assemble(settings)
        return running, Runner(running)

    for job in JOBS:
        _add(celery, job, hand)
    celery.conf.beat_schedule = {
        job.name: {"task": f"portal.{job.name}", "schedule": job.every_seconds, "options": {"expires": _life(job)}}
        for job in JOBS}
    return celery


def _life(job: Job) -> float:
    return max(job.every_seconds, SHORTEST_LIFE_SECONDS)


def _add(celery: Celery, job: Job, hand: Callable[[], Hand]) -> None:
    """Add a job's task, and for a job that is shared the task of one share."""
    def run() -> int:
        until = time.monotonic() + LONGEST_SECONDS
        done = 0
        while True:
            ran = hand()[1].run(job)
            done += ran.handled
            if not ran.handled or job.sweep or time.monotonic() > until:
                return done

    # Not shared: a second app in this process has tasks of its own, over its own runtime.
    if job.shares is None:
        celery.task(name=f"portal.{job.name}", shared=False)(run)
    else:
        _add_shared(celery, job, job.shares, hand)


def _add_shared(celery: Celery, job: Job, shares: Shares, hand: Callable[[], Hand]) -> None:
    def run_share(first: int, last: int) -> int:
        rt, runner = hand()
        return runner.do(job.name, lambda: shares.run(rt, first, last)).handled

    share = celery.task(name=f"portal.{job.name}.share", shared=False)(run_share)

    def split() -> int:
        rt, runner = hand()

        def hand_out() -> int:
            for first, last in shares.split(rt):
                share.apply_async((first, last), expires=_life(job))
            return 0

        return runner.do(job.name, hand_out).handled

    celery.task(name=f"portal.{job.name}", shared=False)(split)


def __getattr__(name: str) -> Celery:
    """Make `app` when the celery command asks for it, so that importing this file needs no settings."""
    if name == "app":
        return _app()
    raise AttributeError(name)


@cache
def _app() -> Celery:
    return create_celery(load_settings())

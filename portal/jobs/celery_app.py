"""The same jobs as Celery tasks, for more than one machine: `celery -A portal.jobs.celery_app worker` and `… beat`.

A task only says "look now"; the rows are the work, so a lost or doubled task changes nothing. Celery is imported
here alone, and only where a broker is configured.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from celery import Celery

from config import Settings, load_settings
from portal.assembly import assemble
from portal.jobs.registry import JOBS, Job
from portal.runtime import Runtime

# A task that found work looks again this often before it leaves the rest to the next tick.
ROUNDS = 50


def create_celery(settings: Settings, rt: Runtime | None = None) -> Celery:
    """Make the Celery app with a task and a timer for each job. Raises ValueError without a broker."""
    if not settings.celery_broker_url:
        raise ValueError("PORTAL_CELERY_BROKER_URL is not set; on one machine use: flask --app wsgi work")
    celery = Celery("portal", broker=settings.celery_broker_url)
    celery.conf.update(
        task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=1, task_serializer="json",
        accept_content=["json"], timezone="UTC", broker_connection_retry_on_startup=True)
    # Built in the process that works, not in the one that forks it: database connections do not survive a fork.
    runtime = cache(lambda: rt or assemble(settings))
    for job in JOBS:
        _add(celery, job, runtime)
    celery.conf.beat_schedule = {
        job.name: {"task": f"portal.{job.name}", "schedule": job.every_seconds,
                   # A tick that waited longer than this is stale: the next one does its work.
                   "options": {"expires": max(job.every_seconds, 5)}}
        for job in JOBS}
    return celery


def _add(celery: Celery, job: Job, runtime: Callable[[], Runtime]) -> None:
    def run() -> int:
        done = 0
        for _ in range(1 if job.sweep else ROUNDS):
            handled = job.run(runtime())
            done += handled
            if not handled:
                break
        return done

    # Not shared: a second app in this process has tasks of its own, over its own runtime.
    celery.task(name=f"portal.{job.name}", shared=False)(run)


def __getattr__(name: str) -> Celery:
    """Make `app` when the celery command asks for it, so that importing this file needs no settings."""
    if name == "app":
        return _app()
    raise AttributeError(name)


@cache
def _app() -> Celery:
    return create_celery(load_settings())

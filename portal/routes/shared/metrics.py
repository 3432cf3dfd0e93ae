"""/metrics in Prometheus's text format: how far every job is behind, read from the rows when it is asked for.

It is one installation's state and nobody's business, so it is for machines that watch: with the token of the settings,
or without one only from this very machine. Everybody else gets what a page that does not exist gives.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request

from portal.routes.shared.runtime import runtime
from portal.services import readiness

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from portal.services.job_report import Report

blueprint = Blueprint("metrics", __name__)
# Whoever comes through a proxy is not on this machine, whatever the address of the proxy.
PROXIED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")


@blueprint.get("/metrics")
def metrics() -> Response:
    """Tell how the jobs fare."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    if not _may_read():
        abort(404)
    registry = CollectorRegistry()
    registry.register(_Collector())
    answer = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _may_read() -> bool:
    token = runtime().settings.metrics_token.get_secret_value()
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    try:
        here = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
    return here and not any(name in request.headers for name in PROXIED)


class _Collector:
    """What Prometheus's library asks when it writes an answer."""

    def collect(self) -> Iterable[Metric]:
        """Read the rows; a database that does not answer is told as a metric, not as an error."""
        from prometheus_client.core import GaugeMetricFamily

        from portal.services import job_report

        ready = readiness.look(runtime())
        yield GaugeMetricFamily("portal_ready", "1 while the database answers and has this release's tables.",
                                value=float(ready.ready))
        if ready.ready:
            yield from _of_jobs(job_report.look(runtime()))


def _of_jobs(report: Report) -> Iterable[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    def gauge(name: str, meaning: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
        family = GaugeMetricFamily(f"portal_{name}", meaning, labels=[label])
        for one, value in values:
            family.add_metric([one], value)
        return family

    jobs = report.jobs
    yield GaugeMetricFamily(
        "portal_worker_seen_seconds", "Seconds since any worker noted a job; -1 when none ever did.",
        value=(report.at - report.seen_at).total_seconds() if report.seen_at else -1.0)
    yield gauge("job_lag_seconds", "How long the oldest due row of a job has waited.", "job",
                ((one.name, one.lag.seconds(report.at)) for one in jobs))
    yield gauge("job_waiting", "Rows that are due for a job, counted up to ten thousand.", "job",
                ((one.name, float(one.lag.waiting)) for one in jobs))
    yield gauge("job_failures", "How often in a row a job has broken off.", "job",
                ((one.name, float(one.failures)) for one in jobs))
    yield gauge("job_ended_timestamp_seconds", "When a job last ended, as a Unix time; 0 when it never did.", "job",
                ((one.name, one.ended_at.timestamp() if one.ended_at else 0.0) for one in jobs))
    yield gauge("resting", "Rows that were tried too often and wait for a person.", "kind",
                ((one.kind, float(one.count)) for one in report.resting))

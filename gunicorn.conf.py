"""What gunicorn does besides serving; it reads this file by itself when it is started beside it."""

import gc
from typing import Any


def post_worker_init(worker: Any) -> None:
    """Load what the first request, log line and visitor of the office would wait for, before a worker takes requests.

    A mistake in any of it ends the worker here, at the start, instead of meeting staff.
    """
    warm_up = getattr(worker.wsgi, "extensions", {}).get("warm_up")
    if warm_up is not None:
        warm_up()
        gc.freeze()

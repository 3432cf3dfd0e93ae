"""Logging: structured lines that name acts, ids and timings, and never a token, an address or a person.

Errors are logged as their kind and the places they passed, because their messages may carry what was typed.
"""

from __future__ import annotations

import logging
import re
import traceback
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

SECRET_PATH = re.compile(r"/(l|stop|not-me)/[^\s\"'?&<>]+")
ADDRESS = re.compile(r"[^\s\"'<>@,;:()\[\]]+@[^\s\"'<>@,;:()\[\]]+")
SIGNED = re.compile(r"\b[A-Za-z0-9_-]{12,}\.[A-Za-z0-9_-]{27,}")
NEVER = {"name", "email", "token", "code", "address", "phone", "to_address", "greeting_name", "postal_code", "fact"}
_chosen = {"level": "INFO"}


def configure(level: str) -> None:
    """Send every line of the process, our own and the libraries', through the same redaction; safe to do twice."""
    _chosen["level"] = level
    logging.basicConfig(level=level.upper())
    # Web servers log each request's path, and some paths are keys; so records are cleaned where they are made, whoever
    # handles them afterwards.
    if logging.getLogRecordFactory() is not _cleaned_record:
        logging.setLogRecordFactory(_cleaned_record)


def log() -> Any:
    """Give the logger."""
    return _writer(_chosen["level"]).get_logger()


@lru_cache(maxsize=1)
def _writer(level: str) -> Any:
    """Set up what writes our lines when there is one to write: it is slow to load, for looks we do not use."""
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True), redact, structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 20)),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    return structlog


def failed(error: BaseException, **where: str) -> None:
    """Log an error that nobody expected: what kind it is and through which lines it came."""
    log().error("failed", error=type(error).__name__, places=_places(error), **where)


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-12:]]


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take out what must not stand in a log, by the name of the field and by the look of the value."""
    return {key: "[removed]" if key in NEVER else clean(value) for key, value in event.items()}


def clean(value: object) -> object:
    """Take tokens and email addresses out of a value, however deep they stand in it."""
    if isinstance(value, str):
        value = SECRET_PATH.sub(r"/\1/[removed]", value)
        return SIGNED.sub("[removed]", ADDRESS.sub("[removed]", value))
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {key: "[removed]" if key in NEVER else clean(item) for key, item in value.items()}
    return value


def _cleaned_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        message = str(record.msg)
    if record.exc_info and record.exc_info[1] is not None:
        message += f" [{type(record.exc_info[1]).__name__} at {'; '.join(_places(record.exc_info[1]))}]"
        record.exc_info = None
    record.msg, record.args = clean(message), ()
    return record

"""How long a hold rests on a debt. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

# A hold is kept to the moment from which it rests no more, mostly a midnight; people name the last day included.
A_MOMENT = timedelta(microseconds=1)


def last_moment(until: datetime) -> datetime:
    """Give the last moment of a hold: its day is the one staff chose as the last, included."""
    return until - A_MOMENT

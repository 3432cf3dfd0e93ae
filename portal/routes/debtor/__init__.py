"""The debtor's door: importing this package hangs every page on the blueprint."""

from portal.routes.debtor import (
    about,
    already_paid,
    balance,
    downloads,
    feedback,
    help,
    history,
    identity,
    links,
    more_time,
    not_me,
    pay,
    pay_links,
    pay_only,
    payments,
    questions,
    session,
    stop,
)
from portal.routes.debtor.door import blueprint

__all__ = [
    "about", "already_paid", "balance", "blueprint", "downloads", "feedback", "help", "history", "identity", "links",
    "more_time", "not_me", "pay", "pay_links", "pay_only", "payments", "questions", "session", "stop",
]

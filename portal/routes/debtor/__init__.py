"""The debtor's door: importing this package hangs every page on the blueprint."""

from portal.routes.debtor import (
    about,
    agreements,
    already_paid,
    autopay,
    balance,
    disputes,
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
    plans,
    questions,
    session,
    settlements,
    sign,
    stop,
    verify,
    ways,
)
from portal.routes.debtor.door import blueprint

__all__ = [
    "about", "agreements", "already_paid", "autopay", "balance", "blueprint", "disputes", "downloads", "feedback",
    "help", "history", "identity", "links", "more_time", "not_me", "pay", "pay_links", "pay_only", "payments",
    "plans", "questions", "session", "settlements", "sign", "stop", "verify", "ways",
]

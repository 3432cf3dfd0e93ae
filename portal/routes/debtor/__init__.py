"""The debtor's door: importing this package hangs every page on the blueprint."""

from portal.routes.debtor import (
    about,
    balance,
    help,
    identity,
    links,
    not_me,
    pay,
    payments,
    session,
    stop,
)
from portal.routes.debtor.door import blueprint

__all__ = [
    "about", "balance", "blueprint", "help", "identity", "links", "not_me", "pay", "payments", "session", "stop",
]

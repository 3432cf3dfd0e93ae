"""The debtor's door: importing this package hangs every page on the blueprint."""

from portal.routes.debtor import about, help, identity, links, not_me, session, stop
from portal.routes.debtor.door import blueprint

__all__ = ["about", "blueprint", "help", "identity", "links", "not_me", "session", "stop"]

"""How a correction that waits for a second person is told from a write-off: by what it is about."""

from __future__ import annotations

PREFIX = "transfer:"


def transfer_of(target: str) -> int | None:
    """Give the transfer that is to be corrected; None when it is about something else."""
    number = target.removeprefix(PREFIX)
    return int(number) if target.startswith(PREFIX) and number.isdigit() else None


def act_of(act: str, target: str) -> str:
    """Name the kind of act that waits: refund, write_off or correction."""
    return act if transfer_of(target) is None else "correction"

"""Sentences for the refusals of the office, as words/refusals.py has them for debtors: what is so, and what to do."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


OFFICE: dict[str, str] = {
    "role_may_not": N_("Your role does not include this. Ask an owner, or a manager, to do it or to change your role."),
    "prove_first": N_("Before this, please show again that it is you: enter a fresh code from your authenticator app."),
    # What a second person decides
    "reason_missing": N_("Please choose a reason; “other” needs a few words of yours."),
    "note_too_long": N_("At most %(longest)s characters fit here."),
    "approval_waiting": N_("This waits for a second person already. Decide there, or take it back first."),
    "approval_decided": N_("This has been decided already. Nothing was done twice."),
    "approval_own": N_("You asked for this yourself, so another person has to decide. You can take it back."),
    "approval_not_yours": N_("Only the person who asked for this can take it back."),
    "approval_expired": N_("This was asked too long ago. If it is still right, it has to be asked for anew."),
    "approval_changed": N_("What is left of the invoice has changed since this was asked: it is %(left)s now. Nothing was "
                           "done; it has to be asked for anew."),
    "sum_changed": N_("The sum has changed since you looked: %(left)s is left now. Nothing was done; please look again."),
    "theme_unknown": N_("Please choose one of the colors offered."),
}

"""The wording of emails about people's access to the office: an invitation, a new password, a second factor reset."""

from __future__ import annotations

from datetime import datetime

from portal.words.core import Words
from portal.words.emails import Letter, Sender, plain

# The link itself is made when the email leaves.
DOOR = "/{{door}}"


def invitation(words: Words, sender: Sender, inviter: str, role: str, until: datetime) -> Letter:
    """Word the invitation to work for a business; what the role may do stands on the page behind it."""
    roles = {
        "owner": words.text("You would be an owner: you do and decide everything."),
        "manager": words.text("You would be a manager: you work with debtors, move money and set the terms."),
        "agent": words.text("You would be an agent: you work with debtors and note what came in."),
        "viewer": words.text("You would be a viewer: you see everything and change nothing."),
    }
    return Letter(
        subject=words.text("%(name)s invites you to the office of %(business)s", name=plain(inviter),
                           business=sender.name),
        preview=words.text("Look at it and decide."), greeting=words.text("Hello,"),
        opening=(words.text("%(name)s would like you to work in the payment office of %(business)s.",
                            name=plain(inviter), business=sender.name), roles[role]),
        action=words.text("See the invitation"),
        closing=(words.text("The link works once, until %(day)s.", day=words.day(until)),
                 words.text("You do not know what this is about? Then you need not do anything.")),
        signed=False, office_page=DOOR)


def choose_password(words: Words, sender: Sender, name: str, until: datetime) -> Letter:
    """Word the link to choose a password; the second factor is still asked for after it."""
    return Letter(
        subject=words.text("Choose a password for the office"),
        preview=words.text("The link works for thirty minutes."),
        greeting=words.text("Hello %(name)s,", name=plain(name)),
        opening=(words.text("Here is the link to choose a new password for the office. It works once, until %(time)s.",
                            time=words.clock(until)),),
        action=words.text("Choose a password"),
        closing=(words.text("You did not ask for it? Then you need not do anything: your password stays as it is, and "
                            "without your second factor nobody gets in."),),
        signed=False, office_page=DOOR)


def second_factor_reset(words: Words, sender: Sender, name: str, by: str) -> Letter:
    """Word the news that an owner took a second factor away, so that nobody does it unnoticed."""
    return Letter(
        subject=words.text("Your second factor for the office was reset"),
        preview=words.text("You set up a new one when you next sign in."),
        greeting=words.text("Hello %(name)s,", name=plain(name)),
        opening=(words.text("%(name)s reset your second factor, and you were signed out everywhere. When you next sign "
                            "in, you set up your authenticator app anew.", name=plain(by)),),
        action=words.text("Sign in"),
        closing=(words.text("You did not ask for this? Call %(business)s at once.", business=sender.name),),
        signed=False, office_page="/sign-in")

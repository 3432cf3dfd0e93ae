"""What the demo says when it is ready: where to click and what to try. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from scripts.places import DEMO_ENV, LOGS, LOOPBACK, Ports, shown

OLD_AFTER_DAYS = 14

TEXT = """
The demo is ready ({seconds:.0f} s). Everything runs on this machine; every person and business in it is made up.

  1. Mailbox          http://{host}:{mailbox}   start here: open a reminder and press its button
  2. Stripe stand-in  http://{host}:{stripe}  what banks do: bank debits, chargebacks, refunds, payouts
     Portal           http://{host}:{portal}   its pages open by the links in the emails
  3. Office           http://{host}:{portal}/office/   what the businesses work with; sign in as one of these
                      priya@office.example  owner of Marsh & Daughter, manager of Alder Street Dental
                      tom@…  owner of Alder   wanda@…  manager   luis@…  agent, in Spanish   beth@…  viewer
                      password {password}   authenticator key {key}
                      No phone at hand? python3 -m scripts.demo_code prints the six digits of now.

What to try (the page asks for what the email does not say):
  Helen Okafor     Marsh & Daughter     ZIP code 97301         one invoice late, one with a discount still running
  Lucía Fernández  Alder Street Dental  código postal 28012    in Spanish, in euros, with tax
  Cascade Row      Marsh & Daughter     opens at once: a firm  imported invoices, one due today
  Ruth Abernathy   Marsh & Daughter     phone ends in 0177     four months late, with a late fee
  Jonah Price      Alder Street Dental  ZIP code 97202         his bank did not pay; he can try again
  Grace Lindqvist  Marsh & Daughter     ZIP code 97224         her bank debit is on its way: settle or fail it at 2.
  Nadia Rahimi     Marsh & Daughter     ZIP code 97229         has paid the same invoice twice: a credit to give back
  Sam Delgado      Marsh & Daughter     ZIP code 97086         his bank took the payment back: decide it at 2.
  Kenji Mori pays in yen (150-0043), Dana Al-Fahim in dinars with three decimals (13001).
  On the hosted page: pay, be declined and try again, authenticate, pay by bank debit, or cancel.

Commands work too:  set -a; . {settings_file}; set +a; .venv/bin/flask --app wsgi ledger verify
Logs: {logs}/   Stop: Ctrl-C   Start over with fresh data: make demo-reset
"""


def text(ports: Ports, seconds: float, seeded: str, settings: Mapping[str, str]) -> str:
    """Say where everything is, and that old data is old."""
    said = TEXT.format(host=LOOPBACK, portal=ports.portal, stripe=ports.stripe, mailbox=ports.mailbox, seconds=seconds,
                       password=settings["DEMO_PASSWORD"], key=settings["DEMO_TOTP_SECRET"],
                       settings_file=shown(DEMO_ENV), logs=shown(LOGS))
    try:
        # The day was written by this machine's own calendar.
        days = (date.today() - date.fromisoformat(seeded)).days  # noqa: DTZ011
    except ValueError:
        return said
    if days > OLD_AFTER_DAYS:
        said += f"The data is {days} days old and links end after 30: `make demo-reset` makes it young again.\n"
    return said

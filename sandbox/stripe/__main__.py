"""`python -m sandbox.stripe`: the stand-in as a process of its own, for the demo."""

from __future__ import annotations

import argparse
import signal
import threading

from sandbox.stripe.server import StripeStandIn


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sandbox.stripe",
        description="A stateful stand-in for Stripe, on loopback only.",
    )
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument(
        "--store",
        help="SQLite file that keeps everything; without it all is forgotten at the end",
    )
    parser.add_argument(
        "--webhook",
        help="where events go, for instance http://127.0.0.1:8000/webhooks/stripe",
    )
    parser.add_argument("--secret", default="whsec_sandbox", help="what they are signed with")
    parser.add_argument("--connect-webhook", help="where events of connected accounts go")
    parser.add_argument("--connect-secret", default="whsec_sandbox_connect")
    parser.add_argument("--account", action="append", default=[], metavar="ID[:CURRENCY[:NAME]]",
                        help="a connected account that is there from the start; repeatable")  # fmt: skip
    parser.add_argument(
        "--name",
        help="the name of the platform's own business, shown on the hosted page",
    )
    return parser.parse_args()


def main() -> None:
    """Run until told to end."""
    given = _arguments()
    stand_in = StripeStandIn(
        given.webhook,
        given.secret,
        given.connect_webhook,
        given.connect_secret,
        port=given.port,
        store=given.store,
        record=False,
    )
    if given.name:
        stand_in.control.name_platform(given.name)
    for each in given.account:
        account, currency, name = [*each.split(":", 2), "", ""][:3]
        stand_in.control.create_account(
            account,
            default_currency=currency or "usd",
            business_profile={"name": name or None},
        )
    ending = threading.Event()
    for each_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each_signal, lambda *_: ending.set())
    with stand_in:
        print(f"Stripe stand-in: {stand_in.url}", flush=True)
        ending.wait()


if __name__ == "__main__":
    main()

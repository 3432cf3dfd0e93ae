"""python -m sandbox.mailbox --smtp-port 8026 --http-port 8025 --store FILE: the demo's mailbox, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from pathlib import Path

from sandbox.mailbox import Mailbox
from sandbox.mailbox.smtp import LOOPBACK


def main() -> int:
    """Run the mailbox until it is told to stop; exits 1 with one line when a port is taken."""
    options = _options()
    for name, port in (("--smtp-port", options.smtp_port), ("--http-port", options.http_port)):
        if _taken(port):
            print(f"mailbox: port {port} is in use; choose another with {name}", file=sys.stderr)
            return 1
    stop = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    with Mailbox(options.smtp_port, options.http_port, options.store) as mailbox:
        print(f"mailbox: read mail at {mailbox.url}, SMTP on {LOOPBACK}:{mailbox.smtp_port}", flush=True)
        stop.wait()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.mailbox", description="Catches all mail of the demo."
    )
    parser.add_argument("--smtp-port", type=int, default=8026)
    parser.add_argument("--http-port", type=int, default=8025)
    parser.add_argument("--store", type=Path, help="file that keeps the mail over a restart")
    return parser.parse_args()


def _taken(port: int) -> bool:
    """Ask by binding, because the web server's own message about a taken port is several lines of advice."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())

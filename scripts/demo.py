"""`make demo`: the portal, a Stripe stand-in, a mailbox and the worker, with lifelike data, from one command.

`reset` forgets the data; `here` starts in the environment at hand instead of .venv. Standard library only, and
readable by an old Python, so that it can say that it is too old.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time

from scripts import machine

TOO_OLD = machine.python_too_old()
if TOO_OLD:
    sys.exit(TOO_OLD)

from scripts import demo_env, environment, guide  # noqa: E402
from scripts.children import Children, Died  # noqa: E402
from scripts.places import DEMO, DEMO_ENV, LOGS, LOOPBACK, PYTHON, ROOT, SEEDED, Ports, ports  # noqa: E402

LOCK = "requirements-demo.txt"
LOOK_AGAIN_SECONDS = 0.5
CONNECTED = "acct_alder_demo"


class Stopped(Exception):
    """Someone pressed Ctrl-C, closed the terminal or sent SIGTERM."""


def main() -> int:
    """Start the demo, or forget it."""
    chosen = ports()
    missing = [machine.venv_missing(), *machine.ports_taken(chosen)]
    if any(missing):
        print("\n".join(filter(None, missing)), file=sys.stderr)
        return 1
    if sys.argv[1:] == ["reset"]:
        return _reset()
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, _stop)
    try:
        if sys.argv[1:] == ["here"]:
            return _run(chosen, sys.executable)
        environment.ensure(LOCK)
        return _run(chosen, str(PYTHON))
    except Stopped:
        return 0


def _stop(_number: int, _frame: object) -> None:
    # Once is enough: a second Ctrl-C while things end in good order must not leave half of them running.
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN)
    raise Stopped


def _reset() -> int:
    for folder in (DEMO, LOGS):
        shutil.rmtree(folder, ignore_errors=True)
    DEMO_ENV.unlink(missing_ok=True)
    print("The demo's data is gone. `make demo` starts it afresh.")
    return 0


def _run(chosen: Ports, python: str) -> int:
    began = time.monotonic()
    fresh = not SEEDED.exists()
    if fresh:
        # What an interrupted first start has left is no state to build on.
        shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True, exist_ok=True)
    settings = demo_env.write(chosen)
    children = Children(demo_env.for_children(settings))
    try:
        _start(children, chosen, settings, python)
        if fresh:
            _fill(children, python)
        print(guide.text(chosen, time.monotonic() - began, SEEDED.read_text().strip(), settings), flush=True)
        while True:
            children.check()
            time.sleep(LOOK_AGAIN_SECONDS)
    except Died as death:
        print(f"\n{death}", file=sys.stderr)
        return 1
    except Stopped:
        print("\nStopping …", flush=True)
        return 0
    finally:
        children.stop()


def _start(children: Children, chosen: Ports, settings: dict[str, str], python: str) -> None:
    portal, stripe = settings["PORTAL_BASE_URL"], settings["PORTAL_STRIPE_API_BASE"]
    print("Bringing the database up to date …", flush=True)
    _finish(children, "migration", [python, "-m", "alembic", "upgrade", "head"])
    print("Starting portal, Stripe stand-in, mailbox and worker …", flush=True)
    children.start("stripe", [
        python, "-m", "sandbox.stripe", "--port", str(chosen.stripe), "--store", str(DEMO / "stripe.sqlite3"),
        "--webhook", f"{portal}/webhooks/stripe", "--secret", settings["PORTAL_STRIPE_WEBHOOK_SECRETS"],
        "--connect-webhook", f"{portal}/webhooks/stripe/connect",
        "--connect-secret", settings["PORTAL_STRIPE_CONNECT_WEBHOOK_SECRETS"],
        "--name", "Marsh & Daughter", "--account", f"{CONNECTED}:usd:Alder Street Dental"])
    children.start("mailbox", [
        python, "-m", "sandbox.mailbox", "--smtp-port", str(chosen.smtp), "--http-port", str(chosen.mailbox),
        "--store", str(DEMO / "mailbox.jsonl")])
    children.start("portal", [
        python, "-m", "gunicorn", "wsgi:app", "--bind", f"{LOOPBACK}:{chosen.portal}", "--worker-class", "gthread",
        "--threads", "8", "--no-control-socket", "--graceful-timeout", "5"])
    children.start("worker", [python, "-m", "flask", "--app", "wsgi", "work"])
    for url in (f"{stripe}/_sandbox/", f"http://{LOOPBACK}:{chosen.mailbox}/", f"{portal}/readyz"):
        children.wait_for(url)


def _fill(children: Children, python: str) -> None:
    print("Filling two businesses with debtors, invoices, payments and emails …", flush=True)
    _finish(children, "seed", [python, "-m", "scripts.demo_data"])
    SEEDED.write_text(time.strftime("%Y-%m-%d") + "\n")


def _finish(children: Children, name: str, command: list[str]) -> None:
    """Run one step to its end; what it prints is shown, and its failure ends the start."""
    step = subprocess.Popen(command, cwd=ROOT, env=dict(children.environment), stdin=subprocess.DEVNULL,
                            start_new_session=True)
    try:
        while step.poll() is None:
            children.check()
            time.sleep(0.05)
    finally:
        if step.poll() is None:
            step.terminate()
            step.wait()
    if step.returncode:
        raise Died(f"The {name} failed; what it said is above. `make demo-reset` and `make demo` start afresh.")


if __name__ == "__main__":
    sys.exit(main())

"""python3 -m scripts.demo_code: prints the six digits an authenticator app with the demo's key shows now.

Standard library only, so that the office of the demo opens without a phone (RFC 6238).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import sys
import time

from scripts import demo_env

STEP_SECONDS = 30
DIGITS = 6


def code(secret: str, moment: float) -> str:
    """Give the code of a key at a moment."""
    counted = struct.pack(">Q", int(moment) // STEP_SECONDS)
    digest = hmac.new(base64.b32decode(secret), counted, hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start:start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10 ** DIGITS:0{DIGITS}d}"


if __name__ == "__main__":
    key = demo_env.read().get("DEMO_TOTP_SECRET")
    sys.exit(print(code(key, time.time())) if key else "Start the demo first: make demo")

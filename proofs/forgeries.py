"""Ways to forge a webhook: each takes a genuine body and gives what an attacker would send instead."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.cast import CONNECT_SECRET, WEBHOOK_SECRET, make_settings
from tests.stripe.signing import sign

OWN_DOOR, CONNECT_DOOR = "/webhooks/stripe", "/webhooks/stripe/connect"
SECRETS = {OWN_DOOR: WEBHOOK_SECRET, CONNECT_DOOR: CONNECT_SECRET}


@dataclass
class Sent:
    """One request to Stripe's door."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    path: str = OWN_DOOR
    method: str = "POST"


Forge = Callable[[random.Random, bytes], Sent]


def signed(body: bytes, secret: str = WEBHOOK_SECRET, at: float | None = None, path: str = OWN_DOOR) -> Sent:
    """Sign as Stripe does."""
    return Sent(body, {"Stripe-Signature": sign(body, secret, at)}, path)


def header(body: bytes, text: str) -> Sent:
    """Send a signature header as it stands."""
    return Sent(body, {"Stripe-Signature": text})


def _mac(secret: str, message: bytes, digest: Any = hashlib.sha256) -> str:
    return hmac.new(secret.encode(), message, digest).hexdigest()


def _now() -> int:
    return int(time.time())


def _edited(chance: random.Random, body: bytes) -> Sent:
    genuine = signed(body)
    place = chance.randrange(len(body))
    sign_ = bytes([chance.choice([byte for byte in range(32, 127) if byte != body[place]])])
    return Sent(body[:place] + sign_ + body[place + 1:], genuine.headers)


def _raised(_chance: random.Random, body: bytes) -> Sent:
    event = json.loads(body)
    event["data"]["object"]["amount_received"] = 1
    return Sent(json.dumps(event).encode(), signed(body).headers)


def _respelled(_chance: random.Random, body: bytes) -> Sent:
    # The same words written another way: the signature is over bytes.
    return Sent(json.dumps(json.loads(body), indent=1).encode(), signed(body).headers)


def _bits(chance: random.Random, body: bytes) -> Sent:
    text = signed(body).headers["Stripe-Signature"]
    place = text.index("v1=") + 3 + chance.randrange(64)
    other = chance.choice([one for one in "0123456789abcdef" if one != text[place]])
    return header(body, text[:place] + other + text[place + 1:])


def _cut(chance: random.Random, body: bytes) -> Sent:
    text = signed(body).headers["Stripe-Signature"]
    return header(body, text[:chance.randrange(len(text))])


def _shifted(chance: random.Random, body: bytes) -> Sent:
    # The old signature under a new time.
    old = signed(body, at=time.time() - 10_000).headers["Stripe-Signature"]
    return header(body, f"t={_now() + chance.randint(-5, 5)},{old.split(',')[1]}")


def _two_times(_chance: random.Random, body: bytes) -> Sent:
    # The first time is fresh, the second is the one that was signed, long ago; or the other way round.
    stale = _now() - 90_000
    mac = _mac(WEBHOOK_SECRET, f"{stale}.".encode() + body)
    times = [f"t={_now()}", f"t={stale}"]
    _chance.shuffle(times)
    return header(body, ",".join([*times, f"v1={mac}"]))


def _replayed(chance: random.Random, body: bytes) -> Sent:
    return signed(body, at=time.time() - chance.randint(310, 400_000))


def _future(chance: random.Random, body: bytes) -> Sent:
    return signed(body, at=time.time() + chance.randint(310, 400_000))


def _without_time(_chance: random.Random, body: bytes) -> Sent:
    return header(body, f"v1={_mac(WEBHOOK_SECRET, body)}")


def _scheme(chance: random.Random, body: bytes) -> Sent:
    mac = _mac(WEBHOOK_SECRET, f"{_now()}.".encode() + body)
    return header(body, f"t={_now()},{chance.choice(('v0', 'v2', 'V1', 'v1 ', 'v', 'v1v1', ''))}={mac}")


def _wrong_secret(chance: random.Random, body: bytes) -> Sent:
    others = ("", "whsec_", "whsec_other", WEBHOOK_SECRET.upper(), WEBHOOK_SECRET + " ", WEBHOOK_SECRET[:-1],
              WEBHOOK_SECRET.removeprefix("whsec_"), make_settings().stripe_secret_key.get_secret_value(), "\0",
              f"whsec_{chance.getrandbits(128):x}")
    return signed(body, chance.choice(others))


def _other_door(chance: random.Random, body: bytes) -> Sent:
    path = chance.choice((OWN_DOOR, CONNECT_DOOR))
    return signed(body, SECRETS[CONNECT_DOOR if path == OWN_DOOR else OWN_DOOR], path=path)


def _other_digest(chance: random.Random, body: bytes) -> Sent:
    digest = chance.choice((hashlib.sha1, hashlib.md5, hashlib.sha512, hashlib.sha3_256))
    return header(body, f"t={_now()},v1={_mac(WEBHOOK_SECRET, f'{_now()}.'.encode() + body, digest)}")


def _plain_hash(_chance: random.Random, body: bytes) -> Sent:
    return header(body, f"t={_now()},v1={hashlib.sha256(f'{_now()}.'.encode() + body).hexdigest()}")


def _header_elsewhere(chance: random.Random, body: bytes) -> Sent:
    text = signed(body).headers["Stripe-Signature"]
    name = chance.choice(("X-Stripe-Signature", "Stripe_Signature", "Signature", "Authorization", "StripeSignature",
                          "X-Hub-Signature-256", "Cookie", "X-HTTP-Stripe-Signature"))
    return Sent(body, {name: text})


def _odd_header(chance: random.Random, body: bytes) -> Sent:
    return header(body, chance.choice((
        "t=,v1=", "t=0,v1=0", "v1", "=", ",,,,", "t=NaN,v1=inf", "t=1e9,v1=1", f"t={_now()}", f"t={_now()},v1=",
        f"t=-{_now()},v1=" + "0" * 64, f"t={_now()}.5,v1=" + "a" * 64, "t=" + "9" * 300 + ",v1=" + "0" * 64,
        f"t={_now()},v1=" + "é" * 64, "t=\u0663,v1=1".encode().decode("latin-1"), "None", "null", "{}", "[]",
        "x" * 7_000,
        f"t={_now()}," + "v1=0," * 900)))


def _nothing(_chance: random.Random, body: bytes) -> Sent:
    return Sent(body)


def _nonsense(chance: random.Random, body: bytes) -> Sent:
    # Rightly signed, by somebody who stole the secret or by a bug of Stripe's: still no event of money.
    event = json.loads(body)
    thin = {"object": "v2.core.event", "id": "evt_1", "type": "x"}
    bodies = (b"", b"{", b"[]", b"null", b"7", b'"evt"', b"\xff\xfe{}", b"[" * 50_000, body[:-1], body + b"}",
              json.dumps(thin).encode(), json.dumps({**event, "object": "list"}).encode(),
              json.dumps({**event, "data": []}).encode(), json.dumps({**event, "id": ""}).encode(),
              json.dumps({**event, "id": "e" * 81}).encode(), json.dumps({**event, "id": 7}).encode(),
              json.dumps({**event, "created": "now"}).encode(), json.dumps({**event, "created": -1}).encode(),
              json.dumps({**event, "created": 2**40}).encode(), json.dumps({**event, "created": None}).encode(),
              json.dumps({**event, "account": ["acct"]}).encode(), json.dumps({**event, "type": None}).encode(),
              body.decode().encode("utf-16"), b"\xef\xbb\xbf" + body, b"id=evt_1&object=event")
    return signed(chance.choice(bodies))


def _other_mode(chance: random.Random, body: bytes) -> Sent:
    event = {**json.loads(body), "livemode": chance.choice((True, None, "false", 1, 0, "", "true"))}
    return signed(json.dumps(event).encode())


def _huge(chance: random.Random, body: bytes) -> Sent:
    event = {**json.loads(body), "pad": "x" * chance.choice((262_144, 300_000, 600_000))}
    return signed(json.dumps(event).encode())


def _by_get(chance: random.Random, body: bytes) -> Sent:
    genuine = signed(body)
    return Sent(body, genuine.headers, genuine.path, chance.choice(("GET", "PUT", "PATCH", "DELETE")))


def _beside(chance: random.Random, body: bytes) -> Sent:
    genuine = signed(body)
    places = ("/webhooks/stripe/", "/webhooks", "/webhooks/stripe/other", "/webhooks/Stripe", "/webhooks/stripe%00",
              "/webhook/stripe")
    return Sent(body, genuine.headers, chance.choice(places))


def _compressed(chance: random.Random, body: bytes) -> Sent:
    # Signed before it was packed, and packed so that reading it would be dear.
    import gzip
    return Sent(gzip.compress(body + b" " * chance.choice((0, 5_000_000))),
                {**signed(body).headers, "Content-Encoding": "gzip"})


FORGERIES: dict[str, Forge] = {
    name.lstrip("_"): forge for name, forge in list(globals().items())
    if name in {"_edited", "_raised", "_respelled", "_bits", "_cut", "_shifted", "_two_times", "_replayed", "_future",
                "_without_time", "_scheme", "_wrong_secret", "_other_door", "_other_digest", "_plain_hash",
                "_header_elsewhere", "_odd_header", "_nothing", "_nonsense", "_other_mode", "_huge", "_by_get",
                "_beside", "_compressed"}}

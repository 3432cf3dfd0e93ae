"""What signs quickly writes what itsdangerous, Flask and Flask-WTF write, and reads nothing they would refuse."""

from __future__ import annotations

import hashlib
import random
import secrets

import pytest
from flask import Flask, g, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect, generate_csrf, validate_csrf
from itsdangerous import BadSignature, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

from portal.routes.shared import browser
from portal.services.signing import KeptSerializer, KeptTimedSerializer

KEYS = ["old-key-" + "o" * 40, "new-key-" + "n" * 40]
WAYS = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


def usual(keys: list[str], salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(keys, salt=salt, signer_kwargs=WAYS)


def kept(keys: list[str], salt: str) -> KeptSerializer:
    return KeptSerializer(keys, salt=salt, signer_kwargs=WAYS)


def test_every_signature_is_the_one_itsdangerous_makes() -> None:
    for salt in ("portal.stop", "portal.session-cookie"):
        ours, theirs = kept(KEYS, salt), usual(KEYS, salt)
        for number in range(2_000):
            word = ("", "sign", "change", secrets.token_hex(8), secrets.token_hex(32), "word" * 40)[number % 6]
            payload = [secrets.token_urlsafe(16 + 8 * (number % 2)), 1_764_000_000 + number, word]
            assert ours.dumps(payload) == theirs.dumps(payload)
            assert ours.loads(theirs.dumps(payload)) == payload


def test_an_older_key_still_reads_and_another_purpose_or_key_does_not() -> None:
    both = kept(KEYS, "portal.stop")
    assert both.loads(usual(KEYS[:1], "portal.stop").dumps(["a"])) == ["a"]
    assert both.dumps(["a"]) == usual(KEYS[1:], "portal.stop").dumps(["a"]), "the newest key signs"
    for strange in (usual(["another" * 8], "portal.stop"), usual(KEYS, "portal.not-me")):
        with pytest.raises(BadSignature):
            both.loads(strange.dumps(["a"]))


def test_nothing_altered_is_read_with_other_contents() -> None:
    ours, chance = kept(KEYS, "portal.stop"), random.Random(7)
    text = ours.dumps(["a" * 20, 1])
    for _ in range(5_000):
        place = chance.randrange(len(text))
        changed = text[:place] + chance.choice("abcXYZ019-_.") + text[place + 1:]
        try:
            assert ours.loads(changed) == ["a" * 20, 1]
        except BadSignature:
            continue


def test_a_cookie_of_flask_is_read_as_flask_reads_it() -> None:
    app = Flask("cookies")
    app.secret_key = KEYS[0]
    ours, theirs = browser.Sessions(), SecureCookieSessionInterface()
    contents = {"csrf_token": "0" * 40, "speaks": "es_US", "_flashes": [("message", "ü")]}
    first, second = ours.get_signing_serializer(app), theirs.get_signing_serializer(app)
    assert first is not None and second is not None
    assert first.loads(second.dumps(contents), max_age=60) == second.loads(first.dumps(contents), max_age=60)
    with pytest.raises(SignatureExpired):
        first.loads(second.dumps(contents), max_age=-1)
    app.secret_key = KEYS[1]
    changed = ours.get_signing_serializer(app)
    assert changed is not None
    with pytest.raises(BadSignature):
        changed.loads(second.dumps(contents))
    app.config["SECRET_KEY_FALLBACKS"] = [KEYS[0]]
    fallen = ours.get_signing_serializer(app)
    assert fallen is not None and fallen.loads(second.dumps(contents)) == second.loads(second.dumps(contents))


def test_a_forms_token_is_one_flask_wtf_accepts_for_this_session_alone() -> None:
    app = Flask("forms")
    app.secret_key = KEYS[0]
    CSRFProtect(app)
    with app.test_request_context():
        first = browser.form_token()
        assert first == browser.form_token() == generate_csrf(), "one request, one token"
        raw = session["csrf_token"]
    with app.test_request_context():
        session["csrf_token"] = raw
        again = browser.form_token()
        assert g.csrf_token == again
        validate_csrf(again)
        validate_csrf(first)
        assert URLSafeTimedSerializer(KEYS[0], salt="wtf-csrf-token").loads(again) == raw
    with app.test_request_context():
        session["csrf_token"] = "f" * 40
        with pytest.raises(Exception, match="do not match"):
            validate_csrf(again)


def test_times_are_signed_as_well() -> None:
    ours = KeptTimedSerializer(KEYS[0], salt="s")
    text = ours.dumps("x")
    assert URLSafeTimedSerializer(KEYS[0], salt="s").loads(text, max_age=5) == "x"
    payload, time, signature = text.split(".")
    with pytest.raises(BadSignature):
        ours.loads(f"{payload}.{time[:-1]}{'A' if time[-1] != 'A' else 'B'}.{signature}")

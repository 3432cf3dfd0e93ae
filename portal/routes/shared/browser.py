"""What Flask keeps in the browser, and the token of its forms; written and read as Flask and Flask-WTF do.

Flask makes a new signer for each request and Flask-WTF one for each page. Here each is made once.
"""

from __future__ import annotations

from functools import cache

from flask import Flask, current_app, g, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf

from portal.services.signing import KeptTimedSerializer

FIELD = "csrf_token"
FORMS = "wtf-csrf-token"


class Sessions(SecureCookieSessionInterface):
    """Flask's own sessions in a signed cookie."""

    def __init__(self) -> None:
        self._kept: dict[object, KeptTimedSerializer] = {}

    def get_signing_serializer(self, app: Flask) -> KeptTimedSerializer | None:
        """Give what signs and reads the cookie; another key of the application is another one."""
        keys = (*(app.config["SECRET_KEY_FALLBACKS"] or ()), app.secret_key)
        if not app.secret_key:
            return None
        if keys not in self._kept:
            self._kept[keys] = KeptTimedSerializer(
                list(keys), salt=self.salt, serializer=self.serializer,
                signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method})
        return self._kept[keys]


def form_token() -> str:
    """Give the token that proves a form came from a page of ours; Flask-WTF makes a session's first and checks all."""
    if FIELD in g or FIELD not in session:
        token: str = generate_csrf()
        return token
    g.csrf_token = made = _serializer(str(current_app.secret_key)).dumps(session[FIELD])
    return made


@cache
def _serializer(key: str) -> KeptTimedSerializer:
    return KeptTimedSerializer(key, salt=FORMS)
